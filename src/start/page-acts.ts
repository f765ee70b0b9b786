/** What people send from the pages, done by the flows that do it for comments and the terminal. */

import type { ActTools } from "../dashboard/page/page.ts";
import type { Access, SignedInPerson } from "../dashboard/page/access.ts";
import { commandFromPage, type PageSender } from "../flows/deviations/from-page.ts";
import type { Tools } from "../flows/context/tools.ts";

/** Returns what does what people send. `wake`: has the worker look for what was stored. */
export function actTools(tools: Tools, wake: () => void): ActTools {
  return {
    async commandDeviation(deviation, lines, { sender, access, form }) {
      const organizationId = access.organization.id;
      const given = { organizationId, deviation, lines, sender: senderOf(sender, access), form };
      const result = await commandFromPage(tools, given);
      if (result.refused === null) wake();
      return result;
    },
  };
}

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
