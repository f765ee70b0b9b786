/** Every text a developer or owner meets in a story: check runs, issues, comments of the App, notifications. */

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";

/** One text as it was met. `state`: of a check run, else empty. */
export interface Met {
  readonly kind: "check run" | "gate" | "issue" | "comment" | "notification";
  readonly state: string;
  readonly title: string;
  readonly body: string;
  /** The name of the story in which it was met first. */
  readonly story: string;
}

/** The stories the page shows: each meets texts that the others do not. */
export const SHOWN: readonly string[] = [
  "nobody-approved",
  "stale-approval",
  "check-failed-then-passed",
  "changes-requested-later",
  "policy-broken",
  "rule-migrations-database-owner",
  "record-missing-then-named",
  "freeze-waits",
  "command-help",
  "command-edited",
  "direct-push",
  "deployment-unmerged",
  "deviation-issue",
  "emergency-by-comment",
  "emergency-expired",
  "review-rejected",
  "b11-ruleset-disabled-then-restored",
  "month-signed-off",
  "month-late",
  "notified-daily-limit",
  "notified-emergency",
  "notified-closed",
  "deviation-closed-by-hand",
  "accept-unverifiable",
  "gate-rejects",
  "gate-waits-until-merged",
  "emergency-wrong-uses",
  "review-late",
  "deviation-wrong-words",
  "deviation-wrong-uses",
  "deviation-per-day",
  "standard-change",
  "observe",
  "deviation-life",
  "deviation-plan",
  "deviation-missed-review",
  "deviation-auditor",
  "deviation-design-closed",
  "emergency-alone",
  "emergency-by-label",
  "emergency-push-after",
  "emergency-withdrawn-by-declarer",
  "emergency-not-entitled",
  "emergency-block-next",
  "emergency-deployment",
  "explain-bypass",
  "scope-out",
  "exemption",
  "policy-brought-with-problems",
  "unknown-team",
  "own-second-commit",
  "h09-own-check-imitated",
  "review-follow-up",
  "exemption-expired",
  "bypassed-while-down",
  "accept-by-contributor",
  "codeowners-each-file",
];

/** Gathers what stories meet while they are played: each story's texts once, in the order in which they came. */
export class Texts {
  readonly #met = new Map<string, Map<string, Met>>();

  /** Tells whether a story was looked at. */
  has(scenario: Scenario): boolean {
    return this.#met.has(scenario.source);
  }

  /** Looks at what there is now. */
  async look(harness: Harness, { source, name }: Scenario): Promise<void> {
    const met = this.#met.get(source) ?? new Map<string, Met>();
    this.#met.set(source, met);
    for (const text of await textsOf(harness, name)) {
      const key = JSON.stringify([text.kind, text.state, skeleton(text.title), skeleton(text.body)]);
      if (!met.has(key)) met.set(key, text);
    }
  }

  /** Answers what some stories met, each text once, in the order of these stories. */
  of(stories: readonly Scenario[]): readonly Met[] {
    const met = new Map<string, Met>();
    for (const { source } of stories)
      for (const [key, text] of this.#met.get(source) ?? []) if (!met.has(key)) met.set(key, text);
    return [...met.values()];
  }
}

/** It changes with any body of any entry, and says nothing to a reader. */
const HASH_OF_LOG = /sha256=[0-9a-f]{64}/gu;

/** The texts there are now. */
async function textsOf(harness: Harness, story: string): Promise<readonly Met[]> {
  const { repositories, names } = await harness.double.state();
  const isOurs = (id: number): boolean => names.get(id) === "countersign[bot]";
  return [
    ...repositories.flatMap(({ checks, issues, comments, deployments }) => [
      ...deployments.flatMap(({ gates }) =>
        gates.flatMap(({ answers }) =>
          answers.map(({ comment }): Met => ({ kind: "gate", state: "", title: "", body: comment, story })),
        ),
      ),
      ...checks
        .filter(({ ours, name }) => ours && name === "countersign")
        .map(({ conclusion, status, title, summary, text }): Met => ({
          kind: "check run",
          state: conclusion ?? status,
          title,
          body: [summary, text].filter((part) => part !== "").join("\n\n"),
          story,
        })),
      ...issues
        .filter(({ body }) => body.includes("<!-- countersign-"))
        .map(({ title, body }): Met => ({ kind: "issue", state: "", title, body, story })),
      ...comments
        .filter(({ authorId, author }) => isOurs(authorId) || author === "countersign[bot]")
        .map(({ body }): Met => ({
          kind: "comment",
          state: "",
          title: "",
          body: body.replace(HASH_OF_LOG, "sha256=…"),
          story,
        })),
    ]),
    ...harness.receiver.messages.map(({ text }): Met => ({
      kind: "notification",
      state: "",
      title: "",
      body: text,
      story,
    })),
  ];
}

/** The same but for names of things: commits, numbers, times. */
function skeleton(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{7,64}\b/gu, "SHA").replaceAll(/\d+/gu, "N");
}

/** Says the same to a reader: other people, or a list under a heading that grew. */
function gist({ kind, state, title, body }: Met): string {
  const told =
    kind === "issue"
      ? body.replace(/### Status.*/su, (rest) => rest.replaceAll(/^- .*\n/gmu, ""))
      : body.replace(/### Controls.*/su, "");
  return skeleton(JSON.stringify([kind, state, title, told]))
    .replaceAll(/@?\b(?:ann|bob|cat|carol|eve|dan|dora|adm|acme-owner)\b/gu, "NAME")
    .replaceAll(/NAME(?:(?:, | and )NAME)+/gu, "NAME");
}

/** The most words before anything that one looks up: a table, a heading, a list. */
const MOST_WORDS = 60;

const CALLS =
  /\b(?:to do|comment|approves?|ask|asks|push|re-run|wait|waits|review|revert|sign|merge|write|look|set|settle|nothing|must|say|name|fill|mend|apply|read|let)\b/iu;
const PROMISES_A_DATE = /\b(?:due|overdue|expires?|deadline)\b/iu;
const DATE = /\d{4}-\d{2}-\d{2}/u;

/** The most words of a sentence, or of its part before or after a colon or a semicolon. */
const MOST_WORDS_OF_A_SENTENCE = 20;

/** Words that no developer and no auditor uses so. */
const PRIVATE_WORDS =
  /\b(?:somebody|anybody|mend(?:s|ed|ing)?|holds? back|held back|cannot be told|would not (?:say|tell|list)|judged|no part in|looked at again)\b/iu;

/** Where a sentence, or its part before a colon or a semicolon, ends; so does a line, or the cell of a table. */
const SENTENCE_ENDS = /\n|(?<=[.:;?!])\s|\|/u;

/** The texts that show times on the clocks of the policy's zone; elsewhere they are those of the record, in UTC. */
const CLOCKED: ReadonlySet<Met["kind"]> = new Set(["check run", "gate", "notification"]);

/** A time in UTC to the second: a reader's clock shows none. */
const MACHINE_TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/u;

const FOLDED_HINT = "<details><summary>If it cannot wait</summary>";

/** How the first line of a check that does not pass begins: with who acts, or with what to do. */
const SAYS_WHO_DOES_WHAT =
  /^(?:\*\*[^*]+\*\*(?: \([^)]+\))?: |(?:Add|Amend|Fix|Give|Have|Name|Open|Re-run|Review|Wait|What is needed)\b|Nothing to do|This check )/u;

/** Returns what is wrong with a text: it is long before anything to look up, or does not say what happened, what to do, or by when. */
export function problemsOf(met: Met): readonly string[] {
  return [...ofLead(met), ...ofWords(met), ...(met.kind === "check run" ? ofCheckRun(met) : [])];
}

function ofWords({ kind, title, body }: Met): readonly string[] {
  const plain = body.replaceAll(/<!--.*?-->|\*\*/gu, "").replaceAll(/`[^`]*`/gu, "CODE");
  const word = PRIVATE_WORDS.exec(`${title}\n${plain}`)?.[0];
  const parts = plain.split(SENTENCE_ENDS).map((part) => part.trim());
  const long = [title, ...parts].find((part) => part.split(/\s+/u).length > MOST_WORDS_OF_A_SENTENCE);
  // A list may begin with what the title says is first.
  const own = body.startsWith("What is needed:") ? [] : title.split(SENTENCE_ENDS);
  const sentences = [...own, ...parts].map(bare).filter((part) => part.split(" ").length > 4);
  const twice = sentences.find((part, index) => sentences.indexOf(part) < index);
  return [
    ...(word === undefined ? [] : [`“${word}” is nobody's word`]),
    ...(long === undefined ? [] : [`a sentence of over ${MOST_WORDS_OF_A_SENTENCE} words: ${long}`]),
    ...(kind === "issue" || twice === undefined ? [] : [`said twice: ${twice}`]),
    ...(CLOCKED.has(kind) && MACHINE_TIME.test(plain) ? ["a time that no reader's clock shows"] : []),
    ...(/`countersign /u.test(body) && !/\boperator\b/iu.test(body)
      ? ["a command that only an operator can run, and it does not say so"]
      : []),
  ];
}

function bare(text: string): string {
  return text
    .replaceAll(/[*_>#“”"().,:;-]/gu, "")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .toLowerCase();
}

function ofCheckRun({ state, title, body }: Met): readonly string[] {
  if (state === "success" || title.startsWith("Merged ")) return [];
  const [first = ""] = body.split("\n");
  return [
    ...(SAYS_WHO_DOES_WHAT.test(first) ? [] : [`the first line does not say who does what: ${first}`]),
    ...(state === "action_required" || body.includes(FOLDED_HINT)
      ? []
      : ["it does not say what to do if it cannot wait"]),
  ];
}

function ofLead({ kind, state, title, body }: Met): readonly string[] {
  const lead = `${title}\n${leadOf(body)}`;
  const words = lead.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  return [
    ...(words > MOST_WORDS ? [`${words} words before anything to look up`] : []),
    // A title says it by itself if it is more than a name.
    ...(/[.:?]/u.test(lead) || title.split(" ").length > 3 ? [] : ["no sentence says what happened"]),
    ...(state === "success" || CALLS.test(`${title}\n${body}`) ? [] : ["it does not say what to do"]),
    ...(kind !== "check run" && PROMISES_A_DATE.test(lead.replaceAll(/`[^`]*`/gu, "")) && !DATE.test(lead)
      ? ["something is due, and it does not say by when"]
      : []),
  ];
}

/** What stands before the first table, heading, list or hidden marker. */
function leadOf(body: string): string {
  const lines = body.split("\n");
  const end = lines.findIndex((line) => /^(?:\||#|<!--|<details|[-*] )/u.test(line));
  return (end < 0 ? lines : lines.slice(0, end)).join("\n");
}

/** A fence that is not in the text itself. */
function fenceOf({ body }: Met): string {
  return body.includes("```") ? "````" : "```";
}

/** The page of all texts. */
export function textsPage(all: readonly Met[]): string {
  const texts = [...new Map(all.toReversed().map((text) => [gist(text), text])).values()].toReversed();
  const kinds = ["check run", "gate", "issue", "comment", "notification"] as const;
  const titles = {
    "check run": "Check runs",
    gate: "Answers of the gate before a deployment",
    issue: "Issues",
    comment: "Comments",
    notification: "Notifications",
  } as const;
  const shown = (text: Met): readonly string[] => [
    `_${text.story}_${text.state === "" ? "" : ` (${text.state})`}`,
    "",
    `${fenceOf(text)}text`,
    ...(text.title === "" ? [] : [text.title, ""]),
    text.body.trimEnd(),
    fenceOf(text),
    "",
  ];
  return [
    "# Texts",
    "",
    "<!-- Generated by `npm run texts`; edit the code or the story it comes from. -->",
    "",
    "What developers and owners read, as these stories meet it; what differs only in its names and numbers is shown once. Above each text is the story it comes from.",
    "",
    ...kinds.flatMap((kind) => [
      `## ${titles[kind]}`,
      "",
      ...texts.filter((text) => text.kind === kind).flatMap(shown),
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}
