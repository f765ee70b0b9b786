import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { setup } from "../../../src/cli/setup/setup.ts";
import { readSettings } from "../../../src/settings.ts";
import { openPage } from "../../support/browser.ts";
import { githubOnAPort } from "../../support/github-on-a-port.ts";
import { folderOfTest } from "../../support/folders.ts";

test("the App is registered and installed by two buttons in a browser, and nothing has to be copied", async (context) => {
  const page = await openPage(context);
  const github = await githubOnAPort({ people: { ann: { permission: "write" } } });
  const folder = folderOfTest("setup");
  const envFile = join(folder, ".env");
  const link = Promise.withResolvers<string>();
  const said: string[] = [];
  const terminal = {
    print: (line: string) => said.push(line),
    printError: (line: string) => {
      said.push(line);
      const found = /http:\S+\?token=\S+/u.exec(line);
      if (found !== null) link.resolve(found[0]);
    },
    env: { ...github.env, COUNTERSIGN_DATA_DIR: join(folder, "data") },
    interactive: false,
  };
  const options = { org: "acme", url: "http://127.0.0.1:9", port: 0, envFile, wait: true, answers: {} };
  const ended = setup(terminal, options, { everyMs: 20 });

  const problems: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  await page.goto(await link.promise);
  await page.getByRole("button", { name: "Register on GitHub" }).click();
  await page.getByRole("button", { name: "Create GitHub App for acme" }).click();
  await page.getByRole("heading", { name: "Countersign (acme) is registered" }).waitFor();
  const back = page.url();
  await page.getByRole("link", { name: "Install it on acme" }).click();
  await page.getByRole("button", { name: "Install" }).click();
  await page.getByText("It has access to all repositories.").waitFor();
  const answer = await ended;

  expect(problems).toEqual([]);
  expect(answer.code).toBe(0);
  expect(answer.lines.join("\n")).toContain(
    "Countersign (acme) is installed on acme. countersign doctor finds:",
  );
  // GitHub sent webhooks that nobody took: the App was not running yet.
  expect(answer.lines.join("\n")).toMatch(
    /deliveries: \d+ of the last three days are in GitHub's log, and 0 arrived here, where no App has noted its work yet/u,
  );
  expect(statSync(envFile).mode & 0o777).toBe(0o600);
  const written = parseEnv(readFileSync(envFile, "utf8"));
  const read = readSettings({ ...github.env, ...written });
  expect(read).toMatchObject({ ok: true });
  const [app] = [...github.double.world.apps.values()].filter(({ hook }) => hook !== null);
  const manifest = parse(readFileSync("app.yml", "utf8")) as Record<string, unknown>;
  expect(app).toMatchObject({
    name: "Countersign (acme)",
    hook: { url: "http://127.0.0.1:9/api/github/webhooks", secret: written["WEBHOOK_SECRET"] },
    permissions: manifest["default_permissions"],
    events: manifest["default_events"],
  });
  expect(github.double.world.breaches).toEqual([]);
  const secrets = ["PRIVATE_KEY", "WEBHOOK_SECRET", "GITHUB_CLIENT_SECRET", "COUNTERSIGN_SESSION_SECRET"];
  for (const name of secrets) expect(`${back} ${said.join("\n")}`).not.toContain(written[name]);
});
