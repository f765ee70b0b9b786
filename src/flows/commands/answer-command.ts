/** Commands given in comments: understood, done once, and answered with a sign and a sentence. */

import { addressee, type Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { parseComment, type GivenComment } from "../../domain/emergency/command.ts";
import type { Action, Entry } from "../../domain/records/entry.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import type { CommandRecord } from "../../domain/records/repository.ts";
import type { Task } from "../../domain/records/task.ts";
import { answered, commandSubject } from "../../domain/messages/replies.ts";
import { truncate } from "../../domain/values/text.ts";
import { listed, markdown } from "../../domain/texts/wording.ts";
import type { Commented } from "../../github/webhooks/subject.ts";
import type { NewestEntry } from "../../ledger/ledger.ts";
import type { Tools } from "../context/tools.ts";
import { isNotAnswered } from "../facts/unanswered.ts";

/** Describes a command as its handler gets it. `rest`: what follows the command's name on its line, as written. */
export interface Commanded {
  readonly name: string;
  readonly rest: string;
  readonly comment: GivenComment;
  /** Of the pull request or issue. */
  readonly number: number;
  /** The deviation whose issue it was given on, or null. */
  readonly deviation: string | null;
  /** The month whose review is asked for on the issue it was given on, or null. */
  readonly month: string | null;
}

/** Describes what a command comes to: recorded and queued for GitHub in one transaction with the answer. */
export interface CommandAnswer {
  readonly outcome: "done" | "refused";
  /** A sentence or more for whoever gave it; Markdown, everything from outside already harmless. */
  readonly reply: string;
  readonly entries?: readonly Entry[];
  readonly actions?: readonly Action[];
  readonly tasks?: readonly Task[];
  /** What it was decided on: nothing is recorded where someone wrote after that, and the command is read again. */
  readonly decidedOn?: readonly NewestEntry[];
  /** Whether the pull request is judged again afterwards; `anew`: the check is written again even if it shows the same. */
  readonly judge?: "if-changed" | "anew";
  /** The pull request that is judged again, where it is not the one the command was given on. */
  readonly judgePull?: number;
}

/** Describes one command of a table. To add one, write its handler and put it into the table of the place it is given in. */
export interface Command {
  readonly name: string;
  /** Other spellings. */
  readonly also?: readonly string[];
  /** What follows the name, e.g. `<reason>`; empty for nothing. */
  readonly usage: string;
  /** What it does: the rest of a line of `help`, without a full stop. */
  readonly does: string;
  readonly answer: (repo: Repo, given: Commanded) => Promise<CommandAnswer>;
}

/** Describes the commands there are, by where they are given. */
export interface CommandTables {
  readonly pull: readonly Command[];
  readonly deviation: readonly Command[];
  /** On the issue that requests a month's reviews. */
  readonly month: readonly Command[];
}

/**
 * Answers a comment once, however often it is delivered. Its answer is recorded under the comment's id, with its effects and the
 * tasks for the check.
 */
export async function answerCommand(repo: Repo, tables: CommandTables, given: Commented): Promise<void> {
  const { comment, number, deviation, month, on } = given;
  const { id: repositoryId } = repo.info;
  if ((await repo.ledger.state("command", commandSubject(repositoryId, comment.id))) !== undefined) return;
  const table = tableOf(tables, given);
  const commands = [...table, helpOf(table)];
  const read = parseComment(
    comment.text,
    commands.flatMap(({ name, also = [] }) => [name, ...also]),
  );
  if (read.kind === "none") return;
  const command =
    read.kind === "command"
      ? commands.find(({ name, also = [] }) => name === read.name || also.includes(read.name))
      : undefined;
  const {
    outcome,
    reply,
    judge,
    judgePull = on === "pull" ? number : null,
    decidedOn = [],
    ...decided
  } = on === "issue" && deviation === null && month === null
    ? nothingHere
    : comment.edited
      ? editedRefused
      : command === undefined || read.kind !== "command"
        ? notUnderstood(read, commands)
        : await orUnanswered(repo.tools, given, () =>
            command.answer(repo, {
              name: command.name,
              rest: read.rest,
              comment,
              number,
              deviation,
              month,
            }),
          );
  const [text = ""] = comment.text.split(/\r?\n/u, 1);
  const record: CommandRecord = {
    commentId: comment.id,
    number,
    deviation,
    by: comment.author,
    at: comment.createdAt,
    text: truncate(text, MOST_KEPT),
    name: command?.name ?? null,
    outcome,
    reply,
  };
  const answer = answered(addressee(repo), record, reply);
  const now = repo.now();
  const request = judge === "anew" ? `comment:${comment.id}` : null;
  const again: readonly Task[] =
    judgePull === null || judge === undefined
      ? []
      : [{ kind: "pull", repositoryId, number: judgePull, request, dueAt: now }];
  const answering = { entries: [answer.entry], actions: answer.actions, tasks: again };
  await repo.commit({ ...mergeDecisions(decided, answering), decidedOn });
}

/** Returns what a command answers; a refusal where GitHub does not answer what it needs for ten minutes. Throws {@link ExternalError}. */
async function orUnanswered(
  tools: Tools,
  { comment, number }: Commented,
  answer: () => Promise<CommandAnswer>,
): Promise<CommandAnswer> {
  try {
    return await answer();
  } catch (error) {
    const mayPass = tools.clock.now() - comment.createdAt < SETTLING;
    if (!isNotAnswered(error) || error.code === "github-unreachable" || mayPass) throw error;
    return {
      outcome: "refused",
      reply: `Nothing was done: GitHub did not return #${number}. ${markdown(error.message)} Write the command again later. On an open pull request \`/countersign emergency <reason>\` works meanwhile.`,
    };
  }
}

function tableOf(tables: CommandTables, { on, deviation, month }: Commented): readonly Command[] {
  if (on === "pull") return tables.pull;
  if (month !== null) return tables.month;
  return deviation === null ? [] : tables.deviation;
}

/** So much of a first line is kept. */
const MOST_KEPT = 1_000;

type RecordedAnswer = Omit<CommandAnswer, "outcome"> & { readonly outcome: CommandRecord["outcome"] };

const nothingHere: RecordedAnswer = {
  outcome: "refused",
  reply: "Write commands on a pull request, or on an issue that Countersign opened.",
};

const editedRefused: RecordedAnswer = {
  outcome: "refused",
  reply: "Nothing was done: an edited comment is never a command. Write it as a new comment.",
};

function notUnderstood(read: ReturnType<typeof parseComment>, commands: readonly Command[]): RecordedAnswer {
  const near = read.kind === "near-miss" ? read.nearest : null;
  const meant = commands.find(({ name, also = [] }) => name === near || also.includes(near ?? ""));
  const hint =
    meant === undefined
      ? `The commands here are: ${listed(commands.map(({ name }) => `\`${name}\``))}.`
      : `Did you mean \`${usageText({ ...meant, name: near ?? meant.name })}\`? Write it as a new comment.`;
  const written = read.kind === "near-miss" ? markdown(read.written) : "This";
  return { outcome: "not-understood", reply: `Nothing was done: ${written} is not a command. ${hint}` };
}

function helpOf(table: readonly Command[]): Command {
  const help: Command = {
    name: "help",
    usage: "",
    does: "List the commands",
    answer: () =>
      Promise.resolve({
        outcome: "done",
        reply: [
          "Write a command alone on the first line of a new comment:",
          "",
          ...[...table, help].map((each) => `- \`${usageText(each)}\`: ${each.does}`),
        ].join("\n"),
      }),
  };
  return help;
}

function usageText({ name, usage }: Pick<Command, "name" | "usage">): string {
  return `/countersign ${name}${usage === "" ? "" : ` ${usage}`}`;
}
