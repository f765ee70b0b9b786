/** The pages of the documentation that are made from the code: controls, configuration, bypasses, the evidence package, the terminal, and the JSON Schemas of the policy file, of scenarios and of stored facts. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import { scenarioJsonSchema } from "../src/cli/scenario/format/format.ts";
import { CONTROLS } from "../src/domain/assessment/assess.ts";
import { PolicyFileSchema } from "../src/domain/policy/file/policy.ts";
import { CONTROL_NAMES } from "../src/domain/values/result.ts";
import { SnapshotSchema } from "../src/domain/assessment/snapshot.ts";
import { CONTROL_TITLES } from "../src/domain/texts/wording.ts";
import { EnvironmentSchema } from "../src/settings.ts";
import { bypassesPage } from "./bypasses.ts";
import { deviationsPage } from "./deviation-docs.ts";
import { evidencePage } from "./evidence-docs.ts";
import { formatted } from "./formatted.ts";
import { GENERATED } from "./generated.ts";
import { operationsPage } from "./operations-docs.ts";
import { terminalPage } from "./terminal-docs.ts";

/** Where the JSON Schema of the policy file is published, for editors. */
export const SCHEMA_URL =
  "https://raw.githubusercontent.com/countersign/countersign/main/docs/countersign.schema.json";

/** Every generated page: path in the project -> text, formatted. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const markdown = (text: string): Promise<string> => formatted("page.md", text);
  const schema = (value: unknown): Promise<string> => formatted("schema.json", JSON.stringify(value));
  return new Map([
    ["docs/controls.md", await markdown(controlsPage())],
    ["docs/configuration.md", await markdown(configurationPage())],
    ["docs/countersign.schema.json", await schema(policySchema())],
    ["docs/scenario.schema.json", await schema(scenarioJsonSchema())],
    ["docs/facts.schema.json", await schema(factsSchema())],
    ["docs/bypasses.md", await markdown(bypassesPage())],
    ["docs/evidence.md", (await evidencePage()).fresh],
    ["docs/deviations.md", await deviationsPage()],
    ["docs/operations.md", await operationsPage()],
    ["docs/terminal.md", await markdown(terminalPage())],
  ]);
}

/** The JSON Schema of the policy file. */
export function policySchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(PolicyFileSchema, { io: "input" });
  return { $schema, $id: SCHEMA_URL, title: "Countersign policy file", ...schema };
}

/** The JSON Schema of stored facts. */
export function factsSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(SnapshotSchema, { io: "input", reused: "ref" });
  const $id = SCHEMA_URL.replace("countersign.schema", "facts.schema");
  return { $schema, $id, title: "Countersign facts", ...schema };
}

function controlsPage(): string {
  const moment = { preventive: "before it happens, and again afterwards", detective: "after it happened" };
  const controls = CONTROLS.map((control) =>
    [
      `## ${control.name}`,
      "",
      `Shown to people as “${CONTROL_TITLES[control.name]}”.`,
      "",
      `- **Objective.** ${control.objective}`,
      `- **Test.** ${control.test}`,
      `- **Kind.** ${control.kind}: tested ${moment[control.kind]}.`,
      `- **Outside criteria it serves.** ${control.criteria.join("; ")}.`,
      `- **When it fails.** ${control.remediation}`,
    ].join("\n"),
  );
  const tested = new Set<string>(CONTROLS.map((control) => control.name));
  const later = CONTROL_NAMES.filter((name) => !tested.has(name));
  return [
    "# Controls",
    GENERATED,
    "Each control is one requirement, tested in the same way before a merge, after it and for an audit. The [glossary](glossary.md) defines its outcomes: `pass`, `fail`, `waived`, `not-applicable` and `unverifiable`.",
    ...controls,
    "## Named, not tested by this version",
    later.length === 0
      ? "None."
      : `${later.map((name) => `\`${name}\``).join(", ")}. No row of any evidence file claims them.`,
  ].join("\n\n");
}

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly minimum?: number;
  readonly maximum?: number;
}

function configurationPage(): string {
  const whole = policySchema();
  const rows = keysOf("", resolved(whole, whole, []));
  return [
    "# Configuration",
    GENERATED,
    "## The policy file",
    "`.github/countersign.yml`, read from the head of the assessed branch, never from the pull request. The organisation's file, at the same path in its `.github` repository, is the minimum; a repository's file can only tighten it. Without any file, the defaults below apply. An unknown key is an error, reported with its line.",
    `Editors that read \`# yaml-language-server: $schema=${SCHEMA_URL}\` as the file's first line complete and check it.`,
    table(
      ["key", "type", "default", "meaning"],
      rows.map(({ key, schema }) => [`\`${key}\``, typeOf(schema), ...meaningOf(schema)]),
    ),
    "[An example with every key](example-policy.yml), valid by `countersign policy check docs/example-policy.yml`:",
    `\`\`\`yaml\n${readFileSync(new URL("../docs/example-policy.yml", import.meta.url), "utf8").trimEnd()}\n\`\`\``,
    "## Settings",
    "Environment variables, checked at start. Every command but `verify` and `demo` also reads `.env` in the working directory, or the file that `COUNTERSIGN_ENV_FILE` names (empty: none); what the environment sets, even as empty, wins. All problems are listed at once; secrets are never printed; an empty variable counts as not set; blanks and quotes around a value are dropped. [`.env.example`](../.env.example) contains all of them. Also required: the App's private key (`PRIVATE_KEY` or `PRIVATE_KEY_PATH`), and with `DATABASE_URL` a signing key, which is otherwise created in the data folder.",
    table(
      ["variable", "default", "meaning"],
      Object.entries(EnvironmentSchema.shape).map(([name, schema]) => [
        `\`${name}\``,
        defaultOf(schema),
        schema.description ?? "",
      ]),
    ),
    "Some commands read more: `audit`, and `policy try` without a log, a token of GitHub from `GITHUB_TOKEN` or `GH_TOKEN`; `report-deployment` its secret from `COUNTERSIGN_REPORT_SECRET`. A proxy may also be named as `https_proxy`, for `http://` addresses as `HTTP_PROXY` or `http_proxy`, and its exceptions as `no_proxy`.",
  ].join("\n\n");
}

function defaultOf(schema: z.ZodType): string {
  const absent = schema.safeParse(undefined);
  if (!absent.success) return "required";
  const { data } = absent;
  return typeof data === "string" || typeof data === "number" ? `\`${data}\`` : "";
}

/** A schema with its references put in place; one to what it is part of is left out, for it only begins again. */
function resolved(schema: JsonSchema, whole: JsonSchema, within: readonly string[]): JsonSchema {
  const { $ref, $defs: _, ...own } = schema;
  if ($ref !== undefined) {
    if (within.includes($ref)) return own;
    const target = whole.$defs?.[$ref.replace("#/$defs/", "")] ?? {};
    return { ...resolved(target, whole, [...within, $ref]), ...own };
  }
  const properties = Object.entries(own.properties ?? {}).map(
    ([name, each]) => [name, resolved(each, whole, within)] as const,
  );
  return {
    ...own,
    ...(own.properties === undefined ? {} : { properties: Object.fromEntries(properties) }),
    ...(own.items === undefined ? {} : { items: resolved(own.items, whole, within) }),
    ...(own.anyOf === undefined ? {} : { anyOf: own.anyOf.map((each) => resolved(each, whole, within)) }),
  };
}

/** The keys that hold a value, each by its whole path; `[]` marks an item of a list. */
function keysOf(
  path: string,
  schema: JsonSchema,
): readonly { readonly key: string; readonly schema: JsonSchema }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const key = path === "" ? name : `${path}.${name}`;
    const inner = each.items?.properties !== undefined ? each.items : each;
    const below = keysOf(inner === each ? key : `${key}[]`, inner);
    const own = below.length > 0 && each.description === undefined ? [] : [{ key, schema: each }];
    return [...own, ...below];
  });
}

/** The default, from the schema or else from its description, and the description without it. */
function meaningOf(schema: JsonSchema): readonly [string, string] {
  const parts = (schema.description ?? "").split(/; |\. /u);
  const said = parts.find((part) => /^default:? /iu.test(part))?.replace(/^default:? /iu, "");
  const made = schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
  return [said ?? made, parts.filter((part) => !/^default:? /iu.test(part)).join("; ")];
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.type === "integer")
    return `whole number, ${schema.minimum ?? "any"} to ${schema.maximum ?? "any"}`;
  if (schema.properties !== undefined) return `\`{ ${Object.keys(schema.properties).join(", ")} }\``;
  return schema.type === "string" ? "text" : (schema.type ?? "any");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
