/** Checks that bear our name and are not ours: anyone who may write can post one, and none of them counts. */

import type { PullRequest } from "../change/pull-request.ts";
import { CHECK_NAME } from "../values/check-name.ts";
import { oneLine } from "../texts/wording.ts";

/** Returns one sentence for each other check of our name on the head of these pull requests. Each once; plain text. */
export function lookalikes(pulls: readonly PullRequest[], appId: number): readonly string[] {
  const strangers = pulls
    .flatMap(({ checks }) => checks)
    .filter(({ name, app }) => name.trim().toLowerCase() === CHECK_NAME && app?.id !== appId)
    .map(({ name, app, conclusion }) => {
      const what = app === null ? "a commit status" : `a check by the app ${oneLine(app.slug)}`;
      const said = conclusion === null ? "unfinished" : oneLine(conclusion);
      return `${what} named “${oneLine(name)}” (${said}) does not come from this App and does not count`;
    });
  return [...new Set(strangers)];
}
