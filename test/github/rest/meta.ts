import { budget, limitShape } from "./limits.ts";
import { ok, type Routes } from "./route.ts";

/** What GitHub says of itself. */
export const metaRoutes: Routes = {
  "GET /meta": { need: "none", run: () => ok({ verifiable_password_authentication: false }) },
  "GET /rate_limit": {
    need: "none",
    run(call) {
      const core = limitShape(budget(call.world, call.caller, "core"));
      const graphql = limitShape(budget(call.world, call.caller, "graphql"));
      const search = { limit: 30, used: 0, remaining: 30, reset: core.reset };
      return ok({ resources: { core, graphql, search }, rate: core });
    },
  },
};
