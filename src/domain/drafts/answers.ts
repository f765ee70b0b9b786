/** What several drafts contain of a deviation and its answer. */

import { isDeviation } from "../monitoring/monthly.ts";
import type { RootCause } from "../records/remediation.ts";
import { listedControls, markdownInFile } from "../texts/wording.ts";
import { day } from "../time/span.ts";
import { counted, recorded, type Citations, type DraftRecorded, type Records } from "./draft.ts";
import type { Person } from "../records/deviation.ts";

/** Describes a deviation with what answers it, and the records of what it lists. */
export interface DraftAnswered {
  readonly deviation: DraftRecorded<"deviation">;
  readonly remediation: DraftRecorded<"remediation"> | null;
  readonly listed: readonly DraftRecorded<"change" | "deployment">[];
}

/** Returns every deviation that stands, oldest first, with what it rests on; what is missing is noted. */
export function answeredDeviations(records: Records, cite: Citations): readonly DraftAnswered[] {
  const remediations = new Map(recorded(records, "remediation").map((each) => [each.body.deviation, each]));
  const subjects = new Map(
    (["change", "deployment"] as const).flatMap((kind) =>
      recorded(records, kind).map((each) => [`${kind} ${each.entry.subject}`, each]),
    ),
  );
  const all = recorded(records, "deviation");
  const known = new Set(all.map(({ body }) => body.id));
  for (const id of remediations.keys())
    if (!known.has(id)) cite.lacks(`deviation ${id}, which a remediation answers`);
  return all
    .filter(({ body }) => isDeviation(body))
    .toSorted((a, b) => a.body.happenedAt - b.body.happenedAt || (a.body.id < b.body.id ? -1 : 1))
    .map((deviation) => {
      const { id, subjectKind, status } = deviation.body;
      if (status !== "open" && !remediations.has(id))
        cite.lacks(`the remediation of ${id}, which is ${status}`);
      return {
        deviation,
        remediation: remediations.get(id) ?? null,
        listed: deviation.body.subjects.flatMap((subject) => {
          const found = subjects.get(`${subjectKind} ${subject}`);
          if (found !== undefined) return [found];
          cite.lacks(`${subjectKind} ${subject}, which ${id} lists`);
          return [];
        }),
      };
    });
}

/**
 * Describes how far the answer to a deviation is. `settled`: someone other than its owner found it effective, or it was closed
 * after that.
 */
export type DraftAnswer = "settled" | "done" | "open";

/** Describes how far the answer to a deviation is. That it is done is its owner's word, and settles nothing. */
export function draftAnswerOf({ deviation }: DraftAnswered): DraftAnswer {
  const { status } = deviation.body;
  if (status === "effective" || status === "closed") return "settled";
  return status === "done" ? "done" : "open";
}

/** Returns one line on a deviation: what, when, which controls, of what type and why. */
export function deviationLine({ deviation, listed: subjects }: DraftAnswered, cite: Citations): string {
  const { title, happenedAt, controls, type, typeReason, source, reference, subjectKind } = deviation.body;
  const isNoted = source === "auditor";
  const marks = cite.of(deviation.entry, ...subjects.map(({ entry }) => entry));
  const on = `${isNoted && subjects.length === 0 ? "entered " : ""}on ${day(happenedAt)}`;
  const from = isNoted
    ? ` (noted by the auditor${reference === null ? "" : `: ${markdownInFile(reference)}`})`
    : "";
  return `${markdownInFile(title)}${from}, ${on}. Failed controls: ${listedControls(controls)}. ${TYPE_WORDS[type]} (${markdownInFile(typeReason)}). ${subjects.length === 0 ? "It names no change or deployment" : `It concerns ${counted(subjects.length, subjectKind)}`} ${marks}.`;
}

const TYPE_WORDS = {
  design: "The control as designed was not enough",
  operating: "The control was designed right and not followed",
} as const;

/** Holds what each kind of root cause means. */
export const ROOT_CAUSE_WORDS: Readonly<Record<RootCause, string>> = {
  process: "there was no defined process for it",
  resource: "people were too few or too busy",
  awareness: "people did not know what was required",
  tooling: "something was done by hand that a tool should do",
  ownership: "nobody was clearly responsible",
};

/** Returns the monthly reviews of a deviation's controls that were signed off for months after it happened. */
export function reviewsAfter(
  records: Records,
  { deviation }: DraftAnswered,
): readonly DraftRecorded<"monthly-review">[] {
  const { controls, happenedAt } = deviation.body;
  return recorded(records, "monthly-review").filter(
    ({ body, entry }) => controls.includes(body.control) && body.signedOff !== null && entry.at > happenedAt,
  );
}

/** Returns a person by login, or that there is none. */
export function personName(person: Person | null): string {
  return person === null ? "nobody" : markdownInFile(person.login);
}
