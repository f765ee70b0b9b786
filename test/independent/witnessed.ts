/** A made-up log as an App would have left it: each update follows the one before it, was told of, counted, and judged by a policy that was read. */

import { dueAfter } from "../../src/domain/time/calendar.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import { GENERATED_AT, ORGANIZATION, POLICY_DIGEST, smallLog } from "../evidence/fixture.ts";

type Changes = readonly Entry<"change">[];

function policyInForce(): Policy {
  for (const entry of smallLog()) if (entry.kind === "policy") return entry.body.effective;
  throw new Error("the small log has a policy");
}

/** Makes the facts that a made-up log leaves out, or tells at random, agree with its changes. */
export function witnessed(entries: readonly Entry[]): readonly Entry[] {
  const isChange = (entry: Entry): entry is Entry<"change"> =>
    entry.kind === "change" && entry.organizationId === ORGANIZATION.id;
  const inOrder = entries.filter(isChange).toSorted((a, b) => a.at - b.at);
  const changes = inOrder.map((entry, index) => linked(entry, inOrder[index - 1]));
  const byId = new Map(changes.map((entry) => [entry.subject, entry]));
  const deployed = entries.filter((entry) => entry.kind === "deployment").toSorted((a, b) => a.at - b.at);
  return entries.flatMap((entry): readonly Entry[] => {
    const change = byId.get(entry.subject);
    if (change !== undefined && entry.kind === "change")
      return [...toldOf(change), change, ...waiverOf(change)];
    if (entry.kind === "completeness") return [counted(entry, changes)];
    if (entry.kind !== "deployment") return [entry];
    const before = deployed[deployed.findIndex(({ subject }) => subject === entry.subject) - 1];
    const { deployment } = entry.body;
    return [
      {
        ...entry,
        body: {
          ...entry.body,
          deployment: {
            ...deployment,
            previous:
              before === undefined
                ? null
                : { id: before.subject, sha: before.body.deployment.sha, at: before.at },
            carried: deployment.carried.map((each) => ({
              ...each,
              verdict: byId.get(each.id)?.body.assessment.verdict ?? each.verdict,
            })),
          },
        },
      },
    ];
  });
}

function linked(entry: Entry<"change">, before: Entry<"change"> | undefined): Entry<"change"> {
  const { change } = entry.body;
  const update = { ...change.update, before: before?.body.change.update.after ?? change.update.before };
  return { ...entry, body: { ...entry.body, change: { ...change, update } } };
}

/** The webhooks of a change that was not found late: its push, and the reviews of its pull requests. */
function toldOf({ at, repositoryId, organizationId, body: { change } }: Entry<"change">): readonly Entry[] {
  const { update, pullRequests, late } = change;
  const place = { kind: "observation", repositoryId, organizationId } as const;
  const { ref, before, after, actor } = update;
  const push: Entry = {
    ...place,
    subject: `${repositoryId}/${ref}/push:${ref}:${before}:${after}`,
    at,
    body: { kind: "pushed", ref, before, after, actor, at, forced: false },
  };
  const reviews = pullRequests.flatMap(({ number, reviews: given }) =>
    given.map(({ id, author, state, submittedAt, commit }): Entry => ({
      ...place,
      subject: `${repositoryId}/pull/${number}/review:${id}`,
      at: submittedAt,
      body: { kind: "review-given", pull: number, review: { id, author, state, submittedAt, commit } },
    })),
  );
  return late ? reviews : [...reviews, push];
}

/** The emergency a change used, where its verdict says that it did: authorised by one colleague, reviewed by another. */
function waiverOf({
  at,
  subject,
  repositoryId,
  organizationId,
  body: { change, assessment },
}: Entry<"change">): readonly Entry[] {
  const [pull] = change.pullRequests;
  const by = pull?.author ?? null;
  if (assessment.verdict !== "emergency" || pull === undefined || by === null) return [];
  const effective = policyInForce();
  const { emergency, calendar } = effective;
  const [carol, dan] = [
    { id: 33, login: "carol", type: "User" },
    { id: 34, login: "dan", type: "User" },
  ] as const;
  const id = `EMG-${subject.slice(0, 12)}`;
  const place = {
    subject: `${repositoryId}/pull/${pull.number}/${id}`,
    repositoryId,
    organizationId,
  } as const;
  const shared = { repository: change.repository, pull: pull.number, policyDigest: POLICY_DIGEST } as const;
  const [declared, authorised] = [at - 600_000, at - 300_000];
  return [
    {
      ...place,
      kind: "emergency",
      at: declared,
      body: {
        ...shared,
        id,
        status: "used",
        reason: "cards are charged twice",
        asked: pull.head.sha,
        deployment: null,
        opened: { at: declared, by, via: "comment" },
        declared: { at: declared, by, via: "comment" },
        authorised: {
          at: authorised,
          by: carol,
          via: "comment",
          head: pull.head.sha,
          until: dueAfter(authorised, emergency.validFor, calendar),
          confirmBy: null,
          authority: {
            actor: carol,
            permission: "admin",
            teams: [],
            organizations: [],
            unread: [],
            at: authorised,
            basis: "observed",
          },
        },
        confirmed: null,
        used: { at, subjects: [subject] },
        ended: null,
        waives: emergency.waives,
        steps: [
          { act: "declare", at: declared, by, from: null, to: "waiting" },
          { act: "authorise", at: authorised, by: carol, from: "waiting", to: "authorised" },
          { act: "use", at, by: null, from: "authorised", to: "used" },
        ],
      },
    },
    {
      ...place,
      kind: "retroactive-review",
      at,
      body: {
        ...shared,
        emergency: id,
        shipped: change.update.after,
        subjects: [subject],
        openedAt: at,
        within: emergency.reviewWithin,
        dueAt: dueAfter(at, emergency.reviewWithin, calendar),
        status: "approved",
        decision: { at: at + 3_600_000, by: dan, via: "comment", note: "read it" },
        revertBy: null,
        remindedAt: [],
        escalatedAt: [],
      },
    },
  ];
}

function counted(entry: Entry<"completeness">, changes: Changes): Entry<"completeness"> {
  const { from, to, ref, repository } = entry.body;
  const updates = changes
    .filter(({ repositoryId, at }) => repositoryId === repository.id && at >= from && at < to)
    .toSorted((a, b) => a.at - b.at || (a.subject < b.subject ? -1 : 1))
    .map(({ body }) => body.change.update)
    .filter((update) => update.ref === ref);
  const listed = updates.map(({ activityId, ref: branch, before, after, kind, at }) => ({
    activityId,
    ref: branch,
    before,
    after,
    kind,
    at,
  }));
  const [count, digest] = [updates.length, sha256(canonical(listed))];
  return {
    ...entry,
    body: {
      ...entry.body,
      listings: entry.body.listings.map((each) => ({ ...each, count, sha256: digest })),
      matched: count,
      withoutPullRequest: updates.filter(({ kind }) => kind !== "pull-request" && kind !== "queue").length,
      checkedAt: GENERATED_AT - 30_000,
    },
  };
}
