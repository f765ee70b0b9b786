/** What is shown of a check. Texts of a package become text nodes and nothing else, and their odd characters are spelt out. */

import type { CheckOutcome } from "../domain/evidence/verify/checks.ts";
import { closingLines, conclusionOf, isWhole, SIGNER_UNKNOWN } from "../domain/evidence/verify/report.ts";
import type { PackageFacts, Verification } from "../domain/evidence/verify/verify.ts";
import { VERSION } from "../package/version.ts";

const STATES = { passed: "Passed", failed: "Failed", "not-checked": "Not checked" } as const;

type Child = Node | string;

/** Returns an element. Strings become text. */
function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Returns why what was given is no package. */
export function slipNodes(name: string, reason: string): readonly Node[] {
  return [
    verdict("not-checked", "Not an evidence package", [
      element("p", {}, given(name), ` is not an evidence package: `, given(reason)),
    ]),
  ];
}

/** Returns what a check found, to be read from its top. */
export function resultNodes({
  name,
  at,
  found,
}: {
  readonly name: string;
  readonly at: Date;
  readonly found: Verification;
}): readonly Node[] {
  const { checks, defects, fingerprint, about } = found;
  const isSound = isWhole(found);
  const signer = checks.find(({ id }) => id === "signer")?.state;
  const open = checks.filter(({ id, state }) => id !== "signer" && state === "not-checked").length;
  return [
    verdict(
      defects.length > 0 ? "failed" : isSound && signer === "passed" && open === 0 ? "passed" : "not-checked",
      titleOf(found),
      [
        element("p", {}, conclusionOf(found)),
        ...closingLines(found).map((line) => element("p", {}, given(line))),
        ...(isSound && signer !== "passed"
          ? [
              element(
                "p",
                {},
                element("strong", {}, `${SIGNER_UNKNOWN}.`),
                " Enter the one the company gave you above.",
              ),
            ]
          : []),
        ...(isSound && open > 0
          ? [
              element(
                "p",
                {},
                `${open === 1 ? "One check was" : `${open} checks were`} not made, or not wholly: see below.`,
              ),
            ]
          : []),
      ],
    ),
    ...(fingerprint === null ? [] : keyOf(fingerprint)),
    element("h2", {}, "Checks"),
    element("ol", { class: "checks" }, ...checks.map(checkOf)),
    ...(defects.length === 0 ? [] : [element("h2", {}, "Defects"), defectTable(defects)]),
    element("h2", {}, about === null || !isSound ? "Package, as its manifest describes it" : "Package"),
    ...(about === null ? [element("p", {}, "Its manifest.json cannot be read.")] : [factsOf(about)]),
    element(
      "p",
      { class: "hint" },
      "Checked ",
      given(name),
      ` on ${at.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" })} (this computer’s time) with verify.html of version ${VERSION}.`,
    ),
  ];
}

function titleOf({ defects: { length }, brokeOff }: Verification): string {
  if (length === 0) return brokeOff === null ? "No defect found" : "The check broke off";
  return length === 1 ? "1 defect found" : `${length} defects found`;
}

function verdict(state: CheckOutcome["state"], title: string, children: readonly Child[]): HTMLElement {
  return element("div", { class: `verdict ${state}` }, element("h2", {}, title), ...children);
}

/** The fingerprint in groups that can be read over the phone. */
function keyOf(fingerprint: string): readonly Node[] {
  const groups = fingerprint.match(/.{1,4}/gu) ?? [];
  return [
    element("h2", {}, "Fingerprint (SHA-256) of the key in the package"),
    element(
      "p",
      { class: "key", "data-fingerprint": fingerprint },
      ...groups.flatMap((group) => [element("span", {}, group), " "]),
    ),
  ];
}

function checkOf(check: CheckOutcome): HTMLElement {
  const because =
    check.state === "not-checked"
      ? [element("p", { class: "because" }, "Because ", given(`${check.because}.`))]
      : [];
  return element(
    "li",
    { class: check.state, "data-check": check.id },
    element("span", { class: "state" }, STATES[check.state]),
    element("span", {}, check.sentence),
    ...because,
  );
}

function defectTable(defects: Verification["defects"]): HTMLElement {
  const header = ["File", "What is wrong", "Code"].map((name) => element("th", { scope: "col" }, name));
  const rows = defects.map(({ file, problem, code }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, given(file)),
      element("td", {}, given(problem)),
      element("td", {}, element("code", {}, code)),
    ),
  );
  return element(
    "table",
    { class: "defects" },
    element("thead", {}, element("tr", {}, ...header)),
    element("tbody", {}, ...rows),
  );
}

function factsOf({
  packageId,
  organization,
  period,
  generatedAt,
  version,
  populations,
}: PackageFacts): HTMLElement {
  const facts: readonly (readonly [string, string])[] = [
    ["Name", packageId],
    ["Organisation", organization],
    ["Period", `${period.name}: ${period.from} up to, not including, ${period.to} (UTC)`],
    ["Changes", String(populations.changes)],
    ["Deployments", String(populations.deployments)],
    ["Made", `${generatedAt}, by version ${version}`],
  ];
  return element(
    "dl",
    {},
    ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, given(value))]),
  );
}

/** Characters that are not shown, or change how others are: what stands there must be seen. */
const ODD = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A text that someone else wrote, apart from the direction of the text around it. */
function given(text: string): HTMLElement {
  return element(
    "bdi",
    {},
    text.replace(ODD, (odd) => `\\u{${(odd.codePointAt(0) ?? 0).toString(16)}}`),
  );
}
