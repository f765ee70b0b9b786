/** The repositories: which are in scope and why others are not, what is weak in each, and what cannot be seen. */

import { html } from "hono/html";

import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { repositoryLink } from "../page/named.ts";
import { getForm, selectField } from "../lists/get-form.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { branchName, collected, whenHtml } from "../page/parts.ts";
import { datedWeaknesses, type DatedWeakness } from "../page/protection.ts";

const PATH = "/repositories";

/** So many repositories are shown. */
const MOST = 200;

/** Shows the repositories by name and scope. */
export const REPOSITORIES_PAGE: DashboardPage = { path: PATH, nav: "Repositories", show };

interface ShownRepository {
  readonly record: RepositoryRecord;
  /** Null: its settings were never read. */
  readonly weaknesses: readonly DatedWeakness[] | null;
  /** Settings that GitHub does not show. */
  readonly hidden: number;
  readonly weakerSince: Instant | null;
  readonly sweptAt: Instant | null;
}

async function show(asked: Asked): Promise<PageContent> {
  const words = (asked.query.get("name") ?? "").trim().slice(0, 100).toLowerCase();
  const scope = SCOPES.find((each) => each === asked.query.get("scope")) ?? null;
  const all = (await collected(asked.records.entries("repository"))).map(({ body }) => body);
  const found = all
    .filter((each) => nameOf(each).toLowerCase().includes(words))
    .filter((each) => scope === null || scopeOf(each) === scope)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const rows = await shownOf(asked, found.slice(0, MOST));
  const count = (state: Scope): number => found.filter((each) => scopeOf(each) === state).length;
  return {
    title: "Repositories",
    main: html`${form(asked, words, scope)}
      <p class="lead">
        ${found.length} ${found.length === 1 ? "repository" : "repositories"}: ${count("in scope")} in scope,
        ${count("out of scope")} out of scope, ${count("not visible any more")} not visible any more. Weaker
        since: since when it is protected less than before. Not shown: settings that GitHub does not show.
        When each was read is on its page. ${found.length > MOST ? `The first ${MOST} are shown.` : ""}
        Repositories that the App is not installed on are not known here.
      </p>
      ${rows.length === 0 ? "" : tableOf(rows, columnsOf(asked))}`,
  };
}

const SCOPES = ["in scope", "out of scope", "not visible any more"] as const;
type Scope = (typeof SCOPES)[number];

function scopeOf({ inScope, removedAt }: RepositoryRecord): Scope {
  if (removedAt !== null) return "not visible any more";
  return inScope ? "in scope" : "out of scope";
}

async function shownOf(
  { records }: Asked,
  found: readonly RepositoryRecord[],
): Promise<readonly ShownRepository[]> {
  const states = Map.groupBy(
    await collected(records.entries("control-state")),
    ({ repositoryId }) => repositoryId,
  );
  const weaker = new Map<number, Instant>();
  for await (const { repositoryId, body } of records.entries("exposure"))
    if (body.to === null) weaker.set(repositoryId, Math.min(body.from, weaker.get(repositoryId) ?? Infinity));
  const swept = await records.lastSweeps();
  return found.map((record) => {
    const { id } = record.repository;
    const own: readonly LoggedEntry<"control-state">[] = states.get(id) ?? [];
    return {
      record,
      weaknesses: own.length === 0 ? null : datedWeaknesses(own),
      hidden: own.filter(({ body }) => !body.gone && body.value === null).length,
      weakerSince: weaker.get(id) ?? null,
      sweptAt: swept.get(id) ?? null,
    };
  });
}

function form(asked: Asked, words: string, chosen: Scope | null): Html {
  return getForm(
    asked,
    { path: PATH, label: "Filters", own: ["name", "scope"] },
    html`<label>Words in its name <input name="name" type="search" value="${words}" maxlength="100" /></label>
      ${selectField({ name: "scope", label: "Scope", any: "any", values: SCOPES, chosen })}`,
  );
}

function nameOf({ repository: { owner, name } }: RepositoryRecord): string {
  return `${owner}/${name}`;
}

function columnsOf({ link }: Asked): readonly HtmlColumn<ShownRepository>[] {
  return [
    {
      head: "Repository",
      cell: ({ record }) =>
        html`<a href="${repositoryLink(link, "repositories", record.repository)}">${nameOf(record)}</a>`,
    },
    { head: "Scope", cell: ({ record }) => scopeHtml(record), wide: true },
    {
      head: "Branches",
      cell: ({ record }) => record.productionRefs.map(branchName).join(", ") || "none is followed",
    },
    {
      head: "Weak when last read",
      cell: ({ weaknesses }) =>
        weaknesses === null
          ? "not read yet"
          : weaknesses.length === 0
            ? "nothing seen"
            : String(weaknesses.length),
    },
    {
      head: "Weaker since (UTC)",
      cell: ({ weakerSince }) => (weakerSince === null ? "" : whenHtml(weakerSince)),
    },
    {
      head: "Not shown",
      cell: ({ weaknesses, hidden }) => (weaknesses === null ? "not read yet" : hidden),
      number: true,
    },
    {
      head: "Last swept (UTC)",
      cell: ({ sweptAt }) => (sweptAt === null ? "never" : whenHtml(sweptAt)),
    },
  ];
}

/** Returns whether a repository is in scope, and why not. */
export function scopeHtml(record: RepositoryRecord): Html {
  const { removedAt, archived, reason } = record;
  return html`${scopeOf(record)}${removedAt === null ? "" : html` since ${whenHtml(removedAt)}`}${
    reason === "" ? "" : `: ${reason}`
  }${archived ? "; archived" : ""}`;
}
