/** What a command answers about one organisation is the same whether or not another is in the log. */

import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import type { Entry } from "../../src/domain/records/entry.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import { policySubject } from "../../src/domain/policy/record.ts";
import { recordedPolicy } from "../../src/flows/records/recorded-policy.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { GENERATED_AT, POLICY_DIGEST, smallLog } from "../evidence/fixture.ts";
import { everyCommand, fullName } from "../support/commands.ts";
import { folderOfTest } from "../support/folders.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const SIGNING_KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: GENERATED_AT }));
afterEach(() => void vi.useRealTimers());

/** A policy with periods, as an organisation's newest. */
function policyWith(periods: readonly (readonly [string, string, string])[]): Entry<"policy"> {
  const known = smallLog().find((entry) => entry.kind === "policy");
  if (known?.kind !== "policy") throw new Error("the small log has no policy");
  const { organization, repository, effective: before } = known.body;
  const effective = { ...before, periods: periods.map(([name, from, to]) => ({ name, from, to })) };
  const blob = organization.state === "found" ? organization.blob : null;
  const digest = sha256(canonical({ effective, organization: blob, repository: null }));
  return {
    ...known,
    subject: policySubject(known.organizationId, digest),
    at: known.at + 60_000,
    body: { digest, organization, repository, effective },
  };
}

const ACME: readonly Entry[] = [
  ...smallLog(),
  policyWith([
    ["half", "2026-07-01", "2026-10-01"],
    ["own", "2026-08-01", "2026-09-01"],
  ]),
];

/**
 * The same entries of another organisation: other ids, and names that end in other letters. The policy they were judged by is word
 * for word the same, so that it has the same digest in both.
 */
const GLOBEX: readonly Entry[] = [
  ...smallLog(),
  policyWith([
    ["half", "2026-04-01", "2026-09-01"],
    ["theirs", "2026-05-01", "2026-06-01"],
  ]),
].map((entry) => {
  if (entry.kind === "policy")
    return { ...entry, organizationId: 700, subject: policySubject(700, entry.body.digest) };
  const text = JSON.stringify(entry)
    .replaceAll(/"[0-9a-f]{64}"/gu, (quoted) =>
      JSON.parse(quoted) === POLICY_DIGEST ? quoted : JSON.stringify(sha256(`globex ${quoted}`)),
    )
    .replaceAll(/"(organizationId|ownerId)":500/gu, '"$1":700')
    .replaceAll('"500/', '"700/')
    .replaceAll(/\b(999|1001)\b/gu, (id) => String(Number(id) + 4_000))
    .replaceAll('"gap-1"', '"gap-2"')
    .replaceAll("acme", "globex");
  return JSON.parse(text) as Entry;
});

async function storeOf(name: string, logs: readonly (readonly Entry[])[]): Promise<string> {
  const folder = folderOfTest(name);
  const ledger = await openLedger({ dataDir: folder });
  for (const entries of logs) await ledger.record({ entries }, GENERATED_AT - 60_000);
  await ledger.beat(GENERATED_AT);
  await ledger.close();
  return folder;
}

const OUT = "OUT";

/** Each command that takes an organisation, as it is run; null: it asks GitHub, and names its repositories there. */
const RUNS: Readonly<Record<string, readonly (readonly string[])[] | null>> = {
  "countersign setup": null,
  "countersign backfill": null,
  "countersign reconcile": null,
  "countersign export": [
    ["--period", "half", "--out", OUT, "--offline"],
    ["--period", "theirs", "--out", OUT, "--offline"],
    ["--period", "2026-Q3", "--out", OUT, "--offline"],
    ["--periods", "2026-Q2,half", "--out", OUT, "--offline"],
  ],
  "countersign period list": [[]],
  "countersign period close": [
    ["half", "--out", OUT, "--as", "carol", "--offline"],
    ["theirs", "--out", OUT, "--as", "carol", "--offline"],
  ],
  "countersign period addendum": [["half", "--out", OUT, "--as", "carol", "--offline", "--reason", "to see"]],
  "countersign draft": [
    ["note", "--period", "half"],
    ["note", "--period", "theirs"],
    ["bridge", "--period", "own"],
    ["procedures"],
    ["questions"],
  ],
  "countersign readiness": [["--days", "90"]],
  "countersign monitoring list": [[]],
  "countersign monitoring sign-off": [
    ["independently-approved", "2026-09", "--as", "carol", "--comment", "looked at each"],
  ],
  "countersign deviation list": [["--all"]],
  "countersign emergency list": [[]],
};

const COMMANDS = everyCommand()
  .filter(({ options }) => options.some(({ long }) => long === "--org"))
  .map(fullName);

test("each command that takes an organisation is run here", () => {
  expect(COMMANDS.toSorted()).toEqual(Object.keys(RUNS).toSorted());
});

/** What a run printed and wrote, without what names the whole log or its signature. */
async function told(dataDir: string, args: readonly string[], out: string): Promise<unknown> {
  const lines: string[] = [];
  const print = (line: string): unknown => lines.push(line);
  const env = { COUNTERSIGN_DATA_DIR: dataDir, COUNTERSIGN_SIGNING_KEY: SIGNING_KEY };
  const code = await runProgram(
    args.map((word) => (word === OUT ? out : word)),
    { env, interactive: false, print, printError: print },
  );
  const files = await readdir(out, { recursive: true, withFileTypes: true }).catch(() => []);
  const wanted = files.filter(
    (file) =>
      /\.(?:csv|jsonl|yml)$|^(?:completeness|observed|summary)\.json$/u.test(file.name) && file.isFile(),
  );
  const read = wanted.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(out.length), masked(await readFile(path, "utf8"), out, dataDir)] as const;
  });
  const written = (await Promise.all(read)).filter(([path]) => path !== "/ipe.csv");
  return { code, said: masked(lines.join("\n"), out, dataDir), files: Object.fromEntries(written) };
}

function masked(text: string, out: string, dataDir: string): string {
  return text
    .replaceAll(out, OUT)
    .replaceAll(dataDir, "DATA")
    .replaceAll(/(SHA-256 of[^:]*: |manifest\.dsse\.json: )[0-9a-f]{64}/gu, "$1…");
}

test(
  "another organisation in the log changes nothing of what is told of one",
  { tags: ["long"] },
  async () => {
    const [alone, beside] = [await storeOf("alone", [ACME]), await storeOf("beside", [ACME, GLOBEX])];
    const places = folderOfTest("places");
    let ran = 0;
    for (const [command, runs] of Object.entries(RUNS))
      for (const given of runs ?? []) {
        ran += 1;
        const args = [...command.split(" ").slice(1), ...given, "--org", "acme"];
        const [one, other] = [join(places, `${ran}-alone`), join(places, `${ran}-beside`)];
        const wanted = await told(alone, args, one);
        expect(await told(beside, args, other), args.join(" ")).toEqual(wanted);
      }
    expect(ran).toBeGreaterThan(10);
  },
);

test("each of two organisations has its own policy, though both have it word for word", async () => {
  const store = await storeOf("both", [ACME, GLOBEX]);
  const places = folderOfTest("places");
  for (const [org, id] of [
    ["acme", 500],
    ["globex", 700],
  ] as const) {
    const ledger = await openLedger({ dataDir: store });
    const recorded = await recordedPolicy({ ledger }, id, POLICY_DIGEST);
    await ledger.close();
    expect(recorded?.digest, org).toBe(POLICY_DIGEST);
    const out = join(places, org);
    await told(store, ["export", "--org", org, "--period", "2026-Q3", "--out", out, "--offline"], out);
    expect(await readdir(join(out, "policies")), org).toContain(`${POLICY_DIGEST}.json`);
  }
});

test("no page reads more organisations than the one it is about", async () => {
  const folder = new URL("../../src/dashboard/", import.meta.url).pathname;
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      expect(await readFile(join(file.parentPath, file.name), "utf8"), file.name).not.toContain(
        "everyOrganization",
      );
});
