/** Expectations made wrong, one column at a time: whoever checks them must find each of them not to hold. */

import type { Expectation, Row } from "../../src/cli/scenario/format/expectations.ts";

/** Every way to make an expectation wrong by one value; each with what was made wrong. */
export function mutantsOf(
  expectation: Expectation,
): readonly { readonly wrong: string; readonly mutant: Expectation }[] {
  const { kind, rows } = expectation;
  if (expectation.absent) return [{ wrong: "there is one", mutant: { ...expectation, absent: false } }];
  if (rows.length === 0) return [{ wrong: "there is one", mutant: { ...expectation, rows: [{}] } }];
  const columns = rows.flatMap((row, index) =>
    Object.keys(row)
      .filter((column) => !(kind === "requests" && column === "since"))
      .map((column) => ({
        wrong: `row ${index + 1}: ${column}`,
        mutant: { ...expectation, rows: rows.with(index, { ...row, [column]: other(row[column]) }) },
      })),
  );
  const fewer: readonly Row[] = rows.slice(1);
  const others =
    expectation.exactly && fewer.length > 0
      ? [{ wrong: "one row fewer, exactly", mutant: { ...expectation, rows: fewer } }]
      : [];
  return [...columns, ...others];
}

function other(value: unknown): unknown {
  if (typeof value === "boolean") return !value;
  // Smaller also for `at-most`; no pull request has such a number.
  if (typeof value === "number") return -1 - value;
  if (Array.isArray(value)) return [...value, "nobody"];
  return `not ${String(value)}`;
}
