/** Deployments that a pipeline outside GitHub reported: taken at its word that they happened, and judged by GitHub's. */

import type { Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import type { ReceivedReport } from "../../domain/deployment/report.ts";
import { isRecorded, recordSuccess } from "./record-deployment.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { noticeEnvironments } from "../repositories/environments.ts";

/** Judges one report. Its time is when it was received: a pipeline could name any. */
export async function assessReport(repo: Repo, received: ReceivedReport): Promise<void> {
  const { info: repository } = repo;
  const { source, report, receivedAt } = received;
  const policy = await policyWhen(repo, receivedAt);
  const effective = policyOrDefault(policy);
  if (!isProductionEnvironment(effective, report.environment))
    return noticeEnvironments(repo, effective, [report.environment]);
  const id = sha256(`${repository.id}\nreport\n${source}\n${report.id}`);
  if (await isRecorded(repo.tools, id)) return;
  await recordSuccess(repo, {
    id,
    origin: { kind: "report", source, report: report.id, artifact: report.artifact ?? null },
    environment: report.environment,
    originalEnvironment: null,
    sha: report.sha,
    ref: report.ref ?? report.sha,
    creator: null,
    createdAt: receivedAt,
    statuses: [],
    at: receivedAt,
    run: null,
    rules: null,
    policy,
  });
}
