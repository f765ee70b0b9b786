/** The words of a reply, before it is known where they are read: each place renders names and commands in its own way. */

/** Holds the commands of an emergency and of the review after it, as they are called at a terminal. */
export const EMERGENCY_COMMAND_NAMES = ["declare", "authorise", "withdraw", "approve", "reject"] as const;

/** Names one of these commands. */
export type EmergencyCommandName = (typeof EMERGENCY_COMMAND_NAMES)[number];

/** Describes how a place renders a reply. */
export interface Rendering {
  /** Makes text from outside harmless there. */
  readonly text: (text: string) => string;
  /** Writes a command as it is given there. */
  readonly command: (name: EmergencyCommandName) => string;
}

/** Describes a sentence or more, rendered where it is read. */
export type Reply = (rendering: Rendering) => string;
