/** The Node version that the program needs. Nothing here may be what an older Node lacks. */

/** The oldest version whose SQLite needs no flag. package.json has the same. */
const OLDEST = { major: 24, minor: 15 };

/** The oldest version with the checksum of ZIP files. */
const OLDEST_TO_VERIFY = { major: 20, minor: 15 };

/** Returns why a command cannot run on a version of Node, or null. `verify` runs on older ones too. */
export function refusedBy(version: string, args: readonly string[]): string | null {
  const [what, oldest] = isVerify(args) ? ["countersign verify", OLDEST_TO_VERIFY] : ["Countersign", OLDEST];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return null;
  return `${what} needs Node ${oldest.major}.${oldest.minor} or newer; this is ${version}`;
}

/** Returns whether the command is `verify`, which needs nothing that an older Node lacks. */
export function isVerify(args: readonly string[]): boolean {
  return args.find((each) => !each.startsWith("-")) === "verify";
}
