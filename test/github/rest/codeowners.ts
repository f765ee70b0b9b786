import type { World } from "../world.ts";
import type { Repository } from "../model.ts";
import type { Shape } from "../shapes/form.ts";
import { notFound, ok, repositoryOf, type Call, type Routes } from "./route.ts";

/** Where GitHub looks for the file, in this order. */
const PLACES = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

interface Fault {
  readonly kind: "Invalid pattern" | "Invalid owner" | "Unknown owner";
  readonly column: number;
  readonly suggestion: string | null;
}

function errors(call: Call): readonly Shape[] {
  const repository = repositoryOf(call);
  const git = call.world.git(repository);
  const commit = git.resolve(call.query["ref"] ?? repository.defaultBranch);
  if (commit === null) throw notFound();
  const place = PLACES.find((path) => git.file(commit, path) !== undefined);
  if (place === undefined) throw notFound();
  const text = git.blob(git.file(commit, place)?.sha ?? "")?.toString("utf8") ?? "";
  return text.split("\n").flatMap((raw, index) => {
    const source = raw.replace(/\r$/, "");
    const fault = faultIn(call.world, repository, source);
    if (fault === null) return [];
    const line = index + 1;
    const said = fault.suggestion === null ? "" : ` ${fault.suggestion}`;
    return [
      {
        line,
        column: fault.column,
        kind: fault.kind,
        source,
        suggestion: fault.suggestion,
        message: `${fault.kind} on line ${line}:${said}\n\n  ${source}\n  ${" ".repeat(fault.column - 1)}^`,
        path: place,
      },
    ];
  });
}

/** What GitHub cannot read of a line, by its form alone; null: nothing. `owners`: those it names, each with its column. */
export function readOwnersLine(source: string): {
  readonly fault: Fault | null;
  readonly owners: readonly { readonly owner: string; readonly column: number }[];
} {
  const told = /^[ \t]*(?<pattern>(?:\\.|\\$|[^\\ \t])+)?(?<owners>.*)$/su.exec(source);
  const pattern = told?.groups?.["pattern"] ?? "";
  if (pattern === "" || pattern.startsWith("#")) return { fault: null, owners: [] };
  const bad = (suggestion: string | null): Fault => ({ kind: "Invalid pattern", column: 1, suggestion });
  const bare = pattern.replaceAll(/\\./gsu, "");
  if (/[[\]]/.test(bare)) return { fault: bad("both `[` and `]` must be escaped with a `\\`"), owners: [] };
  if ([/^!/, /^\\#/, /^\/+$/, /\*{3}/, /^(\\.|[^\\])*\\$/].some((each) => each.test(pattern)))
    return { fault: bad(null), owners: [] };
  const written = (told?.groups?.["owners"] ?? "").replace(/[ \t]#.*$/su, "");
  const owners = written
    .split(/[ \t]+/)
    .filter((each) => each !== "")
    .map((owner) => ({ owner, column: source.indexOf(owner, pattern.length) + 1 }));
  const wrong = owners.find(
    ({ owner }) => !/^@[A-Za-z0-9][\w.-]*(\/[\w.-]+)?$|^[^@]+@[^@]+\.[^@]+$/.test(owner),
  );
  if (wrong === undefined) return { fault: null, owners };
  return { fault: { kind: "Invalid owner", column: wrong.column, suggestion: null }, owners };
}

function faultIn(world: World, repository: Repository, source: string): Fault | null {
  const { fault, owners } = readOwnersLine(source);
  if (fault !== null) return fault;
  const unknown = owners.find(
    ({ owner }) => owner.startsWith("@") && !isKnown(world, repository, owner.slice(1)),
  );
  if (unknown === undefined) return null;
  const suggestion = `make sure ${unknown.owner} exists and has write access to the repository`;
  return { kind: "Unknown owner", column: unknown.column, suggestion };
}

function isKnown(world: World, repository: Repository, name: string): boolean {
  const [organization = "", slug] = name.split("/");
  if (slug !== undefined) {
    const owner = world.organization(organization);
    return owner?.id === repository.ownerId && world.team(owner.id, slug.toLowerCase()) !== undefined;
  }
  const account = world.accountByLogin(name);
  return account !== undefined && world.may(account, "write", repository);
}

/** What is wrong with the code owners of a commit. */
export const codeownersRoutes: Routes = {
  "GET /repos/{owner}/{repo}/codeowners/errors": {
    need: ["contents:read"],
    run: (call) => ok({ errors: errors(call) }),
  },
};
