/** Names whether something holds, does not, or is not known. */
export type Certainty = "yes" | "no" | "unknown";

/** Adds `unseen` to {@link Certainty}: yes, unless they are the one person nobody saw. */
export type Coverage = Certainty | "unseen";
