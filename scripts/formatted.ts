/** Texts written as the project's formatter writes them. */

import { readFileSync } from "node:fs";

import { format, type FormatOptions } from "oxfmt";

const OPTIONS = JSON.parse(
  readFileSync(new URL("../.oxfmtrc.json", import.meta.url), "utf8"),
) as FormatOptions;

/** Returns a text formatted as the file of this name would be. Throws where the formatter cannot read it. */
export async function formatted(name: string, text: string): Promise<string> {
  const { code, errors } = await format(name, text, OPTIONS);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${name}: ${error.message}`);
  return code;
}
