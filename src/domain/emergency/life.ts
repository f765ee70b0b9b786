/** An emergency led from state to state: each function answers the record as it is afterwards. The table says who may; these only do. */

import type { Actor, Instant, Repository, Sha } from "../change.ts";
import { sha256 } from "../digest.ts";
import type { Entry } from "../entry.ts";
import type { Policy } from "../policy/policy.ts";
import { waivedBy } from "./deployment.ts";
import { leadsTo, type Act, type Role } from "./emergency.ts";
import type { Authorisation, Deed, EmergencyRecord, EmergencyState } from "./exception.ts";

/** What an emergency is for, and under which policy. */
export interface Occasion {
  readonly repository: Repository;
  readonly pull: number | null;
  readonly deployment: { readonly environment: string; readonly sha: Sha } | null;
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** A new emergency; `source` names what opened it, so that opening it twice is opening one. */
export function opened(
  occasion: Occasion,
  source: string,
  deed: Deed,
  reason: string | null,
  head: Sha | null,
): EmergencyRecord {
  const { repository, pull, deployment, policy, policyDigest } = occasion;
  const status: EmergencyState = reason === null ? "awaiting-reason" : "waiting";
  return {
    id: `EMG-${sha256(`${repository.id}\n${pull ?? ""}\n${source}`).slice(0, 12)}`,
    repository,
    pull,
    deployment,
    status,
    reason,
    opened: deed,
    declared: reason === null ? null : deed,
    asked: head,
    authorised: null,
    confirmed: null,
    ended: null,
    used: null,
    waives: waivedBy(policy, deployment !== null),
    policyDigest,
    steps: [
      {
        at: deed.at,
        act: reason === null ? "flag" : "declare",
        by: deed.by,
        from: null,
        to: status,
      },
    ],
  };
}

/** Whether somebody in these roles may do this to it now. */
export function allows(record: EmergencyRecord | null, act: Act, roles: readonly Role[]): boolean {
  return leadsTo(record?.status ?? null, act, roles) !== null;
}

/** The reason was given. */
export function declared(
  record: EmergencyRecord,
  deed: Deed,
  reason: string,
  head: Sha | null,
): EmergencyRecord {
  return stepped({ ...record, reason, declared: deed, asked: head }, "declare", deed, "waiting");
}

/** It was authorised, under the policy in force then. */
export function authorised(
  record: EmergencyRecord,
  given: Authorisation,
  { policy, policyDigest }: Pick<Occasion, "policy" | "policyDigest">,
): EmergencyRecord {
  const waives = waivedBy(policy, record.deployment !== null);
  const after = { ...record, authorised: given, waives, policyDigest };
  return stepped(after, given.confirmBy === null ? "authorise" : "authorise alone", given, "authorised");
}

/** Another person stood by what one authorised alone. */
export function confirmed(record: EmergencyRecord, deed: Deed): EmergencyRecord {
  return stepped({ ...record, confirmed: deed }, "confirm", deed, record.status);
}

/** It was withdrawn before use. */
export function withdrawn(record: EmergencyRecord, deed: Deed, because: string): EmergencyRecord {
  const ended = { at: deed.at, by: deed.by, because };
  return stepped({ ...record, ended }, "withdraw", deed, "withdrawn");
}

/** Something was pushed after it was authorised: it waits again, for the new content. */
export function pushed(record: EmergencyRecord, at: Instant, by: Actor | null, head: Sha): EmergencyRecord {
  const again = { ...record, authorised: null, confirmed: null, asked: head };
  return stepped(again, "push", { at, by }, "waiting");
}

/** Its time is over and nothing was let through. */
export function expired(record: EmergencyRecord): EmergencyRecord {
  const at = record.authorised?.until ?? record.opened.at;
  const ended = { at, by: null, because: "its time was over before it was used" };
  return stepped({ ...record, ended }, "expire", { at, by: null }, "expired");
}

/** Nothing is left that it could let pass: its pull request was closed, or merged without it. */
export function overtaken(record: EmergencyRecord, at: Instant, because: string): EmergencyRecord {
  return stepped({ ...record, ended: { at, by: null, because } }, "expire", { at, by: null }, "expired");
}

/** Something was in fact let through under it. */
export function used(record: EmergencyRecord, at: Instant, subject: string): EmergencyRecord {
  if (record.used?.subjects.includes(subject) === true) return record;
  const subjects = [...(record.used?.subjects ?? []), subject];
  // The first use counts: from it the review is due.
  const first = Math.min(record.used?.at ?? at, at);
  return stepped({ ...record, ended: null, used: { at: first, subjects } }, "use", { at, by: null }, "used");
}

function stepped(
  record: EmergencyRecord,
  act: string,
  { at, by }: { readonly at: Instant; readonly by: Actor | null },
  to: EmergencyState,
): EmergencyRecord {
  return { ...record, status: to, steps: [...record.steps, { at, act, by, from: record.status, to }] };
}

/** Under what its entries are kept: those of one pull request, or of deployments, are found together. */
export function emergencySubject({
  repository,
  pull,
  id,
}: Pick<EmergencyRecord, "repository" | "pull" | "id">): string {
  return `${emergencyPrefix(repository.id, pull)}${id}`;
}

/** What the subjects of a pull request's emergencies begin with; `pull` null: those of deployments. */
export function emergencyPrefix(repositoryId: number, pull: number | null): string {
  return pull === null ? `${repositoryId}/deployment/` : `${repositoryId}/pull/${pull}/`;
}

/** The entry of an emergency as it is now. */
export function emergencyEntry(body: EmergencyRecord): Entry {
  return {
    kind: "emergency",
    subject: emergencySubject(body),
    repositoryId: body.repository.id,
    organizationId: body.repository.ownerId,
    at: body.opened.at,
    body,
  };
}
