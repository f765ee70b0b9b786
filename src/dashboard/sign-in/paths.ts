/** The addresses of sign-in. */

/** Names the page that offers it. */
export const SIGN_IN_PATH = "/sign-in";
/** Names where a session is ended. */
export const SIGN_OUT_PATH = "/sign-out";

/** Names whom people sign in with, as addresses have it. */
export type ProviderId = "github" | "openid";

/** Returns where a browser goes on to a provider. */
export function beginPath(provider: ProviderId): string {
  return `${SIGN_IN_PATH}/${provider}`;
}

/** Returns where a provider sends it back to; of GitHub, the App's callback URL. */
export function callbackPath(provider: ProviderId): string {
  return `${beginPath(provider)}/callback`;
}
