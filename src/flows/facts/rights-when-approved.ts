/** What was seen of people's rights around the moment they approved: what webhooks reported, and what was read first. */

import type { Repo } from "../context/repo.ts";
import { type PullRequest } from "../../domain/change/pull-request.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { observationSubject } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import { DAY } from "../../domain/time/durations.ts";
import { type Instant } from "../../domain/time/instant.ts";
import {
  HERE,
  type Authority,
  type RightsAround,
  type Permission,
  type RightChange,
} from "../../domain/change/people.ts";
import { type Review } from "../../domain/change/review.ts";

const SECOND = 1_000;

type RightObserved = Extract<Observation, { kind: "right-lost" }>;

/** Adds what was read and reported of the rights of everyone who approved; `authorities`: what was read of them just now. */
export async function rightsAroundApprovals(
  repo: Repo,
  pull: PullRequest,
  authorities: readonly Authority[],
): Promise<Pick<PullRequest, "given">> {
  const { info: repository } = repo;
  const approvals = pull.reviews.filter(
    ({ state, author }) => author?.type === "User" && (state === "approved" || state === "unknown"),
  );
  if (approvals.length === 0) return {};
  const gate = await repo.ledger.state("gate", `${repository.id}#${pull.number}`);
  const before = gate?.body.pulls.find(({ number }) => number === pull.number)?.given ?? [];
  const since = Math.min(...approvals.map(({ submittedAt }) => submittedAt)) - DAY;
  const rights = await rightsObserved(repo.tools, repository.ownerId, since);
  const given: RightsAround[] = [];
  for (const review of approvals) {
    const known = before.find((each) => each.review === review.id)?.readings ?? [];
    const now = authorities.find(({ actor }) => actor.id === review.author?.id);
    const seq = await seqOf(repo.tools, repository.id, pull.number, review);
    given.push({
      review: review.id,
      readings: now === undefined || known.some((each) => coversAll(each, now)) ? known : [...known, now],
      told: rights
        .filter(({ body }) => body.personId === null || body.personId === review.author?.id)
        .flatMap((each) => rightChanges(each, repository.id, review, seq)),
    });
  }
  return { given };
}

/** Returns whether a reading covers everything that a later one shows. */
function coversAll(known: Authority, later: Authority): boolean {
  const isKnown = (name: string): boolean =>
    known.asked?.includes(name) === true && !known.unread.includes(name);
  return (
    (known.permission !== "unknown" || later.permission === "unknown") &&
    (later.asked ?? []).filter((name) => !later.unread.includes(name)).every(isKnown)
  );
}

/** Returns every gain and loss of a right in an owner's teams and repositories, oldest first, each when GitHub first reported it. */
async function rightsObserved(
  tools: Tools,
  ownerId: number,
  from: Instant,
): Promise<
  readonly {
    readonly body: RightObserved;
    readonly at: Instant;
    readonly isLate: boolean;
    readonly seq: number;
  }[]
> {
  const found: LoggedEntry<"observation">[] = [];
  const filter = { repositoryId: 0, subjectPrefix: `0/owner/${ownerId}/`, from, order: "at" } as const;
  for await (const entry of tools.ledger.states("observation", filter)) found.push(entry);
  const late = new Map(
    found.flatMap(({ body }) => (body.kind === "told-late" ? [[body.delivery, body.at] as const] : [])),
  );
  return found
    .flatMap(({ body, seq }) => {
      if (body.kind !== "right-lost") return [];
      const first = body.delivery === undefined ? undefined : late.get(body.delivery);
      return [{ body, at: first ?? body.at, isLate: first !== undefined, seq }];
    })
    .toSorted((a, b) => a.at - b.at || a.seq - b.seq);
}

function rightChanges(
  { body, at, isLate, seq }: Awaited<ReturnType<typeof rightsObserved>>[number],
  repositoryId: number,
  { submittedAt }: Review,
  reviewSeq: number | null,
): readonly RightChange[] {
  const isHere = body.of === String(repositoryId);
  if (/^\d+$/u.test(body.of) && !isHere) return [];
  const atLeast = body.isBack ? atLeastOf(body.permission) : body.permission;
  // What a team is given in a repository does not show who is in the team.
  const here = body.through === undefined ? HERE : `${HERE} by ${body.through}`;
  const change = { of: isHere ? here : body.of, gained: body.isBack, at };
  // Within one second of GitHub's, what was received first came first.
  const isTie = at >= submittedAt && at < submittedAt + SECOND;
  const tie = isLate || reviewSeq === null ? "unknown" : seq < reviewSeq ? "no" : "yes";
  const later = isTie ? tie : at < submittedAt ? "no" : "yes";
  return [{ ...change, later, ...(atLeast === undefined ? {} : { atLeast }) }];
}

/** The least that is meant by what a webhook's older words stand for at most. */
function atLeastOf(permission: Permission | undefined): Permission | undefined {
  if (permission === "maintain") return "write";
  return permission === "triage" ? "read" : permission;
}

/** Returns the place in the log of the webhook that reported a review; null: none did. */
async function seqOf(
  tools: Tools,
  repositoryId: number,
  pull: number,
  { id, author, state, submittedAt, commit }: Review,
): Promise<number | null> {
  const observation = {
    kind: "review-given",
    pull,
    review: { id, author, state, submittedAt, commit },
  } as const;
  const entry = await tools.ledger.state(
    "observation",
    observationSubject(repositoryId, observation, `review:${id}`),
  );
  return entry?.seq ?? null;
}
