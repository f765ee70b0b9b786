/** The order of the test files: what takes longest begins first, so that no worker is left alone with it at the end. */

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Those that take so long that the order of the others does not matter. */
const LONGEST = [
  "test/stories/scenarios/shown.test.ts",
  "test/stories/scenarios/part-1.test.ts",
  "test/stories/scenarios/part-2.test.ts",
  "test/stories/scenarios/part-3.test.ts",
  "test/stories/scenarios/part-4.test.ts",
  "test/stories/scenarios-postgres.test.ts",
  "test/robustness/failed-writes/on-postgres.test.ts",
  "test/robustness/failed-writes/on-sqlite.test.ts",
  "test/robustness/kill.test.ts",
  "test/laws/lag.test.ts",
  "test/laws/small-world/small-world.test.ts",
  "test/laws/updates.test.ts",
  "test/laws/makers.test.ts",
  "test/evidence/verify-page.test.ts",
  "test/house/build.test.ts",
  "test/flows/close-period.test.ts",
  "test/flows/roll-up.test.ts",
  "test/independent/lies.test.ts",
  "test/independent/recompute.test.ts",
  "test/robustness/orphans.test.ts",
  "test/robustness/outage.test.ts",
  "test/stories/demo.test.ts",
  "test/evidence/verify-script.test.ts",
  "test/cli/past.test.ts",
  "test/dashboard/same-as-the-sample.test.ts",
  "test/dashboard/in-a-browser.test.ts",
  "test/robustness/honest-start.test.ts",
  "test/evidence/verify.test.ts",
  "test/companies/companies.test.ts",
  "test/ledger/kill.test.ts",
];

/** Puts the longest files first, also where no earlier run says how long they took. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
