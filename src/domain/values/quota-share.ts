/** Shares of what only so much of may be used within a span of time, by all replicas together. */

/** What a replica asks for of one thing. */
export interface ShareRequest {
  /** How much all replicas together may use within `span` (ms). */
  readonly limit: number;
  readonly span: number;
  /** What this replica used, and still counts. */
  readonly used: number;
  /** How much more it wants to be able to use. */
  readonly want: number;
}

/** What a replica asks for on behalf of one asker, each by its name. */
export interface Claim {
  readonly asker: string;
  readonly wishes: Readonly<Record<string, ShareRequest>>;
}

/** What a replica may use, each by its name, what it used already included. */
export type Share = Readonly<Record<string, number>>;

/** A share as it was given, and when its lease ends. What was used by then counts for a span longer. */
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
