import { expect, test } from "vitest";
import { undeployedJobs } from "../../src/domain/deployment/workflow-file.ts";

test("a job leaves no deployment where it says so, by a word or by an expression", () => {
  const text = `jobs:
  a: { environment: { name: production, deployment: false } }
  b: { environment: { name: production, deployment: "\${{ inputs.deploy }}" } }
  c: { environment: { name: production } }
  d: { environment: production }
  e: { environment: { name: production, deployment: true } }
  f: { environment: { name: production, deployment: "false" } }
  g: { uses: ./.github/workflows/x.yml }
`;
  expect(undeployedJobs(text)).toEqual([
    { job: "a", environment: "production", surely: true },
    { job: "b", environment: "production", surely: false },
    { job: "f", environment: "production", surely: true },
  ]);
});

test("what is no workflow is not taken for one without such jobs", () => {
  expect(undeployedJobs("jobs: [")).toBeNull();
  expect(undeployedJobs("on: push")).toBeNull();
  expect(undeployedJobs("")).toBeNull();
});
