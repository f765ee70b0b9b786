import { createCheckRun, createStatus, updateCheckRun, type CheckRunInput } from "../acts/checks.ts";
import type { App, CheckRun, CommitStatus, Conclusion, Repository } from "../model.ts";
import { Refused } from "../refused.ts";
import { checkRunShape, checkSuiteShape, combinedStatusShape, statusShape } from "../shapes/checks.ts";
import { repositoryPage } from "../shapes/repositories.ts";
import { commitNamed } from "./commits.ts";
import { paged } from "./paging.ts";
import {
  actingAccount,
  invalidField,
  notFound,
  numberParam,
  ok,
  repositoryOf,
  textField,
  type Call,
  type Routes,
} from "./route.ts";

const READ = ["checks:read"] as const;
const WRITE = ["checks:write"] as const;

const STATUSES: readonly CheckRun["status"][] = [
  "queued",
  "in_progress",
  "completed",
  "waiting",
  "requested",
  "pending",
];
const CONCLUSIONS: readonly Conclusion[] = [
  "success",
  "failure",
  "neutral",
  "cancelled",
  "skipped",
  "timed_out",
  "action_required",
  "stale",
];
const STATES: readonly CommitStatus["state"][] = ["error", "failure", "pending", "success"];

function runOf(call: Call): { repository: Repository; run: CheckRun } {
  const repository = repositoryOf(call);
  const run = repository.checkRuns.find((one) => one.id === numberParam(call, "check_run_id"));
  if (run === undefined) throw notFound();
  return { repository, run };
}

/** Only an app may write checks. */
function writingApp(call: Call): App {
  if (call.caller.kind === "installation") return call.caller.app;
  throw new Refused(403, "You must authenticate via a GitHub App.");
}

function instant(call: Call, name: string): number | undefined {
  const text = textField(call, name);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw invalidField("CheckRun", name, "invalid");
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function input(call: Call): CheckRunInput {
  const { output } = call.body;
  return {
    name: textField(call, "name"),
    status: STATUSES.find((one) => one === call.body["status"]),
    conclusion: CONCLUSIONS.find((one) => one === call.body["conclusion"]),
    startedAt: instant(call, "started_at"),
    completedAt: instant(call, "completed_at"),
    detailsUrl: textField(call, "details_url"),
    externalId: textField(call, "external_id"),
    output: isRecord(output)
      ? {
          title: text(output["title"]),
          summary: text(output["summary"]),
          text: text(output["text"]),
          annotations: records(output["annotations"]),
        }
      : undefined,
    actions: Array.isArray(call.body["actions"])
      ? records(call.body["actions"]).map((one) => ({
          label: text(one["label"]) ?? "",
          description: text(one["description"]) ?? "",
          identifier: text(one["identifier"]) ?? "",
        }))
      : undefined,
  };
}

function runsAt(call: Call, repository: Repository): CheckRun[] {
  const { check_name: name, status, filter = "latest", app_id: appId } = call.query;
  const sha = commitNamed(call, repository, call.params["ref"] ?? "").sha;
  return call.world
    .checkRuns(repository, sha, filter === "all")
    .filter((one) => name === undefined || one.name === name)
    .filter((one) => status === undefined || one.status === status)
    .filter((one) => appId === undefined || String(one.appId) === appId)
    .reverse();
}

/** Check runs, check suites and commit statuses. */
export const checkRoutes: Routes = {
  "POST /repos/{owner}/{repo}/check-runs": {
    need: WRITE,
    run(call) {
      const repository = repositoryOf(call);
      const { name, ...rest } = input(call);
      const sha = textField(call, "head_sha");
      if (name === undefined) throw invalidField("CheckRun", "name");
      if (sha === undefined) throw invalidField("CheckRun", "head_sha");
      const run = createCheckRun(call.world, repository, writingApp(call), sha, { ...rest, name });
      return ok(checkRunShape(call.world, repository, run), 201);
    },
  },
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}": {
    need: READ,
    run(call) {
      const { repository, run } = runOf(call);
      return ok(checkRunShape(call.world, repository, run));
    },
  },
  "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}": {
    need: WRITE,
    run(call) {
      const { repository, run } = runOf(call);
      if (writingApp(call).id !== run.appId) {
        throw new Refused(
          403,
          "Invalid app_id `" +
            String(writingApp(call).id) +
            "` - check run can only be modified by the GitHub App that created it.",
        );
      }
      return ok(
        checkRunShape(call.world, repository, updateCheckRun(call.world, repository, run, input(call))),
      );
    },
  },
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations": {
    need: READ,
    run(call) {
      const { repository, run } = runOf(call);
      const page = repositoryPage(call.world, repository, `/blob/${run.headSha}`);
      return paged(call, run.output.annotations, (one) => ({
        start_column: null,
        end_column: null,
        title: null,
        raw_details: null,
        ...one,
        blob_href: `${page}/${text(one["path"]) ?? ""}`,
      }));
    },
  },
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      return paged(
        call,
        runsAt(call, repository),
        (run) => checkRunShape(call.world, repository, run),
        (check_runs, total_count) => ({ total_count, check_runs }),
      );
    },
  },
  "GET /repos/{owner}/{repo}/commits/{ref}/check-suites": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const sha = commitNamed(call, repository, call.params["ref"] ?? "").sha;
      const { app_id: appId, check_name: name } = call.query;
      const suites = repository.checkSuites
        .filter((one) => one.headSha === sha)
        .filter((one) => appId === undefined || String(one.appId) === appId)
        .filter(
          (one) =>
            name === undefined ||
            repository.checkRuns.some((run) => run.suiteId === one.id && run.name === name),
        );
      return paged(
        call,
        suites,
        (suite) => checkSuiteShape(call.world, repository, suite),
        (check_suites, total_count) => ({ total_count, check_suites }),
      );
    },
  },
  "GET /repos/{owner}/{repo}/check-suites/{check_suite_id}": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const suite = repository.checkSuites.find((one) => one.id === numberParam(call, "check_suite_id"));
      if (suite === undefined) throw notFound();
      return ok(checkSuiteShape(call.world, repository, suite));
    },
  },
  "GET /repos/{owner}/{repo}/commits/{ref}/status": {
    need: ["statuses:read"],
    run(call) {
      const repository = repositoryOf(call);
      const sha = commitNamed(call, repository, call.params["ref"] ?? "").sha;
      return ok(combinedStatusShape(call.world, repository, sha));
    },
  },
  "GET /repos/{owner}/{repo}/commits/{ref}/statuses": {
    need: ["statuses:read"],
    run(call) {
      const repository = repositoryOf(call);
      const sha = commitNamed(call, repository, call.params["ref"] ?? "").sha;
      const all = repository.statuses.filter((one) => one.sha === sha).reverse();
      return paged(call, all, (one) => statusShape(call.world, repository, one));
    },
  },
  "POST /repos/{owner}/{repo}/statuses/{sha}": {
    need: ["statuses:write"],
    run(call) {
      const repository = repositoryOf(call);
      const state = STATES.find((one) => one === call.body["state"]);
      if (state === undefined) throw invalidField("Status", "state", "invalid");
      const by = actingAccount(call.world, call.caller);
      const status = createStatus(call.world, repository, by, call.params["sha"] ?? "", {
        state,
        context: textField(call, "context"),
        description: textField(call, "description"),
        targetUrl: textField(call, "target_url"),
      });
      return ok(statusShape(call.world, repository, status), 201);
    },
  },
};
