/** One repository: its scope, what doctor finds in its protection, how that was over time, and what could not be seen. */

import { html } from "hono/html";

import type { ProtectionRemark } from "../../domain/protection/diagnosis.ts";
import type { ControlStateRecord, ExposureRecord } from "../../domain/protection/record.ts";
import { settingNameText, settingValueText, weakerText } from "../../domain/protection/words.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { factsHtml } from "../../pages/facts.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { sentenceHtml } from "../../pages/written.ts";
import { gapsTable } from "../page/gaps.ts";
import { repositoryFilter, repositoryNamed } from "../page/named.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { branchName, whenHtml, withheldHtml } from "../page/parts.ts";
import { protectionOn, type DatedWeakness, type KnownProtection } from "../page/protection.ts";
import { scopeHtml } from "./repositories.ts";

/** Values of settings that are shown; the evidence package lists all. */
const MOST = 200;

/** Shows one repository. */
export const REPOSITORY_PAGE: DashboardPage = { path: "/repositories/:owner/:repo", show };

async function show(asked: Asked): Promise<PageContent> {
  const record = await repositoryNamed(asked);
  if (record === null) throw new PageProblem(404, "No repository of this name is on record here.");
  const { owner, name } = record.repository;
  const protection = await protectionOn(asked, record);
  return {
    title: `${owner}/${name}`,
    main: html`${await aboutHtml(asked, record)}
      <section>
        <h2 id="findings">What doctor finds</h2>
        ${findingsHtml(protection)}
      </section>
      <section>
        <h2 id="weak">Weak since</h2>
        ${weakHtml(protection)}
      </section>
      <section>
        <h2 id="exposures">When it was protected less than before</h2>
        ${protection.exposures.length === 0 ? html`<p>No such time is on record.</p>` : tableOf(protection.exposures, EXPOSURES)}
      </section>
      <section>
        <h2 id="settings">Protection over time</h2>
        ${settingsHtml(protection.settings)}
      </section>
      <section>
        <h2 id="gaps">Monitoring gaps</h2>
        ${await gapsHtml(asked, record)}
      </section>`,
  };
}

async function aboutHtml({ records, link }: Asked, record: RepositoryRecord): Promise<Html> {
  const { repository, productionRefs, installedFrom } = record;
  const sweptAt = (await records.lastSweeps()).get(repository.id) ?? null;
  const facts: readonly (readonly [string, Html | string])[] = [
    ["Scope", scopeHtml(record)],
    ["Production branches", productionRefs.map(branchName).join(", ") || "none is followed"],
    ["Visibility", repository.visibility],
    ["Seen by the App since (UTC)", whenHtml(installedFrom)],
    ["Last swept (UTC)", sweptAt === null ? "never" : whenHtml(sweptAt)],
  ];
  const own = { repository: repositoryFilter(repository) };
  return html`${factsHtml(facts)}
    <p>
      <a href="${link("/changes", own)}">Its changes</a>,
      <a href="${link("/deployments", own)}">its deployments</a>
    </p>`;
}

const KINDS: Readonly<Record<ProtectionRemark["kind"], string>> = {
  "not-prevented": "not prevented",
  "only-seen": "only seen afterwards",
  "not-seen": "cannot be seen",
  "holds-back-emergency": "would stop an emergency",
};

function findingsHtml({ readAt, remarks }: KnownProtection): Html {
  if (readAt === null)
    return html`<p>How it is protected was not read yet, so nothing can be said of it.</p>`;
  const as = asRead(readAt);
  if (remarks.length === 0)
    return html`<p>Nothing in what GitHub showed of its protection.</p>
      ${as}`;
  return html`${tableOf<ProtectionRemark>(remarks, [
    { head: "Kind", cell: ({ kind }) => KINDS[kind] },
    { head: "Where", cell: ({ where }) => where || "the repository" },
    { head: "What", cell: ({ what }) => what, wide: true },
    { head: "What helps", cell: ({ remedy }) => sentenceHtml(remedy), wide: true },
  ])}${as}`;
}

/** What a page shows of GitHub is as old as its reading. */
function asRead(readAt: Instant | null): Html {
  return html`<p class="from">
    ${readAt === null ? "When it was read is not on record" : html`As read by ${whenHtml(readAt)}`}; GitHub is
    not asked for this page.
  </p>`;
}

function weakHtml({ weaknesses, settings, readAt }: KnownProtection): Html {
  if (settings.length === 0) return html`<p>Its settings were not read yet.</p>`;
  if (weaknesses.length === 0)
    return html`<p>Nothing in the settings that GitHub showed was weak.</p>
      ${asRead(readAt)}`;
  return html`${tableOf<DatedWeakness>(weaknesses, [
    { head: "Known since (UTC)", cell: ({ since }) => whenHtml(since), whole: true },
    { head: "Where", cell: ({ place }) => `${place.kind} ${place.name}` },
    { head: "What", cell: ({ weakness }) => weakness, wide: true },
    { head: "What helps", cell: ({ remedy }) => sentenceHtml(remedy), wide: true },
  ])}
  ${asRead(readAt)}`;
}

const EXPOSURES: readonly HtmlColumn<ExposureRecord>[] = [
  { head: "From (UTC)", cell: ({ from }) => whenHtml(from), whole: true },
  {
    head: "To (UTC)",
    cell: ({ to }) => (to === null ? html`<b class="overdue">not ended</b>` : whenHtml(to)),
    whole: true,
  },
  { head: "What changed", cell: ({ cause }) => `the ${cause.kind} ${cause.name} ${cause.how}`, wide: true },
  {
    head: "What was weaker",
    cell: ({ items }) => html`${items.map((each) => html`<p>${each.place.name} ${weakerText(each)}</p>`)}`,
    wide: true,
  },
  { head: "By", cell: ({ by }) => by?.login ?? "not known" },
];

function settingsHtml(settings: readonly ControlStateRecord[]): Html {
  if (settings.length === 0) return html`<p>Its settings were not read yet.</p>`;
  return html`${tableOf<ControlStateRecord>(settings.slice(0, MOST), [
    { head: "Since (UTC)", cell: ({ from }) => whenHtml(from), whole: true },
    {
      head: "Where",
      cell: ({ place }) => (place.kind === "repository" ? "the repository" : `${place.kind} ${place.name}`),
    },
    { head: "Setting", cell: ({ setting }) => settingNameText(setting) },
    { head: "Value", cell: valueText, wide: true },
    { head: "Changed by", cell: ({ by }) => by?.login ?? "not known" },
    {
      head: "How known",
      cell: ({ basis }) => (basis === "observed" ? "told when it happened" : "found at a later reading"),
    },
  ])}
  ${settings.length > MOST ? html`<p>The newest ${MOST} of ${settings.length} values are shown.</p>` : ""}`;
}

function valueText({ gone, value, because }: ControlStateRecord): string {
  if (gone) return "no longer there";
  return value === null ? `not observable: ${because ?? "GitHub did not show it"}` : settingValueText(value);
}

async function gapsHtml({ records, whole }: Asked, { repository }: RepositoryRecord): Promise<Html> {
  const gaps = await (whole === null ? records.gapsOf(repository.id) : whole.gapsOf(repository));
  return html`<p>
      ${gaps.length === 0 ? "None is on record" : `${gaps.length} on record`}${whole === null ? " of this repository alone" : ""}.
    </p>
    ${gapsTable(gaps)}
    ${
      whole === null
        ? html`<p>Times in which the App could see nothing at all:</p>
            ${withheldHtml()}`
        : ""
    }`;
}
