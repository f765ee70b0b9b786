/** The GitHub room facing the double, in process: an App's Octokits over the double's fetch, and its requests counted. */

import type { Repository } from "../../src/domain/change/repository.ts";
import type { Observation } from "../../src/domain/change/observation.ts";
import type { GitHub } from "../../src/github/api/requests.ts";
import { Lookups } from "../../src/github/api/lookups.ts";
import { REHEARSED } from "../../src/github/api/rate-limits.ts";
import { makeProbot, octokitsOf, type Octokits, type Sent } from "../../src/github/api/octokit.ts";
import { Pacing } from "../../src/github/api/pacing.ts";
import { signal } from "../../src/github/webhooks/signal.ts";
import type { SignalSubject } from "../../src/github/webhooks/subject.ts";
import type { Setup } from "../github/setup.ts";
import { trial, type Trial } from "../github/stage.ts";

/** A double and the room's tools for it. */
export interface Staged extends Trial {
  readonly octokits: Octokits;
  readonly github: GitHub;
  readonly repository: Repository;
  readonly installationId: number;
  readonly lookups: Lookups;
  /** Requests sent since the last call of `count`, without those for tokens. */
  readonly count: () => number;
  readonly sent: readonly Sent[];
  /** What every webhook so far let us observe. */
  readonly observations: () => readonly Observation[];
  readonly subjects: () => readonly SignalSubject[];
}

const APP_ID = 77;

/** What the room did that GitHub would not have liked, and what either said that GitHub's schemas do not allow. */
export function breachesOf(stage: Staged): readonly string[] {
  return stage.double.world.breaches.map(({ kind, request, detail }) => `${kind}: ${request}: ${detail}`);
}

/** Starts a double with a story's head. */
export async function staged(head: Partial<Setup> = {}): Promise<Staged> {
  const stage = await trial(head, { conformance: true });
  const sent: Sent[] = [];
  const probot = makeProbot({
    appId: APP_ID,
    privateKey: stage.privateKey,
    secret: "secret",
    pacing: new Pacing(REHEARSED),
    fetch: (input, init) => stage.double.fetch(new Request(input, init)),
    onRequest: (one) => {
      if (!one.path.endsWith("/access_tokens")) sent.push(one);
    },
  });
  const octokits = octokitsOf(probot);
  const { world } = stage.double;
  const [installation] = world.installations.values();
  const web = [...world.repositories.values()].find(({ name }) => name === "web");
  if (installation === undefined || web === undefined) throw new Error("the double has no web to watch");
  const heard = () =>
    stage.arrivals.flatMap(({ event, payload }, index) => {
      const arrival = { appId: APP_ID, delivery: `d-${index}`, receivedAt: world.now() };
      const meaning = signal(event, payload, arrival);
      return meaning.kind === "parsed" ? [meaning] : [];
    });
  let counted = 0;
  return {
    ...stage,
    octokits,
    github: await octokits.installation(installation.id),
    installationId: installation.id,
    repository: {
      id: web.id,
      owner: "acme",
      ownerId: web.ownerId,
      name: web.name,
      visibility: web.visibility,
      defaultBranch: web.defaultBranch,
    },
    lookups: new Lookups({ now: () => world.now() }),
    sent,
    count: () => {
      const fresh = sent.length - counted;
      counted = sent.length;
      return fresh;
    },
    observations: () =>
      heard().flatMap(({ observations }) => observations.map(({ observation }) => observation)),
    subjects: () => heard().flatMap(({ subjects }) => subjects),
  };
}
