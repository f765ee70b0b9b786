/** Git objects in memory, written out in git's loose format before git itself is to see them. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import type { Sha } from "./model.ts";

/** A kind of git object. */
export type ObjectType = "blob" | "tree" | "commit" | "tag";

/** An object as read. */
export interface GitObject {
  readonly type: string;
  readonly body: Buffer;
}

/** So many bytes of objects are kept in memory at most, written out or not. */
const KEPT_BYTES = 64 << 20;

/** The objects of a repository and its forks. `folder` is that of the repository they were made for. */
export class ObjectStore {
  readonly #folder: string;
  /** Header and body, as git hashes them. */
  readonly #kept = new Map<Sha, Buffer>();
  readonly #unwritten = new Set<Sha>();
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes an object in and returns its id. */
  write(type: ObjectType, body: Buffer): Sha {
    const whole = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
    const sha = createHash("sha1").update(whole).digest("hex");
    if (this.#kept.has(sha)) return sha;
    this.#kept.set(sha, whole);
    this.#unwritten.add(sha);
    this.#bytes += whole.length;
    if (this.#bytes > KEPT_BYTES) {
      this.flush();
      this.#kept.clear();
      this.#bytes = 0;
    }
    return sha;
  }

  /** An object by full id; undefined when there is none. */
  read(sha: Sha): GitObject | undefined {
    const kept = this.#kept.get(sha);
    if (kept !== undefined) return parse(kept);
    const path = this.#path(sha);
    return existsSync(path) ? parse(inflateSync(readFileSync(path))) : this.#readPacked(sha);
  }

  #readPacked(sha: Sha): GitObject | undefined {
    if (!existsSync(join(this.#folder, "objects", "pack"))) return undefined;
    const answer = execFileSync("git", ["--git-dir", this.#folder, "cat-file", "--batch"], {
      input: `${sha}\n`,
      maxBuffer: 1 << 28,
    });
    const end = answer.indexOf(10);
    const [, type, size] = answer.toString("latin1", 0, end).split(" ");
    if (type === undefined || size === undefined) return undefined;
    return { type, body: answer.subarray(end + 1, end + 1 + Number(size)) };
  }

  /** The ids that begin with at least two digits given, packed ones left out. */
  startingWith(digits: string): Sha[] {
    const folder = join(this.#folder, "objects", digits.slice(0, 2));
    const written = existsSync(folder) ? readdirSync(folder).map((name) => digits.slice(0, 2) + name) : [];
    return [...new Set([...written, ...this.#unwritten])].filter((sha) => sha.startsWith(digits));
  }

  /** Writes out what is not yet on disk. */
  flush(): void {
    for (const sha of this.#unwritten) {
      const path = this.#path(sha);
      const whole = this.#kept.get(sha);
      if (whole === undefined || existsSync(path)) continue;
      mkdirSync(join(this.#folder, "objects", sha.slice(0, 2)), { recursive: true });
      writeFileSync(path, deflateSync(whole, { level: 0 }), { mode: 0o444 });
    }
    this.#unwritten.clear();
  }

  #path(sha: Sha): string {
    return join(this.#folder, "objects", sha.slice(0, 2), sha.slice(2));
  }
}

function parse(whole: Buffer): GitObject {
  const end = whole.indexOf(0);
  return { type: whole.toString("latin1", 0, whole.indexOf(32)), body: whole.subarray(end + 1) };
}
