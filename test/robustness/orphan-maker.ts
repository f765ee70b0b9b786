/** A program that starts the double and the App as a test or the demo does, says so, and waits to be killed. */

import { openProcessHarness } from "../../src/cli/scenario/harness/process-harness.ts";
import { startDouble } from "../../src/cli/scenario/harness/processes.ts";
import { story } from "../support/scenarios.ts";

const double = await startDouble();
console.log("the double");
await openProcessHarness(double, story("nobody-approved"));
console.log("the App");
