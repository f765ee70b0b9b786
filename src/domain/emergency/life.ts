/** An emergency's events: each function returns the record as it is afterwards. The table holds who may, and where it leads. */

import { dueAfter } from "../time/calendar.ts";
import type { Repository } from "../change/repository.ts";
import { sha256 } from "../values/digest.ts";
import type { Entry } from "../records/entry.ts";
import type { Policy } from "../policy/file/policy.ts";
import { destination } from "../values/transitions.ts";
import { waivedBy } from "./deployment.ts";
import { EMERGENCY_TRANSITIONS, type EmergencyEvent } from "./emergency.ts";
import type { Authorisation, Attribution, EmergencyRecord, EmergencyState } from "../records/emergency.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";
import type { Actor } from "../change/people.ts";

/** Describes what an emergency is for, and under which policy. */
export interface EmergencyScope {
  readonly repository: Repository;
  readonly pull: number | null;
  readonly deployment: { readonly environment: string; readonly sha: Sha } | null;
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** Returns a new emergency. `source` names what opened it, so that opening it twice opens one. */
export function opened(
  about: EmergencyScope,
  source: string,
  attribution: Attribution,
  reason: string | null,
  head: Sha | null,
): EmergencyRecord {
  const { repository, pull, deployment, policy, policyDigest } = about;
  const event = reason === null ? "flag" : "declare";
  const status = after(null, event);
  return {
    id: `EMG-${sha256(`${repository.id}\n${pull ?? ""}\n${source}`).slice(0, 12)}`,
    repository,
    pull,
    deployment,
    status,
    reason,
    opened: attribution,
    declared: reason === null ? null : attribution,
    asked: head,
    authorised: null,
    confirmed: null,
    ended: null,
    used: null,
    waives: waivedBy(policy, deployment !== null),
    policyDigest,
    steps: [{ at: attribution.at, act: event, by: attribution.by, from: null, to: status }],
  };
}

/** Records that the reason was given. */
export function declared(
  record: EmergencyRecord,
  attribution: Attribution,
  reason: string,
  head: Sha | null,
): EmergencyRecord {
  return stepped({ ...record, reason, declared: attribution, asked: head }, "declare", attribution);
}

/** Returns an authorisation with its end. `alone`: another person must confirm it in time. */
export function authorisation(
  given: Omit<Authorisation, "until" | "confirmBy">,
  policy: Policy,
  alone: boolean,
): Authorisation {
  const { validFor, alone: terms } = policy.emergency;
  const confirmBy =
    alone && terms !== null ? dueAfter(given.at, terms.confirmedWithin, policy.calendar) : null;
  return { ...given, until: dueAfter(given.at, validFor, policy.calendar), confirmBy };
}

/** Records that it was authorised, under the policy in force then. */
export function authorised(
  record: EmergencyRecord,
  given: Authorisation,
  { policy, policyDigest }: Pick<EmergencyScope, "policy" | "policyDigest">,
): EmergencyRecord {
  const waives = waivedBy(policy, record.deployment !== null);
  const act = given.confirmBy === null ? "authorise" : "authorise alone";
  return stepped({ ...record, authorised: given, waives, policyDigest }, "authorise", given, act);
}

/** Records that another person confirmed what one authorised alone. */
export function confirmed(record: EmergencyRecord, attribution: Attribution): EmergencyRecord {
  return stepped({ ...record, confirmed: attribution }, "confirm", attribution);
}

/** Records that it was withdrawn before use. */
export function withdrawn(
  record: EmergencyRecord,
  attribution: Attribution,
  because: string,
): EmergencyRecord {
  const ended = { at: attribution.at, by: attribution.by, because };
  return stepped({ ...record, ended }, "withdraw", attribution);
}

/** Records a push after it was authorised: it waits again, for the new content. */
export function pushed(record: EmergencyRecord, at: Instant, by: Actor | null, head: Sha): EmergencyRecord {
  const again = { ...record, authorised: null, confirmed: null, asked: head };
  return stepped(again, "push", { at, by });
}

/** Records that its time is over and nothing was let through. */
export function expired(record: EmergencyRecord): EmergencyRecord {
  const at = record.authorised?.until ?? record.opened.at;
  const ended = { at, by: null, because: "it expired before it was used" };
  return stepped({ ...record, ended }, "expire", { at, by: null });
}

/** Records that nothing is left for it: its pull request was closed, or merged without it. */
export function overtaken(record: EmergencyRecord, at: Instant, because: string): EmergencyRecord {
  return stepped({ ...record, ended: { at, by: null, because } }, "expire", { at, by: null });
}

/** Records that something was in fact let through under it. */
export function used(record: EmergencyRecord, at: Instant, subject: string): EmergencyRecord {
  if (record.used?.subjects.includes(subject) === true) return record;
  const subjects = [...(record.used?.subjects ?? []), subject];
  // The first use counts: from it the review is due.
  const first = Math.min(record.used?.at ?? at, at);
  return stepped({ ...record, ended: null, used: { at: first, subjects } }, "use", { at, by: null });
}

function stepped(
  record: EmergencyRecord,
  event: EmergencyEvent,
  { at, by }: { readonly at: Instant; readonly by: Actor | null },
  /** What the step is recorded as. */
  act: string = event,
): EmergencyRecord {
  const to = after(record.status, event);
  return { ...record, status: to, steps: [...record.steps, { at, act, by, from: record.status, to }] };
}

/** Returns where the table leads. INVARIANT: the caller has asked whether the event is allowed. */
function after(from: EmergencyState | null, event: EmergencyEvent): EmergencyState {
  const to = destination(EMERGENCY_TRANSITIONS, from, event);
  if (to === null) throw new Error(`An emergency that is ${from ?? "not open"} knows no ${event}.`);
  return to;
}

/** Returns the subject of its entries: those of one pull request, or of deployments, are found together. */
export function emergencySubject({
  repository,
  pull,
  id,
}: Pick<EmergencyRecord, "repository" | "pull" | "id">): string {
  return `${emergencyPrefix(repository.id, pull)}${id}`;
}

/** Returns what the subjects of a pull request's emergencies begin with. `pull` null: those of deployments. */
export function emergencyPrefix(repositoryId: number, pull: number | null): string {
  return pull === null ? `${repositoryId}/deployment/` : `${repositoryId}/pull/${pull}/`;
}

/** Returns the entry of an emergency as it is now. */
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
