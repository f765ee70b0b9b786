/** The Node version that the program needs. */

/** The oldest version whose SQLite needs no flag. package.json has the same. */
const OLDEST = { major: 24, minor: 15 };

/** Returns why a command cannot run on a version of Node, or null. `verify` runs on older ones too. */
export function refusedBy(version: string, args: readonly string[]): string | null {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  if (isNew || isVerify(args)) return null;
  return `Countersign needs Node ${OLDEST.major}.${OLDEST.minor} or newer; this is ${version}`;
}

/** Returns whether the command is `verify`, which needs nothing that an older Node lacks. */
export function isVerify(args: readonly string[]): boolean {
  return args.find((each) => !each.startsWith("-")) === "verify";
}
