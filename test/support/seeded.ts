/** Draws every property of a run by the run's seed, unless it has one of its own. */

import * as fc from "fast-check";

import { SEED } from "./effort.ts";

fc.configureGlobal({ seed: SEED });
