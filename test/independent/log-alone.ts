/**
 * What the log says against itself: facts told by several entries, judgements that do not follow from the facts beside them. Whoever
 * rewrites one entry has to rewrite each of these. Nothing here is imported from `src`.
 */

import {
  canonical,
  list,
  of,
  outcomesOf,
  sha256,
  who,
  type Entry,
  type Json,
  type Log,
  type Row,
  type Say,
  nameIn,
} from "./reading.ts";
import { over } from "./terms.ts";

/** Looks for what the log says against itself, and what completeness.csv says against it. */
export function logAlone(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  counts(log, rows, say);
  witnesses(log, rows, say);
  approvals(log, say);
  gates(log, say);
  requiredChecks(log, say);
  emergencies(log, say);
  deployments(log, say);
  deviating(log, say);
}

function inPeriod(log: Log, kind: string): readonly Entry[] {
  return [...log.newest.values()].filter(
    (entry) => entry.kind === kind && entry.at >= log.period.from && entry.at < log.period.to,
  );
}

function named(entry: Entry): string {
  return `${entry.kind} ${entry.subject.slice(0, 8)}`;
}

function movement(repository: unknown, update: unknown): string {
  return [repository, of(update, "ref"), of(update, "before"), of(update, "after")].map(String).join(" ");
}

/** A span that is called complete holds the updates its listings counted, in one chain. */
function counts(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  const first = new Map<string, number>();
  for (const { kind, subject, recordedAt } of log.entries)
    if (kind === "change" && !first.has(subject)) first.set(subject, recordedAt);
  const all = inPeriod(log, "change");
  for (const { body, repositoryId, subject } of log.newest.values()) {
    const [from, to, checkedAt] = [body["from"], body["to"], body["checkedAt"]].map(Number) as [
      number,
      number,
      number,
    ];
    if (
      of(body, "complete") !== true ||
      body["listings"] === undefined ||
      from < log.period.from ||
      to > log.period.to
    )
      continue;
    const name = `completeness ${subject}`;
    const changes = all
      .filter(
        (entry) =>
          entry.repositoryId === repositoryId &&
          of(entry.body, "change", "update", "ref") === body["ref"] &&
          entry.at >= from &&
          entry.at < to &&
          (first.get(entry.subject) ?? 0) <= checkedAt,
      )
      .toSorted((a, b) => a.at - b.at || (a.subject < b.subject ? -1 : 1))
      .map(({ body: each }) => of(each, "change", "update"));
    const listing = (source: string): unknown =>
      list(body["listings"]).find((each) => of(each, "source") === source);
    for (const [what, count] of [
      ["the ledger's listing", of(listing("ledger"), "count")],
      ["GitHub's listing", of(listing("activity"), "count")],
      ["matched", body["matched"]],
    ] as const)
      if (count !== changes.length) say(`${name}: ${what} is not ${changes.length}`);
    const without = changes.filter(
      (each) => !["pull-request", "queue"].includes(String(of(each, "kind"))),
    ).length;
    if (body["withoutPullRequest"] !== without) say(`${name}: ${without} came without a pull request`);
    const updates = changes.map((each) =>
      Object.fromEntries(
        ["activityId", "ref", "before", "after", "kind", "at"].map((key) => [key, of(each, key)]),
      ),
    );
    if (of(listing("ledger"), "sha256") !== sha256(canonical(updates)))
      say(`${name}: the ledger's listing was of other updates`);
    const broken = rows("ref-updates.csv").some(
      (row) =>
        row["repository_id"] === String(repositoryId) &&
        row["branch"] === body["ref"] &&
        row["contiguous_with_previous"] === "no" &&
        Date.parse(row["occurred_at"] ?? "") >= from &&
        Date.parse(row["occurred_at"] ?? "") < to,
    );
    if (broken) say(`${name}: not contiguous`);
  }
}

/** What was seen has its observation, and what was observed on a branch that is proven complete has its change. */
function witnesses(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  const told = log.kinds.get("observation") ?? [];
  const pushes = new Set(
    told
      .filter(({ body }) => body["kind"] === "pushed")
      .map((entry) => movement(entry.repositoryId, entry.body)),
  );
  const given = new Map(
    told
      .filter(({ body }) => body["kind"] === "review-given")
      .map(({ body }) => [of(body, "review", "id"), of(body, "review")]),
  );
  const changes = inPeriod(log, "change");
  const landed = new Set(
    changes.map((entry) => movement(entry.repositoryId, of(entry.body, "change", "update"))),
  );
  const complete = rows("completeness.csv").filter((row) => row["complete"] === "yes");
  for (const { at, body, repositoryId } of told) {
    if (body["kind"] !== "pushed") continue;
    const isCounted = complete.some(
      (row) =>
        row["repository_id"] === String(repositoryId) &&
        row["branch"] === body["ref"] &&
        at >= Date.parse(row["from"] ?? "") &&
        at < Date.parse(row["to"] ?? "") &&
        at >= log.period.from &&
        at < log.period.to,
    );
    if (isCounted && !landed.has(movement(repositoryId, body)))
      say(`a push to ${String(body["ref"])} was told of, and is no change: ${String(body["after"])}`);
  }
  for (const entry of changes) {
    const update = of(entry.body, "change", "update");
    const began =
      log.entries.find(({ kind, subject }) => kind === "change" && subject === entry.subject)?.seq ?? 0;
    const pulls = list(of(entry.body, "change", "pullRequests")).map((pull) => of(pull, "number"));
    const isTold = told.some(
      ({ seq, repositoryId, body }) =>
        seq < began &&
        repositoryId === entry.repositoryId &&
        (body["kind"] === "pushed"
          ? movement(repositoryId, body) === movement(entry.repositoryId, update)
          : body["kind"] === "pull-changed" && pulls.includes(body["pull"])),
    );
    const isLate = of(entry.body, "change", "late") === true;
    if (!isLate && !isTold) say(`${named(entry)}: is not called late, and nothing had told of it`);
    if (!isLate && of(update, "basis") === "observed" && !pushes.has(movement(entry.repositoryId, update)))
      say(`${named(entry)}: is called observed, and was not seen`);
    for (const approval of counting(entry)) {
      const { review } = approval;
      if (of(review, "basis") !== "observed" || Number(of(review, "submittedAt")) < log.period.from) continue;
      const seen = given.get(of(review, "id"));
      const isSame =
        ["commit", "submittedAt"].every((key) => of(seen, key) === of(review, key)) &&
        of(seen, "author", "id") === of(review, "author", "id");
      if (!isSame) say(`${named(entry)}: an approval is called observed, and was not seen so`);
    }
  }
}

interface Counting {
  readonly approval: unknown;
  readonly pull: unknown;
  readonly review: unknown;
}

function counting(entry: Entry): readonly Counting[] {
  const pulls = list(of(entry.body, "change", "pullRequests"));
  return list(of(entry.body, "assessment", "approvals"))
    .filter((approval) => of(approval, "counts") === true)
    .map((approval) => {
      const isIt = (review: unknown): boolean => of(review, "id") === of(approval, "reviewId");
      const pull = pulls.find((one) => list(of(one, "reviews")).some(isIt));
      return { approval, pull, review: list(of(pull, "reviews")).find(isIt) };
    });
}

/** An approval that counts was given by somebody else, after what it approves was pushed and before it landed, and not taken back. */
function approvals(log: Log, say: Say): void {
  for (const entry of inPeriod(log, "change"))
    for (const { approval, pull, review } of counting(entry)) {
      const name = `${named(entry)}: the approval by ${String(of(approval, "login"))}`;
      if (review === undefined) {
        say(`${name} is in no pull request of it`);
        continue;
      }
      const at = Number(of(review, "submittedAt"));
      const giver = of(approval, "actorId");
      if (of(review, "state") !== "approved" || (of(review, "dismissed") ?? null) !== null)
        say(`${name} does not stand`);
      if (of(review, "author", "id") !== giver) say(`${name} was given by somebody else`);
      const makers = [
        ...list(of(pull, "commits")).flatMap((commit) => list(of(commit, "authors"))),
        ...list(of(pull, "pushes")).map((push) => of(push, "actor")),
      ].map((each) => of(each, "id"));
      if (of(pull, "author", "id") === giver || (makers.length > 0 && makers.every((each) => each === giver)))
        say(`${name} is by whoever made it`);
      const pushed = list(of(pull, "pushes"))
        .filter((push) => of(push, "after") === of(review, "commit") && of(push, "basis") === "observed")
        .map((push) => Number(of(push, "at")));
      if (pushed.length > 0 && at < Math.min(...pushed))
        say(`${name} was given before its commit was pushed`);
      if (at < Number(of(pull, "createdAt"))) say(`${name} was given before the pull request was opened`);
      if (at > Number(of(pull, "merged", "at") ?? entry.at)) say(`${name} was given after it landed`);
    }
}

/** What the gate is said to have let through, it had let through; and it asked for what the change was then judged by. */
function gates(log: Log, say: Say): void {
  const judged = Map.groupBy(log.kinds.get("gate") ?? [], ({ subject }) => subject);
  for (const entry of inPeriod(log, "change")) {
    if (of(entry.body, "change", "update", "kind") !== "pull-request") continue;
    const result = outcomesOf(entry).find((each) => each["control"] === "gate-respected");
    for (const pull of list(of(entry.body, "change", "pullRequests"))) {
      const own = (judged.get(`${entry.repositoryId}#${String(of(pull, "number"))}`) ?? []).filter(
        ({ seq }) => seq < entry.seq,
      );
      const isHere = Number(of(pull, "createdAt")) >= log.period.from;
      const passed = own.some(
        ({ body }) =>
          of(body, "check", "conclusion") === "success" &&
          of(body, "check", "headSha") === of(pull, "head", "sha"),
      );
      if (isHere && result?.["outcome"] === "pass" && !passed)
        say(`${named(entry)}: no check of #${String(of(pull, "number"))} had passed`);
      const last = own.at(-1);
      const digest = of(entry.body, "assessment", "policyDigest");
      const asked = of(last?.body, "assessment", "policyDigest");
      const isNew = log.entries.some(
        (each) =>
          each.kind === "policy" &&
          nameIn(each) === digest &&
          each.seq > (last?.seq ?? 0) &&
          each.seq < entry.seq,
      );
      if (last !== undefined && asked !== digest && !isNew)
        say(`${named(entry)}: judged by another policy than the gate's before it landed`);
    }
  }
}

/** A required check that passed is there, and succeeded. */
function requiredChecks(log: Log, say: Say): void {
  for (const entry of inPeriod(log, "change")) {
    const result = outcomesOf(entry).find((each) => each["control"] === "checks-passed");
    if (result?.["outcome"] !== "pass") continue;
    const policy = log.newest.get(`policy ${String(of(entry.body, "assessment", "policyDigest"))}`)?.body;
    const checks = [
      ...list(of(entry.body, "change", "checks")),
      ...list(of(entry.body, "change", "pullRequests")).flatMap((pull) => list(of(pull, "checks"))),
    ];
    for (const required of list(of(policy, "effective", "checks"))) {
      const name = of(required, "name");
      const isThere = checks.some(
        (check) =>
          of(check, "name") === name &&
          ["success", "neutral", "skipped"].includes(String(of(check, "conclusion"))),
      );
      if (!isThere) say(`${named(entry)}: checks-passed without the check ${String(name)}`);
    }
  }
}

/** Leave was given by somebody else and held no longer than the policy says; its review was due by the policy's term, and independent. */
function emergencies(log: Log, say: Say): void {
  const policyOf = (body: Json): unknown =>
    log.newest.get(`policy ${String(body["policyDigest"])}`)?.body["effective"];
  const used = new Set<unknown>();
  for (const entry of log.newest.values()) {
    const { body } = entry;
    const name = `${entry.kind} ${entry.subject}`;
    if (entry.kind === "emergency") {
      for (const subject of list(of(body, "used", "subjects"))) used.add(subject);
      const authorised = body["authorised"];
      const policy = policyOf(body);
      const at = of(authorised, "at");
      const isTold = policy !== undefined && typeof at === "number";
      if (
        isTold &&
        Number(of(authorised, "until")) >
          over(at, of(policy, "emergency", "validFor"), of(policy, "calendar"))
      )
        say(`${name}: valid for longer than the policy lets`);
    }
    if (entry.kind !== "retroactive-review") continue;
    const policy = policyOf(body);
    const within = of(policy, "emergency", "reviewWithin");
    if (policy !== undefined && canonical(within) !== canonical(body["within"]))
      say(`${name}: due within another term than the policy's`);
    if (
      policy !== undefined &&
      over(Number(body["openedAt"]), body["within"], of(policy, "calendar")) !== body["dueAt"]
    )
      say(`${name}: due at another time than the policy's`);
    const emergency = log.newest.get(`emergency ${entry.subject}`)?.body;
    const part = ["opened", "declared", "authorised", "confirmed"].map((each) =>
      of(emergency, each, "by", "id"),
    );
    for (const subject of list(body["subjects"]))
      for (const pull of list(
        of(log.newest.get(`change ${String(subject)}`)?.body, "change", "pullRequests"),
      ))
        part.push(
          of(pull, "author", "id"),
          ...list(of(pull, "commits")).flatMap((commit) =>
            list(of(commit, "authors")).map((each) => of(each, "id")),
          ),
          ...list(of(pull, "pushes")).map((push) => of(push, "actor", "id")),
        );
    const reviewer = of(body, "decision", "by");
    const isApproved = body["status"] === "approved";
    if (isApproved && typeof of(reviewer, "id") === "number" && part.includes(of(reviewer, "id")))
      say(`${name}: reviewed by ${who(reviewer)}, who had a part in it`);
  }
  for (const entry of inPeriod(log, "change"))
    if (of(entry.body, "assessment", "verdict") === "emergency" && !used.has(entry.subject))
      say(`${named(entry)}: no emergency was used for it`);
}

/** A deployment follows the one before it, and what it carried was judged as it says. */
function deployments(log: Log, say: Say): void {
  const changes = Map.groupBy(log.kinds.get("change") ?? [], ({ subject }) => subject);
  const places = Map.groupBy(
    inPeriod(log, "deployment"),
    ({ repositoryId, body }) => `${repositoryId} ${String(of(body, "deployment", "environment"))}`,
  );
  for (const own of places.values()) {
    const inOrder = own.toSorted(
      (a, b) =>
        a.at - b.at ||
        Number(of(a.body, "deployment", "number")) - Number(of(b.body, "deployment", "number")),
    );
    for (const [index, entry] of inOrder.entries()) {
      const deployment = of(entry.body, "deployment");
      const previous = of(deployment, "previous");
      const before = inOrder[index - 1];
      if (before !== undefined && of(previous, "id") !== before.subject)
        say(`${named(entry)}: does not follow the deployment before it`);
      const isAgain = of(previous, "sha") === of(deployment, "sha");
      if (isAgain && ["forward", "rollback"].includes(String(of(deployment, "kind"))))
        say(`${named(entry)}: is called ${String(of(deployment, "kind"))}, and deployed what was there`);
      for (const carried of list(of(deployment, "carried"))) {
        const known = (changes.get(String(of(carried, "id"))) ?? []).findLast(({ seq }) => seq < entry.seq);
        const verdict = of(known?.body, "assessment", "verdict");
        if (known !== undefined && verdict !== of(carried, "verdict"))
          say(`${named(entry)}: carried a change of another verdict`);
      }
    }
  }
}

/** Whatever was non-compliant where the policy enforces has a deviation, or what it carries or repeats has. */
function deviating(log: Log, say: Say): void {
  const listed = new Set((log.kinds.get("deviation") ?? []).flatMap(({ body }) => list(body["subjects"])));
  for (const entry of inPeriod(log, "change")) {
    const isDue =
      of(entry.body, "assessment", "verdict") === "non-compliant" && entry.body["mode"] === "enforce";
    if (isDue && !listed.has(entry.subject))
      say(`${named(entry)}: non-compliant, and no deviation is on record`);
  }
}
