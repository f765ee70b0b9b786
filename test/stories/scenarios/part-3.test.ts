import { partOf, testStories } from "./play-each.ts";

testStories(partOf(3));
