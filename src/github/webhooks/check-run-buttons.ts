/** The buttons under our check run. GitHub takes 20 characters of a label and an identifier, and 40 of a description. */

/** Identifies the button that opens an emergency. */
export const EMERGENCY_BUTTON = "emergency";

/** Lists the buttons of a check that blocks. A new assessment is GitHub's own where a run has ended; a waiting one needs ours. */
export const CHECK_RUN_BUTTONS = [
  {
    identifier: EMERGENCY_BUTTON,
    label: "Emergency",
    description: "Opens one: it then asks for the reason",
  },
  { identifier: "recheck", label: "Judge again", description: "Reads everything anew" },
] as const;
