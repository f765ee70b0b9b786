/** Whether people can sign in to the pages, by the settings alone. */

import type { Settings } from "../settings.ts";

/** Holds what sign-in needs of the settings. */
export type SignInSettings = Pick<Settings, "baseUrl" | "signIn">;

/** Matches the names of this machine. */
export const LOCAL = /^(?:localhost|127\.[\d.]+|\[::1\])$/u;

/**
 * Returns whether people can sign in. Browsers keep a session's cookie only over TLS, or on their own machine; and the pages are at no
 * path below the App's address.
 */
export function canSignIn({ baseUrl, signIn }: SignInSettings): boolean {
  if (baseUrl === null || signIn === null) return false;
  const { protocol, hostname, pathname } = new URL(baseUrl);
  return pathname === "/" && (protocol === "https:" || LOCAL.test(hostname));
}
