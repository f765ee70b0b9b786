import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { environmentAfterSetup } from "../../../src/cli/setup/before-serving.ts";
import { readSettings } from "../../../src/settings.ts";
import { githubOnAPort } from "../../support/github-on-a-port.ts";
import { INHERITED, PROGRAM, start } from "../../robustness/programs.ts";
import { emptyFolder, Person, registeredOn, startSetup } from "./person.ts";

/** `serve --setup` up to the point from which it serves: its link, and the environment it goes on with. */
function begin(env: Readonly<Record<string, string>>): {
  readonly link: Promise<string>;
  readonly environment: ReturnType<typeof environmentAfterSetup>;
  readonly said: readonly string[];
} {
  const said: string[] = [];
  const link = Promise.withResolvers<string>();
  const environment = environmentAfterSetup({
    print: () => undefined,
    printError: (line) => {
      said.push(line);
      const found = /http:\S+\?token=\w+/u.exec(line);
      if (found !== null) link.resolve(found[0]);
    },
    env,
    interactive: false,
  });
  return { link: link.promise, environment, said };
}

describe("serve --setup", () => {
  test("asks on its page for what it must know, registers the App, and goes on with its settings", async () => {
    const github = await githubOnAPort();
    const file = join(emptyFolder(), "env");
    const { link, environment } = begin({ ...github.env, PORT: "0", COUNTERSIGN_ENV_FILE: file });
    const person = new Person();
    const first = await person.open(await link);
    const { origin } = new URL(first.address);
    expect(first.text).toContain('name="organization"');
    const wrong = await person.open(`${origin}/setup?organization=acme%2Fweb&url=http://c.example.com`);
    expect(wrong).toMatchObject({
      status: 400,
      text: expect.stringContaining("give only its name, such as acme"),
    });
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    const unready = await fetch(`${origin}/readyz`);
    expect(unready.status).toBe(503);
    expect(await unready.text()).toContain("The App is not registered yet: open the link in the log.");
    expect((await fetch(`${origin}/api/github/webhooks`, { method: "POST" })).status).toBe(503);

    const form = await person.open(
      `${origin}/setup?organization=acme&url=https%3A%2F%2Fcountersign.example.com%2F`,
    );
    const back = (await person.press(await person.press(form), "/setup/created")).address;
    expect(back).toContain(`${origin}/setup/created?code=`);
    expect((await person.open(back)).text).toContain("Countersign (acme) is registered");
    const env = await environment;
    expect(readSettings(env)).toMatchObject({
      ok: true,
      settings: { baseUrl: "https://countersign.example.com" },
    });
    expect(parseEnv(readFileSync(file, "utf8"))["APP_ID"]).toBe(env["APP_ID"]);
    await expect(fetch(`${origin}/setup`)).rejects.toThrow();
  });

  test("keeps the key of a registered App until its settings can be saved, and asks GitHub once", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const file = join(folder, "env");
    const base = { PORT: "0", COUNTERSIGN_ENV_FILE: file, COUNTERSIGN_DATA_DIR: join(emptyFolder(), "data") };
    const { link, environment, said } = begin({ ...github.env, ...base });
    const person = new Person();
    const { origin } = new URL((await person.open(await link)).address);
    const form = await person.open(`${origin}/setup?organization=acme&url=https%3A%2F%2Fc.example.com`);
    const back = (await person.press(await person.press(form), "/setup/created")).address;
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "no folder any more");
    const failed = await person.open(back);
    expect(failed).toMatchObject({ status: 503, text: expect.stringContaining("The setup is not finished") });
    expect(failed.text).toContain("cannot be written");
    const app = registeredOn(github);
    expect(said.join("\n")).toContain("cannot be written");
    expect(`${failed.text}${said.join("\n")}`).not.toContain(app?.hook?.secret);
    rmSync(folder);
    expect((await person.open(back)).text).toContain("is registered");
    expect((await environment)["APP_ID"]).toBe(String(app?.id));
    expect(parseEnv(readFileSync(file, "utf8"))).toMatchObject({ WEBHOOK_SECRET: app?.hook?.secret });
  });

  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ["an interval", { COUNTERSIGN_POLL: "often" }, "COUNTERSIGN_POLL is no interval"],
    [
      "a database without a key",
      { DATABASE_URL: "postgres://u:p@127.0.0.1/d" },
      "COUNTERSIGN_SIGNING_KEY is missing",
    ],
    ["a session's key", { COUNTERSIGN_SESSION_SECRET: "short" }, "COUNTERSIGN_SESSION_SECRET is too short"],
    ["an address", { COUNTERSIGN_BASE_URL: "http://c.example.com" }, "is not encrypted"],
    ["a name that is nearly one", { COUNTERSIGN_POL: "1m" }, "rename it to COUNTERSIGN_POLL"],
  ])("registers no App that could not start, neither does setup: %s", async (_, wrong, problem) => {
    const file = join(emptyFolder(), ".env");
    const env = { ...wrong, PORT: "0", COUNTERSIGN_ENV_FILE: file };
    const { environment, said } = begin(env);
    await expect(environment).rejects.toThrow(problem);
    const url = wrong["COUNTERSIGN_BASE_URL"] ?? "https://c.example.com";
    const run = startSetup(env, { envFile: file, org: "acme", url });
    expect(await run.ended).toMatchObject({ code: 2, lines: [expect.stringContaining(problem)] });
    expect(`${said.join("\n")}${run.said.join("\n")}`).not.toContain("?token=");
  });

  test.each([
    ["serve --setup", "SIGTERM", 0],
    ["serve --setup", "SIGINT", 0],
    ["setup --org acme --url https://c.example.com", "SIGTERM", 143],
    ["setup --org acme --url https://c.example.com", "SIGINT", 130],
  ] as const)(
    "%s ends by itself at %s, which a container's first process would ignore",
    { tags: ["long"] },
    async (line, signal, code) => {
      const folder = emptyFolder();
      const env = { ...INHERITED, COUNTERSIGN_ENV_FILE: join(folder, ".env"), PORT: "0" };
      const child = start(PROGRAM, line.split(" "), { env, cwd: folder });
      child.stderr.on("data", (part: Buffer) => {
        if (part.toString().includes("?token=")) child.kill(signal);
      });
      expect(await once(child, "close")).toEqual([code, null]);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("serves no page where there is an App, nor where a setting is wrong", async () => {
    const env = { APP_ID: "4711", PRIVATE_KEY: "none" };
    expect(await begin(env).environment).toEqual(env);
    const wrong = begin({ PORT: "many", COUNTERSIGN_ENV_FILE: join(emptyFolder(), ".env") });
    await expect(wrong.environment).rejects.toThrow("PORT is no port: set it to a number from 0 to 65535.");
  });

  test("is opened under the App's own name by a proxy, and GitHub sends the browser back there", async () => {
    const github = await githubOnAPort();
    const env = { ...github.env, PORT: "0", COUNTERSIGN_BASE_URL: "https://countersign.example.com" };
    const { link, environment } = begin({ ...env, COUNTERSIGN_ENV_FILE: join(emptyFolder(), ".env") });
    const { origin, search } = new URL(await link);
    const proxied = { host: "countersign.example.com" };
    const person = new Person();
    await person.openAs(proxied.host, `${origin}/setup${search}`);
    const form = await person.openAs(proxied.host, `${origin}/setup?organization=acme`);
    expect(form.text).toContain("https://countersign.example.com/setup/created");
    expect(form.text).toContain("https://countersign.example.com/api/github/webhooks");
    expect((await person.openAs("elsewhere.example.com", `${origin}/setup`)).status).toBe(421);
    const back = new URL((await person.press(await person.press(form), "/setup/created")).address);
    expect(back.origin).toBe("https://countersign.example.com");
    await person.openAs(proxied.host, `${origin}${back.pathname}${back.search}`);
    expect(readSettings(await environment)).toMatchObject({ ok: true });
  });
});
