/** Whether something holds, does not, or cannot be told from what is known. */
export type Certainty = "yes" | "no" | "unknown";

/** As {@link Certainty}; `unseen`: yes, unless they are the one person nobody saw. */
export type Coverage = Certainty | "unseen";
