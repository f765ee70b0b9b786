/** Shares of what all replicas together may use only so much of within a span of time. */

/** Describes what a replica requests of one thing. */
export interface ShareRequest {
  /** How much all replicas together may use within `span` (ms). */
  readonly limit: number;
  readonly span: number;
  /** What this replica used, and still counts. */
  readonly used: number;
  /** How much more it wants to be able to use. */
  readonly want: number;
}

/** Describes what a replica requests on behalf of one user of it, each by its name. */
export interface Claim {
  readonly asker: string;
  readonly wishes: Readonly<Record<string, ShareRequest>>;
}

/** Holds what a replica may use, each by its name, what it used already included. */
export type Share = Readonly<Record<string, number>>;

/** Describes a share as it was given, and when its lease ends. What was used by then counts for a span longer. */
export interface GrantedShare {
  readonly share: Share;
  readonly until: number;
}

/** Returns the share a claim gets at a moment, beside what others were given. */
export function shareOf({ wishes }: Claim, others: readonly GrantedShare[], now: number): Share {
  return Object.fromEntries(
    Object.entries(wishes).map(([name, { limit, span, used, want }]) => {
      const held = others.filter(({ until }) => until + span > now).map(({ share }) => share[name] ?? 0);
      const free = limit - held.reduce((sum, each) => sum + each, 0);
      return [name, Math.max(0, Math.min(free, used + want))];
    }),
  );
}
