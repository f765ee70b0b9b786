import type { Installation, Repository } from "../model.ts";
import { publicUserShape } from "../shapes/accounts.ts";
import { installationShape } from "../shapes/apps.ts";
import { repositoryShape } from "../shapes/repositories.ts";
import { Refused } from "../refused.ts";
import { holdsAccess } from "./accounts.ts";
import { paged } from "./paging.ts";
import { notFound, numberParam, ok, textField, type Call, type Caller, type Routes } from "./route.ts";

type Person = Extract<Caller, { readonly kind: "user" }>;

function personOf(call: Call): Person {
  if (call.caller.kind === "user") return call.caller;
  throw new Refused(401, "Requires authentication");
}

/** The installations, of the App a person's token was given to, in which the person may read something. */
function installationsOf(call: Call): Installation[] {
  const { app } = personOf(call);
  if (app === null)
    throw new Refused(
      403,
      "You must authenticate with an access token authorized to a GitHub App in order to list installations",
    );
  return [...call.world.installations.values()].filter(
    (one) => one.appId === app.id && !one.deleted && readableIn(call, one).length > 0,
  );
}

/** The repositories of an installation that a person may read by more than their being public. */
function readableIn(call: Call, installation: Installation): Repository[] {
  const { account } = personOf(call);
  return call.world
    .installationRepositories(installation)
    .filter((one) => holdsAccess(call.world, one, account));
}

/** People by their own token, and what an App may do with one. */
export const userRoutes: Routes = {
  "GET /user": {
    need: "person",
    run: (call) => ok(publicUserShape(call.world, personOf(call).account)),
  },
  "GET /user/installations": {
    need: "person",
    run: (call) =>
      paged(
        call,
        installationsOf(call),
        (one) => installationShape(call.world, one),
        (installations, total_count) => ({ total_count, installations }),
      ),
  },
  "GET /user/installations/{installation_id}/repositories": {
    need: "person",
    run(call) {
      const id = numberParam(call, "installation_id");
      const installation = installationsOf(call).find((one) => one.id === id);
      if (installation === undefined) throw notFound();
      return paged(
        call,
        readableIn(call, installation),
        (one) => repositoryShape(call.world, one),
        (repositories, total_count) => ({
          total_count,
          repository_selection: installation.repositorySelection,
          repositories,
        }),
      );
    },
  },
  "DELETE /applications/{client_id}/token": {
    need: "client",
    run(call) {
      const { caller, world } = call;
      const given = textField(call, "access_token") ?? "";
      const token = world.tokens.get(given);
      if (caller.kind !== "client" || caller.app.clientId !== call.params["client_id"]) throw notFound();
      if (token === undefined || token.givenTo !== caller.app.id) throw new Refused(422, "Validation Failed");
      world.tokens.delete(given);
      return { status: 204 };
    },
  },
};
