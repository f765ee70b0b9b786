/** The weekly digest of observe mode: what enforcing the policy would have refused, and by which line of it. */

import type { Instant } from "../time/instant.ts";
import type { ChangeRecord } from "../records/change.ts";
import type { PolicyRecord, PolicySource } from "../policy/record.ts";
import { parsePolicy } from "../policy/file/parse.ts";
import { ASKED_BY } from "../policy/asked-controls.ts";
import type { ControlName } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import { isAccepted } from "../assessment/acceptance.ts";
import { CONTROLS } from "../assessment/assess.ts";
import { introducesNothing, isMerge } from "../records/subject.ts";
import { DAY, durationText } from "../time/durations.ts";

/** Describes one requirement that an observed change did not meet. */
interface Unmet {
  readonly repository: string;
  readonly control: ControlName;
  /** The file and line of the policy that requires it, or that its default does. */
  readonly line: string;
  /** From the landing to the first approval by another that was seen (ms); null: none was seen. */
  readonly approvedAfterMs: number | null;
}

/** Describes an observed change: whether a check could have refused it, and what it did not meet. */
export interface ObservedChange {
  readonly isMerge: boolean;
  readonly unmet: readonly Unmet[];
}

const BEFORE_MERGE: ReadonlySet<ControlName> = new Set(
  CONTROLS.filter(({ judges }) => judges.includes("gate")).map(({ name }) => name),
);

/**
 * Returns what the week's digest counts of a change; null where its policy enforced, it is historic, or nothing landed. Of a
 * merge, only what a check would have refused counts; no check refuses a push.
 */
export function observedChange(
  { change, assessment, mode }: ChangeRecord,
  policy: PolicyRecord,
  approvedAfterMs: number | null,
): ObservedChange | null {
  if (mode === "enforce" || assessment.verdict === "historic" || introducesNothing(change)) return null;
  const { owner, name } = change.repository;
  const failed = assessment.results.filter(
    (each) => each.outcome === "fail" || (each.outcome === "unverifiable" && !isAccepted(each)),
  );
  return {
    isMerge: isMerge(change),
    unmet: failed
      .filter(({ control }) => !isMerge(change) || BEFORE_MERGE.has(control))
      .map(({ control, reasons }) => ({
        repository: `${owner}/${name}`,
        control,
        line: lineOf(policy, control, reasons.join(" ")),
        approvedAfterMs,
      })),
  };
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

/** Returns the text of a week's digest; null where every change met its policy. */
export function digestText(
  { from, to }: { readonly from: Instant; readonly to: Instant },
  changes: readonly ObservedChange[],
): string | null {
  const unmet = changes.flatMap((change) => change.unmet);
  if (unmet.length === 0) return null;
  const groups = [
    ...Map.groupBy(unmet, ({ repository, control, line }) => `${repository}: ${control} (${line})`),
  ];
  const lines = groups
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([what, each]) => `- ${oneLine(what)}: ${each.length}${approvedText(each)}`);
  const more = lines.length - MOST_LINES;
  const [first, last] = [day(from), day(to - DAY)];
  const isPushed = changes.some(({ isMerge: merged, unmet: own }) => !merged && own.length > 0);
  return [
    `From ${first} to ${last}, ${countsText(changes)}:`,
    ...lines.slice(0, MOST_LINES),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(isPushed ? ["No check refuses a push. To require pull requests: countersign ruleset"] : []),
    `To try another policy: countersign policy try new.yml --from ${first} --to ${day(to)}`,
  ].join("\n");
}

function countsText(changes: readonly ObservedChange[]): string {
  const { true: merges = [], false: others = [] } = Object.groupBy(
    changes,
    ({ isMerge: merged }) => `${merged}`,
  );
  const count = (of: readonly ObservedChange[], what: string, plural: string): string =>
    `${of.filter(({ unmet }) => unmet.length > 0).length} of ${of.length} ${of.length === 1 ? what : plural}`;
  const merged = count(merges, "merge", "merges");
  const pushed = count(others, "push or other update", "pushes and other updates");
  if (merges.length === 0) return `${pushed} would not have met the policy`;
  const refused = `enforcing the policy would have refused ${merged}`;
  return others.length === 0 ? refused : `${refused}, and ${pushed} would not have met it`;
}

/** Only what was seen: an approval that comes later does not show how long anyone would have waited for it. */
function approvedText(each: readonly Unmet[]): string {
  if (each.every(({ control }) => control !== "independently-approved")) return "";
  const seen = each.flatMap(({ approvedAfterMs }) => (approvedAfterMs === null ? [] : [approvedAfterMs]));
  const unseen = each.length - seen.length;
  const last = durationText(Math.max(...seen));
  return [
    ...(seen.length === 0
      ? []
      : [`; ${seen.length} approved afterwards by someone other than the author, the last after ${last}`]),
    ...(unseen === 0 ? [] : [`; ${unseen} not seen approved`]),
  ].join("");
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
