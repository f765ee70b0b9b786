/** Where what is written on GitHub and sent elsewhere leads: to the dashboard where people can sign in, else to GitHub itself. */

import type { CheckRunPayload } from "../decisions/decision.ts";
import type { AnswerGatePayload } from "../decisions/deployment-gate.ts";
import type { Action } from "../records/entry.ts";
import type { NotificationPayload } from "../messages/notification.ts";

/** Holds the addresses that links begin with, without a slash at the end. */
export interface Addresses {
  /** Of the dashboard; null: people cannot sign in to it. */
  readonly pages: string | null;
  /** Of GitHub's pages; null: it is not known. */
  readonly web: string | null;
}

const LINK = "[More about it in Countersign]";

/** Returns a text with a link to the page about it, before the hidden markers that it may end with. */
export function withLink(text: string, address: string | null): string {
  if (address === null) return text;
  const [said = "", ...markers] = text.split(/\n+(?=<!-- countersign-)/u);
  const shown = `${said}\n\n${LINK}(${address})`;
  return markers.length === 0 ? shown : [`${shown}\n`, ...markers].join("\n");
}

/** Returns a text as it was before a link was added, wherever that led. */
export function withoutLink(text: string): string {
  const at = text.lastIndexOf(`\n\n${LINK}(`);
  return at === -1 ? text : text.slice(0, at) + text.slice(at).replace(/^\n\n[^\n]*/u, "");
}

type About = Pick<Action, "key" | "kind" | "payload">;

/** Returns the address of the page about what an action writes; null: it is where it is written. */
export function pageAddress(action: About, { pages, web }: Addresses): string | null {
  const [page, own] = [pageOf(action), onGitHub(action)];
  if (pages !== null && page !== null) return `${pages}${page}`;
  return web === null || own === null ? null : `${web}${own}`;
}

/** Returns the path of the dashboard's page about what an action writes; null: there is none. */
function pageOf({ key, kind, payload }: About): string | null {
  switch (kind) {
    case "check-run": {
      const { repository, pulls = [] } = payload as CheckRunPayload;
      return pulls[0] === undefined ? null : pullPage(`${repository.owner}/${repository.name}`, pulls[0]);
    }
    case "open-issue":
    case "update-issue":
      return (
        deviationPage(key) ?? monthPage(key) ?? (key.startsWith("issue-waiting:") ? "/deviations" : null)
      );
    case "answer-gate":
      return gatePage(key, payload as AnswerGatePayload);
    case "notification":
      return newsPage(key, payload as NotificationPayload);
    default:
      return null;
  }
}

/** GitHub's page of the same, where it is another than the one it is written on. */
function onGitHub({ kind, payload }: About): string | null {
  if (kind === "notification") {
    const { path } = payload as NotificationPayload;
    return path === null ? null : `/${path}`;
  }
  if (kind !== "check-run") return null;
  const { repository, pulls = [], text } = payload as CheckRunPayload;
  const place = `/${repository.owner}/${repository.name}`;
  return pulls[0] === undefined ? `${place}/commit/${text.headSha}` : `${place}/pull/${pulls[0]}`;
}

function newsPage(key: string, { kind, repository, path }: NotificationPayload): string {
  const [, pull] = /\/pull\/(\d+)$/u.exec(path ?? "") ?? [];
  const ofPull = pull === undefined || repository === null ? null : pullPage(repository, Number(pull));
  switch (kind) {
    case "deviation-opened":
    case "deviation-closed":
      return deviationPage(key) ?? "/deviations";
    case "emergency-waiting":
      return ofPull ?? "/emergencies";
    case "review-due":
    case "review-overdue":
      return monthPage(key) ?? ofPull ?? "/reviews";
    case "weekly-digest":
    case "log-disagrees":
    case "summary":
      return "/";
  }
}

/** One App may serve several organisations: the page is that of the repository's. */
function pullPage(repository: string, number: number): string {
  const [owner = "", name = ""] = repository.split("/");
  const org = new URLSearchParams({ org: owner }).toString();
  return `/pulls/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/${number}?${org}`;
}

/** INVARIANT: the key of an answer ends with the subject of its entry, which has the environment last. */
function gatePage(key: string, { repository: { owner } }: AnswerGatePayload): string | null {
  const { repository, deployment, environment } =
    /^gate:(?<repository>\d+)#(?<deployment>\d+):(?<environment>[^]*)$/u.exec(key)?.groups ?? {};
  if (repository === undefined || deployment === undefined || environment === undefined) return null;
  const org = new URLSearchParams({ org: owner }).toString();
  return `/gates/${repository}/${deployment}/${encodeURIComponent(environment)}?${org}`;
}

/** INVARIANT: the key of whatever concerns one deviation names it, and that of a month names the month. */
function deviationPage(key: string): string | null {
  const id = /:(?<id>DEV-[0-9a-f]{12}(?:-\d+)?)(?::|$)/u.exec(key)?.groups?.["id"];
  return id === undefined ? null : `/deviations/${id}`;
}

function monthPage(key: string): string | null {
  const owner = /:\d{4}-\d{2}:(?<owner>[^:]*)$/u.exec(key)?.groups?.["owner"];
  return owner === undefined ? null : `/months?${new URLSearchParams({ owner }).toString()}`;
}
