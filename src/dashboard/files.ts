/** Pages that are files, sent to whom they are for as long as they are for them. */

import type { Context } from "hono";

import type { Reader } from "./download.ts";
import type { Access, Viewer } from "./page/access.ts";
import { isThere, type DashboardPage, type PageFile, type PageZip } from "./page/page.ts";
import { nameOf } from "./sent.ts";
import type { BoundedTools } from "./tools.ts";
import { busy } from "./layout.ts";

/** So many files are sent to one person at once, and a few to whoever uses this machine. */
const TO_A_PERSON = 1;
const TO_THIS_MACHINE = 2;

/** Returns the reader of a file: for as long as they see of the organisation what they saw. */
export function fileReader(
  c: Context,
  tools: BoundedTools,
  { person }: Viewer,
  { organization, role, repositories }: Access,
  page: DashboardPage,
): Reader {
  const caller = tools.callerOf(c);
  return {
    name: person === null ? "this machine" : JSON.stringify(nameOf(person)),
    places: person === null ? TO_THIS_MACHINE : TO_A_PERSON,
    async isStillShown() {
      const viewer = await tools.viewerOf(c.req.raw, caller);
      const sees = "sentences" in viewer ? [] : viewer.sees;
      const now = sees.find((each) => each.organization.id === organization.id);
      if (now === undefined || !isThere(page.isOfWhole, now)) return false;
      // Who leads or audits may have become a member, and a member may read less than before.
      const { repositories: left } = now;
      if (left === "all") return true;
      return role === "member" && repositories !== "all" && [...repositories].every((id) => left.has(id));
    },
  };
}

/** Sends a zip. */
export function sendZip(
  c: Context,
  { zips, log }: BoundedTools,
  { name, zip: bytes }: PageZip,
  reader: Reader,
): Response {
  const { path } = c.req;
  const logged = (async function* () {
    try {
      yield* bytes;
    } catch (error) {
      log.error({ err: error, path }, "a package could not be sent whole");
      throw error;
    }
  })();
  const body = c.req.method === "HEAD" ? "" : zips.body(logged, reader);
  if (body === null) return busy(c);
  return c.body(body, 200, {
    "content-type": "application/zip",
    "content-disposition": `attachment; filename="${name}"`,
  });
}

/** Sends rows as CSV. */
export function sendFile(
  c: Context,
  { csv, downloads }: BoundedTools,
  { name, columns, rows }: PageFile,
  reader: Reader,
): Response {
  // What nobody reads would take a place among the files that are sent.
  const body = c.req.method === "HEAD" ? "" : downloads.body(csv(columns, rows), reader);
  if (body === null) return busy(c);
  return c.body(body, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}"`,
  });
}
