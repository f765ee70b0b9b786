/** The rows of exemptions.csv: everything a policy gave up beforehand, who approved it, and how often it was used. */

import type { Instant } from "../../time/instant.ts";
import { entryId, approvedEntries, type ApprovedEntry } from "../../policy/entry-provenance.ts";
import type { EntryProvenance } from "../../policy/file/names.ts";
import type { StandardChange } from "../../policy/file/waivers-and-freezes.ts";
import type { ControlName, Result } from "../../values/result.ts";
import { statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { scopePolicies } from "./policies.ts";
import { column, groupsText, listText, personText, table } from "../tables/table.ts";

interface Row {
  readonly id: string;
  readonly entry: ApprovedEntry;
  readonly provenance: EntryProvenance | null;
  readonly firstRead: Instant;
  readonly stated: Stated<"policy">;
  readonly uses: number;
}

/** Lists every exemption and standard change of every policy version known, and its uses in the period. */
export const EXEMPTIONS = table<Row>({
  path: "exemptions.csv",
  description:
    "Every exemption and pre-approved (standard) change in any policy version known: what it gives up, who approved the pull request that introduced it, until when, and how many changes and deployments of the period used it. One whose state is not approved exempted nothing.",
  columns: {
    exemption_id: column.text(({ id }) => id, "Identity of the entry: the same words are the same entry."),
    kind: column.text(
      ({ entry }) => ("name" in entry ? "standard-change" : "exemption"),
      "exemption or standard-change.",
    ),
    subject: column.text(
      ({ entry }) => ("name" in entry ? entry.name : entry.repository),
      "The repository (or glob) exempted, or the standard change's name.",
    ),
    controls: column.list(
      ({ entry }) => listText("name" in entry ? givenUp(entry) : entry.controls),
      "Controls it gives up.",
    ),
    by: column.list(
      ({ entry }) =>
        "name" in entry
          ? groupsText(
              entry.by.map((maker) => Object.entries(maker).flatMap(([key, value]) => [key, String(value)])),
            )
          : null,
      "Who makes such changes: app;slug, user;login or id;number.",
    ),
    paths: column.list(
      ({ entry }) =>
        "name" in entry
          ? groupsText(
              entry.paths.map((path) => [typeof path === "string" ? path : `matches ${path.matches}`]),
            )
          : null,
      "Paths such changes keep to.",
    ),
    reason: column.text(({ entry }) => ("reason" in entry ? entry.reason : null), "Why it is given up."),
    approved_by: column.text(({ entry }) => entry.approvedBy, "Who approved it, as the policy says."),
    state: column.text(
      ({ provenance }) => provenance?.state ?? null,
      "approved: that person approved the pull request that introduced it; refused or unknown: it exempted nothing; empty: nobody looked.",
    ),
    because: column.text(
      ({ provenance }) => provenance?.because ?? null,
      "What was found out about its approval.",
    ),
    approver: column.text(
      ({ provenance }) => (provenance?.approver == null ? null : personText(provenance.approver)),
      "Their account, login#id.",
    ),
    approved_in: column.text(
      ({ provenance }) => provenance?.url ?? null,
      "The pull request that introduced it.",
    ),
    effective_from: column.time(({ provenance }) => provenance?.at ?? null, "When that was merged."),
    expires: column.text(
      ({ entry }) => entry.expires,
      "The first day it no longer holds, in the policy's time zone.",
    ),
    first_read_at: column.time(({ firstRead }) => firstRead, "When a policy with it was first read."),
    uses: column.integer(({ uses }) => uses, "Changes and deployments of the period that used it."),
    log_seq: column.integer(({ stated }) => stated.entry.seq, "Number of the log entry of that policy."),
    log_hash: column.digest(({ stated }) => stated.entry.hash, "Hash of that entry."),
  },
  async *rows(source) {
    const uses = await usesOf(source);
    const rows = new Map<string, Row>();
    // Entries are as few as people write; the policies that hold them are read one by one.
    for await (const stated of scopePolicies(source)) {
      const { effective } = stated.body;
      for (const entry of approvedEntries(effective)) {
        const id = entryId(entry);
        const known = rows.get(id);
        if (known !== undefined && known.firstRead <= stated.entry.at) continue;
        const provenance =
          effective.names?.brought.find((each) => each.entry === id) ?? known?.provenance ?? null;
        const firstRead = stated.entry.at;
        rows.set(id, { id, entry, provenance, firstRead, stated, uses: uses.get(id) ?? 0 });
      }
    }
    yield* [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  },
});

function givenUp({ directPush }: StandardChange): readonly ControlName[] {
  return directPush === undefined
    ? ["independently-approved", "approved-by-owners"]
    : ["independently-approved", "merged-by-pull-request", "gate-respected"];
}

async function usesOf(source: EvidenceSource): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>();
  const note = (results: readonly Result[]): void => {
    for (const id of new Set(results.flatMap(waiversUsed))) uses.set(id, (uses.get(id) ?? 0) + 1);
  };
  for await (const { body } of statesOf(source, "change")) note(body.assessment.results);
  for await (const { body } of statesOf(source, "deployment")) note(body.assessment.results);
  return uses;
}

/** The entries a result rests on: an exemption that waived it, or standard changes that passed it. */
function waiversUsed({ outcome, cause, inputs }: Result): readonly string[] {
  const { leave: exemption, preApproved } = inputs;
  if (outcome === "waived" && cause === "exemption") return typeof exemption === "string" ? [exemption] : [];
  return Array.isArray(preApproved) ? preApproved.filter((id) => typeof id === "string") : [];
}
