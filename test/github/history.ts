/** Questions about the graph of commits. */

import type { Sha } from "./model.ts";

/** Gives a commit's parents; throws when there is no such commit. */
export type CommitReader = (sha: Sha) => { readonly parents: readonly Sha[] };

const FROM_A = 1;
const FROM_B = 2;

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
    if (this.isAncestor(a, b)) return [a];
    if (this.isAncestor(b, a)) return [b];
    const { common } = this.#walk(a, b, false);
    return common.filter((one) => !common.some((other) => other !== one && this.isAncestor(one, other)));
  }

  /** The commits reachable from `head` but not from `base`, parents before children, first by depth. */
  between(base: Sha | null, head: Sha): Sha[] {
    return this.#walk(head, base, true).onlyA;
  }

  /**
   * Walks two histories from the deepest commit up, marking what each reaches; parents are always less deep than their children.
   * Ends when nothing that only one of them reaches (with `forA`: only `a`) is left to visit.
   */
  #walk(a: Sha, b: Sha | null, forA: boolean): { readonly onlyA: Sha[]; readonly common: Sha[] } {
    const marks = new Map<Sha, number>();
    const waiting = new Map<number, Set<Sha>>();
    let deepest = 0;
    let left = 0;
    const counts = (mark: number): boolean => mark === FROM_A || (!forA && mark === FROM_B);
    const reach = (sha: Sha, mark: number): void => {
      const before = marks.get(sha) ?? 0;
      const after = before | mark;
      if (before === after) return;
      marks.set(sha, after);
      if (before === 0) {
        const depth = this.#depthOf(sha);
        waiting.set(depth, (waiting.get(depth) ?? new Set()).add(sha));
        deepest = Math.max(deepest, depth);
      }
      left += Number(counts(after)) - Number(counts(before));
    };
    reach(a, FROM_A);
    if (b !== null) reach(b, FROM_B);
    const onlyA: Sha[] = [];
    const common: Sha[] = [];
    for (let depth = deepest; depth > 0 && left > 0; depth--) {
      for (const sha of waiting.get(depth) ?? []) {
        const mark = marks.get(sha) ?? 0;
        if (mark === FROM_A) onlyA.push(sha);
        if (mark === (FROM_A | FROM_B)) common.push(sha);
        if (counts(mark)) left -= 1;
        for (const parent of this.#commitOf(sha).parents) reach(parent, mark);
      }
      waiting.delete(depth);
    }
    for (const rest of waiting.values())
      for (const sha of rest) if (marks.get(sha) === (FROM_A | FROM_B)) common.push(sha);
    return { onlyA: onlyA.reverse(), common };
  }

  /** The first parents of a commit, newest first, starting with it. */
  firstParents(head: Sha): Sha[] {
    const line: Sha[] = [];
    for (let sha: Sha | undefined = head; sha !== undefined; sha = this.#commitOf(sha).parents[0])
      line.push(sha);
    return line;
  }
}
