/** Sign-in, the choice of an organisation, and every way in which a page or a form is refused, in a real browser. */

import type { Page } from "playwright-core";
import { expect, test, type TestContext } from "vitest";

import { PAGES } from "../../src/dashboard/page-list.ts";
import type { SignInProvider } from "../../src/dashboard/sign-in/providers.ts";
import { ListsNotReady } from "../../src/domain/lists/not-ready.ts";
import { MINUTE } from "../../src/domain/time/durations.ts";
import { ORGANIZATION, smallLog, WEB } from "../evidence/fixture.ts";
import { openPage } from "../support/browser.ts";
import { findings, LOOKS, shoot } from "./looks.ts";
import { ANN, BASE_URL, BOB, pagesBehindSignIn, type Account, type Browser } from "./signed-in.ts";

/** Longer than any line on a telephone, and nowhere to break it. */
const OWNER = "nobody-has-an-account-of-this-name-at-all";

/** As any provider; nobody goes there. */
const OPEN_ID: SignInProvider = {
  id: "openid",
  name: "an address of yours",
  about: "For people without a GitHub account.",
  addressOf: () => Promise.resolve(BASE_URL),
  personOf: () => Promise.resolve("Nobody."),
};

const DEVIATION = smallLog().find(({ kind }) => kind === "deviation");

/** The pages behind sign-in, in a browser in which Ann is signed in, or nobody. */
async function served(context: TestContext) {
  const page = await openPage(context);
  const state = { isListing: false };
  const refused = { refused: `GitHub has no account “${OWNER}”.`, line: 0 } as const;
  const pages = await pagesBehindSignIn(
    smallLog(),
    () =>
      PAGES.map((each) => ({
        ...each,
        show: (asked) =>
          state.isListing ? Promise.reject(new ListsNotReady(1_000, 2_000)) : each.show(asked),
      })),
    () => OPEN_ID,
    { commandDeviation: () => Promise.resolve(refused) },
  );
  let browser = pages.browser();
  await page.route("**/*", async (route) => {
    const request = route.request();
    const method = request.method();
    const answer = await browser.open(request.url(), {
      method,
      ...(method === "POST" && {
        body: request.postData(),
        headers: { origin: BASE_URL, "content-type": "application/x-www-form-urlencoded" },
      }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body });
  });
  return {
    ...pages,
    page,
    state,
    become: async (account: Account): Promise<Browser> => {
      browser = pages.browser();
      await pages.signIn(browser, account);
      return browser;
    },
  };
}

/** Looks at a page in each of these ways. */
async function look(page: Page, name: string, looks: readonly (typeof LOOKS)[number][]) {
  const found: string[] = [];
  for (const [called, size, media] of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ media: "screen", ...media });
    for (const each of await findings(page)) found.push(`${name} ${called} ${each}`);
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    if (wide > 0) found.push(`${name} ${called} is ${wide} px too wide`);
    await shoot(page, `refused-${name.replaceAll(" ", "-")}-${called}`);
  }
  await page.emulateMedia({ media: "screen" });
  return found;
}

/** Goes through all of them, and returns what axe finds on the way. */
async function foundAlongTheWay(
  context: TestContext,
  looks: readonly (typeof LOOKS)[number][],
): Promise<readonly string[]> {
  const { page, become, github, clock, state } = await served(context);
  const found: string[] = [];
  const seen = async (name: string): Promise<void> => void found.push(...(await look(page, name, looks)));
  const open = async (name: string, address: string, status: number): Promise<void> => {
    const answer = await page.goto(new URL(address, BASE_URL).href);
    expect(answer?.status(), name).toBe(status);
    await seen(name);
  };
  await open("sign in", "/sign-in", 200);
  expect(await page.getByRole("link", { name: "Sign in with GitHub" }).boundingBox()).toMatchObject({
    height: expect.toSatisfy((height: number) => height >= 24),
  });
  await open("not signed in", "/changes", 401);
  await open("nobody was signed in", "/sign-in/github/callback?code=1&state=2", 403);
  await open("another host", "https://elsewhere.example/changes", 403);

  github.access.set(BOB.id, []);
  await become(BOB);
  await open("nothing to read", "/changes", 200);
  const other = { organization: { id: 501, login: "globex" }, repositories: new Set<number>() };
  const own = { organization: ORGANIZATION, repositories: new Set([WEB.id]) };
  github.access.set(ANN.id, [own, other]);
  const ann = await become(ANN);
  await open("choice", "/changes", 200);
  await open("choice again", "/changes?org=initech", 404);
  await open("no such page", "/audit?org=acme", 404);
  await open("no such change", "/changes/1?org=acme", 404);
  state.isListing = true;
  await open("lists not ready", "/changes?org=acme", 503);
  state.isListing = false;

  await page.goto(`${BASE_URL}/deviations/${DEVIATION?.subject ?? ""}?org=acme`);
  const owner = page.getByLabel("Owner");
  const send = page.getByRole("button", { name: "Record what was changed" });
  await owner.fill(OWNER);
  await send.click();
  await page.getByRole("alert").waitFor();
  expect(await owner.inputValue()).toBe(OWNER);
  expect(await owner.getAttribute("aria-invalid")).toBe("true");
  await seen("form refused");
  state.isListing = true;
  await send.click();
  await page.getByText("The page itself cannot be made").waitFor();
  expect(await page.getByLabel("Owner", { exact: true }).inputValue()).toBe(OWNER);
  await seen("form without its page");
  github.isDown = true;
  clock.at += 5 * MINUTE;
  await page.getByRole("button", { name: "Send it again" }).click();
  await page.getByText("What you wrote").waitFor();
  expect(await page.locator("dd", { hasText: OWNER }).count()).toBe(1);
  await seen("what was written");
  await open("no answer of GitHub", "/changes?org=acme", 503);
  github.isDown = false;
  for (let opened = 0; opened < 240; opened += 1) await ann.open("/nowhere?org=acme");
  await open("too many pages", "/changes?org=acme", 429);
  return found;
}

test("have no finding of axe, and fit the screen", async (context) => {
  expect(await foundAlongTheWay(context, LOOKS.slice(0, 1))).toEqual([]);
});

test(
  "have no finding of axe dark, narrow or printed, and fit the screen",
  { tags: ["long"] },
  async (context) => {
    expect(await foundAlongTheWay(context, LOOKS.slice(1))).toEqual([]);
  },
);
