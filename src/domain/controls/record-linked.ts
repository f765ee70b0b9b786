/** This change was linked to a change record. */

import type { PullRequest } from "../change/pull-request.ts";
import { withoutComments } from "../change/description.ts";
import { everyFound } from "../patterns/pattern.ts";
import { truncationReasons } from "../records/truncation.ts";
import type { Policy } from "../policy/file/policy.ts";
import { listed, oneLine } from "../texts/wording.ts";
import { defineControl, fails, OF_CHANGES, passes, unverifiable, type Ruling, judgeEach } from "./control.ts";
import { pullsOf } from "../records/subject.ts";

/** So many tickets of one pull request are kept. */
const MOST_TICKETS = 20;

const PLACES = { title: "the title", body: "the description", branch: "the branch name" } as const;

/** Requires that the pull request names its change ticket where the policy looks for it. */
export const recordLinked = defineControl({
  name: "record-linked",
  objective: "Every change can be traced to the record that asked for it.",
  test: "Each pattern of the policy (a regular expression of an engine that always ends) is found in the title, the description or the branch name of the pull request, as they were when it was merged; HTML comments do not count.",
  criteria: ["SOC 2 CC8.1", "PCI DSS 4.0.1 6.5.1", "ISO 27001:2022 A.8.32"],
  kind: "preventive",
  remediation: "Name the record that asked for the change, or say on the deviation why there is none.",
  judges: OF_CHANGES,
  notAsked: ({ records }) => (records.length === 0 ? "the policy requires no ticket" : null),
  rule(subject, { policy: { records } }) {
    const inputs = {
      records,
      tickets: pullsOf(subject).map((pull) => ({ pull: pull.number, found: ticketsOf(pull, records) })),
      basis: pullsOf(subject).map(({ body }) => body?.basis ?? null),
    };
    return judgeEach(subject, inputs, (pull) => judge(pull, records, subject.moment === "landed"));
  },
});

type Records = Policy["records"];

/** The tickets a pull request names, in the order they are found, each once. */
function ticketsOf(pull: PullRequest, records: Records): readonly string[] {
  return [...new Set(records.flatMap((record) => searched(pull, record).found))].slice(0, MOST_TICKETS);
}

function judge(pull: PullRequest, records: Records, landed: boolean): Ruling {
  const each = records.map((record) => ({ record, ...searched(pull, record) }));
  const lacking = each.filter(({ found }) => found.length === 0);
  if (lacking.length === 0) {
    const tickets = ticketsOf(pull, records).map(oneLine);
    return passes(`it names ${listed(tickets)}`);
  }
  const sure = lacking.filter(({ hidden }) => hidden === null);
  if (sure.length > 0) {
    return fails(
      "record-missing",
      sure.map(({ record }) => missing(record, landed)),
    );
  }
  return unverifiable([...new Set(lacking.flatMap(({ hidden }) => hidden ?? []))]);
}

function missing({ pattern, in: places }: Records[number], landed: boolean): string {
  const where = listed(
    places.map((place) => PLACES[place]),
    "or",
  );
  return landed
    ? `no ticket matching ${oneLine(pattern)} was in ${where} when it was merged`
    : `no ticket matches ${oneLine(pattern)}: add one to ${where}`;
}

/** What a pattern finds in a pull request; `hidden`: why not everything could be searched. */
function searched(
  pull: PullRequest,
  { pattern, in: places }: Records[number],
): { readonly found: readonly string[]; readonly hidden: string | null } {
  const body = places.includes("body") ? pull.body : null;
  // A title may be edited after the merge: beyond the end of the list nobody knows to what.
  const [cut] =
    pull.merged !== null && places.includes("title") ? truncationReasons(pull.cut, ["events"]) : [];
  const texts = {
    title: cut === undefined ? pull.title : "",
    body: withoutComments(body?.text ?? ""),
    branch: pull.head.ref,
  };
  const found = places.flatMap((place) => everyFound(pattern, texts[place], MOST_TICKETS));
  const hidden = body === undefined || body?.text === null ? HIDDEN_RECORD : (cut ?? null);
  // An expression that finds nothing at some place finds no ticket.
  return { found: [...new Set(found.filter((ticket) => ticket !== ""))], hidden };
}

/** Holds why the description as of the merge is not known. */
export const HIDDEN_RECORD =
  "the description was changed after the merge, and its earlier text cannot be verified: the webhook was missed";
