/** verify.sh: the checker for people who have nothing of ours, run with nothing but the tools it names. */

import { execFile } from "node:child_process";
import { access, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { p256 } from "@noble/curves/nist.js";
import { afterAll, beforeAll, expect, test } from "vitest";

import { canonical } from "../../src/domain/values/digest.ts";
import { fingerprintOf } from "../../src/domain/evidence/seal.ts";
import { VERIFY_SCRIPT } from "../../src/package/verify-script.ts";
import { isWhole, sample } from "../support/effort.ts";
import { exportRolledUp, exportTo, KEY, ledgerWith, smallLog } from "./fixture.ts";

const run = promisify(execFile);
const TOOLS = [
  "sha256sum",
  "openssl",
  "sed",
  "grep",
  "sort",
  "find",
  "cut",
  "tr",
  "wc",
  "cat",
  "mkdir",
  "rm",
];

let made: Awaited<ReturnType<typeof ledgerWith>>;
let folder: string;
let pristine: string;
let tools: string;
let shell: string;
let names: readonly string[];

beforeAll(async () => {
  made = await ledgerWith(smallLog());
  ({ folder } = made);
  pristine = join(folder, "package");
  await exportTo(made.ledger, pristine);
  const entries = await readdir(pristine, { recursive: true, withFileTypes: true });
  names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(pristine.length + 1));
  tools = join(folder, "tools");
  await mkdir(tools);
  for (const tool of TOOLS) await symlink(await whereIs(tool), join(tools, tool));
  shell = await whereIs("sh");
  // A copy of the script that nobody damages.
  await writeFile(join(folder, "verify.sh"), VERIFY_SCRIPT);
});

afterAll(() => made.close());

async function whereIs(tool: string): Promise<string> {
  for (const place of (process.env["PATH"] ?? "").split(":")) {
    const path = join(place, tool);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error(`${tool} is needed for this test`);
}

async function check(
  place: string,
  ...more: readonly string[]
): Promise<{ readonly code: number; readonly output: string }> {
  return inside(folder, [join(folder, "verify.sh"), ...more, place]);
}

/** Runs the shell in a folder. */
async function inside(
  cwd: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const options = { cwd, env: { PATH: tools, TMPDIR: folder } };
  try {
    const { stdout } = await run(shell, args, options);
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function damaged(work: (place: string) => Promise<void>): Promise<{ code: number; output: string }> {
  const place = join(folder, "damaged");
  await rm(place, { recursive: true, force: true });
  await cp(pristine, place, { recursive: true });
  await work(place);
  return check(place);
}

test("an untouched package passes, with a count, the fingerprint and what that does not prove", async () => {
  const { code, output } = await check(pristine);
  expect(output).toContain(`${names.length - 1} files and their seal: no defect found.`);
  expect(output).toContain(fingerprintOf(KEY.spki));
  expect(output).toContain("proves nothing about who signed");
  expect(code).toBe(0);
});

test(
  "a package of several periods passes, and is refused with a period of it left out",
  { tags: ["long"] },
  async () => {
    const rolledUp = join(folder, "rolled-up");
    await exportRolledUp(made.ledger, rolledUp);
    expect((await check(rolledUp)).code).toBe(0);
    const path = join(rolledUp, "periods.csv");
    await writeFile(path, (await readFile(path, "utf8")).replace(/\r\n2026-Q4[^\r]*/u, ""));
    const { code, output } = await check(rolledUp);
    expect(namedIn(output)).toEqual(["periods.csv"]);
    expect(code).toBe(1);
  },
);

test("the fingerprint one has from elsewhere is compared", { tags: ["long"] }, async () => {
  const right = await check(pristine, fingerprintOf(KEY.spki).toUpperCase());
  expect(right.output).toContain("That is the fingerprint you gave.");
  expect(right.code).toBe(0);
  const wrong = await check(pristine, "0".repeat(64));
  expect(wrong.output).toMatch(/^DEFECT public-key\.pem: /mu);
  expect(wrong.code).toBe(1);
});

// These are read in ways of their own, so each is damaged alone; all others are damaged together, and exactly they are named.
const SPECIAL = [
  "manifest.dsse.json",
  "manifest.sigstore.json",
  "public-key.pem",
  "SHA256SUMS",
  "manifest.json",
  "verify.sh",
];

function namedIn(output: string): readonly string[] {
  return [...output.matchAll(/^DEFECT (\S+): /gmu)].map((match) => match[1] ?? "").toSorted();
}

async function flip(place: string, name: string): Promise<void> {
  const bytes = await readFile(join(place, name));
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(join(place, name), bytes);
}

test("a byte flipped in any file is named with the file", { tags: ["long"] }, async () => {
  for (const name of sample(SPECIAL, 2)) {
    const { code, output } = await damaged((place) => flip(place, name));
    expect(namedIn(output), name).toContain(name);
    expect(code, name).toBe(1);
  }
  const others = names.filter((name) => !SPECIAL.includes(name)).toSorted();
  const all = await damaged(async (place) => {
    for (const name of others) await flip(place, name);
  });
  expect(namedIn(all.output)).toEqual(others);
  const one = await damaged((place) => flip(place, "changes.csv"));
  expect(namedIn(one.output)).toEqual(["changes.csv"]);
  expect(one.code).toBe(1);
});

test("a file that is missing is named", { tags: ["long"] }, async () => {
  for (const name of sample(SPECIAL, 2)) {
    const { code, output } = await damaged((place) => rm(join(place, name)));
    expect(output, name).toContain(`DEFECT ${name}: is missing`);
    expect(code, name).toBe(1);
  }
  const others = names.filter((name) => !SPECIAL.includes(name)).toSorted();
  const all = await damaged(async (place) => {
    for (const name of others) await rm(join(place, name));
  });
  expect(namedIn(all.output)).toEqual(others);
  expect(all.code).toBe(1);
});

test("a file, a dotfile, a folder and a link that should not be there are named", async () => {
  const added = await damaged(async (place) => {
    await writeFile(join(place, "more names.csv"), "");
    await writeFile(join(place, ".hidden"), "");
    await mkdir(join(place, "empty"));
    await symlink("scope.csv", join(place, "link"));
  });
  for (const name of ["more names.csv", ".hidden", "empty", "link"])
    expect(added.output).toContain(`DEFECT ${name}: `);
  expect(added.code).toBe(1);
});

test(
  "what should not be there is named also where its name has line breaks that read like two sound ones",
  { tags: ["long"] },
  async () => {
    for (const name of sample(["log\n.", "changes.csv\n.", "\n", "schemas\nlog"], 2)) {
      const folderAdded = await damaged((place) => mkdir(join(place, name)));
      expect(folderAdded.output, name).toContain("DEFECT");
      expect(folderAdded.code, name).toBe(1);
    }
    const fileAdded = await damaged(async (place) => {
      await mkdir(join(place, "changes.csv\n."));
      await writeFile(join(place, "changes.csv\n.", "scope.csv"), "");
    });
    expect(fileAdded.output).toContain("DEFECT");
  },
);

test("a package is found in a folder of any name", { tags: ["long"] }, async () => {
  const ways: readonly ((name: string) => ReturnType<typeof inside>)[] = [
    (name) => check(join(folder, name)),
    (name) => inside(folder, [join(folder, "verify.sh"), name]),
    (name) => inside(folder, [join(folder, name, "verify.sh")]),
  ];
  for (const [index, name] of ["-n", "a b", "a\nb", "$(x)", "0".repeat(64), "*"].entries()) {
    const place = join(folder, name);
    await cp(pristine, place, { recursive: true });
    // In the usual run each name in one of the ways: what reads like an option is given as it is.
    const asked = isWhole ? ways : ways.filter((_, way) => way === (index + 1) % ways.length);
    for (const ask of asked) expect((await ask(name)).code, name).toBe(0);
    await rm(place, { recursive: true });
  }
});

test("other spellings of the seal and the key are named", { tags: ["long"] }, async () => {
  const seal = JSON.parse(await readFile(join(pristine, "manifest.dsse.json"), "utf8")) as {
    payload: string;
    payloadType: string;
    signatures: { keyid: string; sig: string }[];
  };
  const { keyid = "", sig = "" } = seal.signatures[0] ?? {};
  const signature = p256.Signature.fromBytes(Buffer.from(sig, "base64"), "der");
  const high = new p256.Signature(signature.r, p256.Point.Fn.ORDER - signature.s).toBytes("der");
  const spellings = [
    `${canonical(seal)}\n\n`,
    canonical(seal),
    `${JSON.stringify(seal, null, 1)}\n`,
    `${canonical({ ...seal, signatures: [{ keyid, sig: Buffer.from(high).toString("base64") }] })}\n`,
    `${canonical({ ...seal, signatures: [{ keyid: "0".repeat(64), sig }] })}\n`,
  ];
  for (const text of sample(spellings, 2)) {
    const { code, output } = await damaged((place) => writeFile(join(place, "manifest.dsse.json"), text));
    expect(output, text.slice(-200)).toMatch(/^DEFECT (?:manifest\.dsse\.json|public-key\.pem): /mu);
    expect(code).toBe(1);
  }
  const pem = await readFile(join(pristine, "public-key.pem"), "utf8");
  const spaced = await damaged((place) => writeFile(join(place, "public-key.pem"), `${pem}\n`));
  expect(spaced.output).toContain("DEFECT public-key.pem: is not a public key in its one spelling");
});

test("wrong use is told apart from defects", async () => {
  expect((await check(join(folder, "no such folder"))).code).toBe(2);
});

test("a missing tool is told apart from defects, and named", async () => {
  for (const tool of ["sha256sum", "openssl"]) {
    const aside = join(folder, `${tool}-aside`);
    await rename(join(tools, tool), aside);
    const { code, output } = await check(pristine);
    await rename(aside, join(tools, tool));
    expect(output, tool).toMatch(new RegExp(`^${tool}[a-z ]* is needed$`, "mu"));
    expect(output, tool).not.toContain("DEFECT");
    expect(code, tool).toBe(2);
  }
});
