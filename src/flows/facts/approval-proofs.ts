/** Every proof that the approvals of a pull request need, asked of GitHub in as few turns as the answers allow. */

import { judgeApprovals } from "../../domain/approval/approval.ts";
import { leafRequirements } from "../../domain/approval/requirements.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { contributorsOf } from "../../domain/approval/contribution/contributors.ts";
import { keyHolders, type ToldKey } from "../../domain/approval/contribution/deploy-keys.ts";
import { authorityOf, entitlementOf } from "../../domain/approval/entitlement.ts";
import { asOnePerson, personBehind } from "../../domain/policy/identity.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { Requirement } from "../../domain/policy/file/requirement.ts";
import { type QuestionScope, nextQuestions, type Question } from "../../domain/approval/open-questions.ts";
import { mayBePreApproved, preApproval } from "../../domain/approval/pre-approved-change.ts";
import { approversText } from "../../domain/policy/approvers-text.ts";
import { mergedInto, pushedElsewhere } from "./work-elsewhere.ts";
import { observationsOf } from "../records/observations.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Holders } from "../../domain/change/people.ts";

/** So many questions are asked about one pull request; beyond that its content and makers stay unproven. */
const MOST_QUESTIONS = 60;

/** What a pull request is compared with. */
interface Base {
  readonly name: string;
  readonly commit: Sha;
  /** Its head is in a fork. */
  readonly isFork: boolean;
}

/** Returns the pull request with all that its approvals depend on, and with who could still give those that are missing. Throws Trouble. */
export async function withProofs(
  tools: Tools,
  watched: RepositoryContext,
  given: PullRequest,
  about: {
    readonly base: Base;
    readonly policy: Policy;
    readonly requirements: readonly Requirement[];
  },
): Promise<PullRequest> {
  const { base, policy, requirements } = about;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  let pull = given;
  let left = MOST_QUESTIONS;
  const askFor = async (concern: QuestionScope): Promise<void> => {
    while (left > 0) {
      const asked = asOnePerson(pull, policy);
      const mayCount = (person: number): boolean => mayGiveAny(asked, person, requirements);
      const questions = nextQuestions(asked, { ...concern, mayCount });
      if (questions.length === 0) return;
      const compares = atMost(left, questions);
      const { proveSameContent, lookups } = tools.github;
      const proofs =
        compares.length === 0
          ? []
          : await proveSameContent(octokit, pull.repository, base.name, compares, lookups);
      pull = { ...pull, sameContent: [...pull.sameContent, ...proofs] };
      left -= proofs.length;
      for (const question of questions) {
        if (question.ask === "same" || left === 0) continue;
        pull = { ...pull, ...(await answerTo(tools, watched, pull, base, policy, question)) };
        left -= 1;
      }
    }
  };
  await askFor({ ofAll: mayBePreApproved(policy, pull.author) });
  const holders = await holdersOf(tools, watched, pull, policy);
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

/** Returns whether an account of somebody who gave a review is, or may be, one of those whose approval is asked for. */
function mayGiveAny(pull: PullRequest, person: number, requirements: readonly Requirement[]): boolean {
  const accounts = pull.reviews.flatMap(({ author }) => (author?.id === person ? [author] : []));
  return accounts.some((account) =>
    requirements.some(({ from }) => entitlementOf(from, authorityOf(pull, account)) !== "no"),
  );
}

/** Whom each source names of which approvals are missing before a merge: whether anybody is left who could give them. */
async function holdersOf(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  policy: Policy,
): Promise<readonly Holders[]> {
  const at = tools.clock.now();
  if (pull.state !== "open" || preApproval(pull, policy, at).holds) return [];
  const { asks } = judgeApprovals(pull, policy, at);
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const open = leafRequirements(
    asks.filter(({ outcome }) => outcome === "short").map(({ requirement: ask }) => ask),
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
    tools.github.readHolders(
      octokit,
      watched.repository,
      { source, from, required },
      ({ id }) => makers.has(id),
      tools.github.lookups,
    ),
  );
  return (await Promise.all(found)).filter(({ complete, unable }) => complete || unable.length > 0);
}

async function answerTo(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  base: Base,
  policy: Policy,
  question: Exclude<Question, { readonly ask: "same" }>,
): Promise<Partial<PullRequest>> {
  const { repository, earlier = [], touched = [], head } = pull;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { github, clock } = tools;
  const { lookups } = github;
  switch (question.ask) {
    case "earlier": {
      const was = await github.readEarlier(octokit, repository, base.commit, question.head, lookups);
      return { earlier: [...earlier, was] };
    }
    case "keys": {
      // A key pushes to its own repository only; those of a fork are not shown.
      if (base.isFork) return { keyHolders: [] };
      const listed = (await github.readDeployKeys(octokit, repository, lookups)) ?? [];
      const told = await toldKeys(tools, watched);
      return { keyHolders: keyHolders(listed, told, clock.now()) };
    }
    case "elsewhere": {
      const asked = { pull, base: base.commit };
      const reviews = asOnePerson(pull, policy).reviews;
      const index = reviews.findIndex(({ author }) => author?.id === question.person);
      const actor = pull.reviews[index]?.author ?? null;
      if (actor === null) return {};
      const accounts = policy.identities.find(({ person }) => person === personBehind(policy, actor));
      const logins = new Set([actor.login, ...(accounts?.logins ?? [])]);
      const found = await pushedElsewhere(tools, watched, asked, actor, [...logins]);
      const others = (pull.elsewhere ?? []).filter((each) => each.actor.id !== actor.id);
      return { elsewhere: [...others, found] };
    }
    case "merged-into": {
      const asked = { pull, base: base.commit };
      return { mergedInto: base.isFork ? [] : await mergedInto(tools, watched, asked) };
    }
    case "files":
      return { files: await github.readFiles(octokit, pull, base.commit, lookups) };
    case "touched": {
      const { commit } = question;
      return {
        touched: [...touched, await github.readTouched(octokit, repository, commit, head.sha, lookups)],
      };
    }
  }
}

/** The deploy keys that webhooks told of, each with whom it was added by. */
async function toldKeys(tools: Tools, watched: RepositoryContext): Promise<readonly ToldKey[]> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const found: ToldKey[] = [];
  for (const each of await observationsOf(tools, watched.repository.id, "keys")) {
    if (each.kind !== "key-told") continue;
    const { key: id, login, by, from: createdAt, goneAt } = each;
    const { readAccount, lookups } = tools.github;
    const addedBy = by ?? (login === null ? null : await readAccount(octokit, login, lookups));
    found.push({ id, addedBy, createdAt, goneAt });
  }
  return found;
}
