import { createVerify } from "node:crypto";
import type { App, Installation, Permissions, Token } from "../model.ts";
import { Refused } from "../refused.ts";
import type { World } from "../world.ts";
import type { Caller } from "./route.ts";

/** A JSON web token may live this long at most, in seconds. */
const LONGEST_LIFE = 600;

/** Who an Authorization header belongs to: an app by its signed JSON web token, or by its client id and secret; an installation or a person by a token. Throws 401 as GitHub does. */
export function identify(world: World, header: string | undefined): Caller {
  if (header === undefined) return { kind: "nobody" };
  const [scheme = "", credentials = ""] = header.split(/ +/);
  if (/^basic$/i.test(scheme)) return { kind: "client", app: clientApp(world, credentials) };
  if (!/^(?:bearer|token)$/i.test(scheme)) throw new Refused(401, "Bad credentials");
  if (credentials.split(".").length === 3) return { kind: "app", app: signedApp(world, credentials) };
  const token = world.tokens.get(credentials);
  if (token === undefined || token.expiresAt <= world.realNow()) throw new Refused(401, "Bad credentials");
  if (token.installationId === null) {
    const app = token.givenTo === undefined ? null : (world.apps.get(token.givenTo) ?? null);
    return { kind: "user", account: world.account(token.accountId), token, app };
  }
  const installation = world.installations.get(token.installationId);
  const app = installation === undefined ? undefined : world.apps.get(installation.appId);
  if (installation === undefined || app === undefined || installation.deleted) {
    throw new Refused(401, "Bad credentials");
  }
  if (installation.suspendedAt !== null) throw new Refused(403, "This installation has been suspended");
  return {
    kind: "installation",
    app,
    installation,
    token: { ...token, permissions: held(token, installation) },
  };
}

/** A token never allows more than the installation does now. */
function held(token: Token, installation: Installation): Permissions {
  return Object.fromEntries(
    Object.entries(token.permissions).flatMap(([name, level]) => {
      const now = installation.permissions[name];
      return now === undefined ? [] : [[name, now === "write" ? level : now]];
    }),
  );
}

function clientApp(world: World, credentials: string): App {
  const [clientId = "", secret = ""] = Buffer.from(credentials, "base64").toString("utf8").split(":");
  const app = [...world.apps.values()].find((one) => one.clientId === clientId);
  if (app === undefined || app.clientSecret === null || app.clientSecret !== secret)
    throw new Refused(401, "Bad credentials");
  return app;
}

function signedApp(world: World, jwt: string): App {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const header = decoded(head);
  const claims = decoded(body);
  const issuer = claims["iss"];
  if (header["alg"] !== "RS256" || (typeof issuer !== "string" && typeof issuer !== "number")) {
    throw new Refused(401, "A JSON web token could not be decoded");
  }
  const app = [...world.apps.values()].find(
    (one) => String(one.id) === String(issuer) || one.clientId === issuer,
  );
  if (app === undefined || app.publicKey === null) throw new Refused(404, "Integration not found");
  const verify = createVerify("RSA-SHA256").update(`${head}.${body}`);
  if (!verify.verify(app.publicKey, signature, "base64url")) {
    throw new Refused(401, "A JSON web token could not be decoded");
  }
  const now = Math.floor(world.realNow() / 1000);
  const { exp, iat } = claims;
  if (typeof exp !== "number" || exp <= now) {
    throw new Refused(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + LONGEST_LIFE + 60) {
    throw new Refused(401, "'Expiration time' claim ('exp') is too far in the future");
  }
  if (typeof iat !== "number" || iat > now + 60) {
    throw new Refused(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  return app;
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
