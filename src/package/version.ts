/** The version of this program: of its packages, and of what makes them. */

/** Holds the version, as in package.json. */
export const VERSION = "0.1.0";
