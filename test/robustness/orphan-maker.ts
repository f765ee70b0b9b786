/** A program that starts the double and the App as a test or the demo does, says so, and waits to be killed. */

import { openProcessStage } from "../../src/cli/scenario/process-stage.ts";
import { startDouble } from "../../src/cli/scenario/processes.ts";
import { story } from "../support/scenarios.ts";

const double = await startDouble();
console.log("the double");
await openProcessStage(double, story("nobody-approved"));
console.log("the App");
