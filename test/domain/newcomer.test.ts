/** A newcomer's policy with a mistake in it: each is named with line, column and the nearest word, and nothing passes. */

import { describe, expect, test } from "vitest";

import { assess } from "../../src/domain/assessment/assess.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import { ann, APP_ID, bob, sha, START, Story } from "../support/facts.ts";

const MISTAKES: Readonly<
  Record<string, readonly [text: string, line: number, column: number, says: string]>
> = {
  "a misspelt key": [
    "mode: enforce\naproval: { required: 2 }\n",
    2,
    1,
    'unknown key "aproval"; did you mean "approval"?',
  ],
  "a misspelt key deep inside": [
    "approval:\n  from:\n    teems: [acme/dba]\n",
    3,
    5,
    'unknown key "teems"; did you mean "teams"?',
  ],
  "a misspelt word": ["mode: enforced\n", 1, 7, 'must be one of observe, enforce; did you mean "enforce"?'],
  "a wrong type": ["approval:\n  required: two\n", 2, 13, "approval.required: "],
  "a list that is none": ["checks:\n  required: build\n", 2, 13, "checks.required: "],
  "a team without its organisation": [
    "approval: { from: { teams: [dba] } }\n",
    1,
    29,
    "a team is written organisation/team",
  ],
  "a bad glob": ["production: { branches: ['!main'] }\n", 1, 26, "a glob must not begin with !"],
  "a bad glob of a rule": [
    "rules:\n  - name: a\n    when: { paths: ['+(a|b)'] }\n    approval: {}\n",
    3,
    21,
    "extended globs such as +(a|b) are not allowed",
  ],
  "a bad expression": [
    "rules:\n  - name: a\n    when: { title: { matches: '(a' } }\n    approval: {}\n",
    3,
    31,
    "is not a regular expression",
  ],
  "a bad date": ["since: 2026-13-01\n", 1, 8, "since: "],
  "a date that never was": ["freeze:\n  - { from: 2026-02-30, to: 2026-03-02 }\n", 2, 13, "freeze.0.from: "],
  "an unknown control": [
    "exemptions:\n  - { repository: web, controls: [check-passed], reason: r, approved-by: carol, expires: 2027-01-01 }\n",
    2,
    35,
    'did you mean "checks-passed"?',
  ],
  "an unknown permission": ["approval: { from: { permission: writer } }\n", 1, 33, 'did you mean "write"?'],
  "a check that has no name": ["checks: { required: [{ nam: build }] }\n", 1, 24, 'did you mean "name"?'],
  "two keys of one name": ["mode: enforce\nmode: observe\n", 2, 1, "unique"],
  "a tab for an indent": ["approval:\n\trequired: 1\n", 2, 1, "Tabs"],
};

describe("a policy with", () => {
  test.each(Object.entries(MISTAKES))(
    "%s names the place and what was meant, and lets nothing pass",
    (_, mistake) => {
      const [text, line, column, says] = mistake;
      const blob = sha("file");
      const policy = policyInForce(
        {
          state: "found",
          repository: "acme/.github",
          path: ".github/countersign.yml",
          commit: blob,
          blob,
          text,
        },
        { state: "absent" },
      );
      if (policy.state !== "broken") throw new Error(`it is ${policy.state}`);
      expect(policy.problems).toContainEqual(
        expect.objectContaining({ line, column, message: expect.stringContaining(says) as string }),
      );
      const pull = new Story(ann).push(ann, "one").review(bob).facts();
      const { verdict, results } = assess(
        { moment: "gate", pull },
        { policy, appId: APP_ID, at: START + 1e9, since: 0 },
      );
      expect(verdict).toBe("non-compliant");
      expect(results[0]?.reasons.join("\n")).toContain(`line ${line}: `);
    },
  );
});
