/** The GitHub double as the runner sees it, through `fetch` alone: setting up, acting, weather, and reading its state. */

import { z } from "zod";
import type { Sha } from "../../../domain/change/sha.ts";
import type { Scenario } from "../format/format.ts";
import type { DoStep } from "../format/steps.ts";
import { printMoment } from "../format/words.ts";
import type { Instant } from "../../../domain/time/instant.ts";

/** Sends a request to the double: over HTTP, or straight into it in process. */
export type Send = (request: Request) => Promise<Response>;

/** Describes the objects a step made, as the double names them; `since`: the requests counted before. */
export interface StepOutput {
  readonly since: number;
  readonly sha?: Sha | undefined;
  readonly ref?: string | undefined;
  readonly before?: Sha | undefined;
  readonly after?: Sha | undefined;
  readonly deployment?: number | undefined;
  /** A run of a workflow. */
  readonly run?: number | undefined;
  /** The id of a report by a pipeline outside GitHub. */
  readonly report?: string | undefined;
  readonly pull?: number | undefined;
}

/** Describes the result of a step. `unplayable`: the story is wrong, or the double lacks the step. */
export interface StepResult {
  readonly made: Omit<StepOutput, "since">;
  readonly refused: string | null;
  readonly unplayable: string | null;
}

/** Describes the App as the double must know it. */
export interface AppIdentity {
  readonly id: number;
  /** PEM. */
  readonly publicKey: string;
  readonly webhookSecret: string;
  readonly webhookUrl: string;
  /** With what people sign in through it; absent: they cannot. */
  readonly signIn?: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly callbackUrls: readonly string[];
  };
}

const StepResultSchema = z.union([
  z.object({
    ok: z.literal(true),
    made: z.object({
      sha: z.string().optional(),
      ref: z.string().optional(),
      before: z.string().optional(),
      after: z.string().optional(),
      deployment: z.int().optional(),
      run: z.int().optional(),
      pull: z.int().optional(),
    }),
  }),
  z.object({ ok: z.literal(false), refused: z.string() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

const CheckSchema = z.object({
  sha: z.string(),
  name: z.string(),
  /** By the App under test. */
  ours: z.boolean(),
  status: z.string(),
  conclusion: z.string().nullable(),
  title: z.string(),
  summary: z.string(),
  text: z.string(),
  annotations: z.array(z.object({ path: z.string(), start_line: z.int(), message: z.string() })),
});

const RepositorySchema = z.object({
  id: z.int(),
  name: z.string(),
  defaultBranch: z.string(),
  deleted: z.boolean(),
  fork: z.boolean(),
  refs: z.record(z.string(), z.string()),
  pulls: z.array(
    z.object({
      number: z.int(),
      headSha: z.string(),
      askedPeople: z.array(z.int()),
      askedTeams: z.array(z.string()),
    }),
  ),
  checks: z.array(CheckSchema),
  issues: z.array(
    z.object({
      number: z.int(),
      title: z.string(),
      body: z.string(),
      state: z.enum(["open", "closed"]),
      assignees: z.array(z.int()),
    }),
  ),
  comments: z.array(
    z.object({ number: z.int(), authorId: z.int(), author: z.string().nullable(), body: z.string() }),
  ),
  deployments: z.array(
    z.object({
      id: z.int(),
      gates: z.array(
        z.object({
          environment: z.string(),
          state: z.enum(["waiting", "approved", "rejected"]),
          answers: z.array(z.object({ comment: z.string() })),
        }),
      ),
    }),
  ),
  activity: z.array(
    z.object({ ref: z.string(), before: z.string(), after: z.string(), type: z.string(), at: z.number() }),
  ),
});

const StateSchema = z.object({
  now: z.number(),
  people: z.record(z.string(), z.int()),
  accounts: z.array(z.object({ id: z.int(), login: z.string() })),
  repositories: z.array(RepositorySchema),
  requests: z.object({ marker: z.int() }),
  breaches: z.array(z.object({ kind: z.string(), request: z.string(), detail: z.string() })),
});

/** Describes a check run as it is on the double. */
export type CheckState = z.infer<typeof CheckSchema>;

/** Describes a repository as it is on the double; forks and deleted ones are left out. */
export type RepositoryState = z.infer<typeof RepositorySchema>;

/** Describes a rule of GitHub's for its clients that the App broke. */
export type Breach = z.infer<typeof StateSchema>["breaches"][number];

/** Describes the double's state. */
export interface DoubleState {
  readonly repositories: readonly RepositoryState[];
  /** The story's name of each account by its id, or its login. */
  readonly names: ReadonlyMap<number, string>;
}

const DELIVERY_LIST = /\/app\/hook\/deliveries(?:$|\?)/u;

/** Describes a double that can be reached. Every method throws when it cannot, or when it answers anything unexpected. */
export class Double {
  readonly #send: Send;
  #marker = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Makes the world of a story, with the App installed. `hourlyLimit`: requests an hour, if not GitHub's own; `secondaryLimits`:
   * GitHub's hold; `signedIn`: the person who is signed in on GitHub in the browser.
   */
  async setup(
    scenario: Scenario,
    app: AppIdentity,
    more: {
      readonly hourlyLimit?: number;
      readonly secondaryLimits?: boolean;
      readonly signedIn?: string;
    } = {},
  ): Promise<void> {
    const { policy, people, repositories } = scenario;
    const start = printMoment(scenario.start);
    const versions = scenario.story.some((step) => "do" in step && step.do.do === "lag");
    await this.#post("setup", { start, people, policy, repositories, app, versions, ...more });
  }

  /** Acts one step on GitHub; resolves when its webhooks were answered, or failed. */
  async act(step: DoStep): Promise<StepResult> {
    const { after: _, at: __, refused: ___, ...rest } = step;
    const acted = StepResultSchema.parse(await this.#post("act", rest));
    if (acted.ok) return { made: acted.made, refused: null, unplayable: null };
    return "refused" in acted
      ? { made: {}, refused: acted.refused, unplayable: null }
      : { made: {}, refused: null, unplayable: acted.error };
  }

  /** Moves the clock, forward only. */
  async setClock(now: Instant): Promise<void> {
    await this.#post("clock", { now });
  }

  /** Returns the time by its clock. */
  async now(): Promise<Instant> {
    return (await this.#state()).now;
  }

  /** Starts or ends something going wrong: `outage`, `duplicate-webhooks`, `reorder-webhooks`, `github-fails`, `recover`; `more`: the other keys of the step. */
  async setFault(kind: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.#post("faults", { do: kind, ...more });
  }

  /** Makes kinds of answer older than the state from now on, as the step `lag` sets, `for` in seconds; answers why that cannot be, or null. */
  async lag(keys: Readonly<Record<string, unknown>>): Promise<string | null> {
    const acted = StepResultSchema.parse(await this.#post("act", { do: "lag", ...keys }));
    if (acted.ok) return null;
    return "error" in acted ? acted.error : acted.refused;
  }

  /** Loses every nth webhook from now on; GitHub's own log does not know them either. */
  async dropEvery(nth: number): Promise<void> {
    await this.#post("faults", { do: "drop-webhooks", every: nth });
  }

  /** Resolves when every webhook sent so far was answered, or failed. */
  async idle(): Promise<void> {
    await this.#post("idle", {});
  }

  /** Returns the whole state. */
  async state(): Promise<DoubleState> {
    const { people, accounts, repositories } = await this.#state();
    const names = new Map(accounts.map(({ id, login }) => [id, login]));
    for (const [name, id] of Object.entries(people)) names.set(id, name);
    return { repositories: repositories.filter((each) => !each.deleted && !each.fork), names };
  }

  /** Counts the App's requests that it has answered. */
  async marker(): Promise<number> {
    this.#marker += await this.requestsSince(this.#marker);
    return this.#marker;
  }

  /** Counts the App's requests that it has answered after the first `marker` ones. */
  async requestsSince(marker: number): Promise<number> {
    return (await this.#requestsSince(marker)).length;
  }

  /** Counts those of them that are more than a look at the log of deliveries, which an App that polls takes again and again. */
  async workSince(marker: number): Promise<number> {
    return (await this.#requestsSince(marker)).filter(({ path }) => !DELIVERY_LIST.test(path)).length;
  }

  async #requestsSince(marker: number): Promise<readonly { readonly path: string }[]> {
    const request = new Request(`http://double/_double/requests?since=${marker}`);
    return z.array(z.object({ path: z.string() })).parse(await this.#ask(request));
  }

  /** The rules of GitHub's for its clients that the App broke. */
  async breaches(): Promise<readonly Breach[]> {
    return (await this.#state()).breaches;
  }

  async #state(): Promise<z.infer<typeof StateSchema>> {
    return StateSchema.parse(await this.#ask(new Request("http://double/_double/state")));
  }

  #post(control: string, body: unknown): Promise<unknown> {
    return this.#ask(
      new Request(`http://double/_double/${control}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  }

  async #ask(request: Request): Promise<unknown> {
    const response = await this.#send(request);
    const body = await response.text();
    if (response.ok) return JSON.parse(body) as unknown;
    throw new Error(
      `the GitHub double answered ${response.status} to ${new URL(request.url).pathname}: ${body}`,
    );
  }
}
