/** The one stylesheet, under a path that changes with it. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { STYLE } from "../pages/page.ts";
import { SECTION_STYLE } from "../pages/sections.ts";

/** Holds the style: that of the pages of evidence, and what these pages have besides. */
export const STYLESHEET = STYLE + SECTION_STYLE + readFileSync(new URL("style.css", import.meta.url), "utf8");

/** Names where it is served. */
export const STYLE_PATH = `/style-${createHash("sha256").update(STYLESHEET).digest("hex").slice(0, 16)}.css`;
