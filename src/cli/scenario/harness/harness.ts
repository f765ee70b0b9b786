/** The harness of a story: a simulated GitHub, the App, and the App's ledger to read. */

import type { Instant } from "../../../domain/time/instant.ts";
import type { TerminalSignOff } from "../../../flows/monitoring/monthly-reviews.ts";
import type { TerminalEmergency } from "../../../flows/commands/emergency-at-terminal.ts";
import type { EnteredDeviation } from "../../../flows/deviations/enter-deviation.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { Double } from "./double.ts";
import type { MessageReceiver } from "./receiver.ts";

/** Describes the App as the runner drives it: its clock moves only by `advance`. */
export interface AppUnderTest {
  /** Runs the timetable due until then, oldest first, and moves the App's clock there. */
  advance(to: Instant): Promise<void>;
  /** Resolves when no due delivery or action is left. */
  settle(): Promise<void>;
  sweep(): Promise<void>;
  /** Sends a request to one of its own routes; rejects when it is down. */
  ask(path: string, make: (url: string) => Request): Promise<Response>;
  /** Proves the population of a period complete; the outcome is in the ledger. `organization`: a login. */
  reconcile(organization: string, from: Instant, to: Instant): Promise<void>;
  /** Signs a control's month off as at the terminal; answers why not, or null. */
  signOff(organization: string, given: TerminalSignOff): Promise<string | null>;
  /** Enters a deviation from an auditor's report as at the terminal; answers why not, or null. */
  enterDeviation(given: EnteredDeviation): Promise<string | null>;
  /** Applies an emergency command as at the terminal; answers why not, or null. `repository`: `owner/name`. */
  emergency(repository: string, given: TerminalEmergency): Promise<string | null>;
  /** Sets the server's clock so far ahead of GitHub's (ms). */
  skew(ahead: number): Promise<void>;
  /** Ends it at once, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Starts it again on the same data, at this time on its clock. */
  restart(at: Instant): Promise<void>;
}

/** Describes the simulated GitHub, the App and its receivers. */
export interface Harness {
  readonly double: Double;
  readonly app: AppUnderTest;
  /** The receiver of its notifications. */
  readonly receiver: MessageReceiver;
  /** Changes an entry of the evidence log behind the App's back, as someone with the database's password could. Answers its number. */
  tamper(kind: string): Promise<number>;
  /** Rewrites the evidence log so that its links are right again: no change failed, and no deviation is open. Answers the first entry changed. */
  rewrite(): Promise<number>;
  /** Opens the App's ledger, to read it unless one is to write; the caller closes it. */
  openLedger(how?: "write"): Promise<Ledger>;
  /** Stops what was started and removes what was made. */
  close(): Promise<void>;
}
