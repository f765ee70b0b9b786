import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { commentsOf, countWords, exportDocsOf, proseOf, textsOf, type Passage } from "./prose.ts";
import { nodesOf, parse, ROOT, sourcesIn, type Source } from "./syntax.ts";

/** Other names of the verdict `non-compliant`, which has one wherever people read it. */
const OTHER_NAMES = /\b(?:not[\s-]+|non\s*)compliant\b/iu;

/** Words that were private to this project or were used for several things, and what GitHub and auditors write instead. */
const PRIVATE: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bmend(?:s|ed|ing)?\b/iu, instead: "fix" },
  { pattern: /\bsomebody\b/iu, instead: "someone" },
  { pattern: OTHER_NAMES, instead: "non-compliant" },
  { pattern: /\banybody\b/iu, instead: "anyone" },
  { pattern: /\beverybody\b/iu, instead: "everyone" },
  { pattern: /\b(?:hold(?:s|ing)?|held)(?: \S+){0,3} back\b/iu, instead: "block" },
  { pattern: /\bobey(?:s|ed|ing)?\b/iu, instead: "apply, execute" },
  { pattern: /\bhear(?:s|d|ing)?\b/iu, instead: "receive, read" },
  { pattern: /\btwins?\b/iu, instead: "counterpart, and what it shows" },
  { pattern: /\bbrought\b/iu, instead: "introduced (commits), deployed (changes), added" },
  { pattern: /\bstanding\b/iu, instead: "eligibility, state, permanent" },
  {
    pattern: /\b(?:give[ns]?|gave|no|without|a|limited) leave\b/iu,
    instead: "waiver, exemption, permission",
  },
  { pattern: /\b(?:deeds?|troubles?)\b/iu, instead: "event, external error" },
  { pattern: /\b(?:at hand|keeps? up with)\b/iu, instead: "cached, advance" },
  { pattern: /\basked (?:less )?of\b/iu, instead: "required of" },
  { pattern: /\b(?:goes|went|going|gone|go) (?:a)?round\b/iu, instead: "bypass" },
  { pattern: /\blook(?:s|ed|ing)? at (?:it )?(?:again|anew)\b/iu, instead: "assess again, read again" },
  { pattern: /\b(?:stands|stand|stood) (?:on|beside|in its|so|until)\b/iu, instead: "is" },
  { pattern: /\b(?:as it landed|let go|gives ground|said aloud)\b/iu, instead: "plain words" },
  {
    pattern:
      /\b(?:the App|Countersign|this App|the check(?: run)?|doctor|software|the log|the package|the issue|GitHub) (?:itself )?(?:says|said|tells|told|hears|heard|sees|saw|knows|knew)\b/iu,
    instead: "show, report, list, name, record: software does not say, tell, hear, see or know",
  },
];

/** Pages that programs write. */
const GENERATED = ["bypasses.md", "configuration.md", "controls.md", "texts.md"];

/** Pages that people write by hand, beside the decisions: these keep the words of their day. */
const PAGES: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md") && !GENERATED.includes(name))
    .map((name) => `docs/${name}`),
];

const READ = [...PAGES, "docs/decisions/README.md", ...GENERATED.map((name) => `docs/${name}`)];

/** Comments, issues and checks, and the files of packages, samples and companies. */
const MADE: readonly string[] = [
  "docs/texts.md",
  ...readdirSync(join(ROOT, "test/golden"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(?:html|txt|csv|json|md|snap)$/u.test(path))
    .map((path) => `test/golden/${path}`),
];

/** The sources, by folder. */
const SOURCES = Map.groupBy(sourcesIn("src"), ({ path }) => path.slice(0, path.lastIndexOf("/")));

/** Words that mean several things, or nothing to a stranger, in names and comments. */
const PRIVATE_WORDS: readonly string[] = (
  "twin twins told untold tell tells standing stood deed deeds sight sights heard hear hears heed obey obeyed " +
  "mend mended mending anybody somebody everybody trouble troubles glance stance stances unlooked unsaid sayings misuse " +
  "brought bring brings bringing"
).split(" ");

/** Words that are plain in a sentence, and private in a name. */
const PRIVATE_NAMES: ReadonlySet<string> = new Set([
  ...PRIVATE_WORDS,
  ..."carried leave leaves asks door doors look looked looks looking audience".split(" "),
]);

/** Names of properties that stay, because something outside the sources is read or written by them. */
const KEPT_NAMES: Readonly<Record<string, readonly string[]>> = {
  "fields of the log and of stored tasks, which older versions wrote": [
    "told",
    "standing",
    "carried",
    "brought",
    "broughtPolicy",
    "leave",
  ],
  "columns of the evidence package": ["approvals_carried"],
  "fields of answers with --json": ["asks", "cannotTell"],
  "names of other libraries": ["lookUp"],
};

/** First words in "s" that are no verb, or none for software. */
const NO_VERBS = "always as besides has hears its others says sees tells this unless was".split(" ");

function beginsWithVerb(text: string): boolean {
  const first = /^([A-Z][a-z]+s)[ ,;]/u.exec(text)?.[1]?.toLowerCase();
  return first !== undefined && !NO_VERBS.includes(first);
}

function offences(passages: readonly Passage[]): readonly string[] {
  return passages.flatMap(({ where, text }) =>
    PRIVATE.flatMap(({ pattern, instead }) => {
      const found = pattern.exec(text);
      return found === null ? [] : [`${where}: “${found[0]}”: write ${instead}`];
    }),
  );
}

/** The words of a name: `toldKeys` is `told` and `keys`. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, " ")
    .toLowerCase()
    .split(/[ _$]/u);
}

function privateNamesIn({ path, items }: Source): readonly string[] {
  const kept = new Set(Object.values(KEPT_NAMES).flat());
  const nodes = [...nodesOf(items)];
  // What is read or written outside is a property. What a file calls it in between is its own choice.
  const keys = new Set(nodes.flatMap((node) => [node["key"], node["property"]]));
  const names = nodes.flatMap((node) => {
    if (node.type !== "Identifier" && node.type !== "PrivateName") return [];
    const name = String(node["value"]);
    return keys.has(node) && kept.has(name) ? [] : [name];
  });
  return [...new Set(names)]
    .filter((name) => wordsOf(name).some((word) => PRIVATE_NAMES.has(word)))
    .map((name) => `${path}: ${name}`);
}

function privateCommentsIn(source: Source): readonly string[] {
  return commentsOf(source).flatMap(({ where, text }) =>
    text
      .toLowerCase()
      .split(/[^\p{L}]+/u)
      .filter((word) => PRIVATE_WORDS.includes(word))
      .map((word) => `${where}: “${word}” in a comment`),
  );
}

describe("the English of what people read", () => {
  it.each(READ)("uses the words of GitHub and of auditors: %s", (page) => {
    expect(offences(proseOf(page))).toEqual([]);
  });

  it.each(MADE)("has one name for a verdict in what is made: %s", (file) => {
    expect(OTHER_NAMES.exec(readFileSync(join(ROOT, file), "utf8"))?.[0]).toBeUndefined();
  });

  it.each([...SOURCES])("uses them in texts and comments: %s", (_folder, sources) => {
    expect(sources.flatMap((source) => offences(textsOf(source)))).toEqual([]);
  });

  it.each([...SOURCES])("uses them in names, local ones too, and in comments: %s", (_folder, sources) => {
    expect(sources.flatMap((source) => [...privateNamesIn(source), ...privateCommentsIn(source)])).toEqual(
      [],
    );
  });

  it.each([...SOURCES])("begins the doc comment of each export with a verb: %s", (_folder, sources) => {
    const others = sources.flatMap(exportDocsOf).filter(({ text }) => !beginsWithVerb(text));
    expect(others).toEqual([]);
  });

  it.each([...SOURCES])(
    "describes each export in a first sentence of at most 20 words: %s",
    (_folder, sources) => {
      const first = sources.flatMap(exportDocsOf).map(({ text }) => text.split(/(?<=[.!?]) /u)[0] ?? "");
      expect(first.filter((sentence) => sentence.split(/\s+/u).length > 20)).toEqual([]);
    },
  );

  it.each(READ)("has no sentence with two colons: %s", (page) => {
    const chains = proseOf(page).flatMap(({ where, text }) =>
      text
        .replace(/\([^)]*\)/gu, "")
        .split(/(?<=[.!?;]) /u)
        .filter((sentence) => sentence.split(": ").length > 2)
        .map((sentence) => `${where}: ${sentence}`),
    );
    expect(chains).toEqual([]);
  });

  it("takes under 700 words in the README and under 20,000 in all pages that are written by hand", () => {
    expect(countWords("README.md")).toBeLessThan(700);
    expect(PAGES.reduce((sum, page) => sum + countWords(page), 0)).toBeLessThan(20_000);
  });
});

describe("the rules themselves", () => {
  it.each([
    ["Mend it in a pull request.", "fix"],
    ["Nothing is held back by it.", "block"],
    ["An approval by somebody who may write.", "someone"],
    ["The check says what is missing.", "show"],
  ])("find what they are for: %s", (text, instead) => {
    expect(offences([{ where: "here", text }]).join()).toContain(`write ${instead}`);
  });

  it.each([
    ["Returns the commits of a branch.", true],
    ["Holds what the worker needs.", true],
    ["Whether a commit is on a branch.", false],
    ["The commits of a branch.", false],
    ["This returns the commits of a branch.", false],
    ["Says why nothing was stored.", false],
  ])("know a verb: %s", (text, isVerb) => {
    expect(beginsWithVerb(text)).toBe(isVerb);
  });

  it("keep a name that is read or written outside where it is a property, and nowhere else", () => {
    const names = (text: string): readonly string[] => privateNamesIn(parse("a.ts", text));
    expect(names("export const kept = { carried: deployed.carried, told: 1 };")).toEqual([]);
    expect(names("const { carried: deployed } = deployment;")).toEqual([]);
    expect(names("const { carried } = deployment; print(carried);")).toEqual(["a.ts: carried"]);
    expect(names("function told(standing: string): void {}")).toEqual(["a.ts: told", "a.ts: standing"]);
  });

  it.each(["Give it back.", "Leave `mode: observe`.", "The reviewer says why."])(
    "let plain English pass: %s",
    (text) => {
      expect(offences([{ where: "here", text }])).toEqual([]);
    },
  );
});
