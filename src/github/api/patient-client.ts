/** A GitHub for long reading: where it asks to wait, or does not answer, the same is asked again. */

import type { GitHub } from "./requests.ts";
import { toExternalError } from "./errors.ts";

/** How long reading may wait, and who is told. `sleep` gets milliseconds. */
export interface Patience {
  readonly sleep: (ms: number) => Promise<void>;
  /** Told before each wait: how long it is (ms), and why. */
  readonly waiting?: (ms: number, because: string) => void;
}

/** So often GitHub may fail to answer one request before we give up. */
const MOST_FAILURES = 5;

/** A query with more variables than this reads many things at once: when GitHub cannot answer it, it must be made smaller, not sent again. */
const MANY = 25;

/** The same GitHub, patient: it waits as long as a limit says, and a while longer each time there is no answer. Anything else fails as before. */
export function patient(github: GitHub, patience: Patience): GitHub {
  async function again<Answer>(ask: () => Promise<Answer>, most: number): Promise<Answer> {
    for (let failures = 0; ;) {
      try {
        return await ask();
      } catch (error) {
        const trouble = toExternalError(error);
        const isLimited = trouble.code === "github-limited";
        const isPassing = trouble.code === "github-unreachable" || trouble.code === "github-unanswered";
        if (!isLimited && !(isPassing && trouble.retry)) throw error;
        if (!isLimited) failures += 1;
        if (failures >= most) throw error;
        const ms = trouble.waitMs ?? 1_000 * 2 ** failures;
        patience.waiting?.(ms, trouble.message);
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
