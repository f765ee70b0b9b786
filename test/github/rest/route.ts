import type { Account, App, Installation, Organization, Permissions, Repository, Token } from "../model.ts";
import { Refused } from "../refused.ts";
import type { World } from "../world.ts";
import type { Shape } from "../shapes/form.ts";
import type { OperationName } from "./operations.ts";

/** Who asks. */
export type Caller =
  | { readonly kind: "app"; readonly app: App }
  | {
      readonly kind: "installation";
      readonly app: App;
      readonly installation: Installation;
      readonly token: Token;
    }
  | { readonly kind: "user"; readonly account: Account; readonly token: Token; readonly app: App | null }
  /** An app by its client id and secret. */
  | { readonly kind: "client"; readonly app: App }
  | { readonly kind: "nobody" };

/** What a caller must hold: a signed-in app, an app's client id and secret, a person's token, or a permission of an installation such as `checks:write`, any of several. `none`: nothing. */
export type Need = "app" | "client" | "person" | "none" | readonly `${string}:${"read" | "write"}`[];

/** A request as a route sees it. */
export interface Call {
  readonly world: World;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Shape;
  readonly accept: string;
  /** Address of the request without its query, for links to other pages of a list. */
  readonly address: string;
}

/** What a route answers. `raw` replaces JSON. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly raw?: { readonly type: string; readonly bytes: Buffer };
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation: what it asks for, and what it does. */
export interface Route {
  readonly need: Need;
  readonly run: (call: Call) => Answer | Promise<Answer>;
}

/** Some of the operations. */
export type Routes = { readonly [Name in OperationName]?: Route };

/** The refusal for what is not there, or must not be seen. */
export function notFound(): Refused {
  return new Refused(404, "Not Found");
}

/** Whether a set of permissions includes one of those asked for. */
export function grants(permissions: Permissions, need: readonly string[]): boolean {
  return need.some((one) => {
    const [name = "", level] = one.split(":");
    const held = permissions[name];
    return held === "write" || (held === "read" && level === "read");
  });
}

/** Whether a caller may see a repository at all. */
export function mayRead(world: World, caller: Caller, repository: Repository): boolean {
  if (repository.deleted) return false;
  if (repository.visibility === "public") return true;
  if (caller.kind === "user") return world.may(caller.account, "read", repository);
  if (caller.kind !== "installation") return false;
  return installationReaches(world, caller, repository);
}

/** Whether an installation's token was given for a repository. */
export function installationReaches(
  world: World,
  caller: Extract<Caller, { readonly kind: "installation" }>,
  repository: Repository,
): boolean {
  const { installation, token } = caller;
  return (
    world.installationRepositories(installation).includes(repository) &&
    (token.repositoryIds === null || token.repositoryIds.includes(repository.id))
  );
}

/** The account a caller acts as: an app's bot, or a person. */
export function actingAccount(world: World, caller: Caller): Account {
  if (caller.kind === "user") return caller.account;
  if (caller.kind === "nobody" || caller.kind === "client") throw new Refused(401, "Requires authentication");
  return world.account(caller.app.botId);
}

/** The app a caller's token belongs to, or was given to by a person; null for a person's own. */
export function actingApp(caller: Caller): App | null {
  return caller.kind === "nobody" ? null : caller.app;
}

/** The repository a path names. Throws 404 for one the caller may not see. */
export function repositoryOf(call: Call): Repository {
  const hit = call.world.repository(call.params["owner"] ?? "", call.params["repo"] ?? "");
  if (hit === undefined || !mayRead(call.world, call.caller, hit.repository)) throw notFound();
  return hit.repository;
}

/** The organization a path names. */
export function organizationOf(call: Call): Organization {
  const organization = call.world.organization(call.params["org"] ?? "");
  if (organization === undefined) throw notFound();
  return organization;
}

/** A number in the path. Throws 404 for anything else. */
export function numberParam(call: Call, name: string): number {
  const text = call.params[name] ?? "";
  if (!/^\d+$/.test(text)) throw notFound();
  return Number(text);
}

/** A JSON answer. */
export function ok(body: unknown, status = 200): Answer {
  return { status, body };
}

/** A text in the request's body; undefined when absent. */
export function textField(call: Call, name: string): string | undefined {
  const value = call.body[name];
  return typeof value === "string" ? value : undefined;
}

/** Throws GitHub's 422 for a field that is missing or wrong. */
export function invalidField(resource: string, field: string, code = "missing_field"): Refused {
  return new Refused(422, "Validation Failed", [{ resource, field, code }]);
}
