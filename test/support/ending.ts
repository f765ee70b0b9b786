/** How something that was begun for a test is ended. */

import { onTestFinished } from "vitest";

/** Takes what ends something. */
export type Ending = (end: () => Promise<unknown>) => void;

/** Ends it with the test. */
export const withTheTest: Ending = (end) => {
  onTestFinished(async () => {
    await end();
  });
};
