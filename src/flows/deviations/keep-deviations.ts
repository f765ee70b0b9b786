/** Keeps deviations current: opens issues that waited for a day with room, flags missed reviews, restores issues changed by hand. */

import type { Repo } from "../context/repo.ts";
import { withoutLink } from "../../domain/links/addresses.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { remediationEntry, settle, mergeDecisions } from "../../domain/deviation/decide.ts";
import { isSettled } from "../../domain/deviation/deviation.ts";
import { issueAction, issueText, waitingIssue, withIssue } from "../../domain/deviation/issue.ts";
import { asComment, nextStep } from "../../domain/deviation/next-step.ts";
import { dayOf, isReviewed, missedReviews } from "../../domain/deviation/operating.ts";
import type { Decision } from "../../domain/records/entry.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";
import { markdown } from "../../domain/texts/wording.ts";
import type { IssueTouched } from "../../github/webhooks/subject.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { isIssueOf } from "./issue-commands.ts";
import { cadenceIn, reviewedMonthsOf, senderOf } from "./commands.ts";
import { deviationOf, knownDeviations, remediationOf } from "../records/existing-deviations.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";

/** Opens the issues that waited and flags the reviews that were missed; once a day. */
export async function keepDeviations(repo: Repo): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(repo));
  const own = (await knownDeviations(repo)).filter(({ repository }) => repository.id === repo.info.id);
  const waits = own.filter(({ issue }) => issue.state === "waiting");
  if (waits.length > 0) await askForWaiting(repo, policy);
  for (const { id, status } of own) if (status === "in-remediation") await flagMissed(repo, policy, id);
}

/** Opens the oldest first, as many as the day still has room for, and lists the rest in one issue. */
async function askForWaiting(repo: Repo, policy: Policy): Promise<void> {
  const known = await knownDeviations(repo);
  const target = known.find(
    ({ repository, issue }) => repository.id === repo.info.id && issue.state === "waiting",
  )?.issue.repository;
  if (target === undefined || target === null) return;
  const now = repo.now();
  const there = known.filter(({ issue }) => issue.repository?.toLowerCase() === target.toLowerCase());
  let room = policy.deviations.perDay - there.filter(({ issue }) => issue.day === dayOf(now)).length;
  const left: DeviationRecord[] = [];
  const decisions: Decision[] = [];
  const waiting = [];
  for (const { id, issue } of there) if (issue.state === "waiting") waiting.push(await deviationOf(repo, id));
  const oldestFirst = waiting
    .filter((each) => each !== null)
    .toSorted((a, b) => a.happenedAt - b.happenedAt || (a.id < b.id ? -1 : 1));
  for (const before of oldestFirst) {
    const isOurs = before.repository.id === repo.info.id;
    if (!isOurs || (room <= 0 && !isSettled(before.status))) {
      left.push(before);
      continue;
    }
    const after = withIssue(before, policy, room, now);
    if (after.issue.state === "asked") room -= 1;
    const remediation = await remediationOf(repo, before.id);
    decisions.push(settle({ before, after, remediation, policy, to: await senderOf(repo, after) }));
  }
  const list = waitingIssue(left, target, policy, await senderOf(repo, { repository: repo.info }));
  await repo.commit(mergeDecisions(...decisions, { actions: [list] }));
}

async function flagMissed(repo: Repo, policy: Policy, id: string): Promise<void> {
  const deviation = await deviationOf(repo, id);
  const remediation = await remediationOf(repo, id);
  if (deviation === null || remediation === null || !isReviewed(deviation, remediation)) return;
  const now = repo.now();
  const cadence = cadenceIn(await knownDeviations(repo), deviation.repository.id);
  let last: RemediationRecord = remediation;
  const entries = [];
  for (const review of missedReviews(remediation, cadence, now)) {
    const text = `the ${review.cadence} review due by ${review.due} was missed`;
    const moved = { command: "miss", by: null, role: "app", via: "app", at: now, text } as const;
    last = { ...last, reviews: [...last.reviews, review], moved };
    entries.push(remediationEntry(last));
  }
  if (entries.length === 0) return;
  const action = issueAction(deviation, last, policy, await senderOf(repo, deviation), { months: null });
  await repo.commit({ entries, actions: action === null ? [] : [action] });
}

/** Restores an issue of ours that was closed, reopened or rewritten by hand, and gives the reason. */
export async function keepIssue(repo: Repo, touched: IssueTouched): Promise<void> {
  const { deviation: id, number, happened, by, delivery } = touched;
  if (!(await isIssueOf(repo, { repository: repo.info }, id, number))) return;
  const deviation = await deviationOf(repo, id);
  if (deviation === null) return;
  const remediation = await remediationOf(repo, id);
  const settled = isSettled(deviation.status);
  const to = await senderOf(repo, deviation);
  const policy = policyOrDefault(await currentPolicy(repo.with({ info: to.repository })));
  const months = await reviewedMonthsOf(repo, deviation, repo.now());
  const text = issueText(deviation, remediation, policy.calendar.timezone, months);
  const isRight =
    happened === "closed"
      ? settled
      : happened === "reopened"
        ? !settled
        : touched.title === text.title && withoutLink(touched.body) === text.body;
  if (isRight) return;
  const who = by === null ? "Someone" : markdown(by.login);
  const say =
    happened === "closed"
      ? `${who} closed this issue by hand. It is reopened, because its deviation is not settled. ${asComment(nextStep(deviation, remediation, months))}`
      : happened === "reopened"
        ? `${who} reopened this issue by hand. It is closed again, because its deviation is settled. To reopen both, comment \`/countersign reopen <reason>\`.`
        : null;
  const action = issueAction(deviation, remediation, policy, to, { months, say, request: delivery });
  if (action === null) return;
  await repo.commit({ actions: [action] });
}
