/** The forms in a real browser: found, filled in and sent by whoever owes something, by keyboard, without JavaScript, on a phone. */

import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, test, type TestContext } from "vitest";

import { openPage } from "../support/browser.ts";
import { deviationOf, servedPages, type PagesAtGitHub } from "./at-github.ts";
import { findings, LOOKS, reach, shoot } from "./looks.ts";

/** A review that is overdue, an emergency that waits, a deviation, and a month that is over. */
const STORY = `
name: everything that waits for somebody
policy:
  mode: enforce
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
  monitoring: { owner: cat }
  access: { leads: { teams: [acme/leads] } }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  cat: { permission: write, teams: [leads, on-call] }
  eve: { permission: admin }
start: 2026-07-06T09:00:00Z
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: hotfix, files: { src/a.ts: "1" } }
  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }
  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: push, by: eve, branch: main, files: { a.ts: "1" }, bypass: true, after: 1m }
  - { do: wait, at: "2026-08-03T06:00:00Z" }
  - { do: open-pull-request, by: ann, pull: 2, branch: second, files: { src/b.ts: "1" } }
  - { do: command, by: ann, pull: 2, text: "/countersign emergency nobody can pay", after: 1m }
`;

interface Served extends PagesAtGitHub {
  /** A page of the browser in which someone is signed in. */
  readonly open: (login: string, options?: BrowserContextOptions) => Promise<Page>;
  readonly deviation: string;
}

async function served(context: TestContext): Promise<Served> {
  const first = await openPage(context);
  const pages = await servedPages(STORY);
  const ledger = await pages.harness.openLedger();
  const { deviation } = await deviationOf(ledger);
  await ledger.close();
  return {
    ...pages,
    deviation: `/deviations/${deviation.id}`,
    async open(login, options = {}) {
      const browser = first.context().browser();
      if (browser === null) throw new Error("no browser");
      const own = await browser.newContext({ ...options, baseURL: pages.url });
      const { cookies } = await pages.signedIn(login);
      await own.addCookies(
        [...cookies].map(([name, value]) => ({
          name,
          value,
          url: pages.url,
          httpOnly: true,
        })),
      );
      const page = await own.newPage();
      page.setDefaultTimeout(0);
      return page;
    },
  };
}

test("an overdue review is found, approved and seen done, by the keyboard alone", async (context) => {
  const { open, settled } = await served(context);
  const page = await open("cat");
  await page.goto("/");
  await reach(page, /^see the reviews$/u);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/reviews(?:\?|$)/u);
  await reach(page, /^Note, or follow-up/u);
  await page.keyboard.type("I read it all");
  await reach(page, /^Approve$/u);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/reviews\?(?:.*&)?answer=/u);
  expect(await page.getByRole("status").textContent()).toContain("Your comment is on acme/web#1");
  await shoot(page, "form-review-sent");
  await settled();
  await page.reload();
  await page.getByText("0 due, 0 of them overdue.").waitFor();
  await reach(page, /^Show all$/u);
  await page.keyboard.press("Enter");
  const decided = page.locator("tbody tr", { hasText: "I read it all" });
  expect(await decided.textContent()).toMatch(/approved[^]*cat/u);
  await shoot(page, "form-review-done");
});

test(
  "a plan is filled in without JavaScript, and a refusal keeps what was typed and says why at its field",
  { tags: ["long"] },
  async (context) => {
    const { open, deviation } = await served(context);
    const page = await open("bob", { javaScriptEnabled: false });
    await page.goto(deviation);
    await page.getByLabel("Category of the root cause").selectOption("ownership");
    await page.getByLabel("Root cause", { exact: true }).fill("nobody's task");
    await page.getByLabel("Action").fill("a rota");
    await page.getByLabel("Owner").fill("nobody-has-this");
    await page.getByLabel("Due").fill("2026-12-01");
    await page.getByLabel("How it is verified").fill("read the rota");
    const send = page.getByRole("button", { name: "Record what was changed" });
    await send.click();
    await page.getByRole("alert").waitFor();
    await shoot(page, "form-plan-refused");
    const owner = page.getByLabel("Owner");
    expect(await owner.inputValue()).toBe("nobody-has-this");
    expect(await owner.getAttribute("aria-invalid")).toBe("true");
    const notes = ((await owner.getAttribute("aria-describedby")) ?? "").split(" ");
    expect(await page.locator(`[id="${notes.at(-1) ?? ""}"]`).textContent()).toContain(
      "GitHub has no account “nobody-has-this”.",
    );
    expect(await page.evaluate("document.activeElement.name")).toBe("owner");
    expect(await page.getByLabel("Action").inputValue()).toBe("a rota");
    expect(await page.getByLabel("Category of the root cause").inputValue()).toBe("ownership");
    await owner.fill("ann");
    await send.click();
    await page.getByRole("status").waitFor();
    expect(await page.getByRole("status").textContent()).toContain("ann owns the remediation");
    expect(await page.locator("section", { has: page.locator("#fields") }).textContent()).toMatch(
      /a rota[^]*ann[^]*2026-12-01/u,
    );
    await shoot(page, "form-plan-done");
  },
);

test(
  "have no finding of axe with their forms, light, dark, narrow or printed, and fit the screen",
  { tags: ["long"] },
  async (context) => {
    const { open, deviation } = await served(context);
    const page = await open("cat");
    const found: string[] = [];
    const look = async (name: string): Promise<void> => {
      expect(await page.locator("form.act").count(), name).toBeGreaterThan(0);
      for (const [look, size, media] of LOOKS) {
        await page.setViewportSize(size);
        await page.emulateMedia({ media: "screen", ...media });
        // Forms have the same colours everywhere: one page is tried in all of them.
        if (name === "refused" || look === "narrow" || look === "printed")
          for (const each of await findings(page)) found.push(`${name} ${look} ${each}`);
        if (look === "printed")
          expect(await page.locator("form, .fold").filter({ visible: true }).count(), name).toBe(0);
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        if (wide > 0) found.push(`${name} ${look} is ${wide} px too wide`);
        const forms = await page.evaluate<number[]>(
          "[...document.querySelectorAll('.act')].map((e) => e.offsetWidth)",
        );
        // None is squeezed into a column; on paper there is none.
        if (look !== "printed" && Math.min(...forms) < 280)
          found.push(`${name} ${look} has a form of ${Math.min(...forms)} px`);
        await shoot(page, `form-${name}-${look}`);
      }
      await page.emulateMedia({ media: "screen" });
    };
    for (const path of ["/emergencies", "/months", "/pulls/acme/web/2", deviation]) {
      await page.goto(path);
      await page.evaluate("for (const each of document.querySelectorAll('.fold')) each.open = true");
      await look(path.split("/")[1] ?? "");
    }
    // What was refused is shown with its reason.
    await page.goto("/reviews");
    await page.getByText("Reject it").click();
    await page.getByRole("button", { name: "Reject", exact: true }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.locator(".act").getByText("Give the reason.").count()).toBe(1);
    await look("refused");
    expect(found).toEqual([]);
  },
);
