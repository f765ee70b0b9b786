/** Heads of the evidence log on GitHub: the comments that show them, and whether the log still agrees with them. */

import type { Head, HeadCheckRecord, HeadFinding, LogHeadRecord } from "../records/monitoring.ts";
import type { Action } from "../records/entry.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { Instant } from "../time/instant.ts";
import { SETTLING } from "../change/settling.ts";
import { DAY } from "../time/durations.ts";
import type { Notification } from "../messages/notification.ts";
import { markdown, oneLine, time } from "../texts/wording.ts";
import { sha256 } from "../values/digest.ts";

/** Describes what a `post-head` action does. It comments on the issue of its quarter, which is opened where there is none. */
export interface PostHeadPayload {
  readonly repository: { readonly owner: string; readonly name: string };
  readonly appId: number;
  readonly organizationId: number;
  /** Of the head. */
  readonly number: number;
  readonly issue: {
    /** Its number, where the log has one. */
    readonly number: number | null;
    readonly title: string;
    readonly body: string;
    readonly marker: string;
    /** It was not opened before this moment. */
    readonly since: Instant;
  };
  readonly text: string;
}

/** Describes a comment of the App on an issue of heads, as GitHub shows it. */
export interface ShownComment {
  readonly repository: string;
  readonly issue: number;
  readonly comment: number;
  readonly url: string;
  readonly body: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly by: { readonly id: number; readonly login: string };
}

/** Where a head is posted from, and to. */
interface Sender {
  readonly organization: { readonly id: number; readonly login: string };
  readonly installationId: number;
  readonly appId: number;
}

/** A head with what its comment says besides. */
interface Wanted extends Omit<LogHeadRecord, "textSha256" | "posted" | "refused"> {
  readonly issue: number | null;
  readonly findings: readonly HeadFinding[];
}

/** Returns a head's record and the action that posts it. */
export function headToPost(
  wanted: Wanted,
  sender: Sender,
): { readonly record: LogHeadRecord; readonly action: Action } {
  const { issue: number, findings: _, ...head } = wanted;
  const { organization, appId, installationId } = sender;
  const [owner = "", name = ""] = head.repository.split("/");
  const text = headText(wanted, organization);
  const quarter = quarterOf(head.askedAt);
  const marker = `${headsMarker(organization.id)}${quarter.name}`;
  const payload: PostHeadPayload = {
    repository: { owner, name },
    appId,
    organizationId: organization.id,
    number: head.number,
    issue: {
      number,
      title: `Heads of the evidence log, ${organization.login}, ${quarter.name}`,
      body: issueBody(organization.login, marker),
      marker,
      since: quarter.from,
    },
    text,
  };
  return {
    record: { ...head, textSha256: textDigest(text), posted: null, refused: null },
    action: {
      // One for each head: none is replaced by a later one.
      key: `log-head:${organization.id}:${head.number}:${head.hash}`,
      kind: "post-head",
      repositoryId: 0,
      organizationId: organization.id,
      installationId,
      payload,
    },
  };
}

/** Returns how the hidden marker of every issue of an organisation's heads begins. */
export function headsMarker(organizationId: number): string {
  return `countersign-heads:${organizationId}:`;
}

/** Returns the quarter of a moment: each has an issue of its own, whose comments one request reads. */
export function quarterOf(at: Instant): { readonly name: string; readonly from: Instant } {
  const date = new Date(at);
  const [year, quarter] = [date.getUTCFullYear(), Math.floor(date.getUTCMonth() / 3)];
  return { name: `${year}-Q${quarter + 1}`, from: Date.UTC(year, quarter * 3) };
}

/** GitHub may keep a text with other line ends, and without empty lines at its end. */
function textDigest(text: string): string {
  return sha256(text.replaceAll("\r\n", "\n").trim());
}

const SHOWN_FINDINGS = 10;

/** So many stand in one message. */
const SENT_FINDINGS = 3;

function headText(head: Wanted, { id, login }: Sender["organization"]): string {
  const { number, size, hash, before, findings, askedAt } = head;
  const line = [
    `countersign-head organization=${id} number=${number} size=${size} sha256=${hash}`,
    ...(before === null ? [] : [`before=${before.number}:${before.size}:${before.hash}`]),
  ].join(" ");
  return [
    `Head ${number} of the evidence log of ${markdown(login)}: ${entries(size)} at ${time(askedAt)}. The line below names the hash of the last one${
      before === null ? "" : `, and head ${before.number} before it`
    }.`,
    "",
    "```text",
    line,
    "```",
    "",
    ...(findings.length === 0
      ? []
      : [
          "**Earlier heads do not agree with the log:**",
          "",
          ...findings.slice(0, SHOWN_FINDINGS).map(({ says }) => `- ${markdown(says)}`),
          ...(findings.length > SHOWN_FINDINGS ? [`- and ${findings.length - SHOWN_FINDINGS} more`] : []),
          "",
        ]),
    "An entry before this one that is rewritten later no longer agrees with this line. Do not edit or delete this comment.",
    "",
  ].join("\n");
}

function issueBody(login: string, marker: string): string {
  return [
    `Each comment here is a head of the evidence log of ${markdown(login)}: its length, and the hash of its last entry. A log that is rewritten no longer agrees with them.`,
    "",
    "Nothing needs to be done. Do not edit or delete them: GitHub shows it.",
    "",
    `<!-- ${marker} -->`,
    "",
  ].join("\n");
}

const LINE =
  /^countersign-head organization=(\d{1,15}) number=(\d{1,9}) size=(\d{1,15}) sha256=([0-9a-f]{64})(?: before=\S+)?$/mu;

/** Returns the head that a comment names of an organisation; null: none. */
export function headIn(body: string, organizationId: number): Head | null {
  const [, organization, number, size, hash] = LINE.exec(body.replaceAll("\r\n", "\n")) ?? [];
  if (hash === undefined || Number(organization) !== organizationId) return null;
  return { number: Number(number), size: Number(size), hash };
}

/** Returns the news of findings that were not found before; null: there are none. */
export function headNews(
  organizationId: number,
  { findings, at }: Pick<HeadCheckRecord, "findings" | "at">,
  before: Pick<HeadCheckRecord, "findings"> | null,
): Notification | null {
  const found = findings.filter((each) => !(before?.findings ?? []).some((other) => isSame(each, other)));
  const [first] = found;
  if (first === undefined) return null;
  const [repository = null, issue] = first.place?.split("#") ?? [];
  const names = found.map(({ code, number, comment, hash }) => [code, number, comment, hash]);
  const shown = found.slice(0, SENT_FINDINGS).map(({ says }) => oneLine(says));
  const more = found.length > SENT_FINDINGS ? ` And ${found.length - SENT_FINDINGS} more.` : "";
  return {
    organizationId,
    about: sha256(JSON.stringify(names)),
    text: `The evidence log and its heads on GitHub do not agree. ${shown.join(" ")}${more} Find out what happened before you rely on the log; \`countersign log verify --heads\` compares them again.`,
    repository,
    path: issue === undefined ? null : `${repository}/issues/${issue}`,
    at,
  };
}

/** Returns why no head is posted any more, or was ever; null: the newest was. `policies`: those in force, as far as known. */
export function whyUnposted(
  known: readonly LogHeadRecord[],
  check: Pick<HeadCheckRecord, "because"> | null,
  policies: readonly Pick<Policy, "deviations">[],
): string | null {
  if (check !== null && check.because !== null) return check.because;
  const posted = known.findLast((each) => each.posted !== null)?.number ?? 0;
  const refused = known.findLast((each) => each.refused !== null);
  if (refused !== undefined && refused.number > posted) return refused.refused;
  if (posted > 0) return null;
  if (policies.length === 0) return "no policy is on record yet";
  return policies.some(({ deviations }) => deviations.repository !== null)
    ? "none was posted yet"
    : "the policy names no repository for deviations (deviations.repository)";
}

/** Returns whether GitHub dates a head more than a day later. What it covers was not anchored before. */
export function isDatedLater({ posted, askedAt }: LogHeadRecord): boolean {
  return posted !== null && posted.createdAt - askedAt > DAY;
}

/** Describes what is compared: what the log has of its heads, and what GitHub shows. */
export interface HeadsCompared {
  readonly organizationId: number;
  readonly known: readonly LogHeadRecord[];
  readonly shown: readonly ShownComment[];
  /** Whether everything on the issue of a posted head was read. */
  readonly isRead: (posted: LogHeadRecord) => boolean;
  /** Whether every issue of heads was read, so that the first head of all is among what is shown or known. */
  readonly isAllRead: boolean;
  /** When GitHub was asked. */
  readonly at: Instant;
  /** So many entries the log holds. */
  readonly size: number;
  /** The hash of an entry of the log by its number; 0: what the first entry names as the hash before it. */
  readonly hashAt: ReadonlyMap<number, string>;
}

/** Names every head on which GitHub and the log do not agree, by number. */
export function compareHeads(facts: HeadsCompared): readonly HeadFinding[] {
  const { known, shown, isRead, at } = facts;
  const there = new Set(shown.map(nameOf));
  // What was only just posted may not be shown yet.
  const isSettled = ({ createdAt }: { readonly createdAt: Instant }): boolean => createdAt <= at - SETTLING;
  return [
    ...shown.flatMap((comment) => findingsOf(comment, facts)),
    ...known.flatMap((record): readonly HeadFinding[] => {
      const { posted, repository } = record;
      if (
        posted === null ||
        !isSettled(posted) ||
        !isRead(record) ||
        there.has(nameOf({ repository, comment: posted.comment }))
      )
        return contradictions(record, facts, placeOf(record));
      return [
        finding(
          "missing",
          record,
          placeOf(record),
          `was posted (${posted.url}), and GitHub no longer shows it`,
        ),
        ...contradictions(record, facts, placeOf(record)),
      ];
    }),
    ...holes(facts),
  ]
    .filter((each, index, all) => all.findIndex((other) => isSame(each, other)) === index)
    .toSorted((a, b) => a.number - b.number || (a.comment ?? 0) - (b.comment ?? 0));
}

/** Returns whether GitHub shows a comment as it was posted. What an edited one says is anyone's who may edit it. */
export function isAsPosted({ createdAt, updatedAt }: Pick<ShownComment, "createdAt" | "updatedAt">): boolean {
  return createdAt === updatedAt;
}

/** Heads are numbered from 1 on, each once: a number that neither GitHub nor the log has belonged to a head that both lost. */
function holes({ organizationId, known, shown, isAllRead }: HeadsCompared): readonly HeadFinding[] {
  const heads = shown.flatMap((comment) => {
    const head = headIn(comment.body, organizationId);
    return head === null ? [] : [{ comment, head }];
  });
  const first = isAllRead ? 1 : Math.min(...heads.map(({ head }) => head.number));
  const numbers = [...heads.map(({ head }) => head.number), ...known.map(({ number }) => number)].toSorted(
    (a, b) => a - b,
  );
  return heads.flatMap(({ comment, head: { number } }): readonly HeadFinding[] => {
    const before = Math.max(numbers.findLast((each) => each < number) ?? 0, first - 1);
    if (before >= number - 1 || !isAsPosted(comment)) return [];
    const lost = { number: number - 1, size: 0, hash: "" };
    const which = before + 1 === number - 1 ? "" : ` (the last of ${number - 1 - before})`;
    const says = `is neither on GitHub nor in the log${which}, and head ${number} comes after it (${comment.url})`;
    return [finding("missing", lost, { ...comment, comment: null, url: null }, says)];
  });
}

/** Names the number and comment of a finding's head: the same is said once. */
function isSame(a: HeadFinding, b: HeadFinding): boolean {
  return a.code === b.code && a.number === b.number && a.comment === b.comment && a.hash === b.hash;
}

function findingsOf(comment: ShownComment, facts: HeadsCompared): readonly HeadFinding[] {
  const { known, organizationId } = facts;
  const head = headIn(comment.body, organizationId);
  const record = known.find(
    ({ posted, repository }) =>
      posted !== null && nameOf({ repository, comment: posted.comment }) === nameOf(comment),
  );
  const isEdited =
    !isAsPosted(comment) || (record !== undefined && textDigest(comment.body) !== record.textSha256);
  // Whatever else the App wrote there, such as a reply.
  if (head === null && record === undefined && !isEdited) return [];
  const about = head ?? record ?? { number: 0, size: 0, hash: "" };
  const asked = known.find((each) => isSameHead(each, about));
  const wrong = head === null ? [] : contradictions(head, facts, comment, !isEdited);
  return [
    ...wrong,
    ...(asked === undefined && wrong.length === 0 && head !== null
      ? [
          finding(
            "not-in-log",
            head,
            comment,
            `is on GitHub (${comment.url}), and the log has no entry of it`,
          ),
        ]
      : []),
    ...(isEdited ? [finding("edited", about, comment, editedWords(comment, head, record))] : []),
    ...(record === undefined ? [] : datedOtherwise(comment, record, about)),
  ];
}

/** The log has GitHub's date of each comment. Of one that was deleted and posted again GitHub has a later one. */
function datedOtherwise(
  comment: ShownComment,
  { posted }: LogHeadRecord,
  head: Head,
): readonly HeadFinding[] {
  if (posted === null || posted.createdAt === comment.createdAt) return [];
  const says = `was posted at ${time(comment.createdAt)} by GitHub's clock (${comment.url}), and at ${time(posted.createdAt)} by the log`;
  return [finding("dated-otherwise", head, comment, says)];
}

function editedWords(comment: ShownComment, head: Head | null, record: LogHeadRecord | undefined): string {
  const when = isAsPosted(comment) ? "" : ` at ${time(comment.updatedAt)}`;
  const isOther = head === null || (record !== undefined && !isSameHead(head, record));
  return `was changed on GitHub${when} (${comment.url})${isOther ? ", and no longer names this head" : ""}`;
}

/** Why the log cannot be the one a head was made of. */
function contradictions(
  head: Head,
  { size, hashAt }: HeadsCompared,
  place: FoundAt,
  isAsWritten = true,
): readonly HeadFinding[] {
  const where = place.url === null ? "" : ` (${place.url})`;
  if (head.size > size)
    return [
      finding("contradicts", head, place, `names ${entries(head.size)}${where}, and the log holds ${size}`),
    ];
  const hash = hashAt.get(head.size);
  if (hash === head.hash) return [];
  return [
    finding(
      "contradicts",
      head,
      place,
      // What was edited may have named another hash before.
      `names another hash of entry ${head.size} than the log has now${where}${isAsWritten ? ": the log up to that entry was rewritten" : ""}`,
    ),
  ];
}

function finding(
  code: HeadFinding["code"],
  { number, size, hash }: Head,
  { comment, url, repository, issue }: FoundAt,
  says: string,
): HeadFinding {
  const name = number === 0 ? "A comment among the heads" : `Head ${number}`;
  const place = issue === null ? null : headsPlace(repository, issue);
  return { code, number, size, hash, place, comment, url, says: `${name} ${says}.` };
}

/** Where a head was posted, if it was. */
interface FoundAt {
  readonly repository: string;
  readonly issue: number | null;
  readonly comment: number | null;
  readonly url: string | null;
}

function placeOf({ posted, repository }: LogHeadRecord): FoundAt {
  return {
    repository,
    issue: posted?.issue ?? null,
    comment: posted?.comment ?? null,
    url: posted?.url ?? null,
  };
}

/** Returns how an issue of heads is named: `owner/name#12`, in small letters. */
export function headsPlace(repository: string, issue: number): string {
  return `${repository.toLowerCase()}#${issue}`;
}

function nameOf({ repository, comment }: Pick<ShownComment, "repository" | "comment">): string {
  return `${repository.toLowerCase()}#${comment}`;
}

/** Returns whether two heads are the same one. */
export function isSameHead(a: Head | null, b: Head | null): boolean {
  return a?.number === b?.number && a?.size === b?.size && a?.hash === b?.hash;
}

function entries(size: number): string {
  return size === 1 ? "1 entry" : `${size} entries`;
}
