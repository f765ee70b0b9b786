/** The pipelines outside GitHub that may report deployments: a name and secrets for each, from the environment. */

import { z } from "zod";

/** Describes one pipeline. `secrets`: the current one first; `repositories`: globs of owner/name, null for any. */
export interface DeploymentSource {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly repositories: readonly string[] | null;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/u;
const SHORTEST = 32;

const SourceSchema = z.union([
  z.string(),
  z.strictObject({
    secret: z.union([z.string(), z.array(z.string()).min(1)]),
    repositories: z.array(z.string().min(1)).min(1).optional(),
  }),
]);

/** Reads `NAME=SECRET,NAME=SECRET` or a JSON object by name. Every problem is a sentence; none holds a secret. */
export function readSources(given: string | undefined): {
  readonly sources: readonly DeploymentSource[];
  readonly problems: readonly string[];
} {
  if (given === undefined) return { sources: [], problems: [] };
  const pairs = given.trimStart().startsWith("{") ? fromJson(given) : fromList(given);
  if (typeof pairs === "string") return { sources: [], problems: [pairs] };
  const problems: string[] = [];
  const sources: DeploymentSource[] = [];
  for (const [index, [name, value]] of pairs.entries()) {
    const read = SourceSchema.safeParse(value);
    if (!NAME.test(name))
      problems.push(`names its source number ${index + 1} oddly: letters, digits, dots, dashes`);
    else if (!read.success)
      problems.push(`says of ${name} neither a secret nor { "secret": ..., "repositories": [...] }`);
    else {
      const whole = typeof read.data === "string" ? { secret: read.data } : read.data;
      const secrets = [whole.secret].flat();
      if (secrets.some((secret) => secret.length < SHORTEST))
        problems.push(
          `has a secret of ${name} that is too short: use at least ${SHORTEST} random characters (openssl rand -hex 32)`,
        );
      if (sources.some((each) => each.name === name)) problems.push(`names ${name} twice`);
      sources.push({
        name,
        secrets,
        repositories: ("repositories" in whole ? whole.repositories : null) ?? null,
      });
    }
  }
  return { sources, problems };
}

type Pairs = readonly (readonly [string, unknown])[];

function fromJson(given: string): Pairs | string {
  try {
    return Object.entries(JSON.parse(given) as Readonly<Record<string, unknown>>);
  } catch {
    return `is no JSON: write { "jenkins": "SECRET" } or jenkins=SECRET`;
  }
}

function fromList(given: string): Pairs | string {
  const pairs = given.split(",").map((pair) => pair.trim());
  if (pairs.some((pair) => !pair.includes("=")))
    return "is neither JSON nor a list such as jenkins=SECRET,argo=SECRET";
  return pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const);
}
