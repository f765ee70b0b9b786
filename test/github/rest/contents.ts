import type { TreeFile } from "../git.ts";
import type { Repository } from "../model.ts";
import type { Shape } from "../shapes/form.ts";
import { repositoryPage, repositoryUrl } from "../shapes/repositories.ts";
import { notFound, ok, repositoryOf, type Answer, type Call, type Routes } from "./route.ts";

const READ = ["contents:read"] as const;

/** GitHub gives the content of files up to this size with the object, larger ones only raw. */
const INLINE_BYTES = 1_000_000;
/** GitHub cuts recursive listings of trees after this many entries. */
const MOST_ENTRIES = 100_000;

type Kind = "file" | "dir" | "submodule" | "symlink";

interface Entry {
  readonly kind: Kind;
  readonly path: string;
  readonly sha: string;
}

function kindOf(mode: string): Kind {
  if (mode.endsWith("40000")) return "dir";
  return mode === "160000" ? "submodule" : mode === "120000" ? "symlink" : "file";
}

function entryShape(call: Call, repository: Repository, commit: string, entry: Entry): Shape {
  const ref = call.query["ref"] ?? repository.defaultBranch;
  const path = entry.path.split("/").map(encodeURIComponent).join("/");
  const url = repositoryUrl(call.world, repository, `/contents/${path}?ref=${encodeURIComponent(ref)}`);
  const view = entry.kind === "dir" ? "tree" : "blob";
  const page = repositoryPage(call.world, repository, `/${view}/${encodeURIComponent(ref)}/${path}`);
  const git = entry.kind === "submodule" ? null : gitUrl(call, repository, entry);
  const file = entry.kind === "file" || entry.kind === "symlink";
  const blob = file ? call.world.git(repository).blob(entry.sha) : undefined;
  return {
    name: entry.path.split("/").at(-1) ?? "",
    path: entry.path,
    sha: entry.sha,
    size: blob?.length ?? 0,
    url,
    html_url: page,
    git_url: git,
    download_url: file ? repositoryPage(call.world, repository, `/raw/${commit}/${path}`) : null,
    type: entry.kind,
    _links: { self: url, git, html: page },
  };
}

function gitUrl(call: Call, repository: Repository, entry: Entry): string {
  const kind = entry.kind === "dir" ? "trees" : "blobs";
  return repositoryUrl(call.world, repository, `/git/${kind}/${entry.sha}`);
}

function contents(call: Call): Answer {
  const repository = repositoryOf(call);
  const git = call.world.git(repository);
  const commit = git.resolve(call.query["ref"] ?? repository.defaultBranch);
  if (commit === null) throw notFound();
  const path = (call.params["path"] ?? "").replace(/^\/+|\/+$/g, "");
  const file = git.file(commit, path);
  if (file === undefined) return directory(call, repository, commit, path);
  return oneFile(call, repository, commit, path, file);
}

function oneFile(call: Call, repository: Repository, commit: string, path: string, file: TreeFile): Answer {
  const entry = { kind: kindOf(file.mode), path, sha: file.sha };
  const shape = entryShape(call, repository, commit, entry);
  if (entry.kind === "submodule") {
    return ok({ ...shape, submodule_git_url: `${repositoryPage(call.world, repository)}.git` });
  }
  const blob = call.world.git(repository).blob(file.sha) ?? Buffer.alloc(0);
  if (call.accept.includes("raw")) return { raw: { type: "application/vnd.github.raw+json", bytes: blob } };
  if (entry.kind === "symlink") return ok({ ...shape, target: blob.toString("utf8") });
  const inline = blob.length <= INLINE_BYTES;
  return ok({
    ...shape,
    content: inline ? inLines(blob.toString("base64")) : "",
    encoding: inline ? "base64" : "none",
  });
}

/** GitHub breaks base64 after 60 characters. */
function inLines(base64: string): string {
  return base64.replaceAll(/(.{1,60})/g, "$1\n");
}

function directory(call: Call, repository: Repository, commit: string, path: string): Answer {
  const git = call.world.git(repository);
  let tree = git.commitOf(commit).tree;
  for (const name of path === "" ? [] : path.split("/")) {
    const below = git.entries(tree).find((one) => one.name === name && kindOf(one.mode) === "dir");
    if (below === undefined) throw notFound();
    tree = below.sha;
  }
  const entries = git.entries(tree).map((one) =>
    entryShape(call, repository, commit, {
      kind: kindOf(one.mode),
      path: path === "" ? one.name : `${path}/${one.name}`,
      sha: one.sha,
    }),
  );
  if (!call.accept.includes("object")) return ok(entries);
  return ok({ ...entryShape(call, repository, commit, { kind: "dir", path, sha: tree }), entries });
}

function tree(call: Call): Answer {
  const repository = repositoryOf(call);
  const git = call.world.git(repository);
  const named = call.params["tree_sha"] ?? "";
  const commit = git.resolve(named);
  const root = commit === null ? named : git.commitOf(commit).tree;
  if (git.read(root)?.type !== "tree") throw notFound();
  const recursive = call.query["recursive"] !== undefined;
  const found: Shape[] = [];
  const collect = (sha: string, prefix: string): void => {
    for (const one of git.entries(sha)) {
      const kind = kindOf(one.mode);
      const path = `${prefix}${one.name}`;
      const type = kind === "dir" ? "tree" : kind === "submodule" ? "commit" : "blob";
      found.push({
        path,
        mode: one.mode.padStart(6, "0"),
        type,
        sha: one.sha,
        ...(type === "blob" ? { size: git.blob(one.sha)?.length ?? 0 } : {}),
        ...(type === "commit"
          ? {}
          : { url: repositoryUrl(call.world, repository, `/git/${type}s/${one.sha}`) }),
      });
      if (recursive && kind === "dir") collect(one.sha, `${path}/`);
    }
  };
  collect(root, "");
  return ok({
    sha: root,
    url: repositoryUrl(call.world, repository, `/git/trees/${root}`),
    tree: found.slice(0, MOST_ENTRIES),
    truncated: found.length > MOST_ENTRIES,
  });
}

function blob(call: Call): Answer {
  const repository = repositoryOf(call);
  const sha = call.params["file_sha"] ?? "";
  const bytes = /^[0-9a-f]{40}$/.test(sha) ? call.world.git(repository).blob(sha) : undefined;
  if (bytes === undefined) throw notFound();
  if (call.accept.includes("raw")) return { raw: { type: "application/vnd.github.raw+json", bytes } };
  return ok({
    sha,
    node_id: `B_${Buffer.from(`${repository.id}:${sha}`).toString("base64url")}`,
    size: bytes.length,
    url: repositoryUrl(call.world, repository, `/git/blobs/${sha}`),
    content: inLines(bytes.toString("base64")),
    encoding: "base64",
  });
}

/** Files and trees at a commit. */
export const contentRoutes: Routes = {
  "GET /repos/{owner}/{repo}/contents/{path}": { need: READ, run: contents },
  "GET /repos/{owner}/{repo}/git/trees/{tree_sha}": { need: READ, run: tree },
  "GET /repos/{owner}/{repo}/git/blobs/{file_sha}": { need: READ, run: blob },
};
