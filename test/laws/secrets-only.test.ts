import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isProductionEnvironment, isSecretsOnly, productionName } from "../../src/domain/policy/scope.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import { stringify } from "yaml";
import { policy, sha } from "../support/facts.ts";
import type { PolicySource } from "../../src/domain/policy/record.ts";
import { rounds } from "../support/effort.ts";

const name = fc.constantFrom(
  "production",
  "prod",
  "prod-plan",
  "Prod-Plan",
  "plan",
  "PLAN",
  "staging",
  "prod-eu",
);
const globs = fc.uniqueArray(fc.constantFrom("production", "prod-*", "prod", "p*", "stag*"), {
  minLength: 1,
});
const secrets = fc.uniqueArray(fc.constantFrom("plan", "prod-plan", "staging"), { minLength: 1 });

test("naming environments as used only for their secrets takes no other from production, and makes those production for all but jobs", () => {
  fc.assert(
    fc.property(
      globs,
      secrets,
      fc.array(name, { minLength: 1, maxLength: 3 }),
      (environments, named, names) => {
        const { production } = policy();
        const without = policy({ production: { ...production, environments } });
        const by = policy({ production: { ...production, environments, secretsOnly: named } });
        for (const each of names)
          if (isProductionEnvironment(without, each)) expect(isProductionEnvironment(by, each)).toBe(true);
        const before = productionName(without, names);
        const after = productionName(by, names);
        if (before !== null) expect(after).not.toBeNull();
        // One name that is production, and not only for its secrets, is enough.
        const real = names.filter((each) => isProductionEnvironment(by, each) && !isSecretsOnly(by, each));
        if (real.length > 0) expect(real).toContain(after);
        const { outOfScope: _, ...rest } = by;
        const out = { ...rest, outOfScope: { reason: "none", owner: "carol" } };
        expect(productionName(out, names)).toBeNull();
      },
    ),
    { numRuns: rounds(1_000, 10_000) },
  );
});

function found(repository: string, file: unknown): PolicySource {
  const text = stringify(file);
  return {
    state: "found",
    repository,
    path: ".github/countersign.yml",
    commit: sha(text),
    blob: sha(text),
    text,
  };
}

test("what a repository names as production by its whole name is not only for its secrets", () => {
  const organization = found("acme/.github", {
    production: { environments: ["live"], "secrets-only": ["Plan", "other"] },
  });
  const own = policyInForce(organization, found("acme/web", { production: { environments: ["plan"] } }));
  expect(own.state === "known" ? own.record.effective.production.secretsOnly : []).toEqual(["other"]);
  const none = policyInForce(organization, { state: "absent" });
  expect(none.state === "known" ? none.record.effective.production.secretsOnly : []).toEqual([
    "plan",
    "other",
  ]);
});

test("no file names one environment as both, nor a glob, nor does a repository's", () => {
  const problem = (organization: unknown, own: unknown = {}): string => {
    const told = policyInForce(found("acme/.github", organization), found("acme/web", own));
    return told.state === "broken" ? (told.problems[0]?.message ?? "") : "";
  };
  const both = { production: { environments: ["PLAN"], "secrets-only": ["plan"] } };
  expect(problem(both)).toContain("is named under environments too");
  expect(problem({ production: { "secrets-only": ["plan*"] } })).toContain("whole names");
  expect(problem({}, { production: { "secrets-only": ["plan"] } })).toContain("organisation's file only");
  const twice = { production: { "secrets-only": ["plan"] } };
  expect(problem(twice, twice)).toContain("organisation's file only");
});
