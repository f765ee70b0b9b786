/** Law 14 on PostgreSQL. */

import { testFailedWrites } from "./plays.ts";

testFailedWrites("postgres");
