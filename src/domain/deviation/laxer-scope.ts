/** A repository that came to a laxer line of the policy by a rename, a transfer or a topic: a deviation of the design. */

import type { Repository } from "../change/repository.ts";
import { openDeviation, weakeningKey } from "./open.ts";
import { exemptionsFor } from "../policy/exemption.ts";
import type { DeviationRecord } from "../records/deviation.ts";
import { clipped, markdown, oneLine } from "../texts/wording.ts";
import { entryId } from "../policy/entry-provenance.ts";
import { lineId } from "../policy/file/organisation.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { Instant } from "../time/instant.ts";

/** Describes an entry that fits a repository now and was meant for another, or for none. `id` names it. */
export interface LaxerEntry {
  readonly id: string;
  /** Completes "the line on ...". */
  readonly says: string;
}

/** Returns the entries that a repository came to by a move, and that exempt it from nothing. */
export function laxerEntries(
  policy: Policy,
  repository: Pick<Repository, "id" | "name">,
  at: Instant,
): readonly LaxerEntry[] {
  const { laxerLine: line } = policy;
  const exempt = exemptionsFor(policy, repository, at).filter(({ isForAnother }) => isForAnother);
  return [
    ...(line === undefined
      ? []
      : [
          {
            id: lineId(line),
            says: [line.name, line.topic && `topic ${line.topic}`].filter(Boolean).join(", "),
          },
        ]),
    ...exempt.map(({ exemption }) => ({
      id: entryId(exemption),
      says: `${exemption.repository} (exemption)`,
    })),
  ];
}

/** Returns the beginning of the keys of a repository's moves. */
export function movesKey({ id }: Pick<Repository, "id">): string {
  return weakeningKey(`moved:${id}:`);
}

/** Returns the key of the deviation that one move is. */
export function moveKey(repository: Pick<Repository, "id">, entry: LaxerEntry): string {
  return `${movesKey(repository)}${entry.id}`;
}

/** Opens the deviation of a move. */
export function moveDeviation(
  repository: Repository,
  entry: LaxerEntry,
  previous: DeviationRecord | null,
  at: Instant,
): DeviationRecord {
  const name = `${repository.owner}/${repository.name}`;
  const what = `${name} came to the line on ${oneLine(entry.says)}, which was meant for others`;
  const seed = {
    cause: { key: moveKey(repository, entry), shared: null },
    subjectKind: "control",
    repository,
    listed: null,
    controls: ["gate-respected"],
    causeCode: "moved-to-a-laxer-line",
    type: "design",
    typeReason: "whoever administers a repository can move it to a line that requires less",
    severity: "medium",
    title: clipped(what, 200),
    description: `${markdown(what)}: by a rename, a transfer or a topic. The stricter line still applies. GitHub's audit log shows who did it.\n\n**What to do:** if the line is meant for it, change that entry of the organisation's policy by a reviewed pull request; if not, undo the move.`,
    happenedAt: at,
    actors: [],
    exposure: { from: at, to: null },
  } as const;
  return openDeviation(previous, seed, at);
}
