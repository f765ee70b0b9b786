/** Which opinion the records could lead to, and the facts behind that. Only the auditor decides. */

import type { MonthlyFigures } from "../records/monitoring.ts";
import { CONTROL_TITLES } from "../texts/wording.ts";
import type { ControlName } from "../values/result.ts";

/** Names the opinions an auditor can give. */
export type Opinion = "clean" | "qualified" | "adverse" | "disclaimer";

/** What speaks for one opinion. */
interface Risk {
  readonly opinion: Exclude<Opinion, "clean">;
  readonly facts: readonly string[];
}

/** Describes the outlook: the gravest opinion that something indicates, with every risk; `clean` when there is none. */
export interface Outlook {
  readonly opinion: Opinion;
  readonly risks: readonly Risk[];
  readonly says: string;
}

/** Describes how often something failed, as readers of a report distinguish it. */
export type Spread = "isolated" | "repeated" | "pervasive";

/** A control that fails on so large a part is called pervasive, if it was tested on enough. */
const PERVASIVE = { share: 0.2, of: 5 } as const;

/** So small a part that cannot be verified does not keep an auditor from an opinion. */
const UNVERIFIABLE_SHARE = 0.05;

/** What keeps an auditor from knowing at all. */
const BLIND: readonly string[] = [
  "policy",
  "gap",
  "unseen",
  "incomplete",
  "uncounted",
  "uncovered",
  "unfollowed",
  "nothing-tested",
  "protection-unread",
];

/** What is weak as designed, however well it is followed. */
const DESIGN: readonly string[] = ["observe", "no-approval", "design"];

/** The sentence that accompanies every outlook. */
const ONLY_THE_AUDITOR =
  "Only the auditor decides what the opinion says: this is what the records show today, not a forecast.";

/** Returns whether so many failures among so many are isolated, repeated or pervasive. */
export function spreadOf(failed: number, population: number): Spread {
  if (population >= PERVASIVE.of && failed / population >= PERVASIVE.share) return "pervasive";
  return failed <= 2 ? "isolated" : "repeated";
}

const SPREAD_WORDS: Readonly<Record<Spread, string>> = {
  isolated: "isolated: at most 2",
  repeated: "repeated",
  pervasive: "pervasive: a fifth or more of at least 5",
};

/** Returns the outlook of what was tested and found. */
export function opinionOutlook(
  controls: readonly ({ readonly control: ControlName } & MonthlyFigures)[],
  findings: readonly { readonly code: string; readonly against: boolean; readonly says: string }[],
): Outlook {
  const failing = controls.filter(({ failed }) => failed > 0);
  const failureText = ({ control, failed, population }: (typeof failing)[number]): string =>
    `${CONTROL_TITLES[control]} failed on ${failed} of ${population} (${SPREAD_WORDS[spreadOf(failed, population)]}${failed === population ? ", and each time it applied" : ""})`;
  const pervasive = failing.filter(({ failed, population }) => spreadOf(failed, population) === "pervasive");
  const mostlyUnverifiable = controls.filter(
    ({ unverifiable, population }) => population > 0 && unverifiable / population > UNVERIFIABLE_SHARE,
  );
  const factsOf = (codes: readonly string[]): readonly string[] =>
    findings.filter(({ code, against }) => against && codes.includes(code)).map(({ says }) => says);
  const risks: readonly Risk[] = [
    { opinion: "adverse" as const, facts: pervasive.map(failureText) },
    {
      opinion: "disclaimer" as const,
      facts: [
        ...factsOf(BLIND),
        ...mostlyUnverifiable.map(
          ({ control, unverifiable, population }) =>
            `${CONTROL_TITLES[control]} could not be verified for ${unverifiable} of ${population}`,
        ),
      ],
    },
    {
      opinion: "qualified" as const,
      facts: [...failing.filter((each) => !pervasive.includes(each)).map(failureText), ...factsOf(DESIGN)],
    },
  ].filter(({ facts }) => facts.length > 0);
  return { opinion: risks[0]?.opinion ?? "clean", risks, says: ONLY_THE_AUDITOR };
}
