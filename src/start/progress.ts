/** How far the App has come with reading the repositories it found, for whoever watches its log. */

import type { Logger } from "pino";
import { MINUTE } from "../domain/time/durations.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** So often it is looked at (ms); a line is logged where something changed. */
const EVERY = MINUTE / 4;

/** Logs how many of the known repositories have been read, whenever that changed. */
export class ReadingProgress {
  readonly #ledger: Pick<Ledger, "presence" | "states">;
  readonly #log: Pick<Logger, "info">;
  #last = "";
  #timer: NodeJS.Timeout | null = null;

  constructor(ledger: Pick<Ledger, "presence" | "states">, log: Pick<Logger, "info">) {
    this.#ledger = ledger;
    this.#log = log;
  }

  /** Begins to watch; a failure is passed over, since the next one shows the same. */
  begin(): void {
    const run = (): void => void this.logChange().catch(() => undefined);
    this.#timer = setInterval(run, EVERY).unref();
  }

  /** Ends watching. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** Logs how far it has come, unless that was logged. Rejects with ExternalError. */
  async logChange(): Promise<void> {
    const { lastSweeps } = await this.#ledger.presence();
    let found = 0;
    let read = 0;
    for await (const { body } of this.#ledger.states("repository", { everyOrganization: true })) {
      if (body.removedAt !== null) continue;
      found += 1;
      if (lastSweeps.has(body.repository.id)) read += 1;
    }
    const now = `${read} of ${found}`;
    if (found === 0 || now === this.#last) return;
    this.#last = now;
    this.#log.info(
      { read, found },
      read === found ? "All repositories are read" : `Read ${now} repositories`,
    );
  }
}
