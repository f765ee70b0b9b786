import type { Account, App, Installation, Organization, Permissions } from "../model.ts";
import { deliveryItemShape, deliveryShape, appShape, installationShape } from "../shapes/apps.ts";
import { iso } from "../shapes/form.ts";
import { repositoryShape } from "../shapes/repositories.ts";
import { redeliver } from "../webhooks.ts";
import { Refused } from "../refused.ts";
import { issueToken } from "./issue-token.ts";
import { paged, pagedOnwards } from "./paging.ts";
import {
  installationReaches,
  notFound,
  numberParam,
  ok,
  organizationOf,
  type Call,
  type Routes,
} from "./route.ts";

const HOUR = 3_600_000;

function appOf(call: Call): App {
  if (call.caller.kind === "app") return call.caller.app;
  throw new Refused(401, "A JSON web token could not be decoded");
}

function installations(call: Call): Installation[] {
  const app = appOf(call);
  return [...call.world.installations.values()].filter((one) => one.appId === app.id && !one.deleted);
}

function installationNamed(call: Call): Installation {
  const id = numberParam(call, "installation_id");
  const found = installations(call).find((one) => one.id === id);
  if (found === undefined) throw notFound();
  return found;
}

function installationOn(call: Call, owner: Account | Organization): Installation {
  const found = installations(call).find((one) => one.accountId === owner.id);
  if (found === undefined) throw notFound();
  return found;
}

/** The app itself, its installations and its webhook deliveries. */
export const appRoutes: Routes = {
  "POST /app-manifests/{code}/conversions": {
    need: "none",
    run(call) {
      const code = call.params["code"] ?? "";
      const found = call.world.conversions.get(code);
      const app = call.world.apps.get(found?.appId ?? 0);
      call.world.conversions.delete(code);
      if (found === undefined || app === undefined || call.world.now() > found.at + HOUR) throw notFound();
      return ok(
        {
          ...appShape(call.world, app),
          client_secret: found.clientSecret,
          webhook_secret: found.webhookSecret,
          pem: found.pem,
        },
        201,
      );
    },
  },
  "GET /app": {
    need: "app",
    run: (call) =>
      ok({ ...appShape(call.world, appOf(call)), installations_count: installations(call).length }),
  },
  "GET /app/installations": {
    need: "app",
    run: (call) => paged(call, installations(call), (one) => installationShape(call.world, one)),
  },
  "GET /app/installations/{installation_id}": {
    need: "app",
    run: (call) => ok(installationShape(call.world, installationNamed(call))),
  },
  "POST /app/installations/{installation_id}/access_tokens": {
    need: "app",
    run: (call) => {
      const installation = installationNamed(call);
      if (installation.suspendedAt !== null) throw new Refused(403, "This installation has been suspended");
      const token = issueToken(call.world, installation, {
        permissions: wantedPermissions(call),
        repositoryIds: wantedRepositories(call, installation),
      });
      const reached = call.world
        .installationRepositories(installation)
        .filter((one) => token.repositoryIds?.includes(one.id) === true);
      return ok(
        {
          token: token.token,
          expires_at: iso(token.expiresAt),
          permissions: { ...token.permissions },
          repository_selection: token.repositoryIds === null ? installation.repositorySelection : "selected",
          ...(token.repositoryIds === null
            ? {}
            : { repositories: reached.map((one) => repositoryShape(call.world, one)) }),
        },
        201,
      );
    },
  },
  "GET /orgs/{org}/installation": {
    need: "app",
    run: (call) => ok(installationShape(call.world, installationOn(call, organizationOf(call)))),
  },
  "GET /users/{username}/installation": {
    need: "app",
    run(call) {
      const name = call.params["username"] ?? "";
      const owner = call.world.accountByLogin(name) ?? call.world.organization(name);
      if (owner === undefined) throw notFound();
      return ok(installationShape(call.world, installationOn(call, owner)));
    },
  },
  "GET /repos/{owner}/{repo}/installation": {
    need: "app",
    run(call) {
      const hit = call.world.repository(call.params["owner"] ?? "", call.params["repo"] ?? "");
      if (hit === undefined) throw notFound();
      const found = call.world.installationFor(appOf(call).id, hit.repository);
      if (found === undefined) throw notFound();
      return ok(installationShape(call.world, found));
    },
  },
  "GET /installation/repositories": {
    need: ["metadata:read"],
    run(call) {
      const { caller, world } = call;
      if (caller.kind !== "installation") {
        throw new Refused(
          403,
          "You must authenticate with an installation access token in order to list repositories for an installation.",
        );
      }
      const found = world
        .installationRepositories(caller.installation)
        .filter((one) => installationReaches(world, caller, one));
      return paged(
        call,
        found,
        (one) => repositoryShape(world, one),
        (repositories, total_count) => ({
          total_count,
          repository_selection: caller.installation.repositorySelection,
          repositories,
        }),
      );
    },
  },
  "GET /app/hook/config": {
    need: "app",
    run(call) {
      const { hook } = appOf(call);
      if (hook === null) throw notFound();
      return ok({ content_type: "json", insecure_ssl: "0", secret: "********", url: hook.url });
    },
  },
  "GET /app/hook/deliveries": {
    need: "app",
    run(call) {
      appOf(call);
      const { status } = call.query;
      const found = call.world.deliveries
        .filter((one) => status === undefined || (status === "success") === isSuccess(one.statusCode))
        .reverse();
      return pagedOnwards(call, found, deliveryItemShape);
    },
  },
  "GET /app/hook/deliveries/{delivery_id}": {
    need: "app",
    run: (call) => ok(deliveryShape(deliveryOf(call))),
  },
  "POST /app/hook/deliveries/{delivery_id}/attempts": {
    need: "app",
    run(call) {
      redeliver(call.world, deliveryOf(call));
      return ok({}, 202);
    },
  },
};

function wantedPermissions(call: Call): Permissions | undefined {
  const { permissions } = call.body;
  if (typeof permissions !== "object" || permissions === null) return undefined;
  return Object.fromEntries(
    Object.entries(permissions).flatMap(([name, level]: [string, unknown]) =>
      level === "read" || level === "write" ? [[name, level]] : [],
    ),
  );
}

/** Ids of the repositories a token is asked for, by id or by name; undefined: all. */
function wantedRepositories(call: Call, installation: Installation): number[] | undefined {
  const { repository_ids: ids, repositories: names } = call.body;
  if (!Array.isArray(ids) && !Array.isArray(names)) return undefined;
  const reached = call.world.installationRepositories(installation);
  const asked: unknown[] = [...(Array.isArray(ids) ? ids : []), ...(Array.isArray(names) ? names : [])];
  return asked.map((wanted) => {
    const found = reached.find((one) => one.id === wanted || one.name === wanted);
    if (found === undefined) {
      throw new Refused(
        422,
        "There is at least one repository that does not exist or is not accessible to the parent installation.",
      );
    }
    return found.id;
  });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 400;
}

function deliveryOf(call: Call): Call["world"]["deliveries"][number] {
  appOf(call);
  const id = call.params["delivery_id"];
  const found = call.world.deliveries.find((one) => String(one.id) === id);
  if (found === undefined) throw notFound();
  return found;
}
