/** Who leads or audits an organisation: GitHub and the recorded policies answer, and the answer is kept for less than five minutes. */

import { accessNow, roleFor, type AccessNow, type AccessPerson } from "../domain/policy/access-now.ts";
import type { Policy } from "../domain/policy/file/policy.ts";
import type { RepositoryRecord } from "../domain/records/repository.ts";
import { MINUTE } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { OrganizationRole } from "../dashboard/page/access.ts";
import type { Tools } from "../flows/context/tools.ts";
import { Lookups } from "../github/api/lookups.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Holds what is asked. */
export interface AccessTools extends Pick<Tools, "clock" | "log"> {
  readonly ledger: Pick<Ledger, "named" | "state" | "states">;
  readonly github: Pick<
    Tools["github"],
    "lookups" | "octokits" | "readPolicy" | "readTeamId" | "readTeamMembers"
  >;
}

/** What was found is believed for so long, and for so long where an organisation could not be read. */
const KEPT = 4 * MINUTE;
const KEPT_WITHOUT_ANSWER = MINUTE;

/** A policy as it was recorded, as far as it gives access. */
interface Recorded {
  readonly seq: number;
  /** Of the organisation's file; null: there was none. */
  readonly blob: string | null;
  readonly policy: Pick<Policy, "access" | "names" | "calendar">;
}

interface Found {
  readonly organization: OrganizationRole["organization"];
  readonly access: AccessNow;
}

interface Reading {
  readonly found: Promise<readonly Found[]>;
  until: Instant;
}

/** Returns what people are in organisations by their policies. What cannot be read gives nobody anything. */
export class PolicyRoles {
  readonly #tools: AccessTools;
  readonly #recorded = new Map<number, Map<string, Recorded>>();
  #reading: Reading | null = null;

  constructor(tools: AccessTools) {
    this.#tools = tools;
  }

  /** Returns every organisation whose policy names someone. Throws ExternalError where the database fails. */
  async of(person: AccessPerson, now: Instant): Promise<readonly OrganizationRole[]> {
    const roles: OrganizationRole[] = [];
    for (const { organization, access } of await this.#kept(now)) {
      const role = roleFor(access, person, now);
      if (role !== null) roles.push({ organization, role });
    }
    return roles;
  }

  async #kept(now: Instant): Promise<readonly Found[]> {
    if (this.#reading !== null && now < this.#reading.until) return this.#reading.found;
    let isWhole = true;
    const reading: Reading = {
      until: now + KEPT,
      found: this.#read(() => {
        isWhole = false;
      }),
    };
    this.#reading = reading;
    try {
      const found = await reading.found;
      if (!isWhole) reading.until = now + KEPT_WITHOUT_ANSWER;
      return found;
    } catch (error) {
      if (this.#reading === reading) this.#reading = null;
      throw error;
    }
  }

  async #read(failed: () => void): Promise<readonly Found[]> {
    const found: Found[] = [];
    for (const repository of (await this.#oneOfEach()).values()) {
      const { ownerId: id, owner: login } = repository.repository;
      try {
        const access = await this.#accessIn(repository);
        if (access !== null) found.push({ organization: { id, login }, access });
      } catch (error) {
        failed();
        this.#tools.log.warn({ err: error, organization: login }, "who leads or audits could not be read");
      }
    }
    return found;
  }

  /** One repository of each organisation whose recorded policies ever gave access. */
  async #oneOfEach(): Promise<ReadonlyMap<number, RepositoryRecord>> {
    const found = new Map<number, RepositoryRecord>();
    for await (const { body } of this.#tools.ledger.states("repository", { everyOrganization: true }))
      if (body.removedAt === null && !body.archived) found.set(body.repository.ownerId, body);
    for (const id of found.keys()) {
      const recorded = await this.#recordedIn(id);
      if (!recorded.some(({ policy }) => policy.access !== undefined)) found.delete(id);
    }
    return found;
  }

  async #accessIn({ repository, installationId }: RepositoryRecord): Promise<AccessNow | null> {
    const { clock, github } = this.#tools;
    // What is kept for ten minutes elsewhere is asked anew here.
    const lookups = new Lookups({ now: () => clock.now(), timeToLive: 0 });
    const octokit = await github.octokits.installation(installationId);
    const through = { installationId, lookups: github.lookups };
    const client = { github: octokit, repository };
    const { organization } = await github.readPolicy(client, repository.defaultBranch, through);
    if (organization.state !== "found") return null;
    const recorded = await this.#recordedIn(repository.ownerId);
    const own = recorded.find(({ blob, policy }) => blob === organization.blob && policy.names !== undefined);
    if (own === undefined) return null;
    return accessNow(own.policy, async (team, id) => {
      if ((await github.readTeamId(octokit, team, lookups)) !== id) return [];
      const members = await github.readTeamMembers(octokit, team, lookups);
      return (members ?? []).map((each) => each.id);
    });
  }

  /** The policies recorded in an organisation, oldest first; each is read once. */
  async #recordedIn(organizationId: number): Promise<readonly Recorded[]> {
    const known = this.#recorded.get(organizationId) ?? new Map<string, Recorded>();
    this.#recorded.set(organizationId, known);
    const all: Recorded[] = [];
    for (const { subject, seq } of await this.#tools.ledger.named(["policy"], organizationId)) {
      if (known.get(subject)?.seq !== seq) {
        const entry = await this.#tools.ledger.state("policy", subject);
        if (entry === undefined) continue;
        const { organization, effective } = entry.body;
        const { access, names, calendar } = effective;
        known.set(subject, {
          seq,
          blob: organization.state === "found" ? organization.blob : null,
          policy: {
            calendar,
            ...(access === undefined ? {} : { access }),
            ...(names === undefined || access === undefined ? {} : { names }),
          },
        });
      }
      const own = known.get(subject);
      if (own !== undefined) all.push(own);
    }
    return all;
  }
}
