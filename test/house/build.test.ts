import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { isNode, nodesOf, parse, ROOT } from "./syntax.ts";

interface Packed {
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Below the project, so that what is built finds its packages; not `dist`, which others may be using. */
const OUT = join(ROOT, "coverage/build-test");
const MAIN = join(OUT, "src/cli/main.js");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
};

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH = "" } = process.env;
  return spawnSync(process.execPath, [...args], { cwd: ROOT, encoding: "utf8", env: { PATH, ...env } });
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
function commandsOf(...command: readonly string[]): readonly string[] {
  const { stdout } = run([MAIN, ...command, "--help"]);
  const section = stdout.split("Commands:\n")[1]?.split("\n\n")[0] ?? "";
  return [...section.matchAll(/^ {2}([a-z]+)/gmu)].map((match) => match[1] ?? "");
}

beforeAll(() => {
  const built = run(["scripts/build.ts", OUT]);
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
});

describe("the build", () => {
  it("starts by itself", () => {
    expect(manifest.bin).toEqual({ countersign: "dist/src/cli/main.js" });
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
      expect.arrayContaining(["src/cli/main.js", "src/main.js", "test/github/schemas/rest.json"]),
    );
    expect(files.filter((name) => /\.test\.|^test\/(?!github\/)|^bench|^scripts/u.test(name))).toEqual([]);
    expect(files.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))).toEqual([]);
  });

  it("asks at run time only for packages that are installed with it", () => {
    const wanted = new Set(
      builtFiles()
        .filter((name) => name.endsWith(".js"))
        .flatMap(packagesOf),
    );
    expect([...wanted].filter((name) => manifest.dependencies[name] === undefined)).toEqual([]);
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

describe("the published package", () => {
  it("holds what it needs and nothing else", () => {
    const npm = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const [packed] = JSON.parse(npm.stdout) as readonly Packed[];
    const paths = packed?.files.map((file) => file.path) ?? [];
    const beside = ["CHANGELOG.md", "LICENSE", "README.md", "app.yml", "demo/story.yaml", "package.json"];
    expect(paths.filter((path) => !path.startsWith("dist/")).toSorted()).toEqual(beside);
    expect(manifest.files).toContain("dist");
  });
});

describe("the commands in the documentation", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
    readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  );

  it("all exist", () => {
    const known = new Map(commandsOf().map((name) => [name, commandsOf(name)]));
    const named = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), "utf8");
      return [...text.matchAll(/(?:`|^ {4}|^\$ |^)countersign ([a-z]+)(?: ([a-z]+))?/gmu)].map((match) => ({
        page,
        command: match[1] ?? "",
        below: match[2] ?? "",
      }));
    });
    expect(named.length).toBeGreaterThan(10);
    const unknown = named.filter(({ command, below }) => {
      const subcommands = known.get(command);
      return subcommands === undefined || (subcommands.length > 0 && !subcommands.includes(below));
    });
    expect(unknown).toEqual([]);
  });
});
