/** Prints each failure when it is found: where everything is tested, the summary comes the better part of an hour later. */

import type { Reporter, TestCase } from "vitest/node";

/** A reporter beside the usual one. */
export class FailuresAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state !== "failed") return;
    console.error(`FAILED ${test.module.relativeModuleId} > ${test.fullName}`);
    for (const { message, stack } of errors) console.error(stack ?? message);
  }
}
