/** Webhooks about issues: those of deviations are closed, opened and worded by the App alone. */

import { z } from "zod";
import { deviationIn, IssueShape } from "./comments.ts";
import { handler } from "./handler.ts";
import { MaybeActorShape, RepositoryShape } from "../queries/shapes.ts";
import type { IssueTouched, WebhookHandler, WebhookHandlers } from "./subject.ts";

/** Parses `issues`. `changes` comes with edited; a body whose marker was removed is identified by what it was before. */
const IssuesEvent = z.object({
  repository: RepositoryShape,
  issue: IssueShape.extend({ title: z.string() }),
  sender: MaybeActorShape,
  changes: z
    .object({ body: z.object({ from: z.string() }).optional() })
    .optional()
    .catch(undefined),
});

function touched(happened: IssueTouched["happened"]): WebhookHandler {
  return handler(`issue-${happened}`, IssuesEvent, ({ repository, issue, sender, changes }, arrival) => {
    const before = { ...issue, body: changes?.body?.from ?? null };
    // What it was before is what the App wrote: a marker put there since, of whatever deviation, moves nothing.
    const deviation = deviationIn(before, arrival.appId) ?? deviationIn(issue, arrival.appId);
    if (deviation === null) return "it is no issue of a deviation that the App wrote";
    const { number, title, body } = issue;
    const by = sender;
    const { delivery } = arrival;
    return {
      subjects: [
        {
          type: "issue",
          repositoryId: repository.id,
          number,
          deviation,
          happened,
          by,
          title,
          body: body ?? "",
          delivery,
        },
      ],
    };
  });
}

/** Handles `issues`. */
export const ISSUES = {
  closed: touched("closed"),
  reopened: touched("reopened"),
  edited: touched("edited"),
} satisfies WebhookHandlers;
