/** How people sign commits. */

import type { Account, Instant } from "../model.ts";
import type { GitCommit, Signature } from "../git.ts";
import type { World } from "../world.ts";

/** The signature of a commit made by an account with its first mail address (bots and nameless ones: GitHub's noreply address). */
export function signatureOf(account: Account, at: Instant): Signature {
  return { name: account.name ?? account.login, email: [...account.emails][0] ?? noreply(account), at };
}

/** The address GitHub gives every account. */
export function noreply(account: { readonly id: number; readonly login: string }): string {
  return `${account.id}+${account.login}@users.noreply.github.com`;
}

/** GitHub's own signature on what is done in its web interface. */
export function webFlow(at: Instant): Signature {
  return { name: "GitHub", email: "noreply@github.com", at };
}

/** What stands in commits that are signed; nobody checks it, it only says that there is a signature. */
export const SIGNATURE =
  "-----BEGIN PGP SIGNATURE-----\n\nd2hhdCBhIHNpZ25hdHVyZSBsb29rcyBsaWtl\n-----END PGP SIGNATURE-----";

/** `Co-authored-by` trailers for everyone who worked on commits beside their author. */
export function coAuthorTrailers(world: World, commits: readonly GitCommit[], author: Account): string[] {
  const trailers = new Map<string, string>();
  const add = (name: string, email: string): void => {
    if (world.accountByEmail(email)?.id !== author.id && !trailers.has(email.toLowerCase()))
      trailers.set(email.toLowerCase(), `Co-authored-by: ${name} <${email}>`);
  };
  for (const commit of commits) {
    add(commit.author.name, commit.author.email);
    for (const [, name = "", email = ""] of commit.message.matchAll(/^Co-authored-by: *(.*?) *<(.*)>$/gim))
      add(name, email);
  }
  return [...trailers.values()];
}

/** One trailer naming an account. */
export function trailerFor(account: Account): string {
  const { name, email } = signatureOf(account, 0);
  return `Co-authored-by: ${name} <${email}>`;
}
