import { hash } from "node:crypto";

/** Ids of commits, and numbers. */
const HASH = /[0-9a-f]{40}/g;
const NUMBER = /\d+/g;

const conforming = new Set<string>();

/**
 * Problems of a text as `check` finds them; none where one of the same `kind` that differs in numbers and ids of commits alone had
 * none, for they are most of the time that checking takes. In `npm run test:all` each is checked.
 */
export function problemsUnlessAlike(
  kind: string,
  text: string,
  check: () => readonly string[],
): readonly string[] {
  if (process.env["TEST_EFFORT"] === "all") return check();
  const like = hash("sha1", `${kind}\n${text.replace(HASH, "h").replace(NUMBER, "0")}`, "base64");
  if (conforming.has(like)) return [];
  const problems = check();
  if (problems.length === 0) conforming.add(like);
  return problems;
}
