import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeEach, describe, expect, test } from "vitest";

import { detourIn, envFileProblem } from "../../src/cli/input/env-file.ts";
import { TERMINAL_COMMANDS } from "../../src/cli/table.ts";
import { countersign, type Ended } from "../robustness/programs.ts";
import { folderOfTest } from "../support/folders.ts";

let folder = "";
beforeEach(() => {
  folder = folderOfTest("env");
});

/** Runs a command that reads nothing but where the log is, in the folder of the test. */
function listed(env: Readonly<Record<string, string>> = {}, args = ["deliveries", "list"]): Promise<Ended> {
  return countersign(args, env, false, folder);
}

describe("a file .env", () => {
  test(
    "is read from the working directory, also by Windows' line ends, and the environment wins",
    { tags: ["long"] },
    async () => {
      writeFileSync(
        join(folder, ".env"),
        "# ours\r\nDATABASE_URL=nonsense-of-the-file\r\nLOG_LEVEL=info\r\n",
      );
      const { code, stderr } = await listed();
      expect(code).toBe(2);
      expect(stderr).toContain("DATABASE_URL is no PostgreSQL address");
      const won = await listed({ DATABASE_URL: "postgres://u:p@127.0.0.1:1/d" });
      expect(won.code).toBe(3);
    },
  );

  test("may be another one, or none", { tags: ["long"] }, async () => {
    writeFileSync(join(folder, ".env"), "DATABASE_URL=nonsense\n");
    writeFileSync(join(folder, "other.env"), "DATABASE_URL=postgres://u:p@127.0.0.1:1/d\n");
    expect((await listed({ COUNTERSIGN_ENV_FILE: "other.env" })).code).toBe(3);
    expect((await listed({ COUNTERSIGN_ENV_FILE: "" })).stderr).not.toContain("DATABASE_URL");
    const missing = await listed({ COUNTERSIGN_ENV_FILE: "nowhere.env" });
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain(`${join(folder, "nowhere.env")} cannot be read (ENOENT)`);
  });

  test("that is a folder, as Docker makes one of a missing file, is named without a trace", async () => {
    mkdirSync(join(folder, ".env"));
    const { code, stderr } = await listed();
    expect(code).toBe(2);
    expect(stderr).toMatch(/\.env cannot be read \(EISDIR\): check path and rights/u);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("does not choose where a token of the environment goes", { tags: ["long"] }, async () => {
    writeFileSync(join(folder, ".env"), "GITHUB_API_URL=http://127.0.0.1:1\n");
    const args = ["audit", "acme/web", "--from", "2026-07-01", "--to", "2026-10-01"];
    const { code, stderr } = await listed({ GITHUB_TOKEN: "hush" }, args);
    expect(code).toBe(2);
    expect(stderr).toContain("sets GITHUB_API_URL, but GITHUB_TOKEN comes from the environment");
    // Side by side they go on, here to an address that is none.
    const own = await listed({ GITHUB_TOKEN: "hush", GITHUB_API_URL: "nonsense" }, args);
    expect(own.stderr).toContain("GITHUB_API_URL is not an address");
    writeFileSync(join(folder, ".env"), "GITHUB_API_URL=nonsense\nGITHUB_TOKEN=hush\n");
    expect((await listed({}, args)).stderr).toContain("GITHUB_API_URL is not an address");
  });

  test(
    "does not choose where the App's key of the environment goes, unless the environment names it",
    { tags: ["long"] },
    async () => {
      writeFileSync(join(folder, ".env"), "GITHUB_API_URL=http://127.0.0.1:1\nAPP_ID=1\n");
      const { code, stderr } = await listed({ PRIVATE_KEY: "hush" }, ["recheck", "acme/web#1"]);
      expect(code).toBe(2);
      expect(stderr).toContain("sets GITHUB_API_URL, but PRIVATE_KEY comes from the environment");
      const named = await listed({ PRIVATE_KEY: "hush", COUNTERSIGN_ENV_FILE: ".env" }, [
        "recheck",
        "acme/web#1",
      ]);
      expect(named.stderr).not.toContain("comes from the environment");
    },
  );

  test.each([
    "GITHUB_API_URL",
    "GHE_HOST",
    "GHE_PROTOCOL",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_USE_ENV_PROXY",
    "SSL_CERT_FILE",
  ])("sends no command's secret another way: %s", (way) => {
    const names = TERMINAL_COMMANDS.map(({ name }) => name);
    expect(names).toContain("recheck");
    for (const name of names) {
      const args = name === "policy" ? ["policy", "try"] : [name];
      const secret = name === "policy" || name === "audit" ? "GITHUB_TOKEN" : "PRIVATE_KEY";
      expect(detourIn({ [way]: "x" }, { [secret]: "hush" }, args)).toMatch(
        new RegExp(`${way}.*${secret}`, "u"),
      );
      // Beside the secret, or without one, it is what its author meant.
      expect(detourIn({ [way]: "x", [secret]: "hush" }, {}, args)).toBeNull();
      expect(detourIn({ [way]: "x" }, { [secret]: "hush", [way]: "y" }, args)).toBeNull();
      expect(detourIn({ PORT: "1" }, { [secret]: "hush" }, args)).toBeNull();
    }
  });

  test("that is broken is no reason to verify nothing", { tags: ["long"] }, async () => {
    writeFileSync(join(folder, ".env"), "what is this\n");
    expect((await listed()).code).toBe(2);
    expect((await listed({}, ["verify", "--help"])).code).toBe(0);
    expect((await listed({}, ["verify", "nothing"])).stderr).not.toContain(".env");
  });
});

test.each([
  ["APP_ID=1\n\n# more\nexport PORT = 80\nKEY=\"a\nb\nc\"\nOTHER='x'\nEMPTY=\n", null],
  ["KEY=-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/abc\n-----END RSA PRIVATE KEY-----\n", "line 2"],
  ["APP_ID= \nPORT=1\n", "line 1 with a blank and no value after =: remove the blank"],
  ['APP_ID=1\nKEY="begins\nand goes on\nPORT=1\n', "line 2 whose quote is never closed"],
  ["\uFEFFAPP_ID=1\n", "byte order mark"],
  ["A\0P\0P\0", "UTF-8"],
  ["APP_ID: 1\n", "line 1 that is no NAME=VALUE"],
])("%j is told as it is, without its values", (text, says) => {
  const problem = envFileProblem(text);
  if (says === null) expect(problem).toBeNull();
  else expect(problem).toContain(says);
  expect(problem ?? "").not.toMatch(/MIIE|begins/u);
});
