/** verify.html in a real browser, opened from disk, beside the two other verifiers. */

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, type TestContext } from "vitest";
import { ZipFile } from "yazl";

import { verifyPage } from "../../scripts/verify-page.ts";
import { fingerprintOf } from "../../src/domain/evidence/seal.ts";
import type { CheckId } from "../../src/domain/evidence/verify/checks.ts";
import { VERIFY_SCRIPT } from "../../src/package/verify-script.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { zipOf } from "../../src/package/zip/writer.ts";
import { dropOn, openPage } from "../support/browser.ts";
import { sample } from "../support/effort.ts";
import { damagedCopy, DAMAGES, ROLLED_UP_DAMAGES, type Damage } from "./damages.ts";
import { exportRolledUp, exportTo, KEY, ledgerWith, smallLog } from "./fixture.ts";

const FINGERPRINT = fingerprintOf(KEY.spki);

let folder: string;
let close: () => Promise<void>;
let pristine: string;
let rolledUp: string;

beforeAll(async () => {
  const made = await ledgerWith(smallLog());
  ({ folder, close } = made);
  pristine = join(folder, "package");
  await exportTo(made.ledger, pristine, { zip: true });
  rolledUp = join(folder, "rolled-up");
  await exportRolledUp(made.ledger, rolledUp);
  await writeFile(join(folder, "verify.html"), await verifyPage());
  await writeFile(join(folder, "verify.sh"), VERIFY_SCRIPT);
});

afterAll(() => close());

/** The page, opened as a file. Whatever it asks for, logs or shows in a window of its own is noted. */
async function opened(context: TestContext): Promise<{ readonly page: Page; readonly noted: string[] }> {
  const page = await openPage(context);
  const noted: string[] = [];
  page.on("console", (message) => noted.push(message.text()));
  page.on("pageerror", (error) => noted.push(error.message));
  page.on("dialog", (dialog) => {
    noted.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(pathToFileURL(join(folder, "verify.html")).href);
  page.on("request", (request) => noted.push(request.url()));
  return { page, noted };
}

/** What the page shows of a check. */
interface Shown {
  readonly verdict: string;
  readonly states: Readonly<Record<string, string>>;
  /** Each with its file and code. */
  readonly defects: readonly string[];
  readonly text: string;
}

async function shownAfter(page: Page, give: () => Promise<unknown>): Promise<Shown> {
  await page.evaluate('document.getElementById("status").textContent = ""');
  await give();
  await page.getByText(/^(?:The check has ended|Nothing was checked)\.$/u).waitFor();
  return shownOn(page);
}

async function shownOn(page: Page): Promise<Shown> {
  const states: Record<string, string> = {};
  for (const check of await page.locator("[data-check]").all())
    states[(await check.getAttribute("data-check")) ?? ""] = (await check.getAttribute("class")) ?? "";
  const defects: string[] = [];
  for (const row of await page.locator(".defects tbody tr").all())
    defects.push(`${await row.locator("th").innerText()} ${await row.locator("code").innerText()}`);
  const verdict = await page.locator(".verdict h2").innerText();
  return { verdict, states, defects: defects.toSorted(), text: await page.locator("#result").innerText() };
}

/** What the page shows of a sound package whose signer is known: it does not make the copies again. */
const PASSED = {
  ...Object.fromEntries(
    ["signature", "signer", "files", "additions", "lists", "form", "counts", "log"].map((id) => [
      id,
      "passed",
    ]),
  ),
  copies: "not-checked",
};

test(
  "a sound package passes, as a zip or a folder, dropped or chosen, and the page asks for nothing",
  { tags: ["long"] },
  async (context) => {
    const { page, noted } = await opened(context);
    const zip = await shownAfter(page, () => dropOn(page, `${pristine}.zip`));
    expect(zip.states).toEqual({ ...PASSED, signer: "not-checked" });
    expect(zip.text).toContain("This proves nothing about who signed");
    expect(zip.text).toContain("evidence-acme-2026-Q3");
    expect(zip.text.replaceAll(/\s/gu, "")).toContain(FINGERPRINT);

    const field = page.getByLabel("Fingerprint of the company’s signing key");
    await field.fill((FINGERPRINT.toUpperCase().match(/../gu) ?? []).join(":"));
    expect(await shownOn(page)).toMatchObject({ verdict: "No defect found", states: PASSED, defects: [] });
    await field.fill("0".repeat(64));
    expect(await shownOn(page)).toMatchObject({
      verdict: "1 defect found",
      states: { ...PASSED, signer: "failed" },
      defects: ["public-key.pem signer-differs"],
    });
    await field.fill("0".repeat(63));
    await page.getByText("That is no fingerprint").waitFor();
    expect((await shownOn(page)).states).toEqual({ ...PASSED, signer: "not-checked" });
    await field.fill(FINGERPRINT);

    const unseen = { ...PASSED, additions: "not-checked" };
    const droppedFolder = await shownAfter(page, () => dropOn(page, pristine));
    expect(droppedFolder).toMatchObject({ verdict: "No defect found", states: unseen });
    expect(droppedFolder.text).toContain(
      "no other file was found, but a browser does not show links and some names.",
    );
    const chosen = await shownAfter(page, () => page.locator("#folder").setInputFiles(pristine));
    expect(chosen).toMatchObject({ verdict: "No defect found", states: unseen });
    expect(chosen.text).toContain("nor empty folders");
    const chosenZip = await shownAfter(page, () => page.locator("#zip").setInputFiles(`${pristine}.zip`));
    expect(chosenZip).toMatchObject({ verdict: "No defect found", states: PASSED });
    expect(noted).toEqual([]);
  },
);

const run = promisify(execFile);

/** The checks that a defect of verify.sh belongs to. */
const SCRIPT_CHECKS: readonly (readonly [RegExp, CheckId])[] = [
  [/ should not be here$|^\.: holds/u, "additions"],
  [
    /: (?:is missing|is not a file|is a symbolic link|was changed: its SHA-256 is not the sealed one)$/u,
    "files",
  ],
  [/^SHA256SUMS: does not list/u, "lists"],
  [/: has fingerprint /u, "signer"],
  [/^completeness\.json: calls the period complete, /u, "counts"],
  [/^(?:manifest\.dsse\.json|manifest\.sigstore\.json|public-key\.pem): /u, "signature"],
];

async function failedInScript(place: string): Promise<ReadonlySet<CheckId>> {
  const { stdout } = await run("sh", [join(folder, "verify.sh"), place], {
    env: { PATH: process.env["PATH"], TMPDIR: folder },
  }).catch((error: unknown) => error as { readonly stdout: string });
  const defects = [...stdout.matchAll(/^DEFECT (.*)$/gmu)].map(([, defect = ""]) => defect);
  return new Set(
    defects.map((defect) => {
      const check = SCRIPT_CHECKS.find(([pattern]) => pattern.test(defect))?.[1];
      if (check === undefined) throw new Error(`of no check: ${defect}`);
      return check;
    }),
  );
}

/** The checks that verify.sh makes as `countersign verify` does. It compares SHA256SUMS with the seal, and manifest.json with nothing. */
const OF_SCRIPT: readonly CheckId[] = ["signature", "files", "additions"];

/** The checks of which it makes a part, each with the files it reads for that. */
const PARTS_OF_SCRIPT = [
  ["lists", ["SHA256SUMS"]],
  ["counts", ["completeness.json", "observed.json"]],
] as const satisfies readonly (readonly [CheckId, readonly string[]])[];

/** Additions to a folder that a browser does not show. */
const UNSEEN = ["a link", "names that do harm"];

/** Holds the page and verify.sh to what the terminal finds. Answers how many defects it finds beside those of the copies. */
async function expectAgreement(page: Page, name: string, place: string): Promise<number> {
  const found = await verifyPath(place);
  const checks = found.checks.filter(({ id }) => id !== "copies");
  const defects = found.defects.filter(({ code }) => code !== "copy-differs");
  const shown = await shownAfter(page, () => dropOn(page, place));
  expect(shown.states["copies"], name).toBe("not-checked");
  for (const { id, state } of checks) {
    // A browser does not show everything, and the page says so.
    const isUnseen = id === "additions" && state !== "not-checked" && shown.states[id] === "not-checked";
    if (isUnseen) expect(shown.text, name).toContain("a browser does not show links and some names");
    else expect(shown.states[id], `${name}: ${id}`).toBe(state);
    if (isUnseen && !UNSEEN.includes(name)) expect(state, `${name}: ${id}`).toBe("passed");
  }
  if (!UNSEEN.includes(name))
    expect(shown.defects, name).toEqual(defects.map(({ file, code }) => `${file} ${code}`).toSorted());

  const script = await failedInScript(place);
  const hasKey = !defects.some(({ file, code }) => file === "public-key.pem" && code === "missing");
  // Without a key verify.sh checks no signature.
  const made = OF_SCRIPT.filter((id) => id !== "signature" || hasKey);
  for (const { id, state } of checks.filter((check) => made.includes(check.id)))
    if (state !== "not-checked")
      expect(script.has(id), `${name}: ${id} in verify.sh`).toBe(state === "failed");
  // Of these verify.sh makes a part, of files as packages have them: what it finds in one of another form is its form.
  const malformed = new Set(defects.filter(({ code }) => code === "form-wrong").map(({ file }) => file));
  for (const [part, files] of PARTS_OF_SCRIPT)
    if (script.has(part) && !files.some((file) => malformed.has(file)))
      expect(checks.find(({ id }) => id === part)?.state, `${name}: ${part}`).not.toBe("passed");
  return defects.length;
}

test("the three verifiers agree on every damaged copy", { tags: ["long"] }, async (context) => {
  const { page, noted } = await opened(context);
  for (const [name, damage] of sample(Object.entries(DAMAGES), 10))
    await expectAgreement(page, name, await damagedCopy(pristine, join(folder, "damaged"), damage));
  expect(noted).toEqual([]);
});

test(
  "they agree on every damaged copy of a package of several periods, whose forged figures are refused",
  { tags: ["long"] },
  async (context) => {
    const { page, noted } = await opened(context);
    expect(await expectAgreement(page, "no damage", rolledUp)).toBe(0);
    const copyAfter = (damage: Damage): Promise<string> =>
      damagedCopy(rolledUp, join(folder, "damaged"), damage);
    for (const [name, damage] of sample(Object.entries(DAMAGES), 3))
      await expectAgreement(page, name, await copyAfter(damage));
    for (const [name, damage] of sample(Object.entries(ROLLED_UP_DAMAGES), 4))
      expect(await expectAgreement(page, name, await copyAfter(damage)), name).toBeGreaterThan(0);
    expect(noted).toEqual([]);
  },
);

test("a damaged zip is refused as in the terminal", { tags: ["long"] }, async (context) => {
  const { page } = await opened(context);
  const zip = await readFile(`${pristine}.zip`);
  const place = join(folder, "damaged.zip");
  for (const at of sample([0, 40, 5_000, Math.floor(zip.length / 2), zip.length - 300, zip.length - 3], 3)) {
    const bytes = Buffer.from(zip);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(place, bytes);
    const { defects } = await verifyPath(place);
    const shown = await shownAfter(page, () => dropOn(page, place));
    expect(shown.defects, `byte ${at}`).toEqual(
      defects.map(({ file, code }) => `${file} ${code}`).toSorted(),
    );
    expect(shown.defects, `byte ${at}`).not.toEqual([]);
  }
});

test("names that do harm are shown as text, with what cannot be seen in them", async (context) => {
  const { page, noted } = await opened(context);
  const names = ["<img src=x onerror=alert(1)>.csv", "a\u202Evsc.exe", "changes.csv", "SHA256SUMS"];
  const open = (): Promise<Readable> => Promise.resolve(Readable.from([Buffer.from("x")]));
  const members = names.map((path) => ({ path, bytes: 1, open }));
  await writeFile(join(folder, "harm.zip"), await buffer(zipOf(members)));
  const { defects } = await shownAfter(page, () => dropOn(page, join(folder, "harm.zip")));
  expect(defects).toContain("<img src=x onerror=alert(1)>.csv stranger");
  expect(defects).toContain(String.raw`a\u{202e}vsc.exe stranger`);
  expect(await page.locator("img").count()).toBe(0);
  expect(noted).toEqual([]);
});

test("what is no package is not called a changed one", { tags: ["long"] }, async (context) => {
  const { page } = await opened(context);
  const other = join(folder, "other");
  await mkdir(other);
  await writeFile(join(other, "a.txt"), "a");
  await writeFile(join(folder, "text.zip"), "no zip");
  const again = new ZipFile();
  for (const name of ["manifest.dsse.json", "SHA256SUMS", "changes.csv"])
    again.addFile(join(pristine, name), name);
  again.end();
  await writeFile(join(folder, "again.zip"), await buffer(again.outputStream as Readable));
  for (const [name, reason] of [
    ["other", "it holds none of the files of one"],
    ["text.zip", "it is neither a folder nor a zip"],
    ["again.zip", "another program zipped its files. Unpack it and verify the folder."],
  ] as const) {
    const shown = await shownAfter(page, () => dropOn(page, join(folder, name)));
    expect(shown.verdict, name).toBe("Not an evidence package");
    expect(shown.text, name).toContain(`${name} is not an evidence package: ${reason}`);
  }
  await mkdir(join(folder, "outer"));
  await damagedCopy(pristine, join(folder, "outer/package"), () => Promise.resolve());
  const outer = await shownAfter(page, () => dropOn(page, join(folder, "outer")));
  expect(outer.text).toContain("the one in it is, give package");
});

test("the page may reach nothing and run nothing but its own script", async (context) => {
  const { page } = await opened(context);
  let asked = 0;
  const server = createServer((_, answer) => {
    asked += 1;
    answer.end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const tried = await page.evaluate(`(async () => {
    const fetched = await fetch("${url}").then(() => "reached", () => "blocked");
    const image = await new Promise((end) => { const i = new Image(); i.onload = () => end("reached"); i.onerror = () => end("blocked"); i.src = "${url}"; });
    let written = "written";
    try { document.body.innerHTML = "<b>x</b>"; } catch { written = "blocked"; }
    let made = "made";
    try { new Function("return 1")(); } catch { made = "blocked"; }
    const script = document.createElement("script");
    try { script.textContent = "window.ran = true"; document.body.append(script); } catch {}
    return [fetched, image, written, made, String(window.ran)];
  })()`);
  expect(tried).toEqual(["blocked", "blocked", "blocked", "blocked", "undefined"]);
  expect(asked).toBe(0);
});

test("it is built to the same bytes again, and names nothing outside", async () => {
  const page = await readFile(join(folder, "verify.html"), "utf8");
  expect(await verifyPage()).toBe(page);
  expect(page).not.toMatch(/<(?:script|img|link|iframe)[^>]*\b(?:src|href)=/u);
  expect(page.match(/<\/script/gu)).toHaveLength(1);
  expect(page).not.toContain(process.cwd());
});
