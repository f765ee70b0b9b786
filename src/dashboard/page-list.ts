/** The pages there are, in the order of the navigation. */

import type { DashboardPage } from "./page/page.ts";
import { AUDIT_PAGES } from "./audit/audit.ts";
import { GATE_PAGE } from "./gates/gates.ts";
import { CHANGE_PAGES } from "./pages/changes.ts";
import { CONTROLS_PAGE } from "./pages/controls.ts";
import { DEPLOYMENT_PAGES } from "./pages/deployments.ts";
import { DEVIATION_PAGE } from "./pages/deviation.ts";
import { DEVIATIONS_PAGE } from "./pages/deviations.ts";
import { EMERGENCIES_PAGE } from "./pages/emergencies.ts";
import { CHANGE_PAGE, DEPLOYMENT_PAGE } from "./pages/item.ts";
import { MONTHS_PAGE } from "./pages/months.ts";
import { OVERVIEW_PAGE } from "./pages/overview.ts";
import { PULL_PAGE } from "./pages/pull.ts";
import { REPOSITORIES_PAGE } from "./pages/repositories.ts";
import { REPOSITORY_PAGE } from "./pages/repository.ts";
import { REVIEWS_PAGE } from "./pages/reviews.ts";

/** Lists the pages. */
export const PAGES: readonly DashboardPage[] = [
  OVERVIEW_PAGE,
  ...CHANGE_PAGES,
  CHANGE_PAGE,
  ...DEPLOYMENT_PAGES,
  DEPLOYMENT_PAGE,
  GATE_PAGE,
  PULL_PAGE,
  DEVIATIONS_PAGE,
  DEVIATION_PAGE,
  EMERGENCIES_PAGE,
  REVIEWS_PAGE,
  CONTROLS_PAGE,
  MONTHS_PAGE,
  REPOSITORIES_PAGE,
  REPOSITORY_PAGE,
  ...AUDIT_PAGES,
];
