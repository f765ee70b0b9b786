/** Access without sign-in: everything, to whoever uses the machine the App runs on, and nothing to anyone else. */

import type { Caller, Organization, Refusal, Viewer, ViewerOf } from "./page/access.ts";

const ADDRESS = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|::ffff:127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/u;

/** A page elsewhere may have its name resolve to this machine: it still comes by that name (DNS rebinding). */
const HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/iu;

/**
 * What browsers and curl send by themselves. Whatever passes a request on adds others: there are too many to name those, so
 * these are named.
 */
const OWN_HEADERS =
  /^(?:accept(?:-(?:encoding|language|charset))?|cache-control|connection|content-(?:length|type)|cookie|dnt|host|if-(?:modified-since|none-match)|keep-alive|origin|pragma|priority|purpose|referer|save-data|sec-[a-z-]+|te|upgrade-insecure-requests|user-agent)$/u;

/** Returns the access of whoever uses this machine. `refused`: sentences that refuse everyone; null: none. */
export function loopbackViewer(
  organizations: () => Promise<readonly Organization[]>,
  refused: readonly string[] | null = null,
): ViewerOf {
  return async (request, caller): Promise<Viewer | Refusal> => {
    if (refused !== null) return { status: 403, sentences: refused };
    const problem = problemOf(request, caller);
    if (problem !== null) return { status: 403, sentences: [problem, HELP] };
    const all = await organizations();
    return {
      name: null,
      person: null,
      sees: all.map((organization) => ({ organization, repositories: "all", role: "lead" })),
    };
  };
}

const HELP =
  "Nobody can sign in here, so these pages are shown only in a browser on the machine the App runs on: open http://127.0.0.1 with the port of these pages there, or through a tunnel such as ssh -L 3000:127.0.0.1:3000 MACHINE.";

/** Returns why a request is not this machine's own; null: it is. */
function problemOf(request: Request, { address, httpVersion }: Caller): string | null {
  if (address === null || !ADDRESS.test(address)) return "This request came from another machine.";
  const connection = request.headers.get("connection") ?? "keep-alive";
  // What proxies do by default, and browsers never.
  if (httpVersion === "1.0" || !/^keep-alive$/iu.test(connection))
    return "This request was passed on by something else: browsers use HTTP/1.1, and keep the connection.";
  const added = [...request.headers.keys()].find((name) => !OWN_HEADERS.test(name));
  if (added !== undefined)
    return `This request was passed on by something else, or changed on the way: it has the header ${added}.`;
  const host = request.headers.get("host") ?? "";
  // A request may name another host in its first line.
  if (!HOST.test(host) || !HOST.test(new URL(request.url).host))
    return "This request names another host than this machine.";
  if (request.headers.get("sec-fetch-site") === "cross-site" && !isNavigation(request))
    return "This request was made by a page of another site.";
  return null;
}

function isNavigation({ headers }: Request): boolean {
  return headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
}
