/** A GitHub client for long reading: where GitHub requires a wait, or does not answer, the request is sent again. */

import type { GitHub } from "./requests.ts";
import { toExternalError } from "./errors.ts";

/** Describes how long reading may wait, and who is notified. `sleep` gets milliseconds. */
export interface Patience {
  readonly sleep: (ms: number) => Promise<void>;
  /** Called before each wait: how long it is (ms), and why. */
  readonly waiting?: (ms: number, because: string) => void;
}

/** Bounds how often GitHub may fail to answer one request before the reading fails. */
const MOST_FAILURES = 5;

/** A query with more variables than this reads many things at once: when GitHub cannot answer it, it must be made smaller, not sent again. */
const MANY = 25;

/**
 * Returns the same client, made patient. It waits as long as a limit requires, and longer each time there is no answer. Anything
 * else fails as before.
 */
export function patient(github: GitHub, patience: Patience): GitHub {
  async function again<Answer>(ask: () => Promise<Answer>, most: number): Promise<Answer> {
    for (let failures = 0; ;) {
      try {
        return await ask();
      } catch (error) {
        const failure = toExternalError(error);
        const isLimited = failure.code === "github-limited";
        const isPassing = failure.code === "github-unreachable" || failure.code === "github-unanswered";
        if (!isLimited && !(isPassing && failure.retry)) throw error;
        if (!isLimited) failures += 1;
        if (failures >= most) throw error;
        const ms = failure.waitMs ?? 1_000 * 2 ** failures;
        patience.waiting?.(ms, failure.message);
        await patience.sleep(ms);
      }
    }
  }
  return {
    request: ((route: string, parameters: Readonly<Record<string, unknown>>) =>
      again(() => github.request(route, parameters), MOST_FAILURES)) as unknown as GitHub["request"],
    graphql: ((text: string, variables: Readonly<Record<string, unknown>>) =>
      again(
        () => github.graphql(text, variables),
        Object.keys(variables).length > MANY ? 1 : MOST_FAILURES,
      )) as unknown as GitHub["graphql"],
  };
}
