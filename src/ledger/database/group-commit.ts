/** Group commit: what arrives while a transaction is under way shares the next one. */

const LARGEST_GROUP = 256;

interface Member<T> {
  readonly item: T;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects items and hands them to `commit` in groups, in order, one group at a time. */
export class GroupCommit<T> {
  readonly #commit: (items: readonly T[]) => Promise<readonly boolean[]>;
  #waiting: Member<T>[] = [];
  #running: Promise<void> | null = null;

  /** `commit` stores all or none, and returns for each whether it was new. */
  constructor(commit: (items: readonly T[]) => Promise<readonly boolean[]>) {
    this.#commit = commit;
  }

  /** Resolves once the item's group is committed: was it new? Rejects, with all of its group, when the commit failed. */
  add(item: T): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves once nothing is waiting or under way. */
  async settle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Lets everything that the event loop has read already join the group.
      await new Promise((resolve) => setImmediate(resolve));
      const group = this.#waiting.splice(0, LARGEST_GROUP);
      try {
        const answers = await this.#commit(group.map((member) => member.item));
        group.forEach((member, index) => member.resolve(answers[index] === true));
      } catch (error) {
        for (const member of group) member.reject(error);
      }
    }
    this.#running = null;
  }
}
