/**
 * The page on installing, followed as it is written, against the double: every command of it, run by npm in a folder of its own.
 *
 * @module-tag long
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { STARTER_QUESTIONS, type StarterAnswers } from "../../../src/cli/setup/starter.ts";
import { githubOnAPort, type ListeningDouble } from "../../support/github-on-a-port.ts";
import { emptyFolder, freePort, Person } from "./person.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** The page, and the lines of it that a reader types. */
const PAGE = readFileSync(join(ROOT, "docs/install.md"), "utf8");
const COMMANDS = [...PAGE.matchAll(/^ {4}(\S.*)$/gmu)].map((match) => match[1] ?? "");

/** A folder as `git clone` and `npm ci` leave it. */
function checkout(): string {
  const folder = join(emptyFolder(), "countersign");
  mkdirSync(folder);
  for (const name of readdirSync(ROOT))
    if (!name.startsWith(".") && name !== "data") symlinkSync(join(ROOT, name), join(folder, name));
  return folder;
}

/** A command of the page under way: what it has printed, and its end. */
interface Running {
  readonly printed: () => string;
  /** Resolves when the command has printed something like this. */
  readonly until: (pattern: RegExp) => Promise<string>;
  readonly ended: Promise<number | null>;
  readonly stop: () => void;
}

function start(command: string, cwd: string, env: Readonly<Record<string, string>>): Running {
  const [program = "", ...args] = command.split(" ");
  const { PATH: path = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  // The machine's own Node, as a reader has it: npm finds the one that it installed.
  const PATH = path
    .split(":")
    .filter((each) => !each.includes("node_modules"))
    .join(":");
  const child = spawn(program, args, {
    cwd,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
    detached: true,
  });
  let printed = "";
  const waiting = new Set<() => void>();
  const add = (part: Buffer): void => {
    printed += part.toString();
    for (const each of waiting) each();
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  const stop = (): void => {
    // npm and the program that it started.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  onTestFinished(stop);
  const ended = once(child, "close").then(([code]) => code as number | null);
  const until = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(printed);
        if (found === null) return;
        waiting.delete(look);
        resolve(found[0]);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`${command} ended without ${pattern}:\n${printed}`)));
    });
  return { printed: () => printed, until, ended, stop };
}

/** What `gh api` sends, as the organisation's owner. */
async function gh(github: ListeningDouble, command: string, cwd: string): Promise<number> {
  const [, path = "", file = ""] = /^gh api (\S+) --input (\S+)$/u.exec(command) ?? [];
  const token = "ghp_of_the_owner";
  const { world } = github.double;
  world.tokens.set(token, {
    token,
    kind: "user",
    installationId: null,
    accountId: world.accountByLogin("acme-owner")?.id ?? 0,
    permissions: {},
    repositoryIds: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });
  const headers = { authorization: `token ${token}` };
  const body = readFileSync(join(cwd, file));
  return (await fetch(`${github.env.GITHUB_API_URL}/${path}`, { method: "POST", headers, body })).status;
}

/** What the page calls the questions of `setup`. */
const ASKED: Readonly<Record<keyof StarterAnswers, string>> = {
  approvers: "who approves",
  approvals: "how many approvals",
  branches: "production branches",
  environments: "production environments",
  ticket: "tickets",
  onCall: "who is on call",
  deviations: "a repository for deviations",
  owner: "who watches",
};

test("the page on installing lists each question of setup, in its order", () => {
  const asked = STARTER_QUESTIONS.map(({ key }) => ASKED[key]).join(", ");
  expect(PAGE.replaceAll(/\s+/gu, " ")).toContain(`asks for a first policy: ${asked}.`);
});

test("the page on installing leads from nothing to a green required check", async () => {
  const [clone, enter, install, setup = "", serve = "", doctor = "", require = "", ...more] = COMMANDS;
  expect([clone, enter, install, more]).toEqual([
    "git clone https://github.com/countersign/countersign.git",
    "cd countersign",
    "npm ci",
    [],
  ]);
  const people = { ann: { permission: "write" }, bob: { permission: "write" } } as const;
  const github = await githubOnAPort({ people, repositories: { ".github": {} } });
  const folder = checkout();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...github.env, PORT: String(port) };

  // Without a terminal nobody is asked: the option takes the answers in brackets.
  const command = `${setup.replace("https://countersign.example.com", url)} --out countersign-policy`;
  const registering = start(command, folder, env);
  const person = new Person();
  const done = await person.open(await person.register(await registering.until(/http:\S+\?token=\w+/u)));
  const installLink = /id="install" href="([^"]+)"/u.exec(done.text)?.[1] ?? "";
  await person.press(await person.open(installLink));
  expect(await registering.ended, registering.printed()).toBe(0);
  expect(registering.printed()).toContain("it grants every permission the App needs");

  const app = start(serve, folder, env);
  await app.until(/Countersign listens on http/u);
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);

  const act = async (step: Readonly<Record<string, unknown>>): Promise<void> =>
    expect(await github.double.act(step), JSON.stringify(step)).toMatchObject({ ok: true });
  const policy = readFileSync(join(folder, "countersign-policy/countersign.yml"), "utf8");
  await act({
    do: "open-pull-request",
    by: "ann",
    repository: ".github",
    pull: 1,
    branch: "policy",
    files: { ".github/countersign.yml": policy },
  });
  await act({ do: "merge", by: "ann", repository: ".github", pull: 1 });

  const looking = start(doctor, folder, env);
  await looking.ended;
  expect(looking.printed()).toContain("ok     installation on acme");
  expect(await gh(github, require, folder)).toBe(201);

  await act({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "src/a.ts": "1" } });
  const check = (): unknown => {
    const { world } = github.double;
    const web = world.repository("acme", "web")?.repository;
    const checks = [...(web?.checkRuns.values() ?? [])];
    return checks.map(({ name, conclusion }) => `${name}: ${conclusion}`);
  };
  await expect.poll(check).toEqual(["countersign: success"]);
  await act({ do: "review", by: "bob", pull: 1, state: "approved" });
  await act({ do: "merge", by: "ann", pull: 1, method: "squash" });
  expect(github.double.world.breaches).toEqual([]);
  app.stop();
  await app.ended;
});
