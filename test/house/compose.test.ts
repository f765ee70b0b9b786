/** What docker compose needs, by its file alone: exactly what .env.example leaves to be filled in. */

import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

import { beforeEach, describe, expect, it, test } from "vitest";
import { parse } from "yaml";

import { readSettings } from "../../src/settings.ts";
import { ROOT } from "./syntax.ts";
import { signingKeyPem } from "../../src/settings/signing-key.ts";
import { folderOfTest } from "../support/folders.ts";

interface Service {
  readonly env_file?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

const text = readFileSync(join(ROOT, "compose.yaml"), "utf8");
const { services } = parse(text) as { readonly services: Readonly<Record<"app" | "postgres", Service>> };
const example = parseEnv(readFileSync(join(ROOT, ".env.example"), "utf8")) as Readonly<
  Record<string, string>
>;

/** The lines of .env.example that somebody must fill in. */
const blanks = Object.keys(example).filter((name) => example[name] === "");

const APP_KEY = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;

const FILLED: Readonly<Record<string, string>> = {
  APP_ID: "4711",
  PRIVATE_KEY: APP_KEY.replaceAll("\n", "\\n"),
  WEBHOOK_SECRET: "0123456789abcdef",
  POSTGRES_PASSWORD: "fedcba9876543210",
};

let data = "";
beforeEach(() => {
  data = folderOfTest("compose");
});

/** The environment of a service as compose makes it of a filled-in .env; its volume is a folder of the test. */
function environmentOf(service: Service): Readonly<Record<string, string>> {
  const file = { ...example, ...FILLED };
  const expanded = (value: string): string =>
    value
      .replaceAll(
        /\$\{(\w+)(?::[-?]([^}]*))?\}/gu,
        (_, name: string, other = "") => file[name] || String(other),
      )
      .replaceAll("/data", data);
  return {
    ...(service.env_file === ".env" ? file : {}),
    ...Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([name, value]) => [name, expanded(value)]),
    ),
  };
}

test(".env with its secrets is neither committed nor part of an image", () => {
  const linesOf = (name: string): readonly string[] => readFileSync(join(ROOT, name), "utf8").split("\n");
  expect(linesOf(".gitignore")).toContain(".env");
  // Only what is listed goes into the image.
  expect(linesOf(".dockerignore")[0]).toBe("*");
  expect(linesOf(".dockerignore").filter((line) => line.includes(".env"))).toEqual([]);
});

describe("compose.yaml", () => {
  it("requires nothing that .env.example does not leave to be filled in", () => {
    const required = [...text.matchAll(/\$\{(\w+):\?/gu)].map((match) => match[1] ?? "");
    expect(required.filter((name) => !blanks.includes(name))).toEqual([]);
  });

  it("with just those lines filled in has all the settings the App needs, and keeps its signing key", () => {
    expect(blanks.toSorted()).toEqual(Object.keys(FILLED).toSorted());
    const read = readSettings(environmentOf(services.app));
    if (!read.ok) throw new Error(read.problems.join("\n"));
    expect(read.settings.store).toEqual({
      databaseUrl: "postgres://countersign:fedcba9876543210@postgres:5432/countersign",
    });
    const made = signingKeyPem(read.settings);
    const file = join(data, "signing-key.pem");
    expect(existsSync(file) && statSync(file).mode & 0o777).toBe(0o600);
    const again = readSettings(environmentOf(services.app));
    expect(again.ok && signingKeyPem(again.settings)).toBe(made);
    expect(services.app.volumes).toContain("data:/data");
  });

  it("lets both services know the same password", () => {
    expect(environmentOf(services.postgres)["POSTGRES_PASSWORD"]).toBe("fedcba9876543210");
  });

  it.each(Object.keys(FILLED).filter((name) => name !== "POSTGRES_PASSWORD"))(
    "without %s is told which line is missing",
    (name) => {
      const read = readSettings({ ...environmentOf(services.app), [name]: "" });
      expect(read.ok ? [] : read.problems).toEqual([expect.stringContaining(`${name} is missing: `)]);
    },
  );
});
