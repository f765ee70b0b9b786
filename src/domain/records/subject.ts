/** The subject of a control: a pull request, a merge group, a landed change or a deployment, with its facts. */

import type { Change } from "../change/change.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { EmergencyFacts } from "./emergency-facts.ts";
import type { ControlName } from "../values/result.ts";
import type { Sha } from "../change/sha.ts";
import type { Repository } from "../change/repository.ts";
import type { Check } from "../change/review.ts";
import type { PullRequest } from "../change/pull-request.ts";

/** Describes what is tested, at which of the three moments. */
export type Subject = (
  | { readonly moment: "gate"; readonly pull: PullRequest }
  | {
      readonly moment: "group";
      readonly pulls: readonly PullRequest[];
      readonly sha: Sha;
      readonly checks: readonly Check[];
    }
  | { readonly moment: "landed"; readonly change: Change }
  | { readonly moment: "deployed"; readonly deployment: Deployment }
) & {
  /** The emergencies of its pull requests, or of its deployment, that were ever opened; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
};

/** Describes a waiver of named controls: an authorised emergency, or a registered exemption. */
export interface Waiver {
  readonly kind: "emergency" | "exemption";
  /** What names it in the log or the policy. */
  readonly id: string;
  readonly controls: readonly ControlName[];
  /** A sentence: who gave it, and until when. */
  readonly because: string;
}

/** Returns the pull requests of a subject. */
export function pullsOf(subject: Subject): readonly PullRequest[] {
  switch (subject.moment) {
    case "gate":
      return [subject.pull];
    case "group":
      return subject.pulls;
    case "landed":
      return subject.change.pullRequests;
    case "deployed":
      return [];
  }
}

/** Returns the repository of a subject; of a group, that of its pull requests. */
export function repositoryOf(subject: Subject): Pick<Repository, "id" | "name"> {
  switch (subject.moment) {
    case "gate":
      return subject.pull.repository;
    case "group":
      return subject.pulls[0]?.repository ?? { id: 0, name: "" };
    case "landed":
      return subject.change.repository;
    case "deployed":
      return subject.deployment.repository;
  }
}

/** Returns whether a landed change came through the merge button or the queue. */
export function isMerge(change: Change): boolean {
  return change.update.kind === "pull-request" || change.update.kind === "queue";
}

/** Returns whether nothing new came to production by this update. */
export function introducesNothing(change: Change): boolean {
  return (
    change.update.kind === "branch-deleted" ||
    (change.update.kind === "branch-created" && change.alreadyLanded === true)
  );
}

/** Returns why it is unknown whether an update should have come by a pull request; null where it is known. */
export function unverifiableOrigin(change: Change): string | null {
  const { kind, told: activity } = change.update;
  if (kind === "branch-created" && change.alreadyLanded === null)
    return "whether the new branch's content had landed before cannot be verified";
  return kind === "unknown"
    ? `how it came to the branch cannot be verified: GitHub calls it \`${activity ?? "unknown"}\`, which this version does not know`
    : null;
}
