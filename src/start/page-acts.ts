/** What people send from the pages, done by the flows that do it for comments and the terminal, or by themselves on GitHub. */

import type { Acting, ActTools } from "../dashboard/page/page.ts";
import type { Access, SignedInPerson } from "../dashboard/page/access.ts";
import { signOffFromPage } from "../flows/monitoring/monthly-reviews.ts";
import { commandFromPage, type PageSender } from "../flows/deviations/from-page.ts";
import { SETTLING } from "../domain/change/settling.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Tools } from "../flows/context/tools.ts";
import type { Fetch } from "../github/api/octokit.ts";
import { Pacing } from "../github/api/pacing.ts";
import { apiBaseUrl, type Settings } from "../settings.ts";
import {
  postComment,
  postedComment,
  type PersonComment,
  type PersonGitHub,
} from "../github/people/comments.ts";

/** Returns what does what people send. `wake`: has the worker look for what was stored. */
export function actTools(
  settings: Pick<Settings, "github">,
  tools: Tools,
  fetch: Fetch | undefined,
  wake: () => void,
): ActTools {
  const { ledger, clock } = tools;
  // Each token has limits of its own.
  const github = (): PersonGitHub => ({
    baseUrl: apiBaseUrl(settings),
    pacing: new Pacing(settings.github.limits),
    ...(fetch === undefined ? {} : { fetch }),
  });
  return {
    async commandDeviation(deviation, lines, { sender, access, form }) {
      const organizationId = access.organization.id;
      const given = { organizationId, deviation, lines, sender: senderOf(sender, access), form };
      const result = await commandFromPage(tools, given);
      if (result.refused === null) wake();
      return result;
    },
    async signOff(month, comment, { sender, access, form }) {
      // Whoever owns a control is named by their account.
      if (sender.kind !== "github") return { refused: UNNAMED, line: null };
      const { id, login } = sender;
      const given = { ...month, organizationId: access.organization.id, comment, by: { id, login } };
      const result = await signOffFromPage(tools, given, form);
      return result.refused === null ? result : { refused: result.refused, line: null };
    },
    async comment(on, text, { sender, form, token: tokenOf }: Acting) {
      const token = await tokenOf();
      if (sender.kind !== "github" || token === null) return { refused: WITHOUT_ACCOUNT, line: null };
      const marker = `countersign-form:${form.slice(0, 32)}`;
      const comment = { ...on, token, personId: sender.id, text, marker };
      return commentOnce(ledger.forms, github(), { comment, form, at: clock.now() });
    },
  };
}

/**
 * Posts the comment of a form, whatever process is ended in between and however many have the same form. It is stored first; where
 * it was begun before, GitHub is asked, and its silence counts only once it would show a comment of then.
 */
async function commentOnce(
  forms: Ledger["forms"],
  github: PersonGitHub,
  { comment, form, at }: { readonly comment: PersonComment; readonly form: string; readonly at: Instant },
): ReturnType<ActTools["comment"]> {
  const { owner, name, number } = comment;
  const place = `${owner}/${name}#${number}`;
  const isFirst = await forms.begin(form, at);
  const stored = await forms.find(form);
  if (stored?.answer != null) return { says: stored.answer, refused: null };
  let url = isFirst ? null : await postedComment(github, comment, stored?.begunAt ?? at);
  if (url === null) {
    if (!isFirst && !(await forms.again(form, at, at - SETTLING)))
      return { ...notShownYet(place), line: null };
    url = await postComment(github, comment);
  }
  if (url === null) {
    await forms.forget(form);
    return { refused: `GitHub does not let you comment on ${place}.`, line: null };
  }
  const says = `Your comment is on ${place}: ${url}. Countersign answers it there, and this page shows the result when it has.`;
  await forms.answer(form, says);
  return { says, refused: null };
}

function notShownYet(place: string): { readonly refused: string; readonly isUnsure: true } {
  return {
    refused: `This was sent before, and GitHub shows no comment of it on ${place} yet: it may still come. Look there in ten minutes.`,
    isUnsure: true,
  };
}

const WITHOUT_ACCOUNT =
  "Only someone who signed in with GitHub can do this: it is a comment of theirs on GitHub.";

const UNNAMED =
  "Only someone who signed in with GitHub can sign a month off: the policy names owners by their accounts.";

function senderOf(sender: SignedInPerson, { role }: Access): PageSender {
  const isLead = role === "lead";
  if (sender.kind === "oidc") return { by: { id: null, login: nameOf(sender) }, account: null, isLead };
  const { id, login } = sender;
  return { by: { id, login }, account: { id, login, type: "User" }, isLead };
}

/** Names someone without an account so that the name can be no login: with a space in it. */
function nameOf({ issuer, subject, email }: SignedInPerson & { readonly kind: "oidc" }): string {
  return `${email ?? subject} (by OpenID Connect at ${issuer}, subject ${subject})`;
}
