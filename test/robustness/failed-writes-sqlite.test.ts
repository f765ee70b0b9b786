import { testFailedWrites } from "./failed-writes.ts";

testFailedWrites("sqlite");
