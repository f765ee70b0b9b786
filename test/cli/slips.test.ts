/** A slip of the user's is told as one, in a sentence that names the cure: never as a bug, a forgery or another's fault. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";
import { ZipFile } from "yazl";

import { openLedger } from "../../src/ledger/open.ts";
import { run } from "./run.ts";
import { folderOfSuite } from "../support/folders.ts";

const folder = folderOfSuite("slips");

const PACKAGE = fileURLToPath(new URL("../golden/package", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A zip as any other program makes it. */
async function zip(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const made = new ZipFile();
  for (const [path, text] of Object.entries(files)) made.addBuffer(Buffer.from(text), path);
  made.end();
  const path = join(folder, name);
  writeFileSync(path, await buffer(made.outputStream));
  return path;
}

const KEY = "-----BEGIN %-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSk\n-----END %-----\n";

describe("verify: what is no package is not called a changed one", () => {
  const sentence = async (...args: readonly string[]): Promise<string> => {
    const { code, printed, said } = await run(["verify", ...args]);
    expect([code, printed]).toEqual([2, ""]);
    expect(said.split("\n")).toHaveLength(1);
    return said;
  };

  test("another file, an empty one, another folder, an empty one, another zip", async () => {
    for (const name of ["README.md", "package.json", "src"])
      expect(await sentence(join(ROOT, name))).toContain(`${join(ROOT, name)} is not an evidence package`);
    for (const text of ["", "x", "<!doctype html><title>Sign in</title>"])
      expect(await sentence(file("saved.zip", text))).toContain("neither a folder nor a zip");
    mkdirSync(join(folder, "bare"));
    expect(await sentence(join(folder, "bare"))).toContain("holds none of the files of one");
    expect(await sentence(await zip("other.zip", { "a.txt": "a", "manifest.json": "{}" }))).toContain(
      "holds none of the files of one",
    );
  });

  test("a file of a package, and the folder above one, lead to the package", async () => {
    expect(await sentence(join(PACKAGE, "manifest.json"))).toContain(`give ${PACKAGE}`);
    expect(await sentence(join(PACKAGE, ".."))).toContain(`give ${PACKAGE}`);
  });

  test("a package that was zipped by another program is to be unpacked", async () => {
    const files = Object.fromEntries(
      ["manifest.dsse.json", "SHA256SUMS", "manifest.json"].map((name) => [
        name,
        readFileSync(join(PACKAGE, name), "utf8"),
      ]),
    );
    expect(await sentence(await zip("again.zip", files))).toContain("Unpack it and verify the folder");
    const below = Object.fromEntries(Object.entries(files).map(([name, text]) => [`evidence/${name}`, text]));
    expect(await sentence(await zip("below.zip", below))).toContain("Unpack it and verify the folder");
  });

  test("what is no public key is not taken for another signer's", async () => {
    const wrong = (name: string, text: string): Promise<string> =>
      sentence(PACKAGE, "--public-key", file(name, text));
    expect(await sentence(PACKAGE, "--public-key", join(ROOT, "README.md"))).toContain("is no public key");
    expect(await wrong("own.pem", KEY.replaceAll("%", "PRIVATE KEY"))).toContain("it holds a private key");
    expect(await wrong("cert.pem", KEY.replaceAll("%", "CERTIFICATE"))).toContain("it holds a certificate");
    expect(await wrong("rsa.pem", KEY.replaceAll("%", "PUBLIC KEY"))).toContain(
      "it holds a public key of another kind",
    );
    expect(await sentence(PACKAGE, "--public-key", folder)).toContain("cannot be read");
  });

  test("a package whose seal was taken away is still a changed package", async () => {
    for (const taken of ["manifest.dsse.json", "SHA256SUMS", "START-HERE.html"]) {
      const copy = mkdtempSync(join(folder, "copy-"));
      for (const name of ["manifest.dsse.json", "SHA256SUMS", "START-HERE.html", "manifest.json"])
        if (name !== taken) writeFileSync(join(copy, name), readFileSync(join(PACKAGE, name)));
      const { code, printed } = await run(["verify", copy]);
      expect(code).toBe(1);
      expect(printed).toContain("do not rely on this package");
    }
  });
});

test("verify: a damaged zip of a package is not told as a slip", async () => {
  const whole = join(folder, "whole.zip");
  const made = new ZipFile();
  for (const name of ["manifest.dsse.json", "SHA256SUMS", "manifest.json"])
    made.addFile(join(PACKAGE, name), name, { compress: false });
  made.end();
  const bytes = await buffer(made.outputStream);
  for (const place of [0, 1, 3, 40, bytes.length - 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[place]! ^= 1;
    writeFileSync(whole, changed);
    expect((await run(["verify", whole])).code, `byte ${place}`).toBe(1);
  }
  writeFileSync(whole, bytes.subarray(0, bytes.length / 2));
  expect((await run(["verify", whole])).code).toBe(1);
});

describe("--json: wrong use is told to machines as data, with exit code 2", () => {
  test.each([
    [["bogus", "--json"], "unknown command 'bogus'"],
    [["verify", "--json"], "missing required argument 'path'"],
    [["export", "--json"], "required option '--org <login>' not specified"],
    [["log", "show", "gate", "a", "--nothing", "--json"], "unknown option '--nothing'"],
    [["deliveries", "list", "--limit", "none", "--json"], "not a number above 0"],
    [["export", "--org", "acme", "--period", "2026-Q3", "--out", "x", "--json"], "WEBHOOK_SECRET"],
  ])("%j", async (args, text) => {
    const { code, printed, said } = await run(args);
    expect([code, said]).toEqual([2, ""]);
    expect(JSON.parse(printed)).toEqual({ error: expect.stringContaining(text), code: null });
    expect(printed).not.toContain('"error: ');
  });
});

describe("a typing error makes no evidence log", () => {
  const commands = [
    ["log", "migrate"],
    ["deliveries", "replay", "d-1"],
    ["deviation", "cause", "DEV-0", "tooling", "--as", "ann"],
    ["monitoring", "sign-off", "checks-passed", "2026-07", "--as", "ann", "--comment", "x"],
  ];
  test.each(commands)("%s %s", async (...args) => {
    const place = join(folder, "mistyped");
    const { code, said } = await run(args, { COUNTERSIGN_DATA_DIR: place });
    expect(code).toBe(3);
    expect(said).toContain(`There is no evidence log at ${join(place, "countersign.sqlite")}`);
    expect(existsSync(place)).toBe(false);
  });

  test("a log that is there is migrated", async () => {
    const place = join(folder, "there");
    await (await openLedger({ dataDir: place })).close();
    expect(await run(["log", "migrate"], { COUNTERSIGN_DATA_DIR: place })).toMatchObject({ code: 0 });
  });
});
