import { createHash } from "node:crypto";
import type { Installation, Permissions, Token } from "../model.ts";
import { Refused } from "../refused.ts";
import type { World } from "../world.ts";

const HOUR = 3_600_000;

/** How many tokens a world has issued. */
const issued = new WeakMap<World, number>();

/** Issues a token of an installation for an hour of real time, for all it may do and reach or for the part asked for. Throws 422 for more than it has. */
export function issueToken(
  world: World,
  installation: Installation,
  wanted: {
    readonly permissions?: Permissions | undefined;
    readonly repositoryIds?: readonly number[] | undefined;
  } = {},
): Token {
  for (const [name, level] of Object.entries(wanted.permissions ?? {})) {
    const held = installation.permissions[name];
    if (held === undefined || (level === "write" && held !== "write")) {
      throw new Refused(422, "The permissions requested are not granted to this installation.");
    }
  }
  const app = world.apps.get(installation.appId);
  const number = (issued.get(world) ?? 0) + 1;
  issued.set(world, number);
  // Texts depend on nothing but the order, so that a story can be told twice.
  const text = createHash("sha256").update(`${installation.id} ${number}`).digest("hex");
  const token: Token = {
    token: `ghs_${text.slice(0, 36)}`,
    kind: "installation",
    installationId: installation.id,
    accountId: app?.botId ?? 0,
    permissions: { metadata: "read", ...(wanted.permissions ?? installation.permissions) },
    repositoryIds: wanted.repositoryIds ?? null,
    expiresAt: Math.floor(world.realNow() / 1000) * 1000 + HOUR,
  };
  world.tokens.set(token.token, token);
  return token;
}
