/** The settings and who reads them: each variable that a page lists is read, and each that is read is on a page. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EnvironmentSchema, Settings } from "../../src/settings.ts";
import { isNode, nodesOf, parse, ROOT, sourcesIn, type Source } from "./syntax.ts";

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Where the value of each variable is kept; null: whoever needs it reads it from the environment. */
const KEPT: Readonly<Record<keyof typeof EnvironmentSchema.shape, keyof Settings | null>> = {
  APP_ID: "appId",
  PRIVATE_KEY: "privateKey",
  PRIVATE_KEY_PATH: "privateKey",
  WEBHOOK_SECRET: "webhookSecrets",
  GHE_HOST: "github",
  GHE_PROTOCOL: "github",
  GITHUB_API_URL: "github",
  COUNTERSIGN_GITHUB_LIMITS: "github",
  PORT: "port",
  HTTPS_PROXY: null,
  NO_PROXY: null,
  NODE_EXTRA_CA_CERTS: null,
  HOST: "host",
  COUNTERSIGN_MONITORING_ADDRESS: "monitoring",
  LOG_LEVEL: "logLevel",
  LOG_FORMAT: "logFormat",
  COUNTERSIGN_POLL: "pollMs",
  COUNTERSIGN_DEPLOYMENT_SOURCES: "deploymentSources",
  DATABASE_URL: "store",
  COUNTERSIGN_DATA_DIR: "store",
  COUNTERSIGN_SIGNING_KEY: "signingKey",
  COUNTERSIGN_SIGNING_KEY_PATH: "signingKeyFile",
  COUNTERSIGN_BASE_URL: "baseUrl",
  GITHUB_CLIENT_ID: "signIn",
  GITHUB_CLIENT_SECRET: "signIn",
  COUNTERSIGN_SESSION_SECRET: "signIn",
  COUNTERSIGN_OIDC_ISSUER: "signIn",
  COUNTERSIGN_OIDC_CLIENT_ID: "signIn",
  COUNTERSIGN_OIDC_CLIENT_SECRET: "signIn",
  COUNTERSIGN_PACKAGES: "packages",
  COUNTERSIGN_PRIVATE_RECEIVERS: "receivers",
};

const SOURCES = sourcesIn("src").filter(({ path }) => path !== "src/settings.ts");

/** The properties of settings that a file takes: `settings.host`, or `{ host }` of a pattern. */
function takenIn({ path, items }: Source): readonly string[] {
  const isReader = items.some(
    ({ type, source }) =>
      type === "ImportDeclaration" &&
      isNode(source) &&
      join(path, "..", String(source["value"])) === "src/settings.ts",
  );
  if (!isReader) return [];
  return [...nodesOf(items)].flatMap((node) => {
    const name = node.type === "MemberExpression" ? node["property"] : node["key"];
    const isTaken = /^(?:MemberExpression|AssignmentPatternProperty|KeyValuePatternProperty)$/u.test(
      node.type,
    );
    return isTaken && isNode(name) ? [String(name["value"])] : [];
  });
}

/** The variables that a file reads by their names: `env["NAME"]`, or `env[name]` of the names in a constant of the file. */
function variablesIn({ items }: Source): readonly string[] {
  const nodes = [...nodesOf(items)];
  const isRead = (node: (typeof nodes)[number]): boolean => {
    const { object, property } = node;
    return (
      isNode(object) &&
      isNode(property) &&
      property.type === "Computed" &&
      /env$/iu.test(
        String(object["value"] ?? (isNode(object["property"]) ? object["property"]["value"] : "")),
      )
    );
  };
  const computed = nodes.filter(isRead).flatMap(({ property }) => [...nodesOf(property)]);
  const isByConstant = computed.some(({ type }) => type === "Identifier");
  const constants = nodes.filter(({ type }) => isByConstant && type === "VariableDeclarator");
  return [...computed, ...constants.flatMap(({ init }) => [...nodesOf(init)])]
    .filter(({ type, value }) => type === "StringLiteral" && /^[A-Z][A-Z_]+$/u.test(String(value)))
    .map(({ value }) => String(value));
}

describe("the settings", () => {
  it("all have their line in .env.example", () => {
    const lines = [...read(".env.example").matchAll(/^(?:# )?([A-Z_]+)=/gmu)].map((match) => match[1] ?? "");
    expect(lines.toSorted()).toEqual([...Object.keys(KEPT), "POSTGRES_PASSWORD"].toSorted());
  });

  it("are read, each of them", () => {
    const taken = new Set(SOURCES.flatMap(takenIn));
    const named = new Set(SOURCES.flatMap(variablesIn));
    const unread = Object.entries(KEPT).filter(([name, kept]) =>
      kept === null ? !named.has(name) : !taken.has(kept),
    );
    expect(unread).toEqual([]);
  });

  it("are all that is read, but for what the page of the commands or of operations names", () => {
    const pages = read("docs/terminal.md") + read("docs/operations.md") + read("docs/configuration.md");
    const known = new Set(pages.match(/\b[A-Z][A-Z_]+\b/gu));
    const named = SOURCES.flatMap((source) => variablesIn(source).map((name) => `${source.path}: ${name}`));
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((each) => !known.has(each.split(": ")[1] ?? ""))).toEqual([]);
  });

  it.each([
    ["by name", 'export const x = (env: E) => env["SOME_NAME"];', ["SOME_NAME"]],
    ["of the process", 'export const x = process.env["SOME_NAME"];', ["SOME_NAME"]],
    ["by a constant", 'const NAME = "SOME_NAME"; export const x = process.env[NAME];', ["SOME_NAME"]],
    ["of something else", 'export const x = (table: T) => table["SOME_NAME"];', []],
  ])("are found where a variable is read %s", (_how, text, names) => {
    expect(variablesIn(parse("src/there.ts", text))).toEqual(names);
  });
});
