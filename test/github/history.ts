/** Questions about the graph of commits. */

import type { Sha } from "./model.ts";

/** Gives a commit's parents; throws when there is no such commit. */
export type CommitReader = (sha: Sha) => { readonly parents: readonly Sha[] };

/** The ancestry of commits, answered from their depth (the longest way to a root); what is once known is kept. */
export class History {
  readonly #commitOf: CommitReader;
  readonly #depth = new Map<Sha, number>();

  constructor(commitOf: CommitReader) {
    this.#commitOf = commitOf;
  }

  #depthOf(sha: Sha): number {
    const stack = [sha];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (this.#depth.has(top)) {
        stack.pop();
        continue;
      }
      const parents = this.#commitOf(top).parents;
      const unknown = parents.filter((parent) => !this.#depth.has(parent));
      if (unknown.length > 0) stack.push(...unknown);
      else {
        this.#depth.set(top, 1 + Math.max(0, ...parents.map((parent) => this.#depth.get(parent) ?? 0)));
        stack.pop();
      }
    }
    return this.#depth.get(sha) ?? 1;
  }

  /** Whether one commit can be reached from another (a commit reaches itself). */
  isAncestor(ancestor: Sha, descendant: Sha): boolean {
    const floor = this.#depthOf(ancestor);
    const seen = new Set<Sha>();
    const stack = [descendant];
    for (let sha = stack.pop(); sha !== undefined; sha = stack.pop()) {
      if (sha === ancestor) return true;
      if (seen.has(sha) || this.#depthOf(sha) <= floor) continue;
      seen.add(sha);
      stack.push(...this.#commitOf(sha).parents);
    }
    return false;
  }

  /** The best common ancestors of two commits; several after criss-cross merges, none for unrelated histories. */
  mergeBases(a: Sha, b: Sha): Sha[] {
    if (a === b || this.isAncestor(a, b)) return [a];
    if (this.isAncestor(b, a)) return [b];
    const common: Sha[] = [];
    this.#paint(a, b, (sha) => common.push(sha));
    return common.filter((one) => !common.some((other) => other !== one && this.isAncestor(one, other)));
  }

  /** The commits reachable from `head` but not from `base`, parents before children, first by depth. */
  between(base: Sha | null, head: Sha): Sha[] {
    return this.#paint(head, base, () => undefined);
  }

  /** Walks both histories from the deepest commit down; returns what only `a` reaches, oldest first. */
  #paint(a: Sha, b: Sha | null, onCommon: (sha: Sha) => void): Sha[] {
    const FROM_A = 1;
    const FROM_B = 2;
    const marks = new Map<Sha, number>([[a, FROM_A]]);
    if (b !== null) marks.set(b, (marks.get(b) ?? 0) | FROM_B);
    const byDepth = new Map<number, Set<Sha>>();
    let onlyA = 0;
    const put = (sha: Sha): void => {
      const depth = this.#depthOf(sha);
      byDepth.set(depth, (byDepth.get(depth) ?? new Set()).add(sha));
    };
    for (const sha of marks.keys()) {
      put(sha);
      if (marks.get(sha) === FROM_A) onlyA += 1;
    }
    const found: Sha[] = [];
    for (let depth = Math.max(...byDepth.keys()); depth > 0 && onlyA > 0; depth--) {
      for (const sha of byDepth.get(depth) ?? []) {
        const mark = marks.get(sha) ?? 0;
        if (mark === FROM_A) {
          found.push(sha);
          onlyA -= 1;
        } else if (mark === (FROM_A | FROM_B)) onCommon(sha);
        for (const parent of this.#commitOf(sha).parents) {
          const before = marks.get(parent) ?? 0;
          const after = before | mark;
          if (before === 0) put(parent);
          if (before !== FROM_A && after === FROM_A) onlyA += 1;
          if (before === FROM_A && after !== FROM_A) onlyA -= 1;
          marks.set(parent, after);
        }
      }
    }
    return found.reverse();
  }

  /** The first parents of a commit, newest first, starting with it. */
  firstParents(head: Sha): Sha[] {
    const line: Sha[] = [];
    for (let sha: Sha | undefined = head; sha !== undefined; sha = this.#commitOf(sha).parents[0])
      line.push(sha);
    return line;
  }
}
