/** `countersign serve`: the App, by the system's clock; with `--rehearsal`, by messages from the process that forked it. */

import { once } from "node:events";

import { z } from "zod";
import type { Instant } from "../domain/time/instant.ts";
import type { LogHeadRecord } from "../domain/records/monitoring.ts";
import { EMERGENCY_COMMAND_NAMES } from "../domain/emergency/voice.ts";
import { CONTROL_NAMES } from "../domain/values/result.ts";
import { startCountersign, type Countersign } from "../main.ts";
import type { Settings } from "../settings.ts";
import { UsageError, type Terminal } from "./terminal/answer.ts";
import { withSignals } from "./terminal/signals.ts";
import { settingsFrom } from "./input/settings.ts";
import { environmentAfterSetup } from "./setup/before-serving.ts";
import { signingKeyPem } from "../settings/signing-key.ts";

/** Holds the options of `serve`. */
export interface ServeOptions {
  /** An empty store is meant so. */
  readonly newStore: boolean;
  /** Registers the App first, where there is none. */
  readonly setup: boolean;
}

/**
 * Serves until SIGINT or SIGTERM; resolves when all work under way is finished. Throws UsageError where nobody reads the log any
 * more: a log that is lost unseen is worse than an end.
 */
export async function serve(terminal: Terminal, { newStore, setup }: ServeOptions): Promise<void> {
  const settings = settingsFrom(setup ? { env: await environmentAfterSetup(terminal) } : terminal);
  // Created now rather than by the first export, which may run where the data folder is elsewhere.
  signingKeyPem(settings);
  const ending = Promise.withResolvers<"signal" | "unread">();
  const { app, address } = await withSignals(
    () => process.exit(0),
    () => started(settings, newStore, () => ending.resolve("unread")),
  );
  const { host, port, monitoring } = address;
  if (monitoring !== null)
    terminal.printError(`Countersign answers monitors on http://${monitoring.host}:${monitoring.port}`);
  terminal.printError(`Countersign listens on http://${host}:${port}`);
  const why = await withSignals(
    () => ending.resolve("signal"),
    () => ending.promise,
  );
  await app.stop();
  if (why === "unread")
    throw new UsageError(
      "Nobody reads the log any more: standard output is closed. Start Countersign again with an output that stays open.",
    );
}

async function started(
  settings: Settings,
  newStore: boolean,
  onLogUnread: () => void,
): Promise<{ readonly app: Countersign; readonly address: Awaited<ReturnType<Countersign["listen"]>> }> {
  const app = await startCountersign(settings, { clock: { now: () => Date.now() }, newStore, onLogUnread });
  return { app, address: await listenOrStop(app) };
}

/** An App that cannot listen must not go on in the background. */
async function listenOrStop(app: Countersign): ReturnType<Countersign["listen"]> {
  try {
    return await app.listen();
  } catch (error) {
    await app.stop();
    throw error;
  }
}

/** The time (ms) after which others take up the work of a rehearsed App that crashed; `serve` waits 30 seconds. */
const REHEARSAL_LEASE = 1_000;

/**
 * Counts a period's updates of every branch at GitHub against the log, and compares the heads of the log.
 * It works beside a running App or without. Throws {@link ExternalError}.
 */
export function proveComplete(
  settings: Settings,
  organization: string,
  from: Instant,
  to: Instant,
): Promise<void> {
  return withApp(settings, async (app) => {
    await app.reconcile(organization, from, to);
    await app.compareHeads(organization);
  });
}

/** Posts the log's head on GitHub, as {@link Countersign.postHead}. Throws {@link ExternalError} where it could not be posted yet. */
export function postHead(
  settings: Settings,
  organization: string,
  why: "export" | "close",
  round: string,
): Promise<LogHeadRecord | null> {
  return withApp(settings, (app) => app.postHead(organization, why, round));
}

/** Starts the App for a command, beside a running one or without, and ends it. */
async function withApp<T>(settings: Settings, work: (app: Countersign) => Promise<T>): Promise<T> {
  const app = await startCountersign(settings, {
    clock: { now: () => Date.now() },
    timetable: "driven",
    role: "command",
  });
  try {
    return await work(app);
  } finally {
    await app.stop();
  }
}

const CommandSchema = z.discriminatedUnion("do", [
  z.object({ id: z.int(), do: z.literal("advance"), to: z.number() }),
  z.object({ id: z.int(), do: z.literal("skew"), ahead: z.number() }),
  z.object({ id: z.int(), do: z.literal("settle") }),
  z.object({ id: z.int(), do: z.literal("sweep") }),
  z.object({
    id: z.int(),
    do: z.literal("reconcile"),
    organization: z.string(),
    from: z.number(),
    to: z.number(),
  }),
  z.object({ id: z.int(), do: z.literal("compare-heads"), organization: z.string() }),
  z.object({
    id: z.int(),
    do: z.literal("sign-off"),
    organization: z.string(),
    given: z.object({
      control: z.enum(CONTROL_NAMES),
      month: z.string(),
      comment: z.string(),
      login: z.string(),
    }),
  }),
  z.object({
    id: z.int(),
    do: z.literal("enter-deviation"),
    given: z.object({
      repository: z.string(),
      control: z.string(),
      type: z.string(),
      severity: z.string().optional(),
      title: z.string(),
      description: z.string().optional(),
      reference: z.string().optional(),
      pulls: z.array(z.int()).readonly(),
      as: z.string(),
    }),
  }),
  z.object({
    id: z.int(),
    do: z.literal("emergency"),
    repository: z.string(),
    given: z.object({
      act: z.enum(EMERGENCY_COMMAND_NAMES),
      pull: z.int().nullable(),
      deployment: z.object({ environment: z.string(), commit: z.string() }).nullable(),
      text: z.string(),
      as: z.string(),
    }),
  }),
  z.object({ id: z.int(), do: z.literal("stop") }),
]);

/** Describes a command of a rehearsal's parent, answered by `{ id, done: true }` or `{ id, error }`. */
export type RehearsalCommand = z.infer<typeof CommandSchema>;

/** Serves as part of a story: the same App, but its clock starts at `start` and moves only by commands. */
export async function rehearse(terminal: Terminal, start: Instant): Promise<void> {
  if (process.send === undefined)
    throw new Error("--rehearsal is for processes that were forked with a channel");
  // A parent that is gone will never ask again, and receives nothing any more.
  const orphaned = once(process, "disconnect");
  const send = (message: object): void => {
    if (process.connected) process.send?.(message, () => undefined);
  };
  const begun = start;
  let now = start;
  let ahead = 0;
  const settings = settingsFrom(terminal);
  const app = await startCountersign(settings, {
    clock: { now: () => begun },
    wall: { now: () => now + ahead },
    timetable: "driven",
    leaseMs: REHEARSAL_LEASE,
  });
  const { host, port } = await listenOrStop(app);
  const run = async (command: RehearsalCommand): Promise<unknown> => {
    // GitHub's clock is ahead while the timetable still runs.
    if (command.do === "advance") now = Math.max(now, command.to);
    if (command.do === "skew") ahead = command.ahead;
    return runRehearsed(app, command);
  };
  const stopped = new Promise<void>((resolve) => {
    process.on("message", (message) => {
      const command = CommandSchema.parse(message);
      if (command.do === "stop") resolve();
      run(command).then(
        (answer) => send({ id: command.id, done: true, answer }),
        (error: unknown) => send({ id: command.id, error: String(error) }),
      );
    });
  });
  try {
    // As `serve` does on arrival: what happened before, or while it was down, no webhook reports.
    await app.sweep();
    send({ ready: true, host, port });
    await Promise.race([stopped, orphaned]);
  } finally {
    await app.stop();
    if (process.connected) process.disconnect();
  }
}

/** Runs one command of the parent. */
async function runRehearsed(app: Countersign, command: RehearsalCommand): Promise<unknown> {
  switch (command.do) {
    case "advance":
      return app.advance(command.to);
    case "settle":
      return app.settle();
    case "sweep":
      return app.sweep();
    case "reconcile":
      await app.reconcile(command.organization, command.from, command.to);
      return undefined;
    case "compare-heads":
      return app.compareHeads(command.organization);
    case "sign-off":
      return (await app.signOff(command.organization, command.given)).refused;
    case "enter-deviation":
      return (await app.enterDeviation(command.given)).refused;
    case "emergency":
      return (await app.emergency(command.repository, command.given)).refused;
    case "skew":
    case "stop":
      return undefined;
  }
}
