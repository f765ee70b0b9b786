/** Stored facts read from a file, and their title. */

import { branchOf } from "../../domain/policy/scope.ts";
import { readSnapshot, type Snapshot } from "../../domain/assessment/snapshot.ts";
import { oneLine, short, time } from "../../domain/texts/wording.ts";
import type { Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { readText } from "./text-file.ts";

/** The most problems of a facts file that are listed. */
const MOST_PROBLEMS = 20;

/** Reads facts from a file. Throws UsageError with the problems of the file. */
export async function readFacts(file: string, terminal: Pick<Terminal, "input">): Promise<Snapshot> {
  const read = readSnapshot(
    await readText(file, "facts, as `countersign log show --facts` writes them", terminal),
  );
  if (read.ok) return read.snapshot;
  const more = read.problems.length - MOST_PROBLEMS;
  throw new UsageError(
    [
      `${file} does not match docs/facts.schema.json:`,
      ...read.problems.slice(0, MOST_PROBLEMS),
      ...(more > 0 ? [`and ${more} more`] : []),
    ].join("\n  "),
  );
}

/** Names the subject of facts: "acme/web#1 into main", "acme/web: ann pushed main from 1234567 to 89abcde". */
export function titleOf(snapshot: Snapshot): string {
  switch (snapshot.moment) {
    case "gate": {
      const { repository, number, base } = snapshot.subject.pull;
      return oneLine(`${repository.owner}/${repository.name}#${number} into ${base.ref}`);
    }
    case "group": {
      const { pulls, sha } = snapshot.subject;
      const [first] = pulls;
      const where = first === undefined ? "" : `${first.repository.owner}/${first.repository.name}: `;
      const numbers = pulls.map(({ number }) => `#${number}`).join(", ");
      return oneLine(`${where}merge group ${short(sha)} of ${numbers} into ${first?.base.ref ?? "?"}`);
    }
    case "landed": {
      const { repository, update, pullRequests } = snapshot.subject.change;
      const numbers = pullRequests.map(({ number }) => ` of #${number}`).join("");
      const who = update.actor?.login ?? "an unknown account";
      const what = `${update.kind}${numbers} by ${who}`;
      const branch = branchOf(update.ref) ?? update.ref;
      const moved = `${short(update.before)} to ${short(update.after)}`;
      return oneLine(
        `${repository.owner}/${repository.name}: ${branch} from ${moved}, ${what}, ${time(update.at)}`,
      );
    }
    case "deployed": {
      const { repository, sha, environment, succeededAt } = snapshot.subject.deployment;
      const where = `${repository.owner}/${repository.name}`;
      return oneLine(`${where}: ${short(sha)} deployed to ${environment}, ${time(succeededAt)}`);
    }
  }
}
