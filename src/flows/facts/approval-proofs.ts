/** Every proof that the approvals of a pull request need, in as few requests to GitHub as the answers allow. */

import type { Repo } from "../context/repo.ts";
import { makersOf, contributorsOf } from "../../domain/approval/contribution/contributors.ts";
import { speaksOf } from "../../domain/policy/file/when.ts";
import { judgeApprovals } from "../../domain/approval/approval.ts";
import { leafRequirements } from "../../domain/approval/requirements.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { authorityOf, entitlementOf } from "../../domain/approval/entitlement.ts";
import { asOnePerson, personBehind } from "../../domain/policy/identity.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { Requirement } from "../../domain/policy/file/requirement.ts";
import { type QuestionScope, nextQuestions, type Question } from "../../domain/approval/open-questions.ts";
import { mayBePreApproved, preApproval } from "../../domain/approval/pre-approved/pre-approved-change.ts";
import { approversText } from "../../domain/policy/approvers-text.ts";
import { readKeyHolders } from "./key-holders.ts";
import { mergedInto, pushedElsewhere } from "./work-elsewhere.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Holders } from "../../domain/change/people.ts";

/**
 * Bounds what is asked about one pull request. Beyond so many proofs its content stays unproven, which counts for nobody; beyond so many
 * questions about its makers it is recorded that more of them may be unknown.
 */
const MOST = { proofs: 60, makers: 60 } as const;

/** The questions whose answers only ever count for someone: without one, what is asked about counts as made by whoever pushed it. */
const PROOFS: readonly Question["ask"][] = ["same", "files", "touched"];

/** What a pull request is compared with. */
interface Base {
  readonly name: string;
  readonly commit: Sha;
  /** Its head is in a fork. */
  readonly isFork: boolean;
}

/** Returns the pull request with all that its approvals depend on, and who could still give missing ones. Throws {@link ExternalError}. */
export async function withProofs(
  repo: Repo,
  given: PullRequest,
  about: {
    readonly base: Base;
    readonly policy: Policy;
    readonly requirements: readonly Requirement[];
  },
): Promise<PullRequest> {
  const { base, policy, requirements } = about;
  let pull = given;
  const left: Record<keyof typeof MOST, number> = { ...MOST };
  const askFor = async (concern: QuestionScope): Promise<void> => {
    for (;;) {
      const asked = asOnePerson(pull, policy);
      const mayCount = (person: number): boolean => mayGiveAny(asked, person, requirements);
      const questions = nextQuestions(asked, { ...concern, mayCount, isCompared: left.proofs === 0 });
      if (questions.length === 0) return;
      const compares = atMost(left.proofs, questions);
      const proofs = compares.length === 0 ? [] : await repo.github.proveSameContent(base.name, compares);
      pull = { ...pull, sameContent: [...pull.sameContent, ...proofs] };
      left.proofs -= proofs.length;
      for (const question of questions) {
        if (question.ask === "same") continue;
        const kind = PROOFS.includes(question.ask) ? "proofs" : "makers";
        if (left[kind] === 0) {
          if (kind === "makers") pull = { ...pull, moreMakers: true };
          return;
        }
        pull = { ...pull, ...(await answerTo(repo, pull, base, policy, question)) };
        left[kind] -= 1;
      }
    }
  };
  await askFor({ ofAll: mayBePreApproved(policy, pull.author) });
  const holders = await holdersOf(repo, pull, policy);
  if (holders.length === 0) return pull;
  pull = { ...pull, holders };
  // Whoever is taken for a maker may have done no more than update the branch.
  const people = asOnePerson(pull, policy).holders?.flatMap((each) => each.people) ?? [];
  await askFor({ ofPeople: people.map(({ id }) => id) });
  return pull;
}

/** Returns the comparisons asked for, no more than `most` in all. */
function atMost(
  most: number,
  questions: readonly Question[],
): readonly { readonly from: Sha; readonly to: readonly Sha[] }[] {
  let left = most;
  return questions.flatMap((question) => {
    if (question.ask !== "same" || left === 0) return [];
    const to = question.to.slice(0, left);
    left -= to.length;
    return [{ from: question.from, to }];
  });
}

/** Returns the pull request with the pushes that GitHub's activity list shows, where whoever pushed something was not seen. */
export async function withPushers(
  repo: Repo,
  pull: PullRequest,
  ownBranch: string | null,
  policy: Policy,
): Promise<PullRequest> {
  // A webhook was missed, or the branch is older than our installation.
  if (ownBranch === null || !hasUnseenPusher(pull, policy)) return pull;
  const reported = await repo.github.pushes(ownBranch);
  return { ...pull, pushes: repo.github.mergePushes([...pull.pushes, ...reported]) };
}

function hasUnseenPusher(pull: PullRequest, policy: Policy): boolean {
  const ofPeople = policy.rules.some(({ when }) => speaksOf(when, ["contributors", "only-contributors"]));
  return (
    (ofPeople || pull.reviews.length > 0 || mayBePreApproved(policy, pull.author)) &&
    makersOf(pull).some(
      ({ pushers, unseen, addsNothing }) =>
        unseen !== null && !addsNothing && pushers.every(({ type }) => type !== "User"),
    )
  );
}

/** Returns whether an account of someone who gave a review is, or may be, one of those whose approval is asked for. */
function mayGiveAny(pull: PullRequest, person: number, requirements: readonly Requirement[]): boolean {
  const accounts = pull.reviews.flatMap(({ author }) => (author?.id === person ? [author] : []));
  return accounts.some((account) =>
    requirements.some(({ from }) => entitlementOf(from, authorityOf(pull, account)) !== "no"),
  );
}

/** Whom each source names of which approvals are missing before a merge: whether anyone is left who could give them. */
async function holdersOf(repo: Repo, pull: PullRequest, policy: Policy): Promise<readonly Holders[]> {
  const at = repo.now();
  if (pull.state !== "open" || preApproval(pull, policy, at).holds) return [];
  const { requirements } = judgeApprovals(pull, policy, at);
  const open = leafRequirements(
    requirements.filter(({ outcome }) => outcome === "short").map(({ requirement: ask }) => ask),
  );
  const bySource = new Map<string, Requirement>();
  for (const leaf of open) {
    const source = approversText(leaf.from);
    if ((bySource.get(source)?.required ?? 0) < leaf.required) bySource.set(source, leaf);
  }
  const makers = new Set(
    [pull.author, ...contributorsOf(pull).map(({ actor }) => actor)].map((each) => each?.id),
  );
  const found = [...bySource].map(([source, { from, required }]) =>
    repo.github.holders({ source, from, required }, ({ id }) => makers.has(id)),
  );
  return (await Promise.all(found)).filter(({ complete, unable }) => complete || unable.length > 0);
}

async function answerTo(
  repo: Repo,
  pull: PullRequest,
  base: Base,
  policy: Policy,
  question: Exclude<Question, { readonly ask: "same" }>,
): Promise<Partial<PullRequest>> {
  const { earlier = [], touched = [], head } = pull;
  const { github } = repo;
  switch (question.ask) {
    case "earlier": {
      const was = await github.earlier(base.commit, question.head);
      return { earlier: [...earlier, was] };
    }
    case "keys": {
      // A key pushes to its own repository only; those of a fork are not shown.
      if (base.isFork) return { keyHolders: [] };
      return { keyHolders: (await readKeyHolders(repo)).holders };
    }
    case "elsewhere": {
      const asked = { pull, base: base.commit };
      const reviews = asOnePerson(pull, policy).reviews;
      const index = reviews.findIndex(({ author }) => author?.id === question.person);
      const actor = pull.reviews[index]?.author ?? null;
      if (actor === null) return {};
      const accounts = policy.identities.find(({ person }) => person === personBehind(policy, actor));
      const logins = new Set([actor.login, ...(accounts?.logins ?? [])]);
      const found = await pushedElsewhere(repo, asked, actor, [...logins]);
      const others = (pull.elsewhere ?? []).filter((each) => each.actor.id !== actor.id);
      return { elsewhere: [...others, found] };
    }
    case "merged-into": {
      const asked = { pull, base: base.commit };
      return { mergedInto: base.isFork ? [] : await mergedInto(repo, asked) };
    }
    case "files":
      return { files: await github.files(pull, base.commit) };
    case "touched": {
      const { commit } = question;
      return {
        touched: [...touched, await github.touched(commit, head.sha)],
      };
    }
  }
}
