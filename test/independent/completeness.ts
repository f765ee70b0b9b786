/** Whether what a package calls complete is: which branches belong to the period, what was counted of them, what was observed. */

import {
  list,
  moment,
  of,
  same,
  words,
  type Entry,
  type Json,
  type Log,
  type Row,
  type Say,
} from "./reading.ts";

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The parts of a span that no other covers. */
function open(spans: readonly Span[], whole: Span): readonly Span[] {
  let rest: readonly Span[] = [whole];
  for (const { from, to } of spans)
    rest = rest.flatMap((span) =>
      [
        { from: span.from, to: Math.min(span.to, from) },
        { from: Math.max(span.from, to), to: span.to },
      ].filter((part) => part.from < part.to),
    );
  return rest;
}

/** What is called proven is covered by complete counts, none of which speaks for what came after it was made. */
export function completeness(
  log: Log,
  text: (path: string) => string,
  rows: (path: string) => readonly Row[],
  say: Say,
): void {
  const document = JSON.parse(text("completeness.json")) as Json;
  const checks = rows("completeness.csv");
  for (const row of checks) {
    const whole =
      row["contiguous"] === "yes" && row["truncated"] === "no" && row["unexplained"] === "0" ? "yes" : "no";
    if (row["complete"] !== whole) say(`completeness.csv: ${row["check_id"] ?? ""} is not what it says`);
  }
  const changes = rows("changes.csv");
  const branches = list(document["branches"]);
  const there = branches.map((each) => keyOf(of(each, "repository_id"), of(each, "branch")));
  const parts = partsOf(log, changes);
  if (!same([...parts.keys()], there))
    say("completeness.json: not the production branches that were in scope in the period");
  for (const branch of branches) {
    const key = keyOf(of(branch, "repository_id"), of(branch, "branch"));
    const own = checks.filter((row) => keyOf(row["repository_id"], row["branch"]) === key);
    const mine = changes.filter((row) => keyOf(row["repository_id"], row["branch"]) === key);
    const part = parts.get(key);
    if (part !== undefined) one(log, { branch, part, own, mine }, say);
  }
  inScope(log, [...parts.keys()], rows("scope.csv"), say);
  const isWhole =
    log.generatedAt >= log.period.to &&
    isObserved(log, JSON.parse(text("observed.json")) as Json) &&
    branches.length > 0 &&
    branches.every((each) => of(each, "proven") === true && of(each, "begins") !== "observed");
  if (document["complete"] !== isWhole) say("completeness.json: complete is not so");
}

function keyOf(repository: unknown, branch: unknown): string {
  return `${String(repository)}:${String(branch)}`;
}

interface Branch {
  readonly branch: unknown;
  readonly part: Part;
  readonly own: readonly Row[];
  readonly mine: readonly Row[];
}

function one(log: Log, { branch, part, own, mine }: Branch, say: Say): void {
  const name = `completeness of ${String(of(branch, "repository"))} ${String(of(branch, "branch"))}`;
  const span = { from: Date.parse(String(of(branch, "from"))), to: Date.parse(String(of(branch, "to"))) };
  if (of(branch, "begins") !== part.begins) say(`${name}: begins is ${part.begins}`);
  if (span.from !== part.from) say(`${name}: begins at another time`);
  // Of a period that is not over, it may end with its last count.
  const counted = Math.max(0, ...own.map((row) => Date.parse(row["checked_at"] ?? "")));
  const isCut = log.generatedAt < log.period.to && span.to === counted && span.to < part.to;
  if (span.to !== part.to && !isCut) say(`${name}: ends at another time`);
  const covered = own
    .filter((row) => row["complete"] === "yes")
    .map((row) => ({
      from: Date.parse(row["from"] ?? ""),
      to: Math.min(Date.parse(row["to"] ?? ""), Date.parse(row["checked_at"] ?? "")),
    }));
  const left = open(covered, span);
  const told = list(of(branch, "unproven")).map(
    (each) => `${String(of(each, "from"))} ${String(of(each, "to"))}`,
  );
  if (
    !same(
      left.map(({ from, to }) => `${moment(from)} ${moment(to)}`),
      told,
    )
  )
    say(`${name}: the spans that are not proven are others`);
  if (of(branch, "proven") !== (left.length === 0)) say(`${name}: is not what it says`);
  const isProven = (row: Row): boolean => {
    const at = Date.parse(row["occurred_at"] ?? "");
    return covered.some(({ from, to }) => at >= from && at < to);
  };
  const counts = {
    checks: own.length,
    updates: mine.length,
    updates_matched: mine.filter(isProven).length,
    without_pull_request: mine.filter((row) => !["pull-request", "queue"].includes(row["update"] ?? ""))
      .length,
  };
  for (const [key, count] of Object.entries(counts))
    if (of(branch, key) !== count) say(`${name}: ${key} is ${count}`);
}

interface Part extends Span {
  readonly begins: string;
}

/** Each branch that belongs to the period, with its part of it: by what every version of its repository said at its time. */
function partsOf(log: Log, changes: readonly Row[]): ReadonlyMap<string, Part> {
  const { period, generatedAt } = log;
  const over = Math.min(period.to, generatedAt);
  const versions = Map.groupBy(log.kinds.get("repository") ?? [], ({ subject }) => subject);
  const parts = new Map<string, Part>();
  const begin = (id: string): Pick<Part, "from" | "begins"> => {
    const newest = versions.get(id)?.at(-1)?.body ?? {};
    const installed = Number(newest["installedFrom"] ?? period.from);
    const seen = Math.min(installed, Number(newest["backfilledFrom"] ?? installed));
    if (seen <= period.from) return { from: period.from, begins: "period" };
    const moved = Number(newest["movedInAt"] ?? -Infinity);
    const isNew = newest["madeBy"] !== undefined || Math.abs(installed - moved) < 86_400_000;
    return { from: seen, begins: isNew ? "new" : "observed" };
  };
  for (const [id, all] of versions) {
    const gone = all.at(-1)?.body["removedAt"];
    const { from, begins } = begin(id);
    if (from >= period.to || (typeof gone === "number" && gone <= period.from)) continue;
    for (const [ref, end] of lastInScope(all, period)) {
      const to = Math.max(from, Math.min(over, end));
      parts.set(`${id}:${ref}`, { from, to, begins });
    }
  }
  for (const row of changes) {
    const id = row["repository_id"] ?? "";
    const key = keyOf(id, row["branch"]);
    const at = Date.parse(row["occurred_at"] ?? "");
    const known = parts.get(key) ?? { ...begin(id), to: over };
    const to = Math.max(known.to, Math.min(at + 1, over));
    parts.set(key, { ...known, from: Math.min(known.from, at), to });
  }
  for (const [key, { from, to }] of parts)
    if (from === to && !changes.some((row) => keyOf(row["repository_id"], row["branch"]) === key))
      parts.delete(key);
  return parts;
}

/** The branches that were in scope at some moment of the period, and until when. */
function lastInScope(all: readonly Entry[], period: Span): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  all.forEach(({ body, recordedAt }, place) => {
    const following = all[place + 1];
    const stops = [following?.recordedAt, body["removedAt"], following?.body["removedAt"]];
    const end = Math.min(...stops.filter((each) => typeof each === "number"), Infinity);
    const start = place === 0 ? -Infinity : recordedAt;
    if (body["inScope"] !== true || start >= Math.min(end, period.to) || end <= period.from) return;
    // It is recorded before its branches are read.
    let read = place;
    while (all[read]?.body["inScope"] === true && list(all[read]?.body["productionRefs"]).length === 0)
      read += 1;
    if (all[read]?.body["inScope"] !== true) return;
    for (const ref of list(all[read]?.body["productionRefs"]).map(String))
      ends.set(ref, Math.max(end, ends.get(ref) ?? 0));
  });
  return ends;
}

/** What belongs to the period is in scope, by scope.csv too. */
function inScope(log: Log, keys: readonly string[], scope: readonly Row[], say: Say): void {
  const listed = new Set(
    scope
      .filter((row) => row["in_scope"] === "yes")
      .flatMap((row) => words(row["production_branches"]).map((ref) => keyOf(row["repository_id"], ref))),
  );
  for (const entry of log.newest.values()) {
    if (entry.kind !== "repository" || entry.body["inScope"] !== true) continue;
    for (const ref of list(entry.body["productionRefs"]))
      if (
        scope.some((row) => row["repository_id"] === entry.subject) &&
        !listed.has(keyOf(entry.subject, ref))
      )
        say(`scope.csv: ${entry.subject} lacks ${String(ref)}`);
  }
  const known = new Set(scope.map((row) => row["repository_id"]));
  const versions = log.kinds.get("repository") ?? [];
  for (const key of keys) {
    const [id = ""] = key.split(":");
    const isRead = versions.some(
      ({ subject, body }) =>
        subject === id && list(body["productionRefs"]).includes(key.slice(id.length + 1)),
    );
    if (known.has(id) && isRead && !listed.has(key)) say(`scope.csv: does not have ${key} in scope`);
  }
}

/** Every moment of the period was observed, or read afterwards. */
function isObserved({ period }: Log, observed: Json): boolean {
  const at = (value: unknown): number => Date.parse(String(value));
  const blind = list(observed["unseen"]).map((each) => ({
    from: at(of(each, "from")),
    to: at(of(each, "to")),
  }));
  return (
    observed["since"] !== null &&
    at(observed["since"]) <= period.from &&
    at(observed["until"]) >= period.to &&
    !blind.some(({ from, to }) => from < period.to && to > period.from)
  );
}
