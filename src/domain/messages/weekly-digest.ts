/** The weekly digest of observe mode: what enforcing the policy would have refused, by which line of it, and for how long. */

import type { Instant } from "../time/instant.ts";
import type { ChangeRecord } from "../records/change.ts";
import type { PolicyRecord, PolicySource } from "../policy/record.ts";
import { parsePolicy } from "../policy/file/parse.ts";
import { ASKED_BY } from "../policy/asked-controls.ts";
import type { ControlName } from "../values/result.ts";
import { listed, oneLine } from "../texts/wording.ts";
import { DAY, durationText } from "../time/durations.ts";

/** Describes one change that enforcing would have refused. `waitedMs`: until an approval came after all; null: none was observed. */
export interface WouldRefuse {
  readonly repository: string;
  readonly control: ControlName;
  /** The file and line of the policy that requires it, or that its default does. */
  readonly line: string;
  readonly waitedMs: number | null;
}

/** About the gate, or owed after the merge: none of them would have refused it. */
const NOT_BEFORE_MERGE: readonly ControlName[] = [
  "gate-respected",
  "emergency-reviewed-in-time",
  "emergency-authorised",
  "deployment-traceable",
  "deployment-approved",
];

/** Returns what enforcing its policy would have refused a landed change for. `waitedMs`: from its merge to an approval by another. */
export function wouldRefuse(
  { change, assessment }: ChangeRecord,
  policy: PolicyRecord,
  waitedMs: number | null,
): readonly WouldRefuse[] {
  if (policy.effective.mode === "enforce" || assessment.verdict === "historic") return [];
  const { owner, name } = change.repository;
  return assessment.results
    .filter(({ control, outcome }) => {
      return (outcome === "fail" || outcome === "unverifiable") && !NOT_BEFORE_MERGE.includes(control);
    })
    .map(({ control, reasons }) => ({
      repository: `${owner}/${name}`,
      control,
      line: lineOf(policy, control, reasons.join(" ")),
      waitedMs: control === "independently-approved" ? waitedMs : null,
    }));
}

/** The repository's own file comes first. INVARIANT: a reason names its rule as the approval's wording does. */
function lineOf(
  { repository, organization, effective }: PolicyRecord,
  control: ControlName,
  why: string,
): string {
  const rule = effective.rules.find(({ name }) => why.includes(`required by “${oneLine(name)}”`));
  for (const source of [repository, organization]) {
    const found =
      rule === undefined ? lineIn(source, ASKED_BY[control]?.split(".")[0]) : ruleIn(source, rule.name);
    if (found !== null) return found;
  }
  return "by default, no line";
}

function lineIn(source: PolicySource, key: string | undefined): string | null {
  if (source.state !== "found" || key === undefined) return null;
  const parsed = parsePolicy(source.text);
  if (!parsed.ok || !(key in parsed.file)) return null;
  return `${source.repository}/${source.path}:${parsed.lineOf([key]).line}`;
}

function ruleIn(source: PolicySource, name: string): string | null {
  if (source.state !== "found") return null;
  const parsed = parsePolicy(source.text);
  const index = parsed.ok ? (parsed.file.rules ?? []).findIndex((each) => each.name === name) : -1;
  if (!parsed.ok || index < 0) return null;
  return `${source.repository}/${source.path}:${parsed.lineOf(["rules", index]).line}`;
}

/** More lines than a message is read for. */
const MOST_LINES = 10;

/** Returns the text of a week's digest, or null where enforcing would have refused nothing. `changes`: how many landed. */
export function digestText(
  { from, to }: { readonly from: Instant; readonly to: Instant },
  refused: readonly WouldRefuse[],
  counts: { readonly changes: number; readonly refused: number },
): string | null {
  if (refused.length === 0) return null;
  const groups = [
    ...Map.groupBy(refused, ({ repository, control, line }) => `${repository}: ${control} (${line})`),
  ];
  const lines = groups
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([what, each]) => `- ${oneLine(what)}: ${each.length}${waitText(each)}`);
  const more = lines.length - MOST_LINES;
  const [first, last] = [day(from), day(to - DAY)];
  return [
    `From ${first} to ${last}, enforcing the policy would have refused ${counts.refused} of ${counts.changes} ${counts.changes === 1 ? "change" : "changes"}:`,
    ...lines.slice(0, MOST_LINES),
    ...(more > 0 ? [`- and ${more} more`] : []),
    `To try another policy: countersign policy try new.yml --from ${first} --to ${day(to)}`,
  ].join("\n");
}

function waitText(each: readonly WouldRefuse[]): string {
  if (each.every(({ control }) => control !== "independently-approved")) return "";
  const known = each.flatMap(({ waitedMs }) => (waitedMs === null ? [] : [waitedMs]));
  const unknown = each.length - known.length;
  return `; they would have waited ${listed(
    [
      ...(known.length === 0 ? [] : [`up to ${durationText(Math.max(...known))}`]),
      ...(unknown === 0 ? [] : [`an unknown time (${unknown})`]),
    ],
    "or",
  )}`;
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
