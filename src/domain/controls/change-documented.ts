/** This change was documented. */

import type { PullRequest } from "../change/pull-request.ts";
import { sectionStates } from "../change/description.ts";
import { listed, oneLine } from "../texts/wording.ts";
import { defineControl, fails, OF_CHANGES, passes, unverifiable, type Ruling, judgeEach } from "./control.ts";
import { HIDDEN_RECORD } from "./record-linked.ts";
import { pullsOf } from "../records/subject.ts";

/** Requires that the description fills every heading the policy requires. */
export const changeDocumented = defineControl({
  name: "change-documented",
  objective: "Every change says why it is made, what it affects and how to take it back, before it is made.",
  test: "The description of the pull request, as it was when it was merged, has each heading the policy names (any level, without case) with text below it; HTML comments and unfilled lines of a template are no text.",
  criteria: ["PCI DSS 4.0.1 6.5.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-4"],
  kind: "preventive",
  remediation: "Write down what is missing on the pull request or on the deviation.",
  judges: OF_CHANGES,
  notAsked: ({ sections }) => (sections.length === 0 ? "the policy requires no headings" : null),
  rule(subject, { policy: { sections } }) {
    const inputs = {
      sections,
      found: pullsOf(subject).map(({ body }) =>
        body?.text == null ? null : sectionStates(body.text, sections),
      ),
      basis: pullsOf(subject).map(({ body }) => body?.basis ?? null),
    };
    return judgeEach(subject, inputs, (pull) => judge(pull, sections, subject.moment === "landed"));
  },
});

function judge(pull: PullRequest, sections: readonly string[], landed: boolean): Ruling {
  const text = pull.body?.text;
  if (text == null) return unverifiable(HIDDEN_RECORD);
  const states = sectionStates(text, sections);
  const named = (state: "missing" | "empty"): readonly string[] =>
    states.filter((each) => each.state === state).map(({ heading }) => `“${oneLine(heading)}”`);
  const [missing, empty] = [named("missing"), named("empty")];
  if (missing.length + empty.length === 0)
    return passes(`the description fills ${listed(sections.map((each) => `“${oneLine(each)}”`))}`);
  const reasons = landed
    ? [
        ...(missing.length === 0 ? [] : [`the description lacked ${headings(missing)} when it was merged`]),
        ...(empty.length === 0 ? [] : [`nothing was written under ${listed(empty)} when it was merged`]),
      ]
    : [
        ...(missing.length === 0
          ? []
          : [
              `the description lacks ${headings(missing)}: add ${missing.length === 1 ? "it" : "them"}, with text below`,
            ]),
        ...(empty.length === 0
          ? []
          : [`nothing is written under ${listed(empty)} in the description: fill it`]),
      ];
  return fails("sections-missing", reasons);
}

function headings(names: readonly string[]): string {
  return `the ${names.length === 1 ? "heading" : "headings"} ${listed(names)}`;
}
