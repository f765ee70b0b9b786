import { describe, expect, test } from "vitest";

import { externalIn, externalReasons } from "../../src/domain/change/external-content.ts";

const COMMIT = "1".repeat(40);
const DIGEST = `sha256:${"2".repeat(64)}`;

interface Changed {
  readonly path?: string;
  readonly status?: string;
  readonly blob?: string | null;
  readonly patch: string | null;
}

function listed({ path = "lib", status = "modified", blob = null, patch }: Changed): readonly unknown[] {
  return externalIn([{ path, status, blob, patch }]).list;
}

function used(line: string, path = ".github/workflows/build.yml"): readonly string[] {
  return externalIn([{ path, status: "modified", blob: null, patch: `@@ -1 +1 @@\n${line}` }]).list.map(
    ({ to }) => to,
  );
}

describe("what a change points at without holding it", () => {
  test("is the new commit of a submodule, and not a text that reads like one", () => {
    const patch = `@@ -1 +1 @@\n-Subproject commit ${"0".repeat(40)}\n+Subproject commit ${COMMIT}`;
    expect(listed({ blob: COMMIT, patch })).toEqual([{ path: "lib", kind: "submodule", to: COMMIT }]);
    expect(listed({ blob: "3".repeat(40), patch })).toEqual([]);
    expect(listed({ blob: COMMIT, status: "removed", patch })).toEqual([]);
  });

  test("is the new digest of a large file, whether the pointer is new or was moved", () => {
    const added = `@@ -0,0 +1,3 @@\n+version https://git-lfs.github.com/spec/v1\n+oid ${DIGEST}\n+size 3`;
    const moved = `@@ -1,3 +1,3 @@\n version https://git-lfs.github.com/spec/v1\n-oid sha256:${"0".repeat(64)}\n+oid ${DIGEST}\n size 3`;
    for (const patch of [added, moved])
      expect(listed({ path: "a.bin", patch })).toEqual([{ path: "a.bin", kind: "large-file", to: DIGEST }]);
    expect(listed({ path: "a.bin", patch: `+oid ${DIGEST}` })).toEqual([]);
  });

  test("is an action or workflow by a name that may move, however it is written", () => {
    expect(used("+    - uses: actions/checkout@v4")).toEqual(["actions/checkout@v4"]);
    expect(used('+    - { name: x, "uses": "acme/a@main" }')).toEqual(["acme/a@main"]);
    expect(used("+    uses: acme/b/.github/workflows/c.yml@v1 # v1")).toEqual([
      "acme/b/.github/workflows/c.yml@v1",
    ]);
    expect(used("+  - uses: docker://alpine:3")).toEqual(["docker://alpine:3"]);
    expect(used(`+  - uses: actions/checkout@${COMMIT} # v4`)).toEqual([]);
    expect(used(`+  - uses: docker://alpine@${DIGEST}`)).toEqual([]);
    expect(used("+  - uses: ./.github/actions/own")).toEqual([]);
    expect(used("+  # - uses: actions/checkout@v4")).toEqual([]);
    expect(used("-  - uses: actions/checkout@v4")).toEqual([]);
    expect(used("+  - uses: actions/checkout@v4", "docs/example.yml")).toEqual([]);
  });

  test("is not all told where the text of a workflow is not shown", () => {
    const path = ".github/workflows/build.yml";
    const hidden = externalIn([{ path, status: "modified", blob: null, patch: null }]);
    expect(hidden).toEqual({ list: [], complete: false });
    expect(externalReasons(hidden)).toEqual([
      "not every file could be looked through for content that lies elsewhere",
    ]);
    expect(externalIn([{ path: "a.png", status: "added", blob: null, patch: null }]).complete).toBe(true);
    expect(externalReasons(undefined)).toEqual([]);
  });
});
