import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { ROOT } from "./syntax.ts";

const STORIES = join(ROOT, "test", "scenarios");
const page = readFileSync(join(ROOT, "docs", "recipes.md"), "utf8");

interface Recipe {
  readonly title: string;
  /** The policies shown. */
  readonly policies: readonly string[];
  /** The stories that play it, by their files. */
  readonly stories: readonly string[];
  readonly text: string;
}

const recipes = page
  .split(/^## /mu)
  .slice(1)
  .map((text): Recipe => ({
    title: text.split("\n")[0] ?? "",
    policies: [...text.matchAll(/^```yaml\n(.*?)^```$/gmsu)].map((match) => match[1] ?? ""),
    stories: [...text.matchAll(/\(\.\.\/test\/scenarios\/(recipe-[^)]+\.yaml)\)/gu)].map(
      (match) => match[1] ?? "",
    ),
    text,
  }));

/** What a story expects to be refused: checks that do not pass, and changes and deployments that are non-compliant. */
function refusedIn(story: unknown): readonly Record<string, unknown>[] {
  if (typeof story !== "object" || story === null) return [];
  const own = story as Record<string, unknown>;
  const isRefused = own["passes"] === false || own["verdict"] === "non-compliant";
  return [...(isRefused ? [own] : []), ...Object.values(own).flatMap(refusedIn)];
}

describe("the recipes", () => {
  it("are at least ten, and each recipe story plays one of them", () => {
    expect(recipes.length).toBeGreaterThanOrEqual(10);
    const played = readdirSync(STORIES).filter((name) => name.startsWith("recipe-"));
    expect(recipes.flatMap(({ stories }) => stories).toSorted()).toEqual(played.toSorted());
  });

  it("take at most 700 words beside their policies", () => {
    const words = page.replaceAll(/^```yaml\n.*?^```$/gmsu, "").match(/[\p{L}\p{N}]\S*/gu) ?? [];
    expect(words.length).toBeLessThanOrEqual(700);
  });

  describe.each(recipes)("$title", ({ policies, stories, text }) => {
    const told = stories.map((name): Record<string, unknown> =>
      parse(readFileSync(join(STORIES, name), "utf8")),
    );

    it("shows one valid policy, which its story plays as it stands, and the hole it does not open", () => {
      const [policy = "", ...others] = policies;
      expect(others).toEqual([]);
      expect(parsePolicy(policy).ok).toBe(true);
      expect(told.length).toBe(1);
      for (const story of told) expect(story["policy"]).toEqual(parse(policy));
      expect(text).toContain("**Does not allow:**");
    });

    it("plays the honest way, and what is not allowed, with the reason for which it is refused", () => {
      expect(JSON.stringify(told)).toMatch(/"verdict":"(?:compliant|emergency)"/u);
      const refused = told.flatMap(refusedIn);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.filter(({ says, fails }) => says === undefined && fails === undefined)).toEqual([]);
    });
  });
});
