/** The addresses of sign-in. */

/** Names the page that offers it. */
export const SIGN_IN_PATH = "/sign-in";
/** Names where a browser goes on to GitHub. */
export const BEGIN_PATH = `${SIGN_IN_PATH}/github`;
/** Names where GitHub sends it back to: the App's callback URL. */
export const CALLBACK_PATH = `${BEGIN_PATH}/callback`;
/** Names where a session is ended. */
export const SIGN_OUT_PATH = "/sign-out";
