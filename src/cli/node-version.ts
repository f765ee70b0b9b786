/** Which Node the program needs. */

/** The oldest that serves: its SQLite needs no flag. package.json tells npm the same. */
const OLDEST = { major: 24, minor: 15 };

/** Says why a command cannot run on a version of Node, or null where it can: `verify` needs nothing that an older one lacks. */
export function refusedBy(version: string, args: readonly string[]): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  if (isNew || args.find((each) => !each.startsWith("-")) === "verify") return null;
  return `Countersign needs Node ${OLDEST.major}.${OLDEST.minor} or newer; this is ${version}`;
}
