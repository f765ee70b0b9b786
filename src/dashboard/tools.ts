/** What the dashboard is made with. */

import type { Context } from "hono";

import type { Instant } from "../domain/time/instant.ts";
import type { FormStore } from "../ledger/forms.ts";
import type { Downloads } from "./download.ts";
import type { Caller, ViewerOf } from "./page/access.ts";
import type { ActTools, DashboardPage, PageFile } from "./page/page.ts";
import type { Packages } from "./page/packages.ts";
import type { Counted } from "./page/organization.ts";
import type { ReadLedger } from "./page/records.ts";
import type { FormsUnderWay } from "./sent.ts";
import type { MinuteLimit } from "./sign-in/minute-limit.ts";
import type { SignIn } from "./sign-in/sign-in.ts";
import type { Turns } from "./turns.ts";

/** Holds what the dashboard needs. */
export interface DashboardTools {
  /** `forms`: keeps what came of the forms that were sent. */
  readonly ledger: ReadLedger & { readonly forms: Pick<FormStore, "find"> };
  /** Returns who asks, and decides alone what they may see. */
  readonly viewerOf: ViewerOf;
  /** Returns where a request came from. */
  readonly callerOf: (c: Context) => Caller;
  /** Writes rows as CSV. */
  readonly csv: (columns: readonly string[], rows: PageFile["rows"]) => AsyncIterable<string>;
  /** The packages that were handed over; absent: none are shown. */
  readonly packages?: Packages;
  /** Where people sign in; absent: nowhere. */
  readonly signIn?: Pick<SignIn, "addTo" | "isSecure" | "origin" | "tokenOf">;
  /** Answers what takes a reading of every change. */
  readonly counted: Counted;
  /** Does what people send. */
  readonly acts: ActTools;
  readonly clock: { now(): Instant };
  /** GitHub's id of this App. */
  readonly appId: number;
  /** Of GitHub's API, such as https://api.github.com. */
  readonly apiUrl: string;
  readonly log: { error(given: object, message: string): void };
}

/** Holds the tools, and what bounds the work of all requests together. */
export interface BoundedTools extends DashboardTools {
  readonly pages: readonly DashboardPage[];
  readonly turns: Turns;
  /** Of forms: they may wait for GitHub, and no page waits for them. */
  readonly formTurns: Turns;
  readonly underWay: FormsUnderWay;
  readonly sentBy: MinuteLimit;
  readonly downloads: Downloads;
  readonly zips: Downloads;
}
