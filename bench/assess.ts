/**
 * How long one judgement takes, facts at hand: a plain change under a plain policy, and a pull request of 3,500 files and 300
 * commits under 500 rules. `node bench/assess.ts [--json]`.
 */

import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

import { assess } from "../src/domain/assessment/assess.ts";
import type { PullRequest } from "../src/domain/change/pull-request.ts";
import type { Policy, Rule } from "../src/domain/policy/file/policy.ts";
import { ann, APP_ID, bob, carol, dan, inForce, policy, START, Story } from "../test/support/facts.ts";

/** One row of the table; times in microseconds. */
export interface AssessRow {
  readonly judged: string;
  readonly median: number;
  readonly p99: number;
  /** What is aimed at. */
  readonly under: number;
}

const RULES = 500;
const FILES = 3500;
const COMMITS = 300;

/** Judges both again and again. */
export function benchAssess(): readonly AssessRow[] {
  const plain = new Story(ann).push(ann, "one").push(ann, "two").review(bob).check("build").facts();
  return [
    { judged: "a plain change, a plain policy", under: 100, ...timed(plain, plainPolicy(), 2000) },
    {
      judged: `${FILES} files, ${COMMITS} commits, ${RULES} rules`,
      under: 50_000,
      ...timed(large(), manyRules(), 30),
    },
  ];
}

function timed(pull: PullRequest, under: Policy, rounds: number): Pick<AssessRow, "median" | "p99"> {
  const circumstances = { policy: inForce(under), appId: APP_ID, at: START + 1e9, since: 0 };
  const times: number[] = [];
  for (let round = 0; round < rounds * 2; round += 1) {
    // A copy, so that nothing reckoned for one round helps the next.
    const files = pull.files === undefined ? {} : { files: { ...pull.files } };
    const subject = { moment: "gate", pull: { ...pull, ...files } } as const;
    const started = performance.now();
    assess(subject, circumstances);
    // The first half only warms up.
    if (round >= rounds) times.push((performance.now() - started) * 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0;
  return { median: at(0.5), p99: at(0.99) };
}

function plainPolicy(): Policy {
  return policy({ checks: [{ name: "build", app: null }] });
}

function large(): PullRequest {
  const story = new Story(ann);
  for (let commit = 0; commit < COMMITS; commit += 1) story.push(commit % 7 === 0 ? dan : ann, `c${commit}`);
  story.review(bob).review(carol).check("build");
  const list = Array.from({ length: FILES }, (_, file) => ({
    path: `src/part-${file % 50}/module-${file}/index.ts`,
    oldPath: null,
    status: "modified" as const,
  }));
  return story.with({ files: { list, complete: true }, labels: ["one", "two"] }).facts();
}

/** Rules of every kind; most ask about paths, as most rules do. */
function manyRules(): Policy {
  const rules = Array.from({ length: RULES }, (_, index): Rule => {
    const approval = { required: 1, from: { permission: "write" as const } };
    const name = `rule ${index}`;
    switch (index % 5) {
      case 0:
        return { name, when: { paths: [`src/part-${index}/**`, `lib/**/${index}.ts`] }, approval };
      case 1:
        return { name, when: { paths: [{ matches: `^src/part-\\d+/module-${index}/` }] }, approval };
      case 2:
        return { name, when: { not: { "only-paths": [`src/**`, `docs/${index}/**`] } }, approval };
      case 3:
        return { name, when: { author: { users: ["eve"] }, labels: [`label ${index}`] }, approval };
      default:
        return { name, when: { title: { matches: `(?i)part ${index}` }, size: { lines: "> 10" } }, approval };
    }
  });
  return policy({ checks: [{ name: "build", app: null }], rules });
}

/** The table as text. */
export function assessTable(rows: readonly AssessRow[]): string {
  const width = Math.max(...rows.map(({ judged }) => judged.length));
  const time = (us: number): string =>
    (us < 1000 ? `${us.toFixed(0)} us` : `${(us / 1000).toFixed(1)} ms`).padStart(9);
  return [
    `${"one judgement of".padEnd(width)}     median        p99      under`,
    ...rows.map(({ judged, median, p99, under }) =>
      [judged.padEnd(width), time(median), time(p99), time(under)].join("  "),
    ),
  ].join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const rows = benchAssess();
  process.stdout.write(`${values.json ? JSON.stringify(rows, null, 2) : assessTable(rows)}\n`);
}
