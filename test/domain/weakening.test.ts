import { describe, expect, test } from "vitest";

import { decideReading } from "../../src/domain/decisions/protection-reading.ts";
import type { ControlStateRecord, ExposureRecord } from "../../src/domain/protection/record.ts";
import { settingsOf } from "../../src/domain/protection/settings.ts";
import type {
  Guard,
  Protection,
  SeenEnvironment,
  SeenRuleset,
} from "../../src/domain/protection/snapshot.ts";
import { weakened } from "../../src/domain/protection/weakening.ts";
import { weaknessesOf } from "../../src/domain/protection/words.ts";
import { APP_ID, repository } from "../support/facts.ts";

const DAY = 24 * 3_600_000;

function guard(more: Partial<Guard> = {}): Guard {
  return {
    source: "ruleset:1",
    pullRequest: { approvals: 0, dismissStale: false, codeOwners: false, lastPush: false },
    checks: [{ name: "countersign", app: APP_ID }],
    forbidsForcePush: true,
    forbidsDeletion: true,
    mergeQueue: false,
    bypassers: [],
    ...more,
  };
}

const RULESET: SeenRuleset = {
  id: 1,
  name: "main",
  owner: "repository",
  target: "branch",
  enforcement: "active",
  refs: { include: ["~DEFAULT_BRANCH"], exclude: [] },
  rules: ["pull_request"],
  bypassers: [],
  updatedAt: 0,
};

const PRODUCTION: SeenEnvironment = {
  id: 9,
  name: "production",
  reviewers: ["user:12"],
  preventsSelfReview: true,
  adminsBypass: false,
  branches: "protected",
  waitMinutes: 0,
  apps: ["countersign"],
  updatedAt: 0,
};

function protection(more: Partial<Protection> = {}, guards: readonly Guard[] = [guard()]): Protection {
  return {
    readAt: DAY,
    visibility: "private",
    archived: false,
    rulesets: [RULESET],
    branches: [{ ref: "refs/heads/main", guards, unobservable: null }],
    environments: [PRODUCTION],
    ...more,
  };
}

function weaker(before: Protection, after: Protection): readonly string[] {
  return weakened(before, after, APP_ID).map(({ setting }) => setting);
}

const inEnvironment = (more: Partial<SeenEnvironment>): Protection =>
  protection({ environments: [{ ...PRODUCTION, ...more }] });

describe("of two readings, the weaker is told by its setting", () => {
  test.each<readonly [string, Protection, readonly string[]]>([
    [
      "the check from any source",
      protection({}, [guard({ checks: [{ name: "countersign", app: null }] })]),
      ["check-required"],
    ],
    [
      "the check of another App",
      protection({}, [guard({ checks: [{ name: "countersign", app: 1 }] })]),
      ["check-required"],
    ],
    [
      "no rule at all",
      protection({}, []),
      ["check-required", "pull-request-required", "force-push-allowed", "deletion-allowed"],
    ],
    ["forced pushes", protection({}, [guard({ forbidsForcePush: false })]), ["force-push-allowed"]],
    [
      "somebody who may bypass",
      protection({}, [guard({ bypassers: [{ kind: "team", id: 3, mode: "always" }] })]),
      ["may-bypass-check", "may-bypass-pull-request"],
    ],
    ["no reviewers", inEnvironment({ reviewers: [] }), ["reviewers", "self-review-allowed"]],
    ["self-review", inEnvironment({ preventsSelfReview: false }), ["self-review-allowed"]],
    ["administrators who skip the rules", inEnvironment({ adminsBypass: true }), ["admins-bypass"]],
    ["any branch to deploy", inEnvironment({ branches: "any" }), ["deployable-branches"]],
    ["no App to wait for", inEnvironment({ apps: [] }), ["gate-apps"]],
    ["the environment deleted", protection({ environments: [] }), ["reviewers", "gate-apps"]],
  ])("%s", (_, after, settings) => {
    expect(weaker(protection(), after)).toEqual(settings);
    // The other way round it is stronger, and nothing is told.
    expect(weaker(after, protection())).toEqual([]);
  });

  test("fewer approvals are weaker, more are not", () => {
    const two = protection({}, [
      guard({ pullRequest: { approvals: 2, dismissStale: true, codeOwners: true, lastPush: true } }),
    ]);
    expect(weaker(two, protection())).toEqual([
      "approvals-required",
      "code-owners-required",
      "last-push-approved",
      "stale-approvals-dismissed",
    ]);
    expect(weaker(protection(), two)).toEqual([]);
  });

  test("a rule moved from a ruleset to classic protection is no weakening, and the reverse is none", () => {
    const classic = protection({ rulesets: [] }, [guard({ source: "classic" })]);
    expect(weaker(protection(), classic)).toEqual([]);
    expect(weaker(classic, protection())).toEqual([]);
    expect(weaknessesOf(settingsOf(classic, APP_ID))).toEqual([]);
  });

  test("what one guard lets pass and another holds back is held back", () => {
    const loose = guard({
      source: "classic",
      bypassers: [{ kind: "repository-admins", id: null, mode: "always" }],
    });
    expect(weaker(protection(), protection({}, [guard(), loose]))).toEqual([]);
  });

  test("what cannot be observed is neither weaker nor weak", () => {
    const hidden = protection({ environments: { unobservable: "the plan" } }, [
      guard({ bypassers: { unobservable: "GitHub hides it" } }),
    ]);
    expect(weaker(protection(), hidden)).toEqual([]);
    expect(weaknessesOf(settingsOf(hidden, APP_ID))).toEqual([]);
    const blind = protection({
      branches: [{ ref: "refs/heads/main", guards: [], unobservable: "no permission" }],
    });
    expect(weaker(protection(), blind)).toEqual([]);
    expect(settingsOf(blind, APP_ID).find(({ setting }) => setting === "check-required")).toMatchObject({
      value: null,
      because: "no permission",
    });
  });
});

describe("readings, one after the other", () => {
  /** Reads one snapshot after the other, a day apart, and answers what is on record then. */
  function read(...snapshots: readonly Protection[]): {
    readonly exposures: readonly ExposureRecord[];
    readonly settings: readonly ControlStateRecord[];
    readonly causes: readonly string[];
  } {
    const exposures = new Map<string, ExposureRecord>();
    const settings = new Map<string, ControlStateRecord>();
    const causes: string[] = [];
    let before: Protection | null = null;
    snapshots.forEach((snapshot, index) => {
      const after: Protection = { ...snapshot, readAt: (index + 1) * DAY };
      const decided = decideReading({
        repository,
        appId: APP_ID,
        wholeAt: after.readAt,
        before,
        after,
        people: null,
        known: [...settings.values()],
        open: [...exposures.values()].filter(({ to }) => to === null),
        report: null,
      });
      for (const { kind, subject, body } of decided.entries) {
        if (kind === "exposure") exposures.set(subject, body);
        if (kind === "control-state") settings.set(subject, body);
      }
      causes.push(...decided.causes);
      before = after;
    });
    return { exposures: [...exposures.values()], settings: [...settings.values()], causes };
  }

  test("what was weak at the first reading is no exposure", () => {
    expect(read(protection({}, []), protection({}, [])).exposures).toEqual([]);
  });

  test("a spell begins with what is weaker and ends when all of it is restored", () => {
    const off = protection({ rulesets: [{ ...RULESET, enforcement: "disabled", updatedAt: 1.5 * DAY }] }, []);
    const half = protection({}, [guard({ forbidsForcePush: false })]);
    const { exposures, causes } = read(protection(), off, half, protection());
    expect(exposures).toHaveLength(1);
    expect(exposures[0]).toMatchObject({ from: 1.5 * DAY, to: 4 * DAY });
    expect(exposures[0]?.items.find(({ setting }) => setting === "check-required")?.until).toBe(3 * DAY);
    expect(exposures[0]?.cause).toMatchObject({ kind: "ruleset", id: "1", how: "was disabled" });
    expect(new Set(causes).size).toBe(1);
  });

  test("a weakening nobody told of and GitHub dates nowhere may have begun right after the reading before", () => {
    const classic = protection({ rulesets: [] }, [guard({ source: "classic" })]);
    const { exposures } = read(classic, protection({ rulesets: [] }, []));
    expect(exposures[0]).toMatchObject({
      from: 2 * DAY,
      notBefore: DAY,
      basis: "read-later",
      cause: { kind: "classic-protection" },
    });
  });

  test("an unchanged reading changes no setting", () => {
    const once = read(protection()).settings;
    expect(read(protection(), protection(), protection()).settings).toEqual(once);
  });
});
