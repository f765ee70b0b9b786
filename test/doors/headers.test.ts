import { expect, test } from "vitest";

import { routes, WEBHOOK_PATH } from "../../src/server.ts";
import { memory, toolsOn, webhookHeaders } from "./rig.ts";

async function posted(headers: Readonly<Record<string, string>>) {
  const { stored, ledger } = memory();
  const answer = await routes(toolsOn(ledger)).request(WEBHOOK_PATH, {
    method: "POST",
    body: "{}",
    headers: { ...webhookHeaders("{}"), ...headers },
  });
  return { status: answer.status, stored: stored.size };
}

test.each([
  ["an event of our own", { "x-github-event": "countersign.census" }],
  ["a report", { "x-github-event": "countersign.report" }],
  ["an event of our own in capitals", { "x-github-event": "Countersign.Census" }],
  ["the id of a task", { "x-github-delivery": "countersign.census:1783328400000" }],
  ["the id of a report", { "x-github-delivery": "report:jenkins:build-1" }],
  ["an id with a space", { "x-github-delivery": "a b" }],
  ["an id of a thousand characters", { "x-github-delivery": "a".repeat(1_000) }],
  ["an event of a thousand characters", { "x-github-event": "a".repeat(1_000) }],
])("%s in the headers of a signed delivery is refused", async (_, headers) => {
  expect(await posted(headers)).toEqual({ status: 400, stored: 0 });
});

test.each([
  ["a name GitHub gives", { "x-github-event": "workflow_run" }],
  ["a name GitHub may give tomorrow", { "x-github-event": "secret_scanning_alert_2" }],
  ["a delivery id as GitHub makes them", { "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958" }],
])("%s is received", async (_, headers) => {
  expect(await posted(headers)).toEqual({ status: 202, stored: 1 });
});
