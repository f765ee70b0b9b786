/** The state of many repositories in one query: enough to know that nothing is new in most of them. */

import { z } from "zod";
import type { Repository } from "../../domain/change/repository.ts";
import type { SeenRuleset } from "../../domain/protection/snapshot.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import {
  FileAnswer,
  Oid,
  OpenPullAnswer,
  OrganizationAnswer,
  type PolicyAnswer,
} from "../queries/answers.ts";
import { query, type GitHub } from "../api/requests.ts";
import type { ListedDeployment } from "../deployments/deployments.ts";
import { connection, mapEntries, single, type Listing } from "../api/partial-list.ts";
import type { OpenPull } from "./lists.ts";
import { overviewQuery } from "../queries/queries.ts";
import { InstantShape, ShaShape } from "../queries/shapes.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Bounds the repositories in one query. */
const AT_ONCE = 20;

/** A pull request that was merged, and into which branch. */
interface MergedSeen {
  readonly number: number;
  readonly base: string;
  readonly at: Instant;
  readonly updatedAt: Instant;
  readonly commit: string | null;
  readonly head: string;
}

/** Holds both policy files as they are on default branches. */
export interface PoliciesSeen {
  readonly branch: string;
  readonly repository: z.infer<typeof PolicyAnswer>;
  readonly organization: z.infer<typeof OrganizationAnswer>;
}

/**
 * Describes what one query shows of a repository. Each list is the beginning of GitHub's; a reader that needs more requests it
 * separately.
 */
export interface Overview {
  /** Null: it has no branch yet. */
  readonly policies: PoliciesSeen | null;
  /** Oldest first. */
  readonly open: Listing<OpenPull>;
  /** Returns every pull request merged since an instant, whatever its branch; null: more than are shown. */
  mergedSince(from: Instant): readonly MergedSeen[] | null;
  /** When a pull request or an issue was last changed; a comment changes what it is written on. Null: there is none. */
  readonly changedAt: Instant | null;
  /** Null: GitHub does not show them. */
  readonly rulesets: Listing<Pick<SeenRuleset, "id" | "enforcement" | "updatedAt">> | null;
  /** How many rules of classic branch protection there are. */
  readonly classicRules: number;
  /** The names of its environments. */
  readonly environments: Listing<string>;
  /** Returns the deployments made since an instant, oldest first; null: more than are shown. */
  deployedSince(from: Instant): readonly ListedDeployment[] | null;
}

const OverviewAnswer = z.object({
  databaseId: z.int(),
  nameWithOwner: z.string(),
  defaultBranchRef: z
    .object({
      name: z.string(),
      target: Oid.extend({ file: z.object({ object: FileAnswer }).nullish() }).nullish(),
    })
    .nullish(),
  open: connection(OpenPullAnswer),
  merged: connection(
    z.object({
      number: z.int(),
      baseRefName: z.string(),
      mergedAt: InstantShape,
      updatedAt: InstantShape,
      mergeCommit: Oid.nullish(),
      headRefOid: ShaShape,
    }),
  ),
  lastPull: single(z.object({ updatedAt: InstantShape })),
  lastIssue: single(z.object({ updatedAt: InstantShape })),
  rulesets: connection(
    z.object({
      databaseId: z.int(),
      enforcement: z.enum(["ACTIVE", "EVALUATE", "DISABLED"]),
      updatedAt: InstantShape,
    }),
  ).nullish(),
  branchProtectionRules: z.object({ totalCount: z.int() }),
  environments: connection(z.object({ name: z.string() })),
  deployments: connection(
    z.object({
      databaseId: z.int(),
      environment: z.string().nullish(),
      latestEnvironment: z.string().nullish(),
      originalEnvironment: z.string().nullish(),
      createdAt: InstantShape,
    }),
  ),
});

const Answers = z.looseObject({ organization: OrganizationAnswer });

const ENFORCEMENT = { ACTIVE: "active", EVALUATE: "evaluate", DISABLED: "disabled" } as const;

function overviewOf(
  answer: z.infer<typeof OverviewAnswer>,
  organization: PoliciesSeen["organization"],
): Overview {
  const { nameWithOwner, defaultBranchRef: main } = answer;
  const merged = mapEntries(answer.merged, (pull) => ({
    number: pull.number,
    base: pull.baseRefName,
    at: pull.mergedAt,
    updatedAt: pull.updatedAt,
    commit: pull.mergeCommit?.oid ?? null,
    head: pull.headRefOid,
  }));
  const deployments = mapEntries(answer.deployments, (deployment) => ({
    number: deployment.databaseId,
    environment: deployment.latestEnvironment ?? deployment.environment ?? "",
    originalEnvironment: deployment.originalEnvironment ?? null,
    createdAt: deployment.createdAt,
  }));
  const changes = [answer.lastPull, answer.lastIssue].flatMap((last) => last?.updatedAt ?? []);
  return {
    policies:
      main == null
        ? null
        : {
            branch: main.name,
            repository: {
              nameWithOwner,
              policyCommit: main.target == null ? null : { oid: main.target.oid },
              file: main.target?.file?.object,
            },
            organization,
          },
    open: answer.open,
    mergedSince: (from) =>
      shownBackTo(merged, from, ({ updatedAt }) => updatedAt)?.filter(({ at }) => at >= from) ?? null,
    changedAt: changes.length === 0 ? null : Math.max(...changes),
    rulesets:
      answer.rulesets == null
        ? null
        : mapEntries(answer.rulesets, ({ databaseId: id, enforcement, updatedAt }) => {
            return { id, enforcement: ENFORCEMENT[enforcement], updatedAt };
          }),
    classicRules: answer.branchProtectionRules.totalCount,
    environments: mapEntries(answer.environments, ({ name }) => name),
    deployedSince: (from) =>
      shownBackTo(deployments, from, ({ createdAt }) => createdAt)?.toReversed() ?? null,
  };
}

/** Returns the entries of a list, last first by `at`, down to an instant; null: the list ends before. */
function shownBackTo<Entry>(
  list: Listing<Entry>,
  from: Instant,
  at: (entry: Entry) => Instant,
): readonly Entry[] | null {
  const shown = list.isWhole ? list.entries : list.seen;
  const isEnough = list.isWhole || shown.some((entry) => at(entry) < from);
  return isEnough ? shown.filter((entry) => at(entry) >= from) : null;
}

/** Holds the overviews of one installation's repositories. One query for twenty is sent when the first of them is taken. */
export class Overviews {
  readonly #github: GitHub;
  readonly #repositories: readonly Repository[];
  readonly #read = new Map<number, Promise<ReadonlyMap<number, Overview>>>();
  readonly #taken = new Set<number>();

  /** The repositories are all of one owner. */
  constructor(github: GitHub, repositories: readonly Repository[]) {
    this.#github = github;
    this.#repositories = repositories.toSorted((a, b) => a.id - b.id);
  }

  /** Returns the overview of one repository, once; null: it was taken already, or GitHub does not show it so. */
  async take({ id }: Repository): Promise<Overview | null> {
    const place = this.#repositories.findIndex((each) => each.id === id);
    if (place < 0 || this.#taken.has(id)) return null;
    this.#taken.add(id);
    const from = place - (place % AT_ONCE);
    const read = this.#read.get(from) ?? this.#readFrom(from);
    this.#read.set(from, read);
    return (await read).get(id) ?? null;
  }

  async #readFrom(from: number): Promise<ReadonlyMap<number, Overview>> {
    const asked = this.#repositories.slice(from, from + AT_ONCE);
    const fields = asked.map((_, index) => `repository${index}`);
    const variables = {
      owner: asked[0]?.owner,
      ...Object.fromEntries(asked.map(({ name }, index) => [`name${index}`, name])),
    };
    try {
      const mayMiss = [...fields, "organization"];
      const text = overviewQuery(asked.length);
      const { organization, ...answers } = await query(this.#github, text, variables, Answers, mayMiss);
      const answer = fields.flatMap((field) => OverviewAnswer.safeParse(answers[field]).data ?? []);
      return new Map(answer.map((one) => [one.databaseId, overviewOf(one, organization)]));
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error;
      // Each is then read separately, and any failure occurs there.
      return new Map();
    }
  }
}
