/** The checks of a package and the defects each of them finds, as documented, printed and given to machines. */

/** Lists the checks in their order; each sentence is true where its check passed. */
export const CHECKS = {
  signature: "The signature is well-formed and made by the key in the package.",
  signer: "The key in the package is the one you gave.",
  files: "Every file that the signature covers is there, unchanged.",
  additions: "Nothing else is in the package.",
  lists: "SHA256SUMS, manifest.json and the signature list the same files.",
  form: "Every file has its form: the columns, cells and order of tables, canonical JSON, the hashes and links of the log.",
  counts: "Every count agrees with the rows it counts; what is called complete was counted and observed.",
  log: "Every row, document and page is what the log in the package gives.",
  copies: "The workbook shows what the tables hold, and the report what the log gives.",
} as const;

/** Names a check. */
export type CheckId = keyof typeof CHECKS;

/** Lists what can be wrong with a package, with the check that finds it. */
export const DEFECTS = {
  "seal-broken": {
    check: "signature",
    means: "The signature is malformed, or not made by the key in the package.",
  },
  "bundle-differs": {
    check: "signature",
    means: "The Sigstore bundle is not the seal beside it, in its one spelling.",
  },
  "key-unknown": {
    check: "signature",
    means: "The key is malformed, or not the one the signature and the manifest name.",
  },
  "signer-differs": {
    check: "signer",
    means: "The key in the package is not the one you gave, or what you gave is no P-256 public key.",
  },
  missing: { check: "files", means: "A file is not there that the signature, the manifest or a row names." },
  "not-as-sealed": { check: "files", means: "A file is not the one that was signed: its digest differs." },
  unreadable: { check: "files", means: "A file, or the zip, cannot be read or is no sound one." },
  stranger: {
    check: "additions",
    means: "Something is there that the signature does not cover, or covers in a way no package does.",
  },
  "list-disagrees": {
    check: "lists",
    means: "SHA256SUMS, manifest.json and the signature do not list the same files.",
  },
  "form-wrong": {
    check: "form",
    means:
      "A file does not have its form: its columns, its canonical JSON, its hashes and links, its row's place.",
  },
  "counts-disagree": {
    check: "counts",
    means: "Counts do not agree with the tables they are of, or with what is called complete.",
  },
  "cell-not-as-logged": { check: "log", means: "A row differs from the one its log entries give." },
  "log-not-readable": {
    check: "log",
    means: "An entry of the log is none that the version which made the package records.",
  },
  "row-left-out": { check: "log", means: "A table lacks a row that its log gives." },
  "row-not-logged": { check: "log", means: "A table has a row that its log does not give." },
  "text-not-as-logged": { check: "log", means: "A document or page is not what the log gives." },
  "copy-differs": {
    check: "copies",
    means: "The workbook or the report is not what the files beside it give.",
  },
} as const satisfies Readonly<Record<string, { readonly check: CheckId; readonly means: string }>>;

/** Names a defect. */
export type DefectCode = keyof typeof DEFECTS;

/** Describes the codes of the defects that a check finds. */
export type CodeOf<Id extends CheckId> = {
  [Code in DefectCode]: (typeof DEFECTS)[Code]["check"] extends Id ? Code : never;
}[DefectCode];

/** Describes something that should not be so, and its file (a path in the package, or the zip itself). */
export interface Defect<Code extends DefectCode = DefectCode> {
  readonly file: string;
  readonly code: Code;
  readonly problem: string;
}

/** Takes a defect down. */
export type Say<Code extends DefectCode> = (file: string, code: Code, problem: string) => void;

/** Describes how a check ended. `because`: why it could not be made, or not wholly. */
export type CheckOutcome = { readonly id: CheckId; readonly sentence: string } & (
  | { readonly state: "passed" | "failed" }
  | { readonly state: "not-checked"; readonly because: string }
);

/** Returns how each check ended: any defect of its own fails it, whatever else of it could not be checked. */
export function outcomesOf(
  defects: readonly Defect[],
  notChecked: (id: CheckId) => string | null,
): readonly CheckOutcome[] {
  const failed = new Set<CheckId>(defects.map(({ code }) => DEFECTS[code].check));
  return checkIds().map((id) => {
    const because = notChecked(id);
    const check = { id, sentence: CHECKS[id] };
    if (failed.has(id)) return { ...check, state: "failed" };
    return because === null ? { ...check, state: "passed" } : { ...check, state: "not-checked", because };
  });
}

/** Returns the names of the checks in their order. */
export function checkIds(): readonly CheckId[] {
  return Object.keys(CHECKS) as CheckId[];
}
