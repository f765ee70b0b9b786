/** The file `.env`: read, checked before anything is registered, and written whole or not at all, readable by its owner only. */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { UsageError } from "../terminal/answer.ts";

/** An environment as a process has it. */
type Values = Readonly<Record<string, string | undefined>>;

/** Maps names of variables to values. */
export type EnvValues = Readonly<Record<string, string>>;

/** Returns the values of an environment file that are not empty; none where there is no file. Throws UsageError. */
export function readEnvFile(path: string): EnvValues {
  const text = textOf(path);
  const values = Object.entries(text === null ? {} : parseEnv(text));
  return Object.fromEntries(values.flatMap(([name, value]) => (value?.trim() ? [[name, value]] : [])));
}

/** Lists the variables that make an App known. */
export const CREDENTIALS: readonly string[] = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH"];

/** Lists what else GitHub gives an App. */
export const APP_SECRETS: readonly string[] = ["WEBHOOK_SECRET", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];

/** Returns those variables that have a value. */
export function takenOf(names: readonly string[], env: Values): readonly string[] {
  return names.filter((name) => (env[name] ?? "").trim() !== "");
}

/** Refuses to replace values, unless it is forced and the file alone holds them: the environment wins over it. Throws UsageError. */
export function refuseReplacing(path: string, names: readonly string[], env: Values, force: boolean): void {
  const taken = takenOf(names, env);
  const file = readEnvFile(path);
  const outside = taken.filter((name) => env[name] !== file[name]);
  if (outside.length > 0)
    throw new UsageError(
      `The environment sets ${outside.join(" and ")}, which would win over ${path}: unset it, or use setup --print.`,
    );
  if (taken.length > 0 && !force)
    throw new UsageError(
      `${path} has ${taken.join(" and ")} already: remove it there if it belongs to no App in use, or replace it with setup --force.`,
    );
}

/** Refuses a file that cannot be written. Throws UsageError. */
export function checkWritable(path: string): void {
  const draft = draftOf(path);
  attempt(path, () => {
    mkdirSync(dirname(draft), { recursive: true });
    closeSync(openSync(draft, "wx", 0o600));
    rmSync(draft);
  });
}

/** Sets variables in the file, in place or at its end, and leaves the rest as it is. The file is for its owner only. Throws UsageError. */
export function writeEnvFile(path: string, values: EnvValues): void {
  const text = Object.entries(values).reduce(
    (before, [name, value]) => {
      const line = `${name}=${quoted(value)}`;
      const there = assignmentOf(name);
      if (there.test(before)) return before.replace(there, () => line);
      return `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`;
    },
    textOf(path) ?? "",
  );
  const draft = draftOf(path);
  attempt(path, () => {
    mkdirSync(dirname(draft), { recursive: true });
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, goalOf(path));
  });
}

/** Returns the values as lines for an environment file. */
export function envLines(values: EnvValues): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`);
}

/** Quotes what more than one reader of such files would cut; line breaks become \n, which {@link parseEnv} and the settings restore. */
function quoted(value: string): string {
  const line = value.trim().replaceAll(/\r?\n/gu, "\\n");
  return /^[\w.:/@+=-]*$/u.test(line) ? line : `"${line}"`;
}

/** Matches one assignment, also of a value in quotes that has several lines. */
function assignmentOf(name: string): RegExp {
  return new RegExp(
    `^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*(?:"[^"]*"|'[^']*'|[^\\n]*)[ \\t]*$`,
    "mu",
  );
}

function textOf(path: string): string | null {
  return attempt(path, () => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  });
}

/** Returns the file behind a link, so that the link stays one. */
function goalOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function draftOf(path: string): string {
  return join(dirname(goalOf(path)), `.env-${randomUUID()}`);
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new UsageError(
      `${path} cannot be written (${code}): run this in a folder that you may write, name another file with --env-file or COUNTERSIGN_ENV_FILE, or use setup --print.`,
    );
  }
}
