/** Whoever asks about a past period: a terminal, and how it reaches the double. */

import type { PastTools } from "../../src/cli/evidence/past-tools.ts";
import type { Terminal } from "../../src/cli/terminal/answer.ts";
import type { Trial } from "../github/stage.ts";

/** A token of ann's, once {@link grantToken} gave it. */
export const TOKEN = "ghp_of_an_auditor";

/** How a command is run. */
export interface Wish {
  readonly env: Readonly<Record<string, string>>;
  /** Called with each request; throws to break everything off. */
  readonly onRequest?: (request: Request) => void;
}

/** Gives ann, who must be there, a token of her own. */
export function grantToken({ double: { world } }: Trial): void {
  world.tokens.set(TOKEN, {
    token: TOKEN,
    kind: "user",
    installationId: null,
    accountId: world.accountByLogin("ann")?.id ?? 0,
    permissions: {},
    repositoryIds: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });
}

/** A terminal nobody reads, set up to reach the double. */
export function terminalOf({ env }: Wish): Terminal {
  const told = { GITHUB_API_URL: "http://github.test/api/v3", ...env };
  return { print: () => undefined, printError: () => undefined, env: told, interactive: false };
}

/** The double in place of GitHub, at its own clock and without pauses. */
export function howOf(harness: Trial, { onRequest }: Wish): PastTools {
  return {
    now: () => harness.double.world.now(),
    sleep: () => Promise.resolve(),
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      onRequest?.(request);
      return harness.double.fetch(request);
    },
  };
}
