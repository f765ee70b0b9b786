/** What a starting App asks GitHub about itself, so that "ready" is not said before it is true. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ExternalError } from "../domain/values/external-error.ts";
import { MINUTE } from "../domain/time/durations.ts";
import type { Octokits } from "../github/api/octokit.ts";
import {
  readRegistration,
  webhookProblems,
  type ExpectedApp,
  type AppRegistration,
  type RegistrationProblem,
} from "../github/installation/registration.ts";
import { readWebhookConfig } from "../github/installation/webhook-settings.ts";

/** A start waits so long for GitHub's answer (ms), and goes on asking without keeping anyone waiting. */
const PATIENCE = MINUTE / 12;

/** So often GitHub is asked again while something is wrong (ms). */
const AGAIN = MINUTE / 4;

/** Holds what the check needs. */
export interface AppCheckTools {
  readonly octokits: Octokits;
  readonly log: Logger;
  readonly expected: ExpectedApp;
  /** The App's own address; null: it is not known, or nothing need reach it. */
  readonly baseUrl: string | null;
}

/** Asks GitHub about the App until nothing is wrong. What only other settings help against ends the start. */
export class AppCheck {
  readonly #tools: AppCheckTools;
  #reason: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasEnded = false;

  constructor(tools: AppCheckTools) {
    this.#tools = tools;
  }

  /** Returns why the App is not ready; null: nothing is wrong, or was when it was asked last. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Asks for the first time. Throws ExternalError `settings-wrong` with every problem that other settings must solve. */
  async begin(): Promise<void> {
    this.#reason = `GitHub has not answered yet at ${this.#tools.expected.apiUrl}.`;
    const asked = this.#ask();
    const refused = await Promise.race([asked, sleep(PATIENCE, [], { ref: false })]);
    if (refused.length > 0) throw new ExternalError("settings-wrong", refused.join("\n"));
    void asked.then(() => this.#askAgain());
  }

  /** Asks no more. */
  end(): void {
    this.#hasEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #askAgain(): void {
    if (this.#reason === null || this.#hasEnded) return;
    this.#timer = setTimeout(() => void this.#ask().then(() => this.#askAgain()), AGAIN).unref();
  }

  /** Asks once, and returns what GitHub refuses of the settings. Never rejects. */
  async #ask(): Promise<readonly string[]> {
    const before = this.#reason;
    const { registration, problems } = await this.#read();
    this.#reason = problems.length === 0 ? null : problems.map(({ text }) => text).join(" ");
    const { log, expected } = this.#tools;
    if (this.#reason === null) {
      log.info(
        { app: registration?.slug, github: expected.apiUrl },
        "The App is registered on GitHub with all that it needs",
      );
      if (registration !== null) this.#logInstallations(registration);
    } else if (this.#reason !== before) {
      log.error({ reason: this.#reason }, "The App is not ready; GitHub is asked again every 15 seconds");
    }
    return problems.flatMap(({ kind, text }) => (kind === "refused" ? [text] : []));
  }

  async #read(): Promise<{ registration: AppRegistration | null; problems: readonly RegistrationProblem[] }> {
    const { octokits, expected, baseUrl, log } = this.#tools;
    try {
      const app = await octokits.app();
      const registration = await readRegistration(app, expected);
      if (registration.slug === null) return { registration, problems: registration.problems };
      const webhook = await readWebhookConfig(app);
      if (!webhook.hasSecret)
        log.warn({ url: webhook.url }, "The App's webhook has no secret on GitHub: set WEBHOOK_SECRET there");
      const texts = webhookProblems(webhook, baseUrl);
      const problems = texts.map((text) => ({ kind: "registration", text }) as const);
      return { registration, problems: [...registration.problems, ...problems] };
    } catch (error) {
      if (error instanceof ExternalError)
        return { registration: null, problems: [{ kind: "unreached", text: error.message }] };
      log.error({ err: error }, "GitHub could not be asked about the App");
      return { registration: null, problems: [{ kind: "unreached", text: "A bug; it has been logged." }] };
    }
  }

  #logInstallations({ slug, installations }: AppRegistration): void {
    const { log } = this.#tools;
    if (installations.length === 0)
      log.warn({ app: slug }, "The App is installed nowhere yet: install it from its page on GitHub");
    for (const { account, selection, suspendedAt } of installations) {
      const about = { organization: account?.login, repositories: selection };
      if (suspendedAt === null) log.info(about, "Found an organisation that the App is installed on");
      else log.warn(about, "Found an organisation that suspended the App: an owner can unsuspend it");
    }
  }
}
