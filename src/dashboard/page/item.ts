/** Everything the log holds about one change or deployment: a few questions by subject, however long the log is. */

import type { PopulationName } from "../../domain/evidence/sample/choice.ts";
import { SHOWN_CHANGES } from "../../domain/evidence/sample/material.ts";
import { deploymentPlace } from "../../domain/deployment/deployment.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { Repository } from "../../domain/change/repository.ts";
import { policySubjects } from "../../domain/policy/record.ts";
import type { Assessment } from "../../domain/values/result.ts";
import type { Asked } from "./page.ts";
import type { VisibleRecords } from "./records.ts";

/** Reads what a page of one item is made from. */
type Reads = Pick<Asked, "records" | "whole">;

/** Returns the entries that the page of one item is made from; none: there is no such item to see. */
export async function entriesAbout(
  reads: Reads,
  of: PopulationName,
  id: string,
): Promise<readonly LoggedEntry[]> {
  return of === "changes" ? aboutChange(reads, id) : aboutDeployment(reads, id);
}

async function aboutChange(reads: Reads, id: string): Promise<readonly LoggedEntry[]> {
  const { records } = reads;
  const own = await records.history({ kinds: ["change"], subjects: [id] });
  const body = own.at(-1)?.body;
  if (body === undefined) return [];
  const { repository, update, pullRequests } = body.change;
  const pulls = pullRequests.map(({ number }) => number);
  const branch = update.ref.replace(/^refs\/heads\//u, "");
  const observations = pulls.map((number) =>
    records.history({ kinds: ["observation"], beginning: `${repository.id}/pull/${number}/` }),
  );
  const around = await together([
    records.history({ kinds: ["gate"], subjects: pulls.map((number) => `${repository.id}#${number}`) }),
    ...observations,
    records.naming("deployment", [id]),
    deviationsOf(records, [id]),
    underEmergency(reads, id, { ...body, repository }),
    settingsOf(records, `${repository.id}:branch:${update.ref}:`, branch),
    about(reads, id),
  ]);
  return [...own, ...around];
}

async function aboutDeployment(reads: Reads, id: string): Promise<readonly LoggedEntry[]> {
  const { records } = reads;
  const own = await records.history({ kinds: ["deployment"], subjects: [id] });
  const body = own.at(-1)?.body;
  if (body === undefined) return [];
  const { repository, environment, carried: deployed } = body.deployment;
  const shown = deployed.slice(0, SHOWN_CHANGES).map((change) => change.id);
  const before = await repeated(records, body);
  const refused = [body, ...before.map((entry) => entry.body)].flatMap(refusedIn);
  const answering = [id, ...before.map(({ subject }) => subject), ...refused];
  const around = await together([
    records.newestOf("change", shown),
    deviationsOf(records, answering),
    underEmergency(reads, id, { ...body, repository }),
    // GitHub's id of an environment is in none of its deployments.
    settingsOf(records, `${repository.id}:environment:`, environment),
    about(reads, id),
  ]);
  return [...own, ...before, ...around];
}

/** The other deployments of the same commit there, where this one goes back to what was refused before. */
async function repeated(
  records: VisibleRecords,
  { deployment, assessment }: Bodies["deployment"],
): Promise<readonly LoggedEntry<"deployment">[]> {
  if (!assessment.results.some(({ cause }) => cause === "refused-before")) return [];
  return records.naming("deployment", [deploymentPlace(deployment)]);
}

function refusedIn({ deployment }: Bodies["deployment"]): readonly string[] {
  return deployment.carried.filter(({ verdict }) => verdict === "non-compliant").map(({ id }) => id);
}

async function deviationsOf(
  records: VisibleRecords,
  ids: readonly string[],
): Promise<readonly LoggedEntry[]> {
  const subjects = (await records.naming("deviation", ids)).map(({ subject }) => subject);
  return records.history({ kinds: ["deviation", "remediation"], subjects });
}

/** The emergencies and reviews of an item, and every policy that it or one of them was judged by. */
async function underEmergency(
  { records, whole }: Reads,
  id: string,
  { assessment, repository }: { readonly assessment: Assessment; readonly repository: Repository },
): Promise<readonly LoggedEntry[]> {
  const emergencies = await records.naming("emergency", [id]);
  const reviews = await records.naming("retroactive-review", [id]);
  const subjects = [...emergencies, ...reviews].map(({ subject }) => subject);
  const digests = [assessment.policyDigest, ...emergencies.map(({ body }) => body.policyDigest)];
  const policies = digests.flatMap((digest) => policySubjects(repository.ownerId, digest));
  return together([
    records.history({ kinds: ["emergency", "retroactive-review"], subjects }),
    ...(whole === null
      ? []
      : [usesWaiver(assessment) ? every(whole.entries("policy")) : whole.newestOf("policy", policies)]),
  ]);
}

/** An exemption is shown as the policy first had it, whichever that was. */
function usesWaiver({ results }: Assessment): boolean {
  return results.some(({ cause, inputs }) => cause === "exemption" || "preApproved" in inputs);
}

/** How a branch or an environment was set, at any time. */
async function settingsOf(
  records: VisibleRecords,
  beginning: string,
  name: string,
): Promise<readonly LoggedEntry[]> {
  const all = await records.history({ kinds: ["control-state"], beginning });
  return all.filter(({ body }) => body.place.name === name);
}

async function about({ records, whole }: Reads, id: string): Promise<readonly LoggedEntry[]> {
  return together([
    records.newestOf("source-gone", [id]),
    ...(whole === null ? [] : [every(whole.entries("coverage-gap"))]),
  ]);
}

async function together(parts: readonly Promise<readonly LoggedEntry[]>[]): Promise<readonly LoggedEntry[]> {
  return (await Promise.all(parts)).flat();
}

async function every<K extends EntryKind>(
  entries: AsyncIterable<LoggedEntry<K>>,
): Promise<readonly LoggedEntry<K>[]> {
  const all: LoggedEntry<K>[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}
