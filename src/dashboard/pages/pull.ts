/** The page of a pull request: what its check shows, who can give what is missing, and what it landed as. */

import { html } from "hono/html";

import { countsText, unseenNotes } from "../../domain/approval/wording.ts";
import { logSection } from "../../domain/evidence/sample/shared-sections.ts";
import { entriesOfLog } from "../../domain/evidence/sample/log-source.ts";
import { OF_LOG } from "../../domain/evidence/sample/source-words.ts";
import { pullName } from "../../domain/lists/listed.ts";
import { emergencyToDo, type ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { GateRecord } from "../../domain/records/change.ts";
import { isOpenAt } from "../../domain/records/emergency.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { withoutEmergency } from "../../domain/messages/emergency-in-check.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import type { JudgedApproval } from "../../domain/values/result.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { sectionsHtml } from "../../pages/sections.ts";
import { writtenHtml } from "../../pages/written.ts";
import { repositoryNamed } from "../page/named.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { pullStateOf, type PullState } from "../page/pull-state.ts";
import { formsBelow, outsideHtml, RESULT_COLUMNS, verdictHtml, whenHtml } from "../page/parts.ts";
import { emergencyForms, PULL_ACTS, pullForms } from "./comment-forms.ts";

/** Shows one pull request. */
export const PULL_PAGE: DashboardPage = { path: "/pulls/:owner/:repo/:number", acts: PULL_ACTS, show };

async function show(asked: Asked): Promise<PageContent> {
  const { records, params, link, now, person } = asked;
  const { number = "" } = params;
  const repository = (await repositoryNamed(asked))?.repository ?? null;
  const name = repository === null ? "" : pullName(repository.id, Number(number));
  const gates =
    repository === null || !/^[1-9]\d{0,9}$/u.test(number)
      ? []
      : await records.history({ kinds: ["gate"], subjects: [name] });
  const gate = gates.at(-1);
  const pull = gate?.body.pulls.find((each) => each.number === Number(number));
  if (gate === undefined || pull === undefined)
    throw new PageProblem(404, "No pull request of this name is on record here.");
  const beginning = `${gate.repositoryId}/pull/${number}/`;
  const around = await records.history({
    kinds: ["observation", "emergency", "retroactive-review"],
    beginning,
  });
  const emergencies = emergenciesIn(around);
  const landed = await records.naming("change", [name]);
  const state = pullStateOf(gate, landed, around);
  const entries = [...gates, ...around].toSorted((a, b) => a.seq - b.seq);
  return {
    title: `#${pull.number} ${oneLine(pull.title)}`,
    main: html`<p class="lead">
        ${outsideHtml(pull.url, `${pull.repository.owner}/${pull.repository.name}#${pull.number}`)} into
        ${oneLine(pull.base.ref)}, opened by ${pull.author?.login ?? "an unknown account"}.
      </p>
      ${landed.length === 0 ? "" : landedHtml(landed, link)}
      ${state.is === "closed" ? closedHtml(state.at) : ""}
      ${checkHtml(gate, state, person?.kind === "github" ? formsBelow(asked) : html``)}
      ${emergenciesHtml(asked, emergencies, state)}
      ${
        state.is === "landed" || state.is === "closed"
          ? ""
          : pullForms(asked, {
              open: emergencies.findLast(({ record }) => isOpenAt(record, now))?.record ?? null,
              isUnverifiable: gate.body.assessment.results.some(({ outcome }) => outcome === "unverifiable"),
            })
      }
      <section>
        <h2 id="approvals">Who approved it</h2>
        ${approvalsHtml(gate.body)}
      </section>
      <section>
        <h2 id="controls">Controls</h2>
        ${tableOf(gate.body.assessment.results, RESULT_COLUMNS)}
      </section>
      <section>
        <h2 id="policy">Policy in force</h2>
        ${writtenHtml(policyLineOf(gate.body))}
      </section>
      ${sectionsHtml([logSection({ entries: entriesOfLog(entries) }, { words: OF_LOG })])}`,
  };
}

function landedHtml(landed: readonly LoggedEntry<"change">[], link: Asked["link"]): Html {
  return html`<section class="now">
    <h2 id="now">What to do now</h2>
    <ul>
      ${landed.map(
        ({ subject, at, body }) =>
          html`<li>
            It landed at ${whenHtml(at)}: ${verdictHtml(body.assessment.verdict)}.
            <a href="${link(`/changes/${subject}`)}">The change, and what to do about it</a>
          </li>`,
      )}
    </ul>
  </section>`;
}

/** What there is to do about one that was closed: nothing, whatever its check asked for before. */
function closedHtml(at: Instant): Html {
  return html`<section class="now">
    <h2 id="now">What to do now</h2>
    <p>Nothing: it was closed at ${whenHtml(at)}. To go on with it, reopen it on GitHub.</p>
  </section>`;
}

/** The words of the check run are kept as they were sent; what a newer entry contradicts is left out. */
function checkHtml(
  { body: { check }, recordedAt }: LoggedEntry<"gate">,
  { is }: PullState,
  below: Html,
): Html {
  const heads: Readonly<Record<PullState["is"], Html>> = {
    landed: html`What the check showed before the merge`,
    closed: html`What the check showed before it was closed`,
    outdated: html`What the check asked for at ${whenHtml(recordedAt)}`,
    open: html`What to do now`,
  };
  const said = is === "outdated" ? withoutEmergency(check) : check;
  return html`<section class="${is === "open" ? "now" : ""}">
    <h2 id="${is === "open" ? "now" : "check"}">${heads[is]}</h2>
    ${
      said === null
        ? html`<p>It showed an emergency that is another one by now, see below.</p>`
        : html`<p><b>${said.title}</b></p>
            ${writtenHtml(said.summary)}`
    }
    ${is === "open" ? below : ""}
    <p class="from">
      The check run of commit <code>${check.headSha}</code>: ${check.conclusion ?? "in progress"}, as of
      ${whenHtml(recordedAt)}.
    </p>
  </section>`;
}

/** The check run ends with the policy it was decided by, and where its files were read. */
function policyLineOf({ check, assessment }: GateRecord): string {
  const last = check.text.split("\n").at(-1) ?? "";
  return last.startsWith("Policy:") ? last : `Policy: digest ${assessment.policyDigest || "not known"}.`;
}

type NamedEmergency = ReviewedEmergency & { readonly subject: string };

/** The emergencies as they are recorded last, oldest first. */
function emergenciesIn(around: readonly LoggedEntry[]): readonly NamedEmergency[] {
  const newest = new Map(around.map((entry) => [`${entry.kind} ${entry.subject}`, entry]));
  return [...newest.values()].flatMap((entry) => {
    if (entry.kind !== "emergency") return [];
    const review = newest.get(`retroactive-review ${entry.subject}`);
    const owed = review?.kind === "retroactive-review" ? review.body : null;
    return [{ subject: entry.subject, record: entry.body, review: owed }];
  });
}

function emergenciesHtml(asked: Asked, emergencies: readonly NamedEmergency[], { is }: PullState): Html {
  if (emergencies.length === 0) return html``;
  return html`<section>
    <h2 id="emergency">Emergency</h2>
    ${emergencies.map(
      (each) =>
        html`<p>
            ${each.record.id}: ${each.record.status}. Reason: ${each.record.reason ?? "none was given"}.
          </p>
          ${
            // Nobody authorises what was closed; a review is owed all the same.
            is === "closed" && each.review === null
              ? ""
              : html`${emergencyToDo(each, "UTC", asked.now).map(writtenHtml)}
                ${emergencyForms(asked, each.subject, each)}`
          }`,
    )}
  </section>`;
}

function approvalsHtml({ assessment: { approvals } }: GateRecord): Html {
  if (approvals.length === 0) return html`<p>None so far. A review approves; a comment approves nothing.</p>`;
  return tableOf(approvals, APPROVALS);
}

const APPROVALS: readonly HtmlColumn<JudgedApproval>[] = [
  { head: "Who", cell: ({ login }) => oneLine(login) },
  { head: "Counts", cell: (each) => countsText(each) },
  {
    head: "Entitled by",
    cell: ({ served = [] }) => [...new Set(served.flatMap(({ by }) => by))].map(oneLine).join(", "),
  },
  { head: "Why", cell: (each) => [oneLine(each.reason), ...unseenNotes(each)].join("; "), wide: true },
];
