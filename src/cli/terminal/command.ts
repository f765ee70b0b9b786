/** Declares a command of `countersign` in one row: its parser, the types of its options, its help and its page. */

import { InvalidArgumentError, type Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { z } from "zod";
import type { Instant } from "../../domain/time/instant.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer, Terminal } from "./answer.ts";

/** Describes the tools of every command. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly now: () => Instant;
  /** Returns the whole program, for what is made of all its commands. */
  readonly program: () => CommandUnknownOpts;
  /** Returns where the settings place the evidence log. Throws {@link UsageError}. */
  readonly store: () => Promise<StoreLocation>;
  /** Returns the App's id: the one given, else the environment's. Throws {@link UsageError} without either. */
  readonly appId: (given: number | undefined) => number;
}

/** Holds the options of every command. A type, since commander's types ask for an index signature that an interface lacks. */
export type CommonOptions = { readonly json?: true };

/** Describes a command before its own arguments and options are declared. */
export type BareCommand = Command<[], CommonOptions>;

/** One command as its row declares it. */
interface Declaration<Args extends unknown[], Options extends CommonOptions> {
  readonly name: string;
  /** One sentence, imperative. */
  readonly summary: string;
  /** Command lines that a reader can copy, without the program's name. A comment begins with three spaces and `#`. */
  readonly examples: readonly string[];
  /** Declares the arguments and options on commander's command, whose types are those that `run` gets. */
  readonly options: (command: BareCommand) => Command<Args, Options>;
  /** Does the work; null: it has printed all there is. Loads its module itself, so that other commands start without it. */
  readonly run: (context: CommandContext, options: Options, args: Args) => Promise<Answer | null>;
}

/** Describes one row of the table of commands. */
export interface TerminalCommand {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** Adds the command to commander's program; `finish` gets what it answered. */
  readonly addTo: (parent: CommandUnknownOpts, context: CommandContext, finish: Finish) => void;
}

/** Commands under one word, such as `log verify` and `log head`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly TerminalCommand[];
}

/** Prints an answer, as JSON or as lines, and keeps its exit code. */
export type Finish = (answer: Answer, json: boolean) => void;

/** Returns the row of one command. */
export function defineCommand<Args extends unknown[], Options extends CommonOptions>(
  declared: Declaration<Args, Options>,
): TerminalCommand {
  const { name, summary, examples, options, run } = declared;
  return {
    name,
    summary,
    examples,
    addTo(parent, context, finish) {
      const bare = parent
        .command(name)
        .description(summary)
        .option("--json", "print JSON instead of text")
        .addHelpText("after", `\nExamples:\n${examples.map((each) => `  $ countersign ${each}`).join("\n")}`);
      const made = options(bare);
      made.action(async () => {
        const answer = await run(context, made.opts(), made.processedArgs);
        if (answer !== null) finish(answer, made.opts().json === true);
      });
    },
  };
}

const DateSchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** Reads a date, or a date and time with its offset, as an instant. */
export function instant(text: string): Instant {
  if (!DateSchema.safeParse(text).success) {
    throw new InvalidArgumentError(`"${text}" is not a date: write 2026-07-01 or 2026-07-01T00:00:00Z.`);
  }
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
}

/** Reads a whole number above 0. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,14}$/u.test(text)) {
    throw new InvalidArgumentError(`"${text}" is not a number above 0.`);
  }
  return Number(text);
}

/** Collects the values of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
