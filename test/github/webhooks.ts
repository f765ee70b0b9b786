/** Turns what happened into webhooks for the App under test: who gets them, the envelope, the signature. Sending is the courier's. */

import { createHmac } from "node:crypto";
import type { Account, App, HookDelivery, Installation, Organization, Repository } from "./model.ts";
import { withOddWords, wordFor } from "./odd-words.ts";
import type { World } from "./world.ts";
import { userShape, organizationShape } from "./shapes/accounts.ts";
import { repositoryShape } from "./shapes/repositories.ts";

/** Something that happened. `body` holds what the event adds to the envelope GitHub puts around all events. */
export interface Happening {
  readonly event: string;
  readonly action: string | null;
  /** Null for what concerns the whole organization. */
  readonly repository: Repository | null;
  readonly organization?: Organization;
  readonly sender: Account;
  readonly body: Readonly<Record<string, unknown>>;
  /** For events only one app gets, such as `check_run.rerequested`. */
  readonly onlyApp?: number;
  /** For events about an installation itself, which are sent whatever its state. */
  readonly installation?: Installation;
}

/** Events every app with the permission gets without subscribing. */
const UNASKED: Readonly<Record<string, string>> = { check_run: "checks", check_suite: "checks" };

/** Puts a webhook in the outbox if the App is entitled to it, as of now; returns it, or null. */
export function emit(world: World, happening: Happening): HookDelivery | null {
  const app = world.hookedApp();
  if (world.isMuted || app?.hook == null) return null;
  if (happening.onlyApp !== undefined && happening.onlyApp !== app.id) return null;
  const installation = happening.installation ?? installationOf(world, app, happening);
  if (installation === undefined || installation.appId !== app.id) return null;
  if (happening.installation === undefined && !isSubscribed(installation, happening)) return null;
  const usual = JSON.stringify(payloadOf(world, happening, installation));
  const body = world.oddWords.length === 0 ? usual : JSON.stringify(withOddWords(world, JSON.parse(usual)));
  const event = wordFor(world, "event", happening.event);
  const delivery = makeDelivery(world, app.hook, app.id, {
    guid: world.uuid(),
    event,
    action: happening.action === null ? null : wordFor(world, "action", happening.action),
    installationId: installation.id,
    repositoryId: happening.repository?.id ?? null,
    body,
    redelivery: false,
  });
  if (body !== usual || event !== happening.event) world.oddDeliveries.add(delivery.guid);
  world.outbox.push(delivery);
  return delivery;
}

/** Puts an old delivery into the outbox again: the same id and body, a new entry in the log. */
export function redeliver(world: World, old: HookDelivery): HookDelivery {
  const app = world.hookedApp();
  if (app?.hook == null) throw new Error("no app has a webhook");
  const delivery = makeDelivery(world, app.hook, app.id, { ...old, redelivery: true });
  world.outbox.push(delivery);
  return delivery;
}

function installationOf(world: World, app: App, happening: Happening): Installation | undefined {
  if (happening.repository !== null) return world.installationFor(app.id, happening.repository);
  return [...world.installations.values()].find(
    (one) => one.appId === app.id && !one.deleted && one.accountId === happening.organization?.id,
  );
}

function isSubscribed(installation: Installation, happening: Happening): boolean {
  if (installation.deleted || installation.suspendedAt !== null) return false;
  if (installation.events.includes(happening.event)) return true;
  const permission = UNASKED[happening.event];
  return (
    permission !== undefined &&
    happening.onlyApp !== undefined &&
    installation.permissions[permission] === "write"
  );
}

function payloadOf(world: World, happening: Happening, installation: Installation): Record<string, unknown> {
  const { repository } = happening;
  const organization =
    happening.organization ??
    (repository === null ? undefined : world.organizations.get(repository.ownerId)) ??
    world.organizations.get(installation.accountId);
  return {
    ...(happening.action === null ? {} : { action: happening.action }),
    ...happening.body,
    ...(repository === null || "repository" in happening.body
      ? {}
      : { repository: repositoryShape(world, repository) }),
    ...(organization === undefined ? {} : { organization: organizationShape(world, organization) }),
    sender: userShape(world, happening.sender),
    ...("installation" in happening.body
      ? {}
      : { installation: { id: installation.id, node_id: installation.nodeId } }),
  };
}

function makeDelivery(
  world: World,
  hook: { readonly url: string; readonly secret: string },
  appId: number,
  what: Pick<
    HookDelivery,
    "guid" | "event" | "action" | "installationId" | "repositoryId" | "body" | "redelivery"
  >,
): HookDelivery {
  return {
    ...what,
    id: world.deliveryId(),
    deliveredAt: world.now(),
    duration: 0,
    status: "pending",
    statusCode: 0,
    url: hook.url,
    requestHeaders: {
      Accept: "*/*",
      "Content-Type": "application/json",
      "User-Agent": "GitHub-Hookshot/0123abc",
      "X-GitHub-Delivery": what.guid,
      "X-GitHub-Event": what.event,
      "X-GitHub-Hook-ID": String(appId + 1000),
      "X-GitHub-Hook-Installation-Target-ID": String(appId),
      "X-GitHub-Hook-Installation-Target-Type": "integration",
      "X-Hub-Signature": `sha1=${createHmac("sha1", hook.secret).update(what.body).digest("hex")}`,
      "X-Hub-Signature-256": `sha256=${createHmac("sha256", hook.secret).update(what.body).digest("hex")}`,
    },
    responseHeaders: {},
    responseBody: "",
  };
}
