/** Holds the name of our check run. */
export const CHECK_NAME = "countersign";
