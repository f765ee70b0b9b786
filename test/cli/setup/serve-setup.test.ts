import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { environmentAfterSetup } from "../../../src/cli/setup/before-serving.ts";
import { readSettings } from "../../../src/settings.ts";
import { githubOnAPort } from "../../support/github-on-a-port.ts";
import { emptyFolder, Person } from "./person.ts";

/** `serve --setup` up to the point from which it serves: its link, and the environment it goes on with. */
function begin(env: Readonly<Record<string, string>>): {
  readonly link: Promise<string>;
  readonly environment: ReturnType<typeof environmentAfterSetup>;
} {
  const link = Promise.withResolvers<string>();
  const environment = environmentAfterSetup({
    print: () => undefined,
    printError: (line) => {
      const found = /http:\S+\?token=\w+/u.exec(line);
      if (found !== null) link.resolve(found[0]);
    },
    env,
    interactive: false,
  });
  return { link: link.promise, environment };
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
