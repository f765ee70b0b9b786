/** @module-tag long */

import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { generateKeyPairSync } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { refusedBy } from "../../src/cli/node-version.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { run as runHere } from "../cli/run.ts";
import { entry } from "../ledger/sample.ts";
import { INHERITED, start } from "../robustness/programs.ts";
import { isWhole, sample } from "../support/effort.ts";
import { folderOfSuite, folderOfTest } from "../support/folders.ts";
import { NEWER, reachedFrom } from "./older-node.ts";
import { isNode, nodesOf, parse, ROOT } from "./syntax.ts";

interface Packed {
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Below the project, so that what is built finds its packages; not `dist`, which others may be using. */
const OUT = join(ROOT, "coverage/build-test");
const MAIN = join(OUT, "src/cli/main.js");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...INHERITED, ...env },
  });
}

function builtFiles(): readonly string[] {
  return readdirSync(OUT, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(OUT, name)).isFile(),
  );
}

/** The packages that built JavaScript asks for at run time. */
function packagesOf(file: string): readonly string[] {
  const source = parse(file, readFileSync(join(OUT, file), "utf8"));
  const named = source.items.map((item) => (isNode(item["source"]) ? String(item["source"]["value"]) : "."));
  const loaded = [...nodesOf(source.items)].flatMap((node) =>
    node.type === "CallExpression" && isNode(node["callee"]) && node["callee"].type === "Import"
      ? [...nodesOf(node["arguments"])].slice(0, 1).map((first) => String(first["value"]))
      : [],
  );
  return [...named, ...loaded]
    .filter((name) => !name.startsWith(".") && !isBuiltin(name))
    .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
}

/** The commands a `--help` lists. */
async function commandsOf(...command: readonly string[]): Promise<readonly string[]> {
  const { printed } = await runHere([...command, "--help"]);
  const section = printed.split("Commands:\n")[1]?.split("\n\n")[0] ?? "";
  return [...section.matchAll(/^ {2}([a-z-]+)/gmu)].map((match) => match[1] ?? "");
}

beforeAll(() => {
  // `npm run check` has checked the types before; when everything is tested it is built as it is published.
  const built = run(["scripts/build.ts", OUT, ...(isWhole ? [] : ["--unchecked"])]);
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
});

describe("the build", () => {
  it("starts by itself", () => {
    expect(manifest.bin).toEqual({ countersign: "bin/countersign.js" });
    expect(readFileSync(MAIN, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/u);
    expect(statSync(MAIN).mode & 0o111).toBe(0o111);
    const help = execFileSync(MAIN, ["--help"], {
      encoding: "utf8",
      env: { PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
    });
    expect(help).toContain("Usage: countersign");
  });

  it("holds the App and the double, and no tests, stories or benchmarks", () => {
    const files = builtFiles();
    expect(files).toEqual(
      expect.arrayContaining(["src/cli/main.js", "src/main.js", "demo/github/schemas/rest.json"]),
    );
    expect(files.filter((name) => !/^(?:src|demo)\//u.test(name) || name.includes(".test."))).toEqual([]);
    expect(files.filter((name) => name.endsWith(".ts"))).toEqual([]);
  });

  it.each([
    ["src/", "package.json"],
    ["demo/", "demo/package.json"],
  ])("asks in %s at run time for the packages of %s, and for no other", (folder, file) => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as typeof manifest;
    const built = builtFiles().filter((name) => name.startsWith(folder) && name.endsWith(".js"));
    const wanted = new Set(built.flatMap(packagesOf));
    expect([...wanted].filter((name) => dependencies[name] === undefined)).toEqual([]);
    const peers = [...wanted].flatMap((name) => {
      const text = readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8");
      return Object.keys((JSON.parse(text) as { peerDependencies?: object }).peerDependencies ?? {});
    });
    const used = new Set([...wanted, ...peers]);
    // Of some only files are read, such as fonts.
    const texts = built.map((name) => readFileSync(join(OUT, name), "utf8"));
    const isRead = (name: string): boolean =>
      texts.some((text) => text.includes(`"${name}/`) || text.includes(`\`${name}/`));
    expect(Object.keys(dependencies).filter((name) => !used.has(name) && !isRead(name))).toEqual([]);
  });

  it("loads for serving on SQLite no package that only other commands or stores need", () => {
    const listing = `
      import { registerHooks } from "node:module";
      const seen = new Set();
      registerHooks({
        resolve(name, context, next) {
          const found = next(name, context);
          const parts = found.url.split("/node_modules/").at(-1).split("/");
          if (found.url.includes("/node_modules/")) seen.add(parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/"));
          return found;
        },
      });
      await import(${JSON.stringify(join(OUT, "src/cli/program.js"))});
      await import(${JSON.stringify(join(OUT, "src/cli/serve.js"))});
      console.log([...seen].join(" "));`;
    const { stdout, stderr } = run(["--input-type=module", "--eval", listing]);
    expect(stderr).toBe("");
    const loaded = new Set(stdout.trim().split(" "));
    expect([...loaded]).toEqual(expect.arrayContaining(["kysely", "probot", "zod"]));
    const others = ["ajv", "d3-scale", "d3-shape", "graphql", "pg", "yazl"];
    expect(others.filter((name) => loaded.has(name))).toEqual([]);
  });

  it("exits 2 and names every missing setting when it is served without any", () => {
    const { status, stdout, stderr } = run([MAIN, "serve"]);
    expect(stdout + stderr).toContain("APP_ID");
    expect(stdout + stderr).toContain("PRIVATE_KEY");
    expect(stdout + stderr).toContain("WEBHOOK_SECRET");
    expect(stdout + stderr).not.toMatch(/\n\s+at /u);
    expect(status).toBe(2);
  });
});

const PACKAGE = join(ROOT, "test/golden/package");

/** The first Node of the PATH that is not this project's own and too old to serve; null where there is none. */
function olderNode(): string | null {
  for (const place of (process.env["PATH"] ?? "").split(delimiter)) {
    if (place.includes("node_modules")) continue;
    const { stdout } = spawnSync(join(place, "node"), ["--version"], { encoding: "utf8" });
    const major = Number(/^v(\d+)\./u.exec(stdout ?? "")?.[1] ?? Number.MAX_SAFE_INTEGER);
    if (major >= 20 && major < 24) return join(place, "node");
  }
  return null;
}

describe("on an older Node the build", () => {
  const node = olderNode();

  it.skipIf(node === null)("says which Node it needs, and exits 2", () => {
    for (const args of [["serve"], ["log", "head"], ["--help"]]) {
      const { status, stdout, stderr } = spawnSync(node ?? "", [MAIN, ...args], { encoding: "utf8" });
      expect(stderr).toMatch(/^Countersign needs Node 24\.15 or newer; this is 2\d\.\d+\.\d+\n$/u);
      expect([status, stdout]).toEqual([2, ""]);
    }
  });

  it("verifies by nothing that Node 20 lacks", () => {
    const files = reachedFrom(join(OUT, "src/cli/verify.js"));
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => NEWER.test(readFileSync(file, "utf8")))).toEqual([]);
  });

  it.skipIf(node === null)("verifies a package, and names what is wrong with one", () => {
    const whole = spawnSync(node ?? "", [MAIN, "verify", PACKAGE], { encoding: "utf8" });
    expect([whole.status, whole.stderr]).toEqual([0, ""]);
    expect(whole.stdout).toContain("The package is whole");
    const copy = folderOfTest("verify");
    cpSync(PACKAGE, copy, { recursive: true });
    appendFileSync(join(copy, "changes.csv"), "one row more\n");
    const changed = spawnSync(node ?? "", [MAIN, "verify", copy], { encoding: "utf8" });
    expect([changed.status, changed.stderr]).toEqual([1, ""]);
    expect(changed.stdout).toContain("changes.csv");
  });
});

describe("whoever reads the output of the build and is gone at once", () => {
  /** Runs it with one of its outputs closed; answers what it said on the other and its exit code. */
  async function unread(
    closed: "stdout" | "stderr",
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly [said: string, code: number | null]> {
    const child = start(MAIN, args, { cwd: ROOT, env: { ...INHERITED, ...env } });
    const [read, other] = closed === "stdout" ? [child.stdout, child.stderr] : [child.stderr, child.stdout];
    read.destroy();
    const [said] = await Promise.all([text(other), once(child, "close")]);
    return [said, child.exitCode];
  }

  let data = "";
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), "countersign-unread-"));
    const ledger = await openLedger({ dataDir: data });
    await ledger.record({ entries: [entry("one", 1), entry("two", 2)], actions: [] }, 1_000);
    await ledger.close();
  });
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  const place = folderOfSuite("unread-key");
  const other = join(place, "other.pem");
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(other, publicKey.export({ type: "spki", format: "pem" }));

  const COMMANDS = [
    [["--help"], 0],
    [["log", "--help"], 0],
    [["log", "verify"], 0],
    [["log", "head", "--json"], 0],
    [["log", "show", "tags", "one"], 0],
    [["verify", PACKAGE], 0],
    [["verify", PACKAGE, "--public-key", other], 1],
    [["verify", join(ROOT, "nowhere"), "--json"], 2],
    [["policy", "check", join(ROOT, "docs/example-policy.yml")], 0],
    [["policy", "check", join(ROOT, "package.json"), "--json"], 1],
  ] as const;

  it.each(sample(COMMANDS, 4))(
    "hears nothing more of %j, which ends with its own code",
    async (args, code) => {
      expect(await unread("stdout", args, { COUNTERSIGN_DATA_DIR: data })).toEqual(["", code]);
    },
  );

  it("ends what was still at it as a closed pipe ends any program", async () => {
    const out = folderOfTest("unread-demo");
    expect(await unread("stdout", ["demo", "--story", join(ROOT, "demo/story.yaml"), "--out", out])).toEqual([
      "",
      141,
    ]);
  });

  it("does not disturb what is said elsewhere", async () => {
    expect(await unread("stderr", ["no-such-command"])).toEqual(["", 2]);
    expect(await unread("stderr", ["serve"])).toEqual(["", 2]);
    expect((await unread("stderr", ["verify", PACKAGE]))[0]).toContain("The package is whole");
  });
});

describe("the published packages", () => {
  /** The paths a package is packed with, without those below the folders of its program. */
  function packed(folder: string, program: string): readonly string[] {
    const args = ["pack", folder, "--dry-run", "--json", "--ignore-scripts"];
    const npm = spawnSync("npm", args, { cwd: ROOT, encoding: "utf8" });
    const [found] = JSON.parse(npm.stdout) as readonly Packed[];
    return (found?.files ?? [])
      .map(({ path }) => path)
      .filter((path) => !path.startsWith(program))
      .toSorted();
  }

  it("hold what they need and nothing else", () => {
    const beside = ["CHANGELOG.md", "LICENSE", "README.md", "app.yml", "bin/countersign.js", "package.json"];
    expect(packed(".", "dist/src/")).toEqual(beside);
    expect(packed(join(OUT, "demo"), "github/")).toEqual([
      "LICENSE",
      "package.json",
      "story.yaml",
      "verify.html",
    ]);
  });

  /** Installs them as npm does, with the packages their manifests name and no other; returns the program. */
  function installed(...names: readonly string[]): string {
    const prefix = folderOfTest("installed");
    const modules = join(prefix, "node_modules");
    const main = join(modules, "countersign");
    for (const name of ["bin", "package.json", "app.yml"])
      cpSync(join(ROOT, name), join(main, name), { recursive: true });
    cpSync(join(OUT, "src"), join(main, "dist/src"), { recursive: true });
    if (names.includes("countersign-demo"))
      cpSync(join(OUT, "demo"), join(modules, "countersign-demo"), { recursive: true });
    for (const name of ["countersign", ...names]) {
      const file = readFileSync(join(modules, name, "package.json"), "utf8");
      for (const each of Object.keys((JSON.parse(file) as typeof manifest).dependencies)) {
        const place = join(modules, each);
        mkdirSync(dirname(place), { recursive: true });
        if (!existsSync(place)) symlinkSync(realpathSync(join(ROOT, "node_modules", each)), place);
      }
    }
    return join(main, "bin/countersign.js");
  }

  it("verify without the simulated GitHub, and say where it comes from", () => {
    const program = installed();
    expect(run([program, "--version"]).stdout).toBe("0.1.0\n");
    expect(run([program, "verify", PACKAGE])).toMatchObject({ status: 0, stderr: "" });
    const out = folderOfTest("no-demo");
    const { status, stderr } = run([program, "demo", "--out", out]);
    expect([status, stderr]).toEqual([
      2,
      "error: The simulated GitHub comes in a package of its own: npm install countersign-demo@0.1.0\n",
    ]);
  });

  it("play stories together", () => {
    const program = installed("countersign-demo");
    const story = join(ROOT, "test/scenarios/notified-deviation.yaml");
    const played = run([program, "scenario", "run", isWhole ? join(ROOT, "demo/story.yaml") : story]);
    expect([played.status, played.stderr]).toEqual([0, ""]);
    expect(played.stdout).toContain("1 of 1 scenarios went as written");
  });
});

describe("the program that every installation starts", () => {
  const bin = join(ROOT, "bin/countersign.js");
  const version = (program: string, node: string): string =>
    spawnSync(node, [program, "--version"], { encoding: "utf8" }).stdout;

  it("runs a clone's sources, and where there are none what was built", () => {
    expect(version(bin, process.execPath)).toBe("0.1.0\n");
    const installed = mkdtempSync(join(ROOT, "coverage/installed-"));
    onTestFinished(() => rmSync(installed, { recursive: true, force: true }));
    for (const name of ["bin", "package.json"])
      cpSync(join(ROOT, name), join(installed, name), { recursive: true });
    cpSync(OUT, join(installed, "dist"), { recursive: true });
    expect(version(join(installed, "bin/countersign.js"), process.execPath)).toBe("0.1.0\n");
  });

  it("names the same oldest Node as the program", () => {
    expect(readFileSync(bin, "utf8")).toContain(refusedBy("20.0.0", [])?.replace("20.0.0", ""));
  });

  it("is the command of the image too", () => {
    const image = readFileSync(join(ROOT, "Dockerfile"), "utf8");
    const final = image.slice(image.lastIndexOf("\nFROM "));
    expect(final).toContain("\nCOPY bin bin\n");
    expect(final).toContain("ln -s /app/bin/countersign.js /usr/local/bin/countersign");
    expect(final).toMatch(/^ENTRYPOINT \["node", .*"bin\/countersign\.js"\]$/mu);
    expect(readFileSync(join(ROOT, ".dockerignore"), "utf8")).toContain("\n!bin\n");
  });
});

describe("the commands in the documentation", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
    readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  );

  it("all exist, and every command is in it", async () => {
    const known = new Map<string, readonly string[]>();
    for (const name of await commandsOf()) known.set(name, await commandsOf(name));
    const named = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), "utf8");
      return [
        ...text.matchAll(/(?:`|^ {4}(?:.* )?|^\$ |^)countersign (?:-- )?([a-z-]+)(?: ([a-z-]+))?/gmu),
      ].map((match) => ({
        page,
        command: match[1] ?? "",
        below: match[2] ?? "",
      }));
    });
    const documented = new Set(named.map(({ command }) => command));
    expect([...known.keys()].filter((name) => name !== "help" && !documented.has(name))).toEqual([]);
    const unknown = named.filter(({ command, below }) => {
      const subcommands = known.get(command);
      return subcommands === undefined || (subcommands.length > 0 && !subcommands.includes(below));
    });
    expect(unknown).toEqual([]);
  });
});
