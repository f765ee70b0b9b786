/** What auditors ask for beside populations and tests, worked out again from the log. Nothing here is imported from `src`. */

import {
  list,
  moment,
  of,
  outcomesOf,
  same,
  who,
  word,
  words,
  type Entry,
  type Json,
  type Log,
  type Row,
  type Say,
} from "./reading.ts";

type Rows = (path: string) => readonly Row[];

/** Looks through the columns asked for in fieldwork. */
export function fieldwork(log: Log, rows: Rows, say: Say): void {
  emergencies(log, rows("changes.csv"), say);
  tickets(log, rows("changes.csv"), say);
  criteria(rows, say);
  factsRead(log, rows("control-tests.csv"), say);
  policySpans(log, rows("policies/index.csv"), say);
  services(log, rows("scope.csv"), say);
  duties(log, rows, say);
  withoutMarks(rows, say);
}

/** The last entries of a kind, which happened since the period began. */
function since(log: Log, kind: string): readonly Entry[] {
  return [...log.newest.values()].filter((entry) => entry.kind === kind && entry.at >= log.period.from);
}

function parts(cell: string | undefined): readonly string[] {
  return (cell ?? "").split(" | ").filter((each) => each !== "");
}

/** A value as a part of a cell. */
function part(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(";", "%3B").replaceAll("|", "%7C");
}

function shortOf(row: Row): string {
  return (row["change_id"] ?? "").slice(0, 8);
}

function emergencies(log: Log, rows: readonly Row[], say: Say): void {
  for (const row of rows) {
    const id = row["change_id"] ?? "";
    const used = [...log.newest.values()]
      .filter(({ kind, body }) => kind === "emergency" && list(of(body, "used", "subjects")).includes(id))
      .map(({ body }) => word(body["id"]));
    const waived = outcomesOf(log.newest.get(`change ${id}`))
      .filter((each) => each["outcome"] === "waived" && each["cause"] === "emergency")
      .map((each) => word(of(each, "inputs", "leave")));
    const own = new Set([...used, ...waived]);
    const told = words(row["emergency_id"]);
    for (const each of own) if (!told.includes(each)) say(`change ${shortOf(row)}: does not name ${each}`);
    for (const each of told)
      if (!own.has(each) && log.isWhole) say(`change ${shortOf(row)}: was not let through under ${each}`);
    if (row["verdict"] === "emergency" && told.length === 0)
      say(`change ${shortOf(row)}: names no emergency`);
  }
}

function tickets(log: Log, rows: readonly Row[], say: Say): void {
  for (const row of rows) {
    const entry = log.newest.get(`change ${row["change_id"] ?? ""}`);
    const found = outcomesOf(entry).find((each) => each["control"] === "record-linked");
    const merged = new Map(
      list(of(entry?.body, "change", "pullRequests")).map((pull) => [
        of(pull, "number"),
        moment(of(pull, "merged", "at")),
      ]),
    );
    const expected = list(of(found, "inputs", "tickets")).flatMap((each) =>
      list(of(each, "found")).map(
        (ticket) => `${part(String(ticket))};${merged.get(of(each, "pull")) ?? ""}`,
      ),
    );
    if (!same(expected, parts(row["ticket_dates"]))) say(`change ${shortOf(row)}: ticket_dates are others`);
  }
}

function criteria(rows: Rows, say: Say): void {
  const known = new Map(rows("controls.csv").map((row) => [row["control"] ?? "", parts(row["criteria"])]));
  for (const row of rows("deviations.csv")) {
    const own = new Set(words(row["controls"]).flatMap((control) => known.get(control) ?? []));
    if (!same([...own], parts(row["criteria"])))
      say(`deviation ${(row["deviation_id"] ?? "").slice(0, 12)}: its criteria are others`);
  }
}

/** Marks that nobody sees, or that end a line, are spaces in such a text. */
function line(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
}

function factsRead(log: Log, rows: readonly Row[], say: Say): void {
  for (const row of rows) {
    const entry = log.newest.get(`${row["subject_kind"] ?? ""} ${row["subject_id"] ?? ""}`);
    const result = outcomesOf(entry).find((each) => each["control"] === row["control"]);
    if (entry === undefined || result === undefined) continue;
    const expected = factsOf(entry, result).map((each) => part(each).trim());
    if (expected.join(" | ") !== row["facts_read"])
      say(`control-tests.csv: facts_read of ${row["test_id"] ?? ""} is not what the log says`);
    const change = of(entry.body, "change");
    const place = of(change ?? of(entry.body, "deployment"), "repository");
    if (`${word(of(place, "owner"))}/${word(of(place, "name"))}` !== row["repository"])
      say(`control-tests.csv: repository of ${row["test_id"] ?? ""} is another`);
    const pulls =
      change === undefined
        ? list(of(entry.body, "deployment", "carried")).flatMap((each) => list(of(each, "pulls")))
        : list(of(change, "pullRequests")).map((pull) => of(pull, "number"));
    if (!same([...new Set(pulls.map(String))], words(row["pull_request"])))
      say(`control-tests.csv: pull_request of ${row["test_id"] ?? ""} is another`);
  }
}

/** Each fact as a sentence: approvals and required checks from the facts of the change, the rest from the inputs. */
function factsOf({ body }: Entry, result: Json): readonly string[] {
  const inputs = (result["inputs"] ?? {}) as Json;
  const isApproval = ["independently-approved", "approved-by-owners"].includes(word(result["control"]));
  const pulls = isApproval ? list(inputs["pullRequests"]) : [];
  const counts = pulls.flatMap((pull, n) => {
    const required = list(of(inputs, "required", n));
    if (required.length === 0) return [`#${String(pull)}: no approval required`];
    return required.map(
      (each, m) =>
        `#${String(pull)}: ${Number(of(inputs, "counted", n, m) ?? 0)} of ${Number(each)} required approvals`,
    );
  });
  const reviews = list(of(body, "change", "pullRequests")).flatMap((pull) => list(of(pull, "reviews")));
  const isShown = isApproval && result["outcome"] !== "not-applicable";
  const approvals = list(isShown ? of(body, "assessment", "approvals") : []).map((each) => {
    const review = reviews.find((one) => of(one, "id") === of(each, "reviewId"));
    const by =
      of(each, "actorId") === null ? "unknown" : `${word(of(each, "login"))}#${word(of(each, "actorId"))}`;
    const given =
      review === undefined
        ? ""
        : ` of commit ${word(of(review, "commit") ?? "unknown")} at ${moment(of(review, "submittedAt"))}`;
    const purpose = list(of(each, "served")).map((one) => {
      const rule = of(one, "rule");
      return `${word(of(one, "requirement"))}${rule === null ? "" : ` (rule ${word(rule)})`}`;
    });
    const ending = purpose.length === 0 ? "" : ` for ${purpose.join(", ")}`;
    const how =
      of(each, "counts") === true ? `counts${ending}` : `does not count (${word(of(each, "code"))})`;
    return line(`approval by ${by}${given}: ${how}`);
  });
  const rest = Object.keys(inputs)
    .filter((key) => pulls.length === 0 || !["pullRequests", "required", "counted"].includes(key))
    .toSorted()
    .map((key) => `${spaced(key)}: ${inWords(key, inputs[key], body)}`);
  return [...counts, ...approvals, ...checkRuns(body, result), ...rest];
}

function checkRuns(body: Json, result: Json): readonly string[] {
  const change = of(body, "change");
  if (result["control"] !== "checks-passed" || change === undefined) return [];
  const names = list(of(result, "inputs", "required")).map((each) => of(each, "name"));
  const isPull = of(change, "update", "kind") === "pull-request";
  const runs = isPull
    ? list(of(change, "pullRequests")).flatMap((pull) => list(of(pull, "checks")))
    : list(of(change, "checks"));
  return runs
    .filter((run) => names.includes(of(run, "name")))
    .map((run) => {
      const at = of(run, "completedAt");
      return line(
        `check ${word(of(run, "name"))} by ${word(of(run, "app", "slug") ?? "unknown")}: ${word(of(run, "conclusion") ?? "no conclusion")}, ${at === null ? "not completed" : `completed at ${moment(at)}`}`,
      );
    });
}

function spaced(key: string): string {
  return line(key.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`));
}

function inWords(key: string, value: unknown, body: Json): string {
  if (value === null || value === undefined) return "no value";
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value === "number" && value >= 1_000_000_000_000) return moment(value);
  if (typeof value === "number" && (key === "by" || key === "makers" || key.endsWith("By")))
    return accounts(body).get(value) ?? `#${value}`;
  if (typeof value === "number") return word(value);
  if (typeof value === "string") return line(value) === "" ? "empty" : line(value);
  if (Array.isArray(value))
    return value.length === 0 ? "none" : value.map((each) => inWords(key, each, body)).join(", ");
  const inner = value as Json;
  if ("login" in inner && "id" in inner) return line(who(inner));
  const pairs = Object.keys(inner).toSorted();
  return `(${pairs.map((name) => `${spaced(name)} ${inWords(name, inner[name], body)}`).join(", ")})`;
}

/** The accounts that facts name, by id: the first name of each. */
function accounts(value: unknown, known = new Map<number, string>()): ReadonlyMap<number, string> {
  const [login, id] = [of(value, "login"), of(value, "id")];
  if (typeof login === "string" && typeof id === "number" && !known.has(id)) known.set(id, who(value));
  if (typeof value === "object" && value !== null)
    for (const each of Object.values(value)) accounts(each, known);
  return known;
}

/** When each version judged something last, and when another had taken its place. */
function policySpans(log: Log, rows: readonly Row[], say: Say): void {
  const judged = [...since(log, "change"), ...since(log, "deployment")]
    .filter(({ body }) => of(body, "assessment", "policyDigest") !== "")
    .toSorted((a, b) => a.at - b.at);
  for (const row of rows) {
    const digest = row["policy_digest"] ?? "";
    const name = `policies/index.csv: ${digest.slice(0, 8)}`;
    const isOwn = ({ body }: Entry): boolean => of(body, "assessment", "policyDigest") === digest;
    const own = judged.filter(isOwn);
    const lastAt = own.at(-1)?.at;
    const ends = [...new Set(own.map(({ repositoryId }) => repositoryId))].map((repository) => {
      const here = judged.filter(({ repositoryId }) => repositoryId === repository);
      return here[here.findLastIndex(isOwn) + 1]?.at ?? Infinity;
    });
    const other = judged.slice(judged.findLastIndex(isOwn) + 1).find(({ body }) => {
      const policy = log.newest.get(`policy ${word(of(body, "assessment", "policyDigest"))}`)?.body;
      return organizationOf(policy) !== organizationOf(log.newest.get(`policy ${digest}`)?.body);
    });
    const last = moment(lastAt);
    const end = ends.length === 0 ? Infinity : Math.min(Math.max(...ends), other?.at ?? Infinity);
    const to = end === Infinity ? "" : moment(end);
    if ((row["last_judged_at"] ?? "") < last) say(`${name}: judged something later than it says`);
    if (row["to"] !== "" && last !== "" && (row["to"] ?? "") < last)
      say(`${name}: judged something after it was replaced`);
    if (log.isWhole && row["last_judged_at"] !== last) say(`${name}: last_judged_at is ${last}`);
    if (log.isWhole && row["to"] !== to) say(`${name}: to is ${to}`);
    introduced(log, row, name, say);
  }
}

function organizationOf(policy: unknown): string {
  const source = of(policy, "organization");
  return ["state", "repository", "path", "blob"].map((key) => word(of(source, key)).toLowerCase()).join(" ");
}

function introduced(log: Log, row: Row, name: string, say: Say): void {
  const policies = [...log.newest.values()].filter(({ kind }) => kind === "policy");
  const body = log.newest.get(`policy ${row["policy_digest"] ?? ""}`)?.body;
  const seq = log.newest.get(`policy ${row["policy_digest"] ?? ""}`)?.seq ?? 0;
  const files = (of_: unknown): readonly unknown[] =>
    ["organization", "repository"]
      .map((level) => of(of_, level))
      .filter((source) => of(source, "state") === "found");
  const told: string[] = [];
  const people: string[] = [];
  for (const file of files(body)) {
    const isKnown = policies.some(
      (each) =>
        each.seq < seq &&
        files(each.body).some((other) =>
          ["repository", "path", "blob"].every(
            (key) => word(of(other, key)).toLowerCase() === word(of(file, key)).toLowerCase(),
          ),
        ),
    );
    for (const { body: change, subject } of isKnown ? [] : since(log, "change")) {
      const place = of(change, "change", "repository");
      const isHere =
        `${word(of(place, "owner"))}/${word(of(place, "name"))}`.toLowerCase() ===
          word(of(file, "repository")).toLowerCase() &&
        of(change, "change", "update", "after") === of(file, "commit");
      if (!isHere) continue;
      told.push(subject);
      people.push(...landers(change));
    }
  }
  for (const each of told)
    if (!words(row["changed_in"]).includes(each)) say(`${name}: came by ${each.slice(0, 8)}`);
  for (const each of people)
    if (!words(row["changed_by"]).includes(each)) say(`${name}: was brought by ${each}`);
  if (log.isWhole && !same([...new Set(told)], words(row["changed_in"])))
    say(`${name}: changed_in is another`);
  if (log.isWhole && !same([...new Set(people)], words(row["changed_by"])))
    say(`${name}: changed_by is another`);
}

/** Who merged or, without a merge, pushed. */
function landers(body: unknown): readonly string[] {
  const merged = list(of(body, "change", "pullRequests"))
    .map((pull) => of(pull, "merged"))
    .filter((each) => each !== null && each !== undefined)
    .map((each) => who(of(each, "by")));
  return [...new Set(merged.length > 0 ? merged : [who(of(body, "change", "update", "actor"))])];
}

function services(log: Log, rows: readonly Row[], say: Say): void {
  const policies = [...log.newest.values()].filter(({ kind }) => kind === "policy");
  const newest = policies.toSorted((a, b) => a.seq - b.seq).at(-1)?.body;
  const lines = list(of(newest, "effective", "repositories"));
  // Globs of other forms are left to the program itself.
  const isPlain = lines.every((each) => /^[\w.-]*\*?$/u.test(word(of(each, "name"))));
  if (!isPlain) return;
  for (const row of rows) {
    const repository = of(log.newest.get(`repository ${row["repository_id"] ?? ""}`)?.body, "repository");
    const fits = (each: unknown): boolean => {
      const name = word(of(each, "name"));
      const isNamed = name.endsWith("*")
        ? word(of(repository, "name")).startsWith(name.slice(0, -1))
        : [word(of(repository, "name")), ""].includes(name);
      const topic = word(of(each, "topic")).toLowerCase();
      return isNamed && (topic === "" || list(of(repository, "topics")).includes(topic));
    };
    const own = lines.find(fits);
    for (const column of ["service", "criticality"])
      if (word(of(own, column)) !== row[column])
        say(`scope.csv: ${column} of ${row["repository"] ?? ""} is not the policy's`);
  }
}

const COLUMNS = { authors: "author", approvers: "approver", mergers: "merger", deployers: "deployer" };

function duties(log: Log, rows: Rows, say: Say): void {
  const changes = new Map(rows("changes.csv").map((row) => [row["change_id"], row]));
  const there = rows("separation-of-duties.csv");
  if (
    !same(
      [...changes.keys()].map(String),
      there.map((row) => row["change_id"] ?? ""),
    )
  )
    say("separation-of-duties.csv: not one row for each change");
  for (const row of there) {
    const id = row["change_id"] ?? "";
    const entry = log.newest.get(`change ${id}`);
    if (entry === undefined) continue;
    const name = `separation-of-duties.csv: ${id.slice(0, 8)}`;
    const { body } = entry;
    const contributors = parts(changes.get(id)?.["contributors"]).map((each) => each.split(";")[0] ?? "");
    const own = {
      authors: [...contributors, ...(isSeenWhole(of(body, "change")) ? [] : ["unknown"])],
      approvers: [
        ...list(of(body, "assessment", "approvals"))
          .filter((each) => of(each, "counts") === true)
          .map((each) =>
            of(each, "actorId") === null
              ? "unknown"
              : `${word(of(each, "login"))}#${word(of(each, "actorId"))}`,
          ),
        ...outcomesOf(entry)
          .filter((each) => each["control"] === "independently-approved")
          .flatMap((each) => list(of(each, "inputs", "carried")))
          .flatMap((each) => list(of(each, "approvers")).map(who)),
      ],
      mergers: landers(body),
    };
    for (const [column, people] of Object.entries(own))
      if (!same([...new Set(people)], words(row[column]))) say(`${name}: ${column} are others`);
    const deployments = since(log, "deployment").filter((each) =>
      list(of(each.body, "deployment", "carried")).some((one) => of(one, "id") === id),
    );
    const starters = new Set(
      deployments.map(({ body: { deployment } }) =>
        who(
          of(deployment, "run", "triggeringActor") ??
            of(deployment, "run", "actor") ??
            of(deployment, "creator"),
        ),
      ),
    );
    for (const each of starters)
      if (!words(row["deployers"]).includes(each)) say(`${name}: was deployed by ${each}`);
    if (log.isWhole && starters.size !== words(row["deployers"]).length) say(`${name}: deployers are others`);
    const policy = log.newest.get(`policy ${word(of(body, "assessment", "policyDigest"))}`)?.body;
    const bots = botsIn([body, ...deployments.map((each) => each.body)]);
    inTwo(row, name, { policy, bots }, say);
  }
}

/** Whether everyone who shaped it is known. */
function isSeenWhole(change: unknown): boolean {
  const pulls = list(of(change, "pullRequests"));
  const isEmpty = pulls.length === 0 && of(change, "update", "kind") !== "branch-deleted";
  const isOpen = (value: unknown): boolean =>
    ["awaited", "cut", "unread", "moreMakers"].some((key) => of(value, key) !== undefined);
  return (
    !isEmpty &&
    !isOpen(change) &&
    pulls.every(
      (pull) =>
        of(pull, "author") !== null &&
        of(pull, "commitsComplete") === true &&
        !isOpen(pull) &&
        list(of(pull, "commits")).every((commit) => {
          const authors = list(of(commit, "authors"));
          return authors.length > 0 && authors.every((each) => each !== null);
        }),
    )
  );
}

function botsIn(value: unknown, known = new Set<string>()): ReadonlySet<string> {
  if (of(value, "type") === "Bot") known.add(who(value));
  if (typeof value === "object" && value !== null)
    for (const each of Object.values(value)) botsIn(each, known);
  return known;
}

/** Whoever stands in two of the row's own lists, several accounts of one person being one. */
function inTwo(
  row: Row,
  name: string,
  { policy, bots }: { readonly policy: unknown; readonly bots: ReadonlySet<string> },
  say: Say,
): void {
  const identities = list(of(policy, "effective", "identities"));
  const named = list(of(policy, "effective", "names", "accounts"));
  const personOf = (account: string): string => {
    const [login = "", id = ""] = account.split("#");
    const found = identities.find((each) =>
      list(of(each, "logins")).some((one) => {
        const written = String(one).toLowerCase();
        const then = named.find((known) => of(known, "name") === written);
        return written === login.toLowerCase() || word(of(then, "account", "id")) === id;
      }),
    );
    return found === undefined ? `account ${id}` : `person ${word(of(found, "person"))}`;
  };
  const roles = new Map<string, { accounts: Set<string>; roles: Set<string> }>();
  let isUnknown = false;
  for (const [column, role] of Object.entries(COLUMNS))
    for (const account of words(row[column])) {
      isUnknown ||= account === "unknown";
      if (account === "unknown" || bots.has(account)) continue;
      const known = roles.get(personOf(account)) ?? { accounts: new Set(), roles: new Set() };
      known.accounts.add(account);
      known.roles.add(role);
      roles.set(personOf(account), known);
    }
  const expected = [...roles.values()]
    .filter((each) => each.roles.size > 1)
    .map((each) => `${[...each.accounts].toSorted().join("+")};${[...each.roles].join("+")}`);
  if (!same(expected, parts(row["who"]))) say(`${name}: who had two parts is ${expected.join(" | ")}`);
  const answer = expected.length > 0 ? "yes" : isUnknown ? "unknown" : "no";
  if (row["one_person_in_two"] !== answer) say(`${name}: one_person_in_two is ${answer}`);
}

/** What is told in words of the program's own is told without the marks of GitHub's pages. */
function withoutMarks(rows: Rows, say: Say): void {
  for (const [path, columns] of [
    ["deviations.csv", ["description"]],
    ["controls.csv", ["objective", "test", "remediation"]],
  ] as const)
    for (const row of rows(path))
      for (const column of columns)
        if (/\*\*What to do|^- |`\/countersign/mu.test(row[column] ?? ""))
          say(`${path}: ${column} is written for GitHub's pages`);
}
