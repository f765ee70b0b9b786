/** The version of this program: of its packages, and of what makes them. */

/** As in package.json. */
export const VERSION = "0.1.0";
