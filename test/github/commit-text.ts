/** Commits as git writes them. */

import type { GitCommit, Signature } from "./git-types.ts";
import type { Sha } from "./model.ts";

/** A signature as it stands in a commit. */
export function signatureText(signature: Signature): string {
  return `${signature.name} <${signature.email}> ${Math.floor(signature.at / 1000)} +0000`;
}

function parseSignature(text: string): Signature {
  const match = /^(.*?) ?<(.*)> (-?\d+) [-+]\d{4}$/s.exec(text);
  return { name: match?.[1] ?? "", email: match?.[2] ?? "", at: Number(match?.[3] ?? 0) * 1000 };
}

/** Reads a commit's text. */
export function parseCommit(sha: Sha, text: string): GitCommit {
  const split = text.indexOf("\n\n");
  const headers = text.slice(0, split).split(/\n(?! )/);
  const all = (name: string): string[] =>
    headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    sha,
    tree: all("tree")[0] ?? "",
    parents: all("parent"),
    author: parseSignature(all("author")[0] ?? ""),
    committer: parseSignature(all("committer")[0] ?? ""),
    message: text.slice(split + 2).replace(/\n$/, ""),
    signature: all("gpgsig")[0]?.replace(/\n /g, "\n") ?? null,
  };
}
