/** Rows of what GitHub shows: checks, comments, requested reviewers, gates and requests. */

import type { CheckState } from "../harness/double.ts";
import type { Row } from "../format/expectations.ts";
import { DEFAULT_REPOSITORY, type RowSet } from "../format/match.ts";
import type { StorySnapshot } from "./snapshot.ts";

const CHECK_NAME = "countersign";

/** Returns the App's newest check on each pull request or commit of the expected rows. */
export async function checkRows(snapshot: StorySnapshot, expected: readonly Row[]): Promise<RowSet> {
  const state = await snapshot.state();
  const rows: Row[] = [];
  const targets = new Map<string, Row>();
  for (const row of expected) {
    const { repository, pull, commit } = row;
    targets.set(JSON.stringify([repository, pull, commit]), {
      repository: repository ?? DEFAULT_REPOSITORY,
      ...(pull === undefined ? {} : { pull }),
      ...(commit === undefined ? {} : { commit }),
    });
  }
  for (const target of targets.values()) {
    const repository = state.repositories.find((each) => each.name === target["repository"]);
    const sha =
      typeof target["pull"] === "number"
        ? repository?.pulls.find((pull) => pull.number === target["pull"])?.headSha
        : snapshot.commitNamed(repository, target["commit"]);
    // A pull request or commit that does not exist has no check.
    if (sha === undefined || repository === undefined) continue;
    const check = repository.checks.findLast(
      (each) => each.sha === sha && each.name === CHECK_NAME && each.ours,
    );
    rows.push({ ...target, ...checkRow(check) });
  }
  return { columns: ["pull", "commit", "passes", "state", "says"], rows };
}

/** Returns every comment. */
export async function commentRows(snapshot: StorySnapshot): Promise<RowSet> {
  const state = await snapshot.state();
  const rows = state.repositories.flatMap((repository) =>
    repository.comments.map((comment): Row => ({
      repository: repository.name,
      pull: comment.number,
      by: state.names.get(comment.authorId) ?? comment.author,
      says: comment.body,
    })),
  );
  return { columns: ["pull", "by", "says"], rows };
}

/** Returns the requested reviewers whose review is missing: people by name, teams as `acme/core`. */
export async function reviewerRows(snapshot: StorySnapshot): Promise<RowSet> {
  const state = await snapshot.state();
  const rows = state.repositories.flatMap((repository) =>
    repository.pulls.map((pull): Row => ({
      repository: repository.name,
      pull: pull.number,
      asked: [
        ...pull.askedPeople.map((id) => state.names.get(id) ?? String(id)),
        ...pull.askedTeams.map((slug) => `acme/${slug}`),
      ],
    })),
  );
  return { columns: ["pull", "asked"], rows };
}

/** Returns every deployment gate with the App's answer. */
export async function gateRows(snapshot: StorySnapshot): Promise<RowSet> {
  const state = await snapshot.state();
  const rows = state.repositories.flatMap((repository) =>
    repository.deployments.flatMap(({ id, gates }) =>
      gates.map((gate): Row => ({
        repository: repository.name,
        step: snapshot.stepsWhere((output) => output.deployment === id),
        answer: gate.state,
        says: gate.answers.at(-1)?.comment ?? "",
      })),
    ),
  );
  return { columns: ["step", "answer", "says"], rows };
}

/** Returns the number of the App's requests, since a step if the expected row names one. */
export async function requestRows(snapshot: StorySnapshot, expected: readonly Row[]): Promise<RowSet> {
  const since = expected[0]?.["since"];
  const marker = typeof since === "string" ? (snapshot.outputs.get(since)?.since ?? 0) : 0;
  const count = await snapshot.harness.double.requestsSince(marker);
  return {
    columns: ["at-most", "since"],
    rows: [{ "at-most": count, ...(since === undefined ? {} : { since }) }],
  };
}

function checkRow(check: CheckState | undefined): Row {
  if (check === undefined) return { passes: false, state: "none", says: "" };
  const state =
    check.status !== "completed"
      ? "waiting"
      : check.conclusion === "action_required"
        ? "action-required"
        : (check.conclusion ?? "none");
  const passes = ["success", "neutral", "skipped"].includes(check.conclusion ?? "");
  const notes = check.annotations.map((note) => `${note.path}:${note.start_line}: ${note.message}`);
  return { passes, state, says: [check.title, check.summary, check.text, ...notes].join("\n") };
}
