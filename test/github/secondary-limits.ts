/** GitHub's secondary limits, counted as it documents them: points and content within a minute or an hour, and requests at once. */

const MINUTE = 60_000;

/**
 * The documented limits, each of what counts within a span (ms).
 * Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const LIMITS = {
  "REST points a minute": { most: 900, span: MINUTE },
  "GraphQL points a minute": { most: 2_000, span: MINUTE },
  "creations a minute": { most: 80, span: MINUTE },
  "creations an hour": { most: 500, span: 60 * MINUTE },
} as const;

const MOST_AT_ONCE = 100;

type Counted = keyof typeof LIMITS;

/** What is created by an endpoint whose page says "creating content too quickly using this endpoint may result in secondary rate limiting". */
const CREATES =
  /\/repos\/[^/]+\/[^/]+\/(?:issues|issues\/\d+\/(?:comments|sub_issues)|commits\/[^/]+\/comments|pulls|pulls\/\d+\/(?:comments|comments\/\d+\/replies|requested_reviewers|reviews)|releases)$/u;

interface Past {
  readonly at: number;
  readonly weight: number;
}

/** Counts the requests of every asker for itself, in real time. What is over a limit is to be refused. */
export class SecondaryLimits {
  readonly #now: () => number;
  readonly #counted = new Map<string, Past[]>();
  readonly #underWay = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a request that arrives; `text`: its body. Returns which limit it is over, or null. Every request must be left again. */
  enter(as: string, method: string, path: string, text: string): string | null {
    const underWay = (this.#underWay.get(as) ?? 0) + 1;
    this.#underWay.set(as, underWay);
    const over = weightsOf(method, path, text).flatMap(([counted, weight]) => {
      const sum = this.#count(as, counted, weight);
      return sum > LIMITS[counted].most ? [`${sum} ${counted}`] : [];
    });
    if (underWay > MOST_AT_ONCE) over.push(`${underWay} requests at once`);
    return over[0] ?? null;
  }

  /** Counts a request as answered. */
  leave(as: string): void {
    this.#underWay.set(as, (this.#underWay.get(as) ?? 0) - 1);
  }

  #count(as: string, counted: Counted, weight: number): number {
    const now = this.#now();
    const key = `${as} ${counted}`;
    const recent = (this.#counted.get(key) ?? []).filter(({ at }) => at > now - LIMITS[counted].span);
    recent.push({ at: now, weight });
    this.#counted.set(key, recent);
    return recent.reduce((sum, past) => sum + past.weight, 0);
  }
}

function weightsOf(method: string, path: string, text: string): readonly (readonly [Counted, number])[] {
  if (path.endsWith("/graphql")) return [["GraphQL points a minute", isMutation(text) ? 5 : 1]];
  const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS";
  const creations = ["creations a minute", "creations an hour"] as const;
  return [
    ["REST points a minute", isRead ? 1 : 5],
    ...(method === "POST" && CREATES.test(path) ? creations.map((each) => [each, 1] as const) : []),
  ];
}

function isMutation(text: string): boolean {
  const { query } = JSON.parse(text) as { readonly query: string };
  return /(?:^|\})\s*mutation\b/u.test(query);
}
