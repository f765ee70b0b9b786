/** The page of one change and of one deployment: what to do now, then what the page of an auditor's sample has. */

import { html } from "hono/html";

import type { PopulationName } from "../../domain/evidence/sample/choice.ts";
import { POPULATIONS } from "../../domain/evidence/sample/choice.ts";
import { logPage } from "../../domain/evidence/sample/log-source.ts";
import { OF_LOG, OF_LOG_IN_PART } from "../../domain/evidence/sample/source-words.ts";
import { toDo } from "../../domain/deviation/to-do.ts";
import { isOfKind, type EntryKind, type LoggedEntry } from "../../domain/records/entry.ts";
import type { Html } from "../../pages/html-table.ts";
import { contentsHtml, inlineHtml, sectionsHtml } from "../../pages/sections.ts";
import { writtenHtml } from "../../pages/written.ts";
import { entriesAbout } from "../page/item.ts";
import { nothingObserved } from "../page/organization.ts";
import { linkedHere } from "../page/linked.ts";
import { repositoryLink } from "../page/named.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { missedHtml } from "../page/parts.ts";

/** Shows one change. */
export const CHANGE_PAGE: DashboardPage = { path: "/changes/:id", show: (asked) => show(asked, "changes") };

/** Shows one deployment. */
export const DEPLOYMENT_PAGE: DashboardPage = {
  path: "/deployments/:id",
  show: (asked) => show(asked, "deployments"),
};

async function show(asked: Asked, of: PopulationName): Promise<PageContent> {
  const { whole, access, now, params, web, link } = asked;
  const { id = "" } = params;
  const entries = /^[0-9a-f]{64}$/u.test(id) ? await entriesAbout(asked, of, id) : [];
  const { one } = POPULATIONS[of];
  const item = { of, id, entries, organizationId: access.organization.id, generatedAt: now };
  const page =
    entries.length === 0
      ? null
      : await logPage(
          { ...item, observedTime: (await whole?.observedTime()) ?? nothingObserved(now) },
          {
            web,
            companyIds: (await whole?.companyIds()) ?? new Map(),
            words: whole === null ? OF_LOG_IN_PART : OF_LOG,
          },
        );
  if (page === null) throw new PageProblem(404, `No ${one} of this id is on record here.`);
  const sections = linkedHere(page.sections, link);
  return {
    title: page.title,
    main: html`<p class="lead">
        ${one} of ${page.repository}, ${inlineHtml(page.subject)}, ${page.when}. Verdict:
        <span class="verdict ${page.verdict}">${page.verdict}</span>.
      </p>
      <section class="now">
        <h2 id="now">What to do now</h2>
        ${needed(entries, of, id, now).map(writtenHtml)} ${whyHtml(entries, of, id)}
        ${waysHtml(entries, link)}
      </section>
      ${contentsHtml(sections)} ${sectionsHtml(sections)}`,
  };
}

function whyHtml(entries: readonly LoggedEntry[], of: PopulationName, id: string): Html {
  const own = newestOf(entries, POPULATIONS[of].one).get(id);
  return own === undefined ? html`` : missedHtml(own.body.assessment);
}

/** Leads to its pull requests and deviations. */
function waysHtml(entries: readonly LoggedEntry[], link: Asked["link"]): Html {
  const deviations = [...newestOf(entries, "deviation").keys()].map((id) => ({
    href: link(`/deviations/${id}`),
    name: `Deviation ${id}`,
  }));
  const pulls = [...newestOf(entries, "gate").values()].flatMap(({ body }) =>
    body.pulls.map(({ repository, number }) => ({
      href: repositoryLink(link, "pulls", repository, `/${number}`),
      name: `What the check of #${number} showed`,
    })),
  );
  const ways = [...deviations, ...pulls];
  if (ways.length === 0) return html``;
  return html`<ul class="ways">
    ${ways.map(({ href, name }) => html`<li><a href="${href}">${name}</a></li>`)}
  </ul>`;
}

function needed(
  entries: readonly LoggedEntry[],
  of: PopulationName,
  id: string,
  at: number,
): readonly string[] {
  const own = newestOf(entries, POPULATIONS[of].one).get(id);
  if (own === undefined) return [];
  const remediations = newestOf(entries, "remediation");
  const reviews = newestOf(entries, "retroactive-review");
  return toDo({
    ...own.body,
    deviations: [...newestOf(entries, "deviation").values()].map(({ subject, body }) => ({
      deviation: body,
      remediation: remediations.get(subject)?.body ?? null,
    })),
    emergencies: [...newestOf(entries, "emergency").values()].map(({ subject, body }) => ({
      record: body,
      review: reviews.get(subject)?.body ?? null,
    })),
    // As all times of these pages: whoever reads them need not know the policy's own.
    timezone: "UTC",
    at,
  });
}

function newestOf<K extends EntryKind>(
  entries: readonly LoggedEntry[],
  kind: K,
): ReadonlyMap<string, LoggedEntry<K>> {
  const own = entries.filter((entry) => isOfKind(entry, kind)).toSorted((a, b) => a.seq - b.seq);
  return new Map(own.map((entry) => [entry.subject, entry]));
}
