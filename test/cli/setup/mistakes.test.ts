/** What goes wrong on the way to an App that is registered and installed: each is told with its cure, in words, before anything is lost. */

import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Double } from "../../github/double.ts";
import { githubOnAPort, type ListeningDouble } from "../../support/github-on-a-port.ts";
import { countersign } from "../../robustness/programs.ts";
import {
  emptyFolder,
  freePort,
  Person,
  registeredOn,
  runSetup,
  startSetup,
  unescaped,
  type SetupRun,
} from "./person.ts";

const URL_OF_APP = "http://127.0.0.1:9";
const APP = { org: "acme", url: URL_OF_APP };

/** A private key of nobody's App. */
const OTHER_KEY = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`;

/** The setting that names the file with the settings. */
function inFile(path: string): { readonly COUNTERSIGN_ENV_FILE: string } {
  return { COUNTERSIGN_ENV_FILE: path };
}

/** Any user but root, who runs this test. */
const OTHER_USER = 65_534;

describe("a mistake on the command line", () => {
  test.each<readonly [string, readonly string[], string]>([
    ["no organisation", ["--url", URL_OF_APP], "Name the organisation that will own the App: --org acme."],
    ["an address as organisation", ["--org", "https://github.com/acme"], "give only its name, such as acme"],
    ["no address", ["--org", "acme"], "Give the address at which GitHub will reach the App: --url https://"],
    [
      "an address without https",
      ["--org", "acme", "--url", "countersign.example.com"],
      "write it with https://",
    ],
    [
      "no certificate",
      ["--org", "acme", "--url", "http://countersign.example.com"],
      "put a proxy with a certificate in front",
    ],
    [
      "an address with a query",
      ["--org", "acme", "--url", "https://c.example.com/?a=1"],
      "without user, ? and #",
    ],
    [
      "a name too long",
      ["--org", "acme", "--url", URL_OF_APP, "--name", "x".repeat(35)],
      "Give a shorter --name",
    ],
    ["no port", ["--port", "http"], "give a number from 0 to 65535"],
    ["no App id", ["--app-id", "Iv23liXYZ"], "is not a number above 0"],
    ["an id without a key", ["--app-id", "4711"], "Give both: --app-id"],
    [
      "a key that is not there",
      ["--app-id", "4711", "--private-key", "nowhere.pem"],
      "give the .pem file that GitHub had the browser download",
    ],
    [
      "a key that is none",
      ["--app-id", "4711", "--private-key", "other.pem"],
      "PRIVATE_KEY is public: give the private key",
    ],
    [
      "no webhook secret",
      ["--app-id", "4711", "--private-key", "other.pem"],
      "WEBHOOK_SECRET is missing: set it to the secret of the App's webhook",
    ],
    [
      "a host with https",
      ["--org", "acme", "--url", URL_OF_APP, "--host", "https://github.example.com"],
      "give it without https:// and path",
    ],
    ["an option that does not exist", ["--approver", "acme/core"], "Did you mean --approvers"],
  ])("is told with its cure: %s", async (_, args, cure) => {
    const folder = emptyFolder();
    const other = join(folder, "other.pem");
    writeFileSync(other, OTHER_KEY);
    const placed = args.map((arg) => (arg === "other.pem" ? other : arg));
    const { code, text } = await runSetup(placed, inFile(join(folder, ".env")));
    expect(code).toBe(2);
    expect(text).toContain(cure);
    expect(text).not.toMatch(/^\s+at /mu);
  });

  test("is told before anything is registered: a file that cannot be written", async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "file"), "");
    const args = ["--org", "acme", "--url", URL_OF_APP];
    for (const file of [join(folder, "file", ".env"), folder]) {
      const { code, text } = await runSetup(args, inFile(file));
      expect(code).toBe(2);
      expect(text).toMatch(
        /cannot be (?:written|read) \(\w+\): .*name another file with COUNTERSIGN_ENV_FILE, or use setup --print/u,
      );
    }
  });

  test.skipIf(process.getuid?.() !== 0)(
    "is told before anything is registered: a file that can be written beside, and not replaced",
    { tags: ["long"] },
    async () => {
      const folder = emptyFolder();
      chmodSync(folder, 0o1777);
      writeFileSync(join(folder, ".env"), "LOG_LEVEL=info\n");
      for (const place of [folder, join(folder, ".env")]) chownSync(place, OTHER_USER, OTHER_USER);
      const args = ["setup", "--org", "acme", "--url", URL_OF_APP];
      const { code, stderr } = await countersign(args, inFile(join(folder, ".env")), true);
      expect(stderr).toMatch(/\.env cannot be written \(EPERM\)/u);
      expect(code).toBe(2);
      expect(readdirSync(folder)).toEqual([".env"]);
    },
  );

  test.each<readonly [string, Readonly<Record<string, string>>, string, readonly string[], string]>([
    [
      "a secret in the file",
      { WEBHOOK_SECRET: "mine" },
      "WEBHOOK_SECRET=mine\n",
      [],
      "has WEBHOOK_SECRET already",
    ],
    [
      "a secret in the environment",
      { WEBHOOK_SECRET: "mine" },
      "",
      ["--force"],
      "The environment sets WEBHOOK_SECRET, which would win",
    ],
    [
      "an App in the environment",
      { APP_ID: "1" },
      "",
      ["--force"],
      "The environment sets APP_ID, which would win",
    ],
    [
      "another address",
      { COUNTERSIGN_BASE_URL: "https://old.example.com" },
      "",
      [],
      "COUNTERSIGN_BASE_URL is https://old.example.com: give the same with --url",
    ],
    [
      "another host",
      {},
      "GHE_HOST=old.example.com\n",
      ["--host", "new.example.com"],
      "GHE_HOST is old.example.com: give the same with --host",
    ],
  ])("is told before anything is registered, and replaces nothing: %s", async (_, env, text, more, cure) => {
    const file = join(emptyFolder(), ".env");
    writeFileSync(file, text);
    const told = await runSetup(["--org", "acme", "--url", URL_OF_APP, ...more], { ...env, ...inFile(file) });
    expect(told.code).toBe(2);
    expect(told.text).toContain(cure);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("is told: a port that another program uses", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const args = ["--org", "acme", "--url", URL_OF_APP, "--port", String(port)];
    const { code, text } = await runSetup(args, inFile(join(emptyFolder(), ".env")));
    expect(code).toBe(2);
    expect(text).toContain(`Cannot listen on 127.0.0.1:${port}: choose a free port`);
  });

  test.each<readonly [string, readonly string[], string]>([
    ["a team without its organisation", ["--approvers", "core"], "a team is written organisation/team"],
    ["a branch that no ruleset can name", ["--branches", "release/{1}"], "write each branch by itself"],
    ["a folder that holds a policy", ["--out", "there"], "countersign.yml. Name another folder with --out"],
  ])("is told before anything is registered, when only the policy is wrong: %s", async (_, args, cure) => {
    const folder = emptyFolder();
    writeFileSync(join(folder, "countersign.yml"), "mine");
    const placed = args.map((each) => (each === "there" ? folder : each));
    const { code, text } = await runSetup(
      ["--org", "acme", "--url", URL_OF_APP, ...placed],
      inFile(join(folder, ".env")),
    );
    expect(code).toBe(2);
    expect(text).toContain(cure);
    expect(text).not.toContain("?token=");
    expect(readFileSync(join(folder, "countersign.yml"), "utf8")).toBe("mine");
  });

  test("is told: no GitHub at that address", async () => {
    const { folder, env } = await registered();
    const port = await freePort();
    const { code, text } = await runSetup([], {
      ...env,
      ...inFile(join(folder, ".env")),
      GITHUB_API_URL: `http://127.0.0.1:${port}/api/v3`,
    });
    expect(code).toBe(3);
    expect(text).toContain(
      `GitHub cannot be reached at http://127.0.0.1:${port}/api/v3 (ECONNREFUSED): compare GHE_HOST or GITHUB_API_URL`,
    );
  });
});

/** A setup that waits for the browser. */
async function waiting(): Promise<{ github: ListeningDouble; run: SetupRun; link: string; envFile: string }> {
  const github = await githubOnAPort();
  const folder = emptyFolder();
  const envFile = join(folder, ".env");
  const run = startSetup({ ...github.env, COUNTERSIGN_DATA_DIR: folder }, { ...APP, envFile, wait: false });
  return { github, run, link: await run.link, envFile };
}

/** Ends a setup in the right way, which its mistakes must not have spoilt. */
async function finish(
  { run, envFile }: Awaited<ReturnType<typeof waiting>>,
  person: Person,
  link: string,
): Promise<void> {
  expect((await person.open(await person.register(link))).text).toContain("is registered");
  await run.ended;
  expect(readFileSync(envFile, "utf8")).toContain("APP_ID=");
}

describe("a mistake in the browser", () => {
  test("is told, and the right browser still gets on: no cookie, a used link, a wrong link", async () => {
    const begun = await waiting();
    const page = begun.link.replace(/\?.*/u, "");
    const [person, stranger] = [new Person(), new Person()];
    expect(await stranger.open(page)).toMatchObject({
      status: 403,
      text: expect.stringContaining("Open the link that the terminal or the log shows"),
    });
    expect(await stranger.open(`${page}?token=${"0".repeat(64)}`)).toMatchObject({
      status: 403,
      text: expect.stringContaining("This link was used already, or is not the one"),
    });
    await person.open(begun.link);
    expect(await stranger.open(begun.link)).toMatchObject({
      status: 403,
      text: expect.stringContaining("Start the setup again for a new one"),
    });
    await finish(begun, person, page);
  });

  test("is told, and saves nothing: a strange state, another browser, no code, a code of someone else's", async () => {
    const begun = await waiting();
    const page = begun.link.replace(/\?.*/u, "");
    const [person, stranger] = [new Person(), new Person()];
    const back = new URL(await person.register(begun.link));
    const changed = (name: string, value: string): string => {
      const url = new URL(back);
      url.searchParams.set(name, value);
      return url.href;
    };
    expect(await stranger.open(back.href)).toMatchObject({
      status: 403,
      text: expect.stringContaining("in the browser that registers the App"),
    });
    expect(await person.open(changed("state", "f".repeat(64)))).toMatchObject({
      status: 403,
      text: expect.stringContaining("belongs to no form of this setup"),
    });
    expect(await person.open(changed("code", "0123456789"))).toMatchObject({
      status: 403,
      text: expect.stringContaining("works once and for one hour. Try again"),
    });
    expect(await person.open(back.href), "the state works once").toMatchObject({ status: 403 });
    const again = new URL(
      (
        await person.press(
          await person.press({ ...(await person.open(page)), address: page }),
          "/setup/created",
        )
      ).address,
    );
    expect(again.searchParams.get("code")).toBe(null);
    expect(() => readFileSync(begun.envFile)).toThrow("ENOENT");
  });

  test("is told: a code that is older than an hour", async () => {
    const begun = await waiting();
    const page = begun.link.replace(/\?.*/u, "");
    const person = new Person();
    const back = await person.register(begun.link);
    const { world } = begun.github.double;
    world.setClock(world.now() + 61 * 60_000);
    expect(await person.open(back)).toMatchObject({
      status: 403,
      text: expect.stringContaining("works once and for one hour"),
    });
    // GitHub has the App already: it must be deleted there before another can have its name.
    forget(begun.github.double);
    await finish(begun, person, page);
  });

  test.each([
    ["GitHub does not answer", { kind: "server-error" }],
    ["GitHub asks for patience", { kind: "secondary-limit" }],
    ["GitHub bars the address, for now", { kind: "allow-list" }],
  ] as const)("loses no App: %s, and the same page loaded again exchanges the code", async (_, fault) => {
    const begun = await waiting();
    const { double } = begun.github;
    const person = new Person();
    const back = await person.register(begun.link);
    await double.act({ do: "github-fails", match: "/app-manifests", count: 1, ...fault });
    const failed = await person.open(back);
    expect(failed).toMatchObject({ status: 503, text: expect.stringContaining("The setup is not finished") });
    expect(failed.text).toContain("within the hour");
    const again = unescaped(/<a href="([^"]+)">Try again/u.exec(failed.text)?.[1] ?? "");
    expect((await person.open(new URL(again, back).href)).text).toContain("is registered");
    await begun.run.ended;
    expect(readFileSync(begun.envFile, "utf8")).toContain("APP_ID=");
    expect(registeredOn(begun.github)).toBeDefined();
  });

  test("loses no App: the page loaded twice at once exchanges the code once", async () => {
    const begun = await waiting();
    const person = new Person();
    const back = await person.register(begun.link);
    const pages = await Promise.all([person.open(back), person.open(back)]);
    expect(pages.map(({ text }) => text.includes("is registered"))).toEqual([true, true]);
    await begun.run.ended;
    expect(readFileSync(begun.envFile, "utf8").match(/^APP_ID=/gmu)).toHaveLength(1);
  });

  test("loses no key: the settings that cannot be saved after all are printed", async () => {
    const begun = await waiting();
    const folder = join(begun.envFile, "..");
    const person = new Person();
    const back = await person.register(begun.link);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "no folder any more");
    const page = await person.open(back);
    expect(page.text).toContain("is registered");
    expect(page.text).toContain("The terminal prints its settings");
    const { code, lines } = await begun.run.ended;
    expect(code).toBe(2);
    expect(begun.run.said.join("\n")).toMatch(/\.env cannot be written \(\w+\)/u);
    const app = registeredOn(begun.github);
    const values = parseEnv(lines.join("\n"));
    expect(values).toMatchObject({ APP_ID: String(app?.id), WEBHOOK_SECRET: app?.hook?.secret });
    expect(values["PRIVATE_KEY"]).toContain("PRIVATE KEY");
    expect(page.text).not.toContain(app?.hook?.secret);
  });

  test("is told: a name under which a page of a stranger may have sent the browser here", async () => {
    const { link } = await waiting();
    const answer = await new Person().openAs("rebound.example", link);
    expect(answer).toMatchObject({
      status: 421,
      text: expect.stringContaining("Open the link as it was printed"),
    });
    expect((await new Person().open(link)).status, "the token is still good").toBe(200);
  });
});

function forget({ world }: Double): void {
  for (const app of world.apps.values()) if (app.hook !== null) world.apps.delete(app.id);
}

/** An App that is registered and not installed, with its settings in a folder. */
async function registered(): Promise<{
  github: ListeningDouble;
  folder: string;
  env: Readonly<Record<string, string>>;
}> {
  const begun = await waiting();
  const person = new Person();
  await finish(begun, person, begun.link);
  const folder = join(begun.envFile, "..");
  return { github: begun.github, folder, env: { ...begun.github.env, COUNTERSIGN_DATA_DIR: folder } };
}

async function install(github: ListeningDouble): Promise<void> {
  const person = new Person();
  await person.press(await person.open(`${github.url}/apps/countersign-acme/installations/new`));
}

describe("a mistake after the registration", () => {
  test("is told: not installed, installed elsewhere, a wrong id, a wrong key, settings that are there already", async () => {
    const { github, folder, env } = await registered();
    const file = join(folder, ".env");
    const run = (
      args: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ): ReturnType<typeof runSetup> => runSetup(["--no-wait", ...args], { ...env, ...inFile(file), ...more });
    const missing = await run([]);
    expect(missing.code).toBe(1);
    expect(missing.text).toContain(
      `install it from ${github.url}/apps/countersign-acme/installations/new, then run countersign setup again`,
    );
    await install(github);
    expect((await run(["--org", "other"])).text).toContain("The App is not installed on other");
    expect((await run([], { APP_ID: "99" })).text).toMatch(
      /has no App 99: compare APP_ID with the App ID on the App's page on GitHub/u,
    );
    const { generateKeyPairSync } = await import("node:crypto");
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    expect((await run([], { PRIVATE_KEY: privateKey })).text).toMatch(
      /refuses the private key of App \d+: compare APP_ID .*, and the key's fingerprint SHA256:/u,
    );
    writeFileSync(join(folder, "app.pem"), privateKey);
    const over = await run(["--app-id", "99", "--private-key", join(folder, "app.pem")]);
    expect(over.code).toBe(2);
    expect(over.text).toContain(
      "has APP_ID and PRIVATE_KEY already: remove it there if it belongs to no App in use, or replace it with setup --force",
    );
    expect(readFileSync(file, "utf8")).not.toContain("APP_ID=99");
  });

  test("is told: a permission that is missing, and repositories that are left out", async () => {
    const { github, folder, env } = await registered();
    await install(github);
    for (const one of github.double.world.installations.values()) {
      one.permissions = { ...one.permissions, checks: "read" };
      one.repositorySelection = "selected";
    }
    const { text } = await runSetup([], { ...env, ...inFile(join(folder, ".env")) });
    expect(text).toContain(
      "it lacks checks: write (the check cannot be shown, and nothing is blocked). An owner can accept the request",
    );
    expect(text).toContain(
      "it covers selected repositories only, so the App cannot check others. Choose all repositories",
    );
  });

  test.each<readonly [string, readonly string[], string]>([
    ["too many approvals", ["--approvals", "99"], "approval.required"],
    ["a number in words", ["--approvals", "two"], "approval.required"],
    ["a team without its organisation", ["--approvers", "core"], "a team is written organisation/team"],
    ["a broken pattern", ["--ticket", "[A-Z"], "record.pattern"],
    ["a repository without its organisation", ["--deviations", "change-control"], "deviations.repository"],
    ["a branch that no ruleset can name", ["--branches", "release/{1}"], "write each branch by itself"],
  ])("is told: %s", async (_, args, cure) => {
    const { github, folder, env } = await registered();
    await install(github);
    const out = join(folder, "policy");
    const { code, text } = await runSetup(["--out", out, ...args], {
      ...env,
      ...inFile(join(folder, ".env")),
    });
    expect(code).toBe(2);
    expect(text).toContain(cure);
    expect(() => readFileSync(join(out, "countersign.yml"))).toThrow("ENOENT");
  });

  test("is told: a folder that holds a policy already", async () => {
    const { github, folder, env } = await registered();
    await install(github);
    const out = join(folder, "policy");
    mkdirSync(out);
    writeFileSync(join(out, "countersign.yml"), "mine");
    const { code, text } = await runSetup(["--out", out], { ...env, ...inFile(join(folder, ".env")) });
    expect(code).toBe(2);
    expect(text).toContain(
      `Already there, and kept: ${join(out, "countersign.yml")}. Name another folder with --out`,
    );
    expect(text).not.toContain("--force");
    expect(readFileSync(join(out, "countersign.yml"), "utf8")).toBe("mine");
  });
});
