/** The pages people read, made when the first is opened: an App whose pages nobody opens loads nothing of them. */

import type { Hono } from "hono";

import type { Settings } from "../settings.ts";
import type { PageTools } from "./dashboard.ts";
import { canSignIn } from "./sign-in-settings.ts";

/** Returns what answers for the pages. `isPublic`: at the App's own address. */
export function pagesWhenOpened(
  settings: Settings,
  tools: PageTools,
): { readonly fetch: Hono["fetch"]; readonly isPublic: boolean } {
  let made: Promise<Pick<Hono, "fetch">> | null = null;
  return {
    isPublic: canSignIn(settings),
    async fetch(request, env) {
      made ??= import("./dashboard.ts").then(({ dashboardOf }) => dashboardOf(settings, tools));
      return (await made).fetch(request, env);
    },
  };
}
