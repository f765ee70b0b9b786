/** The rows of policies/index.csv: every policy version, who introduced it, and from when to when it judged something. */

import { leafRequirementsIn } from "../../policy/file/requirement.ts";
import type { PolicyRecord, PolicySource } from "../../policy/record.ts";
import type { LoggedEntry } from "../../records/entry.ts";
import type { Instant } from "../../time/instant.ts";
import type { Actor } from "../../change/people.ts";
import { mergersOf } from "./changes.ts";
import { pairLine, statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, groupsText, listText, logColumns, personText, table } from "../tables/table.ts";

/** When a version judged something last. `to`: when another had taken its place everywhere; null: none has. */
interface Use {
  readonly last: Instant;
  readonly to: Instant | null;
}

/** An update whose commit a file was first read at. */
interface Introduction {
  readonly change: string;
  readonly by: readonly (Actor | null)[];
}

interface PolicyRow extends Stated<"policy"> {
  readonly use: Use | undefined;
  readonly introduced: readonly Introduction[];
}

/** Lists every policy version known for the organisation, by digest. */
export const POLICIES = table<PolicyRow>({
  path: "policies/index.csv",
  description:
    "Every policy version known when this was generated, by digest, and where it was read. Each row has policies/DIGEST.json (the policy in force) and, where a file was found, the source text beside it.",
  columns: {
    policy_digest: column.digest(
      ({ body }) => body.digest,
      "SHA-256 of the canonical form of the policy in force and the git blobs it came from.",
    ),
    mode: column.text(({ body }) => body.effective.mode, "observe or enforce."),
    approvals_required: column.list(
      ({ body }) =>
        listText(body.effective.approvals.flatMap(leafRequirementsIn).map((each) => String(each.required))),
      "People required by each approval requirement.",
    ),
    organization_file: column.text(({ body }) => body.organization.state, "found, absent or unreadable."),
    organization_source: column.list(
      ({ body }) => sourceText(body.organization),
      "repository;path;commit;blob of the organisation's file.",
    ),
    repository_file: column.text(({ body }) => body.repository.state, "found, absent or unreadable."),
    repository_source: column.list(
      ({ body }) => sourceText(body.repository),
      "repository;path;commit;blob of the repository's own file.",
    ),
    first_read_at: column.time((row) => row.entry.at, "When this version was first read."),
    changed_by: column.list(
      ({ introduced }) => listText([...new Set(introduced.flatMap(({ by }) => by.map(personText)))]),
      "Who merged or pushed the update whose commit its file was first read at, login#id. Empty: no update since the period began has that commit, so who changed the file is not known here.",
      "more",
    ),
    changed_in: column.list(
      ({ introduced }) => listText(introduced.map(({ change }) => change)),
      "That update, as in changes.csv where it lies in the period.",
      "more",
    ),
    last_judged_at: column.time(
      ({ use }) => use?.last ?? null,
      "When the last change or deployment since the period began happened that was judged by it: it was in force at least until then. Empty: none was.",
      "beyond",
    ),
    to: column.time(
      ({ use }) => use?.to ?? null,
      "When, after that, something was first judged by a version with another file of the organisation, or by other versions in every repository of which it judged something since the period began: it was in force no longer than until then. Empty: still in force as far as known, or it judged nothing since.",
      "beyond",
    ),
    ...logColumns<PolicyRow>((row) => row.entry),
  },
  async *rows(source) {
    const [uses, introduced] = await Promise.all([usesOf(source), introductionsOf(source)]);
    for await (const stated of scopePolicies(source)) {
      const { digest } = stated.body;
      yield { ...stated, use: uses.get(digest), introduced: introduced.get(digest) ?? [] };
    }
  },
});

/** Yields the policy versions known for the organisation, by digest. */
export async function* scopePolicies(source: EvidenceSource): AsyncIterable<Stated<"policy">> {
  // One may be on record a second time: before subjects named the organisation, and since.
  const newest = new Map<string, Stated<"policy">>();
  for await (const stated of statesOf(source, "policy", "ever")) {
    const { digest } = stated.body;
    const known = newest.get(digest);
    if (!/^[0-9a-f]{64}$/u.test(digest) || (known !== undefined && known.entry.seq > stated.entry.seq))
      continue;
    newest.set(digest, stated);
  }
  yield* [...newest.values()].toSorted((a, b) => (a.body.digest < b.body.digest ? -1 : 1));
}

/** Returns the policy versions that judged something of the period, by number; where none did, all that are known. */
export async function policiesOfPeriod(source: EvidenceSource): Promise<readonly Stated<"policy">[]> {
  const judging = new Set<string>();
  for (const kind of ["change", "deployment"] as const)
    for await (const { body } of statesOf(source, kind)) judging.add(body.assessment.policyDigest);
  const known: Stated<"policy">[] = [];
  for await (const stated of scopePolicies(source)) known.push(stated);
  const own = known.filter(({ body }) => judging.has(body.digest));
  return (own.length === 0 ? known : own).toSorted((a, b) => a.entry.seq - b.entry.seq);
}

function sourceText(source: PolicySource): string | null {
  if (source.state === "absent") return null;
  if (source.state === "unreadable") return source.because;
  return groupsText([[source.repository, source.path, source.commit, source.blob]]);
}

/** By digest: the subjects in their order show when another version took the place of one. */
async function usesOf(source: EvidenceSource): Promise<ReadonlyMap<string, Use>> {
  const organizations = new Map<string, string>();
  for await (const { body } of scopePolicies(source))
    organizations.set(body.digest, fileOf(body.organization));
  const uses = new Map<string, { last: Instant; to: Instant | null; readonly openIn: Set<string> }>();
  const inForce = new Map<string, string>();
  let organization: string | undefined;
  for await (const line of source.sorted(judgedSubjects(source))) {
    const [moment = "", repository = "", digest = ""] = line.split("\t");
    const at = Number(moment);
    const end = (use: { to: Instant | null }): void => {
      use.to ??= at;
    };
    const before = uses.get(inForce.get(repository) ?? "");
    before?.openIn.delete(repository);
    if (before?.openIn.size === 0) end(before);
    // There is one file of the organisation: where another one judged, none of its other versions is in force anywhere.
    if (organizations.get(digest) !== organization)
      for (const [each, use] of uses) if (organizations.get(each) !== organizations.get(digest)) end(use);
    organization = organizations.get(digest);
    const openIn = uses.get(digest)?.openIn ?? new Set();
    uses.set(digest, { last: at, to: null, openIn: openIn.add(repository) });
    inForce.set(repository, digest);
  }
  return uses;
}

/** Lines of moment, repository and digest; of what no policy could judge there is none. */
async function* judgedSubjects(source: EvidenceSource): AsyncIterable<string> {
  for (const kind of ["change", "deployment"] as const)
    for await (const { repositoryId, at, body } of sinceBegun(source, kind)) {
      const { policyDigest } = body.assessment;
      if (policyDigest !== "")
        yield pairLine(String(at).padStart(16, "0"), String(repositoryId), policyDigest);
    }
}

function sinceBegun<K extends "change" | "deployment">(
  source: EvidenceSource,
  kind: K,
): AsyncIterable<LoggedEntry<K>> {
  const { organizationId, period } = source;
  return source.states(kind, { organizationId, from: period.from, order: "subject" });
}

/** By digest: the updates by which its files came, each file at the commit it was first read at. */
async function introductionsOf(
  source: EvidenceSource,
): Promise<ReadonlyMap<string, readonly Introduction[]>> {
  const records: Stated<"policy">[] = [];
  for await (const stated of scopePolicies(source)) records.push(stated);
  const known = new Set<string>();
  const digestsAt = new Map<string, Set<string>>();
  for (const { body } of records.toSorted((a, b) => a.entry.seq - b.entry.seq))
    for (const { place, file } of filesOf(body)) {
      // The same file read again at a later commit was not changed by what landed since.
      if (!known.has(file)) digestsAt.set(place, (digestsAt.get(place) ?? new Set()).add(body.digest));
      known.add(file);
    }
  const found = new Map<string, Introduction[]>();
  if (digestsAt.size === 0) return found;
  for await (const { body } of sinceBegun(source, "change")) {
    const { repository, update } = body.change;
    const place = placeOf(`${repository.owner}/${repository.name}`, update.after);
    for (const digest of digestsAt.get(place) ?? [])
      found.set(digest, [
        ...(found.get(digest) ?? []),
        { change: body.change.id, by: mergersOf(body.change) },
      ]);
  }
  return found;
}

function filesOf(record: PolicyRecord): readonly { readonly place: string; readonly file: string }[] {
  return [record.organization, record.repository].flatMap((source) =>
    source.state === "found"
      ? [
          {
            place: placeOf(source.repository, source.commit),
            file: fileOf(source),
          },
        ]
      : [],
  );
}

function fileOf(source: PolicySource): string {
  if (source.state !== "found") return source.state;
  return `${source.repository.toLowerCase()} ${source.path} ${source.blob}`;
}

function placeOf(repository: string, commit: string): string {
  return `${repository.toLowerCase()} ${commit}`;
}
