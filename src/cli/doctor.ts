/** `countersign doctor`: what is wrong with the settings, the store and the way to GitHub, and how to mend it. */

import { z } from "zod";
import { ask } from "../github/ask.ts";
import { makeProbot, octokitsOf } from "../github/octokit.ts";
import { openLedger } from "../ledger/open.ts";
import { apiBaseUrl, readSettings, type Settings } from "../settings.ts";
import type { Answer, ExitCode, Terminal } from "./answer.ts";
import { answerFailure } from "./answer.ts";

/** One thing looked at. */
interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was found; when it is wrong, with how to mend it. */
  readonly found: string;
  readonly code: ExitCode;
}

/** Looks at everything and tells all of it. Exit code: the gravest of what is wrong (2 settings, 3 unreachable). */
export async function doctor(terminal: Terminal): Promise<Answer> {
  const read = readSettings(terminal.env);
  const findings: Finding[] = read.ok
    ? [
        { what: "settings", ok: true, found: "complete", code: 0 },
        await look("store", terminal, () => lookAtStore(read.settings)),
        await look("GitHub", terminal, () => lookAtGitHub(read.settings)),
      ]
    : read.problems.map((problem) => ({ what: "settings", ok: false, found: problem, code: 2 }));
  const code = findings.reduce<ExitCode>((worst, each) => (each.code > worst ? each.code : worst), 0);
  const lines = findings.map((each) => `${each.ok ? "ok   " : "wrong"}  ${each.what}: ${each.found}`);
  return { code, lines, data: { ok: code === 0, findings } };
}

async function look(what: string, terminal: Terminal, work: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, found: await work(), code: 0 };
  } catch (error) {
    const { code, lines } = answerFailure(error, terminal.env);
    return { what, ok: false, found: (lines[0] ?? "").replace(/^error: /u, ""), code };
  }
}

async function lookAtStore(settings: Settings): Promise<string> {
  const ledger = await openLedger(settings.store);
  try {
    const { size } = await ledger.head();
    const place = "dataDir" in settings.store ? settings.store.dataDir : "PostgreSQL";
    return `${ledger.kind} (${place}) answers; the evidence log holds ${size} entries`;
  } finally {
    await ledger.close();
  }
}

async function lookAtGitHub(settings: Settings): Promise<string> {
  const baseUrl = apiBaseUrl(settings);
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl,
    pacing: true,
  });
  const octokit = await octokitsOf(probot).app();
  const { data } = await ask(octokit, "GET /app", {}, z.object({ slug: z.string() }));
  return `${baseUrl} answers, and knows us as ${data.slug}`;
}
