/** The dashboard as a Hono app: who asks is found out first, then a page is made from what that viewer may see. */

import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";

import { ExternalError } from "../domain/values/external-error.ts";
import { MINUTE } from "../domain/time/durations.ts";
import { ListsNotReady } from "../domain/lists/not-ready.ts";
import { Downloads } from "./download.ts";
import { busy, messagePage } from "./layout.ts";
import type { DashboardPage } from "./page/page.ts";
import { PAGES } from "./page-list.ts";
import { FormsUnderWay, LARGEST_FORM } from "./sent.ts";
import { MinuteLimit } from "./sign-in/minute-limit.ts";
import { STYLE_PATH, STYLESHEET } from "./style.ts";
import { Turns } from "./turns.ts";
import type { BoundedTools, DashboardTools } from "./tools.ts";
import { MOST_FORMS, received, tooLarge } from "./received.ts";
import { pageAnswer, NOT_FOUND, refused } from "./answered.ts";

/** The longest address that is read, in characters. */
const LONGEST_URL = 4_000;

/** So many pages are made at once, and so many requests wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 20;

/** So many files are sent at once, however slowly they are read. */
const FILES_AT_ONCE = 8;
const ZIPS_AT_ONCE = 8;

/** Whoever has not taken a package by then (ms) is cut off. */
const LONGEST_ZIP = 30 * MINUTE;

/** Returns the dashboard. */
export function dashboard(given: DashboardTools, pages = PAGES): Hono {
  const app = new Hono();
  const tools: BoundedTools = {
    ...given,
    pages,
    turns: new Turns(AT_ONCE, MOST_WAITING),
    formTurns: new Turns(AT_ONCE, MOST_WAITING),
    underWay: new FormsUnderWay(),
    sentBy: new MinuteLimit(MOST_FORMS),
    downloads: new Downloads({ atOnce: FILES_AT_ONCE }, given.clock),
    zips: new Downloads({ atOnce: ZIPS_AT_ONCE, longest: LONGEST_ZIP }, given.clock),
  };
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      crossOriginEmbedderPolicy: true,
      // With none at all, browsers would not name these pages in `Origin` where a form is sent.
      referrerPolicy: "same-origin",
      xFrameOptions: "DENY",
      // Without sign-in there is no TLS here.
      strictTransportSecurity: tools.signIn?.isSecure === true ? "max-age=31536000" : false,
    }),
  );
  app.use(async (c, next) => {
    c.header("cache-control", "no-store");
    await next();
  });
  app.get(STYLE_PATH, (c) =>
    c.body(STYLESHEET, 200, {
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    }),
  );
  tools.signIn?.addTo(app);
  for (const page of pages) {
    if (page.acts !== undefined)
      app.post(page.path, bodyLimit({ maxSize: LARGEST_FORM, onError: tooLarge }), (c) =>
        received(c, tools, page),
      );
    app.all(page.path, (c) => shown(c, tools, page));
  }
  app.notFound((c) => shown(c, tools, NOT_FOUND));
  app.onError((error, c) => {
    if (error instanceof ListsNotReady)
      return messagePage(c, 503, "The lists are not ready yet", [error.message], {
        headers: { "retry-after": "10" },
      });
    tools.log.error({ err: error, path: c.req.path }, "a page could not be made");
    const isOutside = error instanceof ExternalError;
    return messagePage(c, isOutside ? 503 : 500, "This page could not be made", [
      isOutside ? error.message : "Something went wrong here; it has been logged.",
    ]);
  });
  return app;
}

async function shown(c: Context, tools: BoundedTools, page: DashboardPage): Promise<Response> {
  if (c.req.url.length > LONGEST_URL)
    return messagePage(c, 414, "This address is too long", [`At most ${LONGEST_URL} characters are read.`]);
  const viewer = await tools.viewerOf(c.req.raw, tools.callerOf(c));
  if ("sentences" in viewer) return refused(c, viewer);
  if (page !== NOT_FOUND && c.req.method !== "GET" && c.req.method !== "HEAD")
    return messagePage(c, 405, "Nothing can be sent here", ["These pages are only read."], {
      headers: { allow: "GET, HEAD" },
    });
  if (page.isRecorded === true && isFromElsewhere(c))
    return messagePage(c, 403, "Nothing is sent", ["Open this from these pages: it is recorded who did."]);
  const answer = await tools.turns.take(() => pageAnswer(c, tools, viewer, page));
  return answer ?? busy(c);
}

/** Whether a page of another site had the browser ask. */
function isFromElsewhere(c: Context): boolean {
  return /^(?:cross-site|same-site)$/u.test(c.req.header("sec-fetch-site") ?? "");
}
