import { testFailedWrites } from "./failed-writes.ts";

testFailedWrites("postgres");
