import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { parsePolicy } from "../../../src/domain/policy/file/parse.ts";
import { githubOnAPort } from "../../support/github-on-a-port.ts";
import { emptyFolder, Person, startSetup } from "./person.ts";

const APP = { org: "acme", url: "http://127.0.0.1:9" };

describe("setup", () => {
  test("keeps what the file held, fills in what was empty, and hides the file from others", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const envFile = join(folder, ".env");
    writeFileSync(
      envFile,
      "# mine\nAPP_ID=\nPRIVATE_KEY=\n# WEBHOOK_SECRET=old\nSLACK_URL=https://slack.example/x",
      { mode: 0o644 },
    );
    const { link, ended, said } = startSetup(
      { ...github.env, COUNTERSIGN_DATA_DIR: folder },
      { ...APP, envFile, wait: false },
    );
    const person = new Person();
    const done = await person.open(await person.register(await link));
    expect(done).toMatchObject({ status: 200 });
    const answer = await ended;
    expect(answer).toMatchObject({
      code: 1,
      lines: [expect.stringContaining("countersign-acme/installations/new")],
    });
    const text = readFileSync(envFile, "utf8");
    expect(text).toMatch(
      /^# mine\nAPP_ID=\d+\nPRIVATE_KEY="-----BEGIN RSA PRIVATE KEY-----\\n.*"\n# WEBHOOK_SECRET=old\nSLACK_URL=https:\/\/slack\.example\/x\nWEBHOOK_SECRET=/u,
    );
    expect(statSync(envFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([".env"]);
    const values = parseEnv(text);
    for (const name of [
      "PRIVATE_KEY",
      "WEBHOOK_SECRET",
      "GITHUB_CLIENT_SECRET",
      "COUNTERSIGN_SESSION_SECRET",
    ]) {
      expect(values[name]).toBeTruthy();
      expect(`${said.join("\n")}${JSON.stringify(answer)}${done.text}`).not.toContain(values[name]);
    }
  });

  test("goes on where it stopped: installed meanwhile, doctor, and a policy from typed answers", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const env = { ...github.env, COUNTERSIGN_DATA_DIR: folder };
    const envFile = join(folder, ".env");
    const first = startSetup(env, { ...APP, envFile, wait: false });
    const person = new Person();
    await person.open(await person.register(await first.link));
    await first.ended;
    const install = /http:\S+\/installations\/new/u.exec((await first.ended).lines.join("\n"))?.[0] ?? "";
    await person.press(await person.open(install));

    const out = join(folder, "policy");
    const typed = [
      "core",
      "acme/core, admin",
      "2",
      "main, release/**",
      "",
      "[A-Z]+-\\d+",
      "acme/on-call",
      "acme/change-control",
      "@carol",
    ];
    const second = startSetup(env, { envFile, out }, { typed });
    const answer = await second.ended;
    expect(answer.code).toBe(0);
    expect(second.said.join("\n")).toContain("countersign.yml:");
    expect(answer.lines.join("\n")).toContain(
      "ok     installation on acme: it grants every permission the App needs",
    );
    expect(answer.lines.join("\n")).toContain("gh api orgs/acme/rulesets --input");
    expect(readdirSync(out).toSorted()).toEqual([
      "countersign.yml",
      "pull-request.md",
      "ruleset.json",
      "ruleset.tf",
    ]);
    expect(parsePolicy(readFileSync(join(out, "countersign.yml"), "utf8"))).toMatchObject({
      ok: true,
      file: {
        mode: "observe",
        production: { branches: ["main", "release/**"] },
        approval: { required: 2, from: { teams: ["acme/core"], permission: "admin" } },
        emergency: { authorisers: { teams: ["acme/on-call"] } },
        deviations: { repository: "acme/change-control", assignees: ["carol"] },
        monitoring: { owner: "carol" },
      },
    });
    const ruleset = JSON.parse(readFileSync(join(out, "ruleset.json"), "utf8")) as unknown;
    const appId = Number(parseEnv(readFileSync(envFile, "utf8"))["APP_ID"]);
    expect(ruleset).toMatchObject({
      conditions: { ref_name: { include: ["refs/heads/main", "refs/heads/release/**/*"] } },
      rules: expect.arrayContaining([
        expect.objectContaining({
          parameters: expect.objectContaining({
            required_status_checks: [{ context: "countersign", integration_id: appId }],
          }),
        }),
      ]),
    });
    expect(readFileSync(join(out, "ruleset.tf"), "utf8")).toContain(`integration_id = ${appId}`);
    expect(readFileSync(join(out, "pull-request.md"), "utf8")).toContain(
      "need 2 approvals from acme/core, admin",
    );
    expect(github.double.world.breaches).toEqual([]);
  });

  test.each([
    ["registered by a browser", {}],
    ["registered with a link", { link: true as const }],
    ["registered anew", { force: true as const }],
  ])("leaves nothing for docker compose to ask, where the App is %s", async (_how, options) => {
    const github = await githubOnAPort();
    const envFile = join(emptyFolder(), ".env");
    const run = startSetup(github.env, { ...APP, envFile, wait: false, ...options });
    if (!("link" in options)) {
      const person = new Person();
      await person.open(await person.register(await run.link));
    }
    await run.ended;
    const written = parseEnv(readFileSync(envFile, "utf8"));
    const compose = readFileSync(join(import.meta.dirname, "../../../compose.yaml"), "utf8");
    const required = [...compose.matchAll(/\$\{(\w+):\?/gu)].map((match) => match[1] ?? "");
    expect(required).toContain("POSTGRES_PASSWORD");
    for (const name of required) expect(written[name], name).toMatch(/^[0-9a-f]{64}$/u);

    // The database has it from its first start on.
    const again = startSetup(github.env, { ...APP, envFile, force: true, link: true });
    await again.ended;
    for (const name of required) expect(parseEnv(readFileSync(envFile, "utf8"))[name]).toBe(written[name]);
  });

  test("run again, asks nothing that is answered, keeps the policy, and shows what doctor finds", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const home = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(home));
    const env = { ...github.env, COUNTERSIGN_DATA_DIR: join(folder, "data") };
    const envFile = join(folder, ".env");
    const person = new Person();
    const first = startSetup(env, { ...APP, envFile, wait: false });
    await person.open(await person.register(await first.link));
    await first.ended;
    await person.press(await person.open(`${github.url}/apps/countersign-acme/installations/new`));
    const typed = ["write", "1", "", "", "", "", "", ""];
    expect((await startSetup(env, { envFile }, { typed }).ended).code).toBe(0);
    const policy = join("countersign-policy", "countersign.yml");
    writeFileSync(policy, "mine");

    const again = startSetup(env, { envFile }, { typed: [] });
    const { code, lines } = await again.ended;
    expect(lines.join("\n")).toContain("Already there, and kept: countersign-policy/countersign.yml");
    expect(lines.join("\n")).toContain("For another policy: countersign setup --out FOLDER");
    expect(lines.join("\n")).toContain("ok     installation on acme");
    expect(code).toBe(0);
    expect(again.said.join("\n")).not.toContain("?");
    expect(readFileSync(policy, "utf8")).toBe("mine");
  });

  test("prints the settings instead of saving them, where that is wanted", async () => {
    const github = await githubOnAPort();
    const envFile = join(emptyFolder(), ".env");
    const { link, ended } = startSetup(github.env, { ...APP, envFile, print: true });
    const person = new Person();
    await person.open(await person.register(await link));
    const values = parseEnv((await ended).lines.join("\n"));
    expect(Object.keys(values)).toEqual(
      expect.arrayContaining([
        "APP_ID",
        "PRIVATE_KEY",
        "WEBHOOK_SECRET",
        "GITHUB_CLIENT_ID",
        "GITHUB_CLIENT_SECRET",
      ]),
    );
    expect(() => readFileSync(envFile)).toThrow("ENOENT");
  });

  test("replaces an App with --force, also a key that fills several lines", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const envFile = join(folder, ".env");
    writeFileSync(envFile, 'APP_ID=1\nPRIVATE_KEY="-----BEGIN\nmany\nlines"\nLOG_LEVEL=debug\n');
    const { link, ended } = startSetup(
      { ...github.env, APP_ID: "1", COUNTERSIGN_DATA_DIR: folder },
      { ...APP, envFile, force: true, wait: false },
    );
    const person = new Person();
    await person.open(await person.register(await link));
    expect(await ended).toMatchObject({ code: 1, data: { app: "countersign-acme" } });
    const text = readFileSync(envFile, "utf8");
    expect(text).not.toContain("many");
    expect(text.match(/^PRIVATE_KEY=/gmu)).toHaveLength(1);
    expect(parseEnv(text)).toMatchObject({ LOG_LEVEL: "debug", APP_ID: expect.not.stringMatching(/^1$/u) });
  });

  test("goes the other way by a link that GitHub fills its form from, and then by id and key", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    const envFile = join(folder, ".env");
    const env = { ...github.env, COUNTERSIGN_DATA_DIR: folder };
    const linked = await startSetup(env, { ...APP, envFile, link: true }).ended;
    const link = /http\S+settings\/apps\/new\?\S+/u.exec(linked.lines.join("\n"))?.[0] ?? "";
    const secret = parseEnv(readFileSync(envFile, "utf8"))["WEBHOOK_SECRET"] ?? "";
    expect(secret).toMatch(/^[\da-f]{64}$/u);
    expect(linked.lines.join("\n")).not.toContain(secret);

    const person = new Person();
    const form = await person.open(link);
    const filled = {
      ...form,
      text: form.text.replace('name="webhook_secret"', `name="webhook_secret" value="${secret}"`),
    };
    const page = await person.press(filled);
    const appId = Number(/id="app-id">(\d+)</u.exec(page.text)?.[1]);
    const [app] = [...github.double.world.apps.values()].filter(({ id }) => id === appId);
    expect(app).toMatchObject({
      hook: { url: `${APP.url}/api/github/webhooks`, secret },
      permissions: { administration: "read", checks: "write", issues: "write" },
      events: expect.arrayContaining(["merge_group", "pull_request_review"]),
    });
    const privateKey = join(folder, "app.pem");
    writeFileSync(privateKey, /<pre id="private-key">([^<]*)</u.exec(page.text)?.[1] ?? "");
    await person.press(await person.open(`${github.url}/apps/${app?.slug}/installations/new`));
    const { ended } = startSetup({ ...env, WEBHOOK_SECRET: secret }, { envFile, appId, privateKey });
    expect(await ended).toMatchObject({ code: 0, data: { organization: "acme" } });
    expect(parseEnv(readFileSync(envFile, "utf8"))).toMatchObject({
      APP_ID: String(appId),
      WEBHOOK_SECRET: secret,
    });
  });

  test("writes through a link to a file elsewhere, and leaves the link", async () => {
    const github = await githubOnAPort();
    const folder = emptyFolder();
    mkdirSync(join(folder, "secrets"));
    writeFileSync(join(folder, "secrets", "env"), "LOG_LEVEL=warn\n");
    symlinkSync("secrets/env", join(folder, ".env"));
    const { link, ended } = startSetup(
      { ...github.env, COUNTERSIGN_DATA_DIR: folder },
      { ...APP, envFile: join(folder, ".env"), wait: false },
    );
    const person = new Person();
    await person.open(await person.register(await link));
    await ended;
    expect(lstatSync(join(folder, ".env")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "secrets", "env"), "utf8")).toContain("APP_ID=");
  });
});
