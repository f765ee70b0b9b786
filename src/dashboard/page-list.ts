/** The pages there are, in the order of the navigation. */

import type { DashboardPage } from "./page/page.ts";
import { CHANGES_PAGE } from "./pages/changes.ts";

/** Lists the pages. */
export const PAGES: readonly DashboardPage[] = [CHANGES_PAGE];
