/** What a delivery leads to: observations kept, caches forgotten, and the subjects to assess again. */

import type { Repo } from "../context/repo.ts";
import type { Entry } from "../../domain/records/entry.ts";
import type { Observed, Signal, SignalSubject } from "../../github/webhooks/subject.ts";
import { canonical } from "../../domain/values/digest.ts";
import { observationSubject } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import { registerRepository } from "../repositories/repositories.ts";
import { isCheckRequired } from "../facts/observed-checks.ts";

/** Describes a delivery: what it was handled as, or ignored because, and what to assess again. */
export interface UnderstoodDelivery {
  readonly note: string;
  readonly subjects: readonly SignalSubject[];
  readonly installationId: number | null;
}

/**
 * Understands one delivery and keeps what only it can show. `known`: what it means, where that was found out as it arrived. Asks
 * GitHub only for an installation met for the first time.
 */
export async function understand(
  tools: Tools,
  delivery: {
    readonly id: string;
    readonly event: string;
    readonly payload: unknown;
    readonly receivedAt: number;
  },
  lease: Repo["lease"],
  known?: Signal,
): Promise<UnderstoodDelivery> {
  const { id, event, payload, receivedAt } = delivery;
  const signal =
    known ?? tools.github.signal(event, payload, { appId: tools.appId, delivery: id, receivedAt });
  if (signal.kind === "ignored")
    return { note: ignoredNote(signal.because), subjects: [], installationId: null };
  tools.github.lookups.forget(signal.stale);
  await keepRepository(tools, signal);
  const entries = observationEntries(await withoutIdleChecks(tools, signal));
  if (entries.length > 0) await tools.ledger.record({ entries }, tools.clock.now(), lease);
  return {
    note: `handled as ${signal.as}`,
    subjects: signal.subjects,
    installationId: signal.where.installationId,
  };
}

/** Returns the note for a delivery that requires nothing. */
export function ignoredNote(because: string): string {
  return `ignored: ${because}`;
}

type Understood = Extract<Signal, { readonly kind: "parsed" }>;

/** A signal without how checks ended on which nothing depends. */
async function withoutIdleChecks(tools: Tools, signal: Understood): Promise<Understood> {
  const { repository } = signal.where;
  const observations: Observed[] = [];
  for (const each of signal.observations) {
    const { observation } = each;
    const isIdle =
      observation.kind === "check-told" &&
      (repository === null || !(await isCheckRequired(tools, repository, observation)));
    if (!isIdle) observations.push(each);
  }
  return { ...signal, observations };
}

function observationEntries(signal: Understood): readonly Entry[] {
  const { repository } = signal.where;
  return signal.observations.flatMap(({ subject, observation, at }): Entry[] => {
    // What concerns all repositories of an owner is kept for none of them.
    const isOwners = "ownerId" in observation;
    if (!isOwners && repository === null) return [];
    const repositoryId = isOwners || repository === null ? 0 : repository.id;
    const organizationId = isOwners ? observation.ownerId : (repository?.ownerId ?? 0);
    const place = {
      subject: observationSubject(repositoryId, observation, subject),
      repositoryId,
      organizationId,
    };
    return [{ kind: "observation", ...place, at, body: observation }];
  });
}

/** A repository met for the first time, or under a new name, is recorded from the delivery itself. */
async function keepRepository(tools: Tools, { where }: Understood): Promise<void> {
  const { repository, installationId } = where;
  if (repository === null || installationId === null) return;
  const known = await tools.ledger.state("repository", String(repository.id));
  if (known !== undefined) {
    const record = known.body;
    const same =
      canonical(record.repository) === canonical(repository) && record.installationId === installationId;
    // Nothing comes from what we cannot see any more, but what came before may arrive late: only a listing restores it.
    if (same || record.removedAt !== null) return;
    // An old delivery has old names: only GitHub has the present ones.
    const octokit = await tools.github.octokits.installation(installationId);
    const present = (await tools.github.readRepository({ github: octokit, repository })) ?? repository;
    return registerRepository(tools, {
      repository: present,
      installationId,
      installedFrom: record.installedFrom,
      archived: record.archived,
    });
  }
  const installation = await tools.github.lookups.rememberForever(
    `installation:${installationId}`,
    async () => tools.github.readInstallation(await tools.github.octokits.app(), installationId),
  );
  return registerRepository(tools, {
    repository,
    installationId,
    installedFrom: installation.createdAt,
    archived: false,
  });
}
