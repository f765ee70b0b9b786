/** Writes the generated part of docs/evidence.md anew. */

import { readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";

import { sha256 } from "../src/domain/digest.ts";
import { evidenceReference, GENERATED } from "../src/domain/evidence/docs.ts";
import { VERIFY_SCRIPT } from "../src/package/verify-script.ts";

const path = new URL("../docs/evidence.md", import.meta.url).pathname;
const text = readFileSync(path, "utf8");
const before = text.slice(0, text.indexOf(GENERATED.begin) + GENERATED.begin.length);
const after = text.slice(text.indexOf(GENERATED.end));
const whole = `${before}\n${evidenceReference(sha256(VERIFY_SCRIPT))}\n${after}`;
const config = await resolveConfig(path);
writeFileSync(path, await format(whole, { ...config, parser: "markdown" }));
