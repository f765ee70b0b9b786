/** docs/terminal.md shows what the commands print. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { requestRecheck } from "../../src/cli/server/recheck.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { trial, type Trial } from "../github/stage.ts";
import { run } from "./run.ts";

const PAGE = new URL("../../docs/terminal.md", import.meta.url);

/** The files the page's commands are given. */
const FILES = {
  "typo.yml": "mode: enforced\napproval:\n  required: 2\n  form: { teams: [acme/reviewers] }\n",
  "organisation.yml":
    'mode: enforce\nproduction: { branches: [main, "release/**"] }\napproval: { required: 1, independence: strict }\n',
  "repository.yml":
    "mode: observe\nsince: 2026-01-01\napproval: { required: 2, independence: every-commit }\n",
};

const POLICY = "policy: { mode: enforce, approval: { required: 1 } }\n";
const STORY = `name: the page's
${POLICY}people: { ann: { permission: write }, bob: { permission: write }, eve: { permission: write } }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: feature, files: { src/a.ts: "1" } }
  - { do: review, by: bob, pull: 1, state: approved, after: 5m }
  - { do: push, by: ann, branch: feature, files: { src/a.ts: "2" }, after: 5m }
`;

const folder = mkdtempSync(join(tmpdir(), "countersign-page-"));
const home = process.cwd();
let harness: InProcessHarness;
let down: Trial;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const story = readStory(STORY, "the page");
  harness = await openHarness(story, "sqlite");
  await playScenario(story, harness);
  down = await trial({
    policy: { mode: "enforce" },
    people: { ann: { permission: "write" }, bob: { permission: "write" } },
  });
  await down.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "a.ts": "1" } });
  await down.play({ do: "review", by: "bob", pull: 1, state: "approved" });
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  await harness.close();
  await down.double.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command of the page prints; where it writes into a file, it is written. */
async function shown(command: string): Promise<string> {
  const [typed = "", file] = command.split(" > ");
  const args = typed.split(" ").slice(1);
  if (args[0] === "recheck") return recheckShown(args);
  const dataDir = "dataDir" in harness.where ? harness.where.dataDir : "";
  const { printed, said } = await run(args, { APP_ID: "4711", COUNTERSIGN_DATA_DIR: dataDir });
  if (file !== undefined) {
    writeFileSync(file, printed);
    return "";
  }
  return [...(said === "" ? [] : [said]), printed].join("\n");
}

async function recheckShown([, pull = "", ...rest]: readonly string[]): Promise<string> {
  const env = { APP_ID: "77", PRIVATE_KEY: down.privateKey, GITHUB_API_URL: "http://github.test/api/v3" };
  const terminal = { print: () => undefined, printError: () => undefined, env, interactive: false };
  const { lines } = await requestRecheck(terminal, pull, rest.includes("--post"), {
    now: () => down.double.world.now(),
    fetch: (input, init) => down.double.fetch(new Request(input, init)),
  });
  return lines.join("\n");
}

test("the page about the terminal shows what its commands print", async () => {
  let fresh = "";
  const page = readFileSync(PAGE, "utf8");
  for (const part of page.split(/(^```console\n[\s\S]*?^```$)/mu)) {
    if (!part.startsWith("```console\n")) {
      fresh += part;
      continue;
    }
    const lines: string[] = [];
    for (const [, command = ""] of part.matchAll(/^\$ (countersign .*)$/gmu)) {
      const printed = await shown(command);
      lines.push(`$ ${command}`, ...(printed === "" ? [] : [printed]));
    }
    fresh += `\`\`\`console\n${lines.join("\n")}\n\`\`\``;
  }
  expect(fresh).toContain("did you mean");
  await expect(fresh).toMatchFileSnapshot("../../docs/terminal.md");
});
