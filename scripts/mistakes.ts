/** Mistakes to be made on purpose: each is one piece of text put in place of another, and some test must notice it. */

/** A mistake. `file` is below src; `right` stands there, and `wrong` is put in its place. */
export interface Mistake {
  readonly name: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** Mistakes of the judgement, which its own tests notice. */
export const JUDGEMENT: readonly Mistake[] = [
  {
    name: "a repository is bound by the line its name fits now",
    file: "domain/policy/organisation.ts",
    right: "  return [own, now];",
    wrong: "  return [now];",
  },
  {
    name: "of two lines the laxer holds",
    file: "domain/policy/fold.ts",
    right: '[a.mode, b.mode].includes("enforce")',
    wrong: '[a.mode, b.mode].every((mode) => mode === "enforce")',
  },
  {
    name: "out of scope by either line is out of scope",
    file: "domain/policy/fold.ts",
    right: "a.out === null || b.out === null ? null : a.out",
    wrong: "a.out ?? b.out",
  },
  {
    name: "a repository from another owner was made here",
    file: "domain/policy/organisation.ts",
    right: "!isOfOne(line) && !movedIn && fitsLine(line, metAs)",
    wrong: "!isOfOne(line) && fitsLine(line, metAs)",
  },
  {
    name: "whatever github-actions changes may be pre-approved",
    file: "domain/standard.ts",
    right: "!isAnybody({ user: author.login })",
    wrong: "!isAnybody({ user: entry.name })",
  },
  {
    name: "workflows of one app are one source of checks",
    file: "domain/checks.ts",
    right: '[app?.id ?? "", workflow?.id ?? "", event ?? ""].join("/")',
    wrong: 'String(app?.id ?? "")',
  },
  {
    name: "of several legs of one name the last decides",
    file: "domain/checks.ts",
    right: "suite === undefined ? (completedAt ?? Infinity) === last : suite === newest",
    wrong:
      "(completedAt ?? Infinity) === Math.max(...runs.map((run) => run.completedAt ?? Infinity)) && suite === newest",
  },
  {
    name: "a check that had not ended at the merge does not matter",
    file: "domain/checks.ts",
    right: "run.startedAt !== undefined || hasEnded(run)",
    wrong: "hasEnded(run)",
  },
  {
    name: "a check that began after the merge matters",
    file: "domain/checks.ts",
    right: "startedAt === undefined || startedAt <= at",
    wrong: "startedAt === undefined || startedAt >= 0",
  },
  {
    name: "reviews beyond the end of a list do not exist",
    file: "domain/approval.ts",
    right: "    ...beyond,",
    wrong: "",
  },
  {
    name: "a check beyond the end of a list had not failed",
    file: "domain/controls/checks-passed.ts",
    right: 'if (cut.length > 0) return result(NAME, "unverifiable", "unknown", cut, inputs);',
    wrong: "",
  },
  {
    name: "our own check beyond the end of a list does not matter",
    file: "domain/controls/gate-respected.ts",
    right: 'if (cut !== undefined) return say("unverifiable", "unknown", cut);',
    wrong: "",
  },
  {
    name: "a label beyond the end of a list was not there",
    file: "domain/rule.ts",
    right: '(cutOff(pull, "labels") ?? NO)',
    wrong: "NO",
  },
  {
    name: "a title whose edits are not all told is what it was at the merge",
    file: "domain/controls/record-linked.ts",
    right: 'title: cut === undefined ? pull.title : "",',
    wrong: "title: pull.title,",
  },
  {
    name: "dismissed reviews count",
    file: "domain/reviewed.ts",
    right: "return review.dismissed !== null && review.dismissed.at <= at;",
    wrong: "return at < 0;",
  },
  {
    name: "what the base changed in an approved file may be taken back",
    file: "domain/difference.ts",
    right: "if (baseBefore?.blob === baseAfter?.blob)",
    wrong:
      'if (headBefore?.blob === headAfter?.blob) return "same";\n  if (baseBefore?.blob === baseAfter?.blob)',
  },
  {
    name: "approved lines may stand anywhere",
    file: "domain/patch.ts",
    right: "at === other[index]?.at",
    wrong: "at > 0 || other[index] !== undefined",
  },
  {
    name: "a solved conflict is a clean merge",
    file: "domain/patch.ts",
    right: "else if (other.at <= edit.at + edit.removed.length) return null;",
    wrong: "else if (other.at < edit.at) by += other.added.length - other.removed.length;",
  },
  {
    name: "who pushed what was replaced is forgotten",
    file: "domain/contribution.ts",
    right: "const all = [...ofCommits, ...ofHeads];",
    wrong: "const all = ofCommits.filter(({ sha }) => pull.commits.some((each) => each.sha === sha));",
  },
  {
    name: "whoever updates a branch has made something",
    file: "domain/pushed.ts",
    right: 'const clean = isOctopus ? "no" : changesNothing(pull, { ...push, before });',
    wrong: 'const clean = ((): Arrival["clean"] => "no")();',
  },
  {
    name: "a push makes nothing unless it is proven to",
    file: "domain/pushed.ts",
    right: 'if (proofs.length === 0 || proofs.includes("different")) return "no";',
    wrong: 'if (proofs.length === 0 || proofs.includes("different")) return "yes";',
  },
  {
    name: "an empty commit is a contribution",
    file: "domain/contribution.ts",
    right: " || isEmpty(commit, trees)",
    wrong: "",
  },
  {
    name: "a merge that throws away the base is an empty commit",
    file: "domain/contribution.ts",
    right: "first !== undefined && more.length === 0 && trees.get(first) === tree",
    wrong: "first !== undefined && more.length < 9 && trees.get(first) === tree",
  },
  {
    name: "a path that was dropped again is still somebody's",
    file: "domain/dropped.ts",
    right: "if (own?.files == null || pull.files?.complete !== true) return false;",
    wrong: "if (own?.files == null || pull.files?.complete === true) return false;",
  },
  {
    name: "a file that was moved frees whoever made it",
    file: "domain/dropped.ts",
    right: "if (left.has(path) && oldPath !== null) left.add(oldPath);",
    wrong: "if (left.has(path) && oldPath === null) left.add(path);",
  },
  {
    name: "a file that the base moved frees whoever changed it",
    file: "domain/dropped.ts",
    right: "left.has(path) || !(standing.includes(path) || made.has(path))",
    wrong: "left.has(path)",
  },
  {
    name: "whom nobody saw is none of those who approve",
    file: "domain/approval.ts",
    right: "Math.max(0, unseen - spared)",
    wrong: "unseen",
  },
  {
    name: "whom nobody saw may be all of those who approve",
    file: "domain/approval.ts",
    right: "Math.max(0, unseen - spared)",
    wrong: "0 * spared",
  },
  {
    name: "what a bot pushes after a person is the bot's",
    file: "domain/pushed.ts",
    right: "one.unseen ||= isRelayed || ",
    wrong: "one.unseen ||= ",
  },
  {
    name: "what was there before a forced push that nobody saw is nobody's",
    file: "domain/pushed.ts",
    right: "if (!isTold(before) && !heads.has(before)) heads.set(before, nobody());",
    wrong: "",
  },
  {
    name: "second parents are skipped",
    file: "domain/pushed.ts",
    right: "open.push(...commit.parents);",
    wrong: "open.push(...commit.parents.slice(0, 1));",
  },
  {
    name: "logins are compared by case",
    file: "domain/entitled.ts",
    right: "map((user) => user.toLowerCase())",
    wrong: "map((user) => user.toUpperCase())",
  },
  {
    name: "a changed base is ignored",
    file: "domain/approval.ts",
    right: "if (pull.retargetedAt !== null && review.submittedAt <= pull.retargetedAt)",
    wrong: "if (at < 0)",
  },
  {
    name: "bots approve",
    file: "domain/approval.ts",
    right: 'if (actor.type !== "User") return answer("bot", "no");',
    wrong: "",
  },
  {
    name: "reviews are counted, not people",
    file: "domain/reviewed.ts",
    right: "samePerson(later, review)",
    wrong: "later === review",
  },
  {
    name: "changed content keeps its approval",
    file: "domain/reviewed.ts",
    right: 'if (proofs.includes("different")) return "earlier";',
    wrong: 'if (proofs.includes("different")) return "same";',
  },
  {
    name: "requests for changes are ignored",
    file: "domain/controls/independently-approved.ts",
    right: "if (judgement.vetoes.length > 0) {",
    wrong: "if (judgement.vetoes.length > 1000) {",
  },
  {
    name: "reviews after the merge count",
    file: "domain/approval.ts",
    right: "review.submittedAt <= at",
    wrong: "review.submittedAt <= at * 2",
  },
  {
    name: "what cannot be told passes",
    file: "domain/controls/assess.ts",
    right: 'if (results.some((each) => each.outcome === "unverifiable")) return "unverifiable";',
    wrong: 'if (results.some((each) => each.outcome === "unverifiable")) return "compliant";',
  },
  {
    name: "the place a file was moved from is forgotten",
    file: "domain/rule.ts",
    right: "? [oldPath, path]",
    wrong: "? [path]",
  },
  {
    name: "globs miss hidden files",
    file: "domain/policy/glob.ts",
    right: "dot: true",
    wrong: "dot: false",
  },
];

/** A way into production that is no longer seen, and the story that tells of that way. */
export interface Blindness extends Mistake {
  /** Below test/scenarios. */
  readonly story: string;
}

/** What sees the ways round an approval and the spells in which nothing can be seen, each taken out. */
export const SEEING: readonly Blindness[] = [
  {
    name: "it waits for what nobody is left to give",
    story: "nobody-can-give-only-member.yaml",
    file: "domain/controls/independently-approved.ts",
    right: "if (!landed && short.some(({ state: { stuck } }) => stuck)) {",
    wrong: "if (!landed && short.length > 1000) {",
  },
  {
    name: "skipped lines of CODEOWNERS are not told",
    story: "codeowners-skipped-line.yaml",
    file: "domain/owners.ts",
    right: "for (const each of skippedFor(read, path)) {",
    wrong: "for (const each of skippedFor(read, path).slice(1)) {",
  },
  {
    name: "escaped brackets of CODEOWNERS are skipped",
    story: "codeowners-escaped-brackets.yaml",
    file: "domain/codeowners.ts",
    right: "if (/(?<!\\\\)(?:\\\\\\\\)*[[\\]]/u.test(pattern))",
    wrong: "if (/[[\\]]/u.test(pattern))",
  },
  {
    name: "brackets of a waiver are a set of letters",
    story: "standard-change-brackets.yaml",
    file: "domain/policy/glob.ts",
    right: 'if (use === "lets") return literal;',
    wrong: "",
  },
  {
    name: "globs that match nothing are taken",
    story: "policy-globs-that-match-nothing.yaml",
    file: "domain/policy/glob.ts",
    right: "if (nowhere !== null) return nowhere;",
    wrong: "",
  },
  {
    name: "an answer counts for every attempt of a run",
    story: "run-again-on-an-old-approval.yaml",
    file: "domain/controls/environment-rules.ts",
    right: "attempt === undefined || attempt === run.attempt",
    wrong: "attempt !== 0",
  },
  {
    name: "an old run that is run again is a merge gone back to",
    story: "b45-old-run-again.yaml",
    file: "domain/controls/deployment-approved.ts",
    right: "if (!began && run !== null && run.attempt > 1 && run.createdAt <= previous.at) return never;",
    wrong: "",
  },
  {
    name: "names in another alphabet are not read",
    story: "environment-lookalike-names.yaml",
    file: "domain/policy/scope.ts",
    right: "const read = asRead(environment);",
    wrong: "const read = environment.toLowerCase();",
  },
  {
    name: "an exemption follows the name",
    story: "exempted-name-taken-over.yaml",
    file: "domain/exemption.ts",
    right: 'if (pinned.meant.includes(id)) return "this";',
    wrong: 'if (fits) return "this";',
  },
  {
    name: "every pull request of the same commits is judged",
    story: "honest-same-commits-in-two-pulls.yaml",
    file: "flows/assess-change.ts",
    right: "return byName.length === 0 ? left : byName;",
    wrong: "return left;",
  },
  {
    name: "renaming the base ends approvals",
    story: "honest-base-branch-renamed.yaml",
    file: "github/base-changes.ts",
    right: "if (!(await isRenaming(github, repository, change))) return change.at;",
    wrong: "return change.at;",
  },
  {
    name: "merging past the check is not seen",
    story: "b10-merged-past-the-check.yaml",
    file: "domain/controls/gate-respected.ts",
    right: 'const held = states.find((state) => state !== "success");',
    wrong: 'const held = states.find((state) => state === "");',
  },
  {
    name: "webhooks about rulesets are not heard",
    story: "b11-ruleset-disabled-then-restored.yaml",
    file: "github/hear-branches.ts",
    right: 'same(protection, "created", "edited", "deleted")',
    wrong: "same(protection)",
  },
  {
    name: "a ruleset edited unseen is no gap",
    story: "b12-bypass-actor-added.yaml",
    file: "domain/protection/weakening.ts",
    right: "return isSame && isUnobservable(is.bypassers) && asked(before, is.id) === asked(after, is.id);",
    wrong: "return false;",
  },
  {
    name: "fewer required approvals are as good as more",
    story: "b13-less-required.yaml",
    file: "domain/protection/weakening.ts",
    right: '"approvals-required": fewer,',
    wrong: "",
  },
  {
    name: "a check from any source is taken for ours",
    story: "b14-check-not-pinned.yaml",
    file: "domain/protection/settings.ts",
    right: 'if (ours.some(({ app }) => app === appId)) return "pinned";',
    wrong: 'if (ours.length > 0) return "pinned";',
  },
  {
    name: "skipped and neutral checks pass",
    story: "b15-neutral-is-no-success.yaml",
    file: "domain/controls/checks-passed.ts",
    right: 'newest.every((check) => check.conclusion === "success")',
    wrong: 'newest.every((check) => check.conclusion !== "failure")',
  },
  {
    name: "a repository that went out of sight is no gap",
    story: "b54-uninstalled.yaml",
    file: "flows/repositories.ts",
    right: "const entries = [entryOf({ ...record, removedAt: at }), gapEntry(gap, record.repository)];",
    wrong: "const entries = [entryOf({ ...record, removedAt: at })];",
  },
  {
    name: "repositories that were not selected are forgotten",
    story: "b55-repository-left-out.yaml",
    file: "flows/blind-spots.ts",
    right: 'selection === "all"',
    wrong: 'selection !== ""',
  },
  {
    name: "missing permissions are not missed",
    story: "b56-permission-missing.yaml",
    file: "github/permissions.ts",
    right: 'return held === undefined || (level === "write" && held === "read");',
    wrong: 'return held === "";',
  },
  {
    name: "a repository nobody lists any more is not missed",
    story: "b57-renamed-moved-archived.yaml",
    file: "flows/repositories.ts",
    right: "if (record.removedAt === null && !isSeen) gone.push(record);",
    wrong: "if (isSeen) continue;",
  },
  {
    name: "webhooks that did not arrive are not missed",
    story: "b58-webhooks-lost.yaml",
    file: "flows/blind-spots.ts",
    right: "lost === undefined || now - lost.at < REPAIRED_BY",
    wrong: "now > 0",
  },
  {
    name: "another address of the webhook goes unnoticed",
    story: "b59-webhook-changed.yaml",
    file: "flows/blind-spots.ts",
    right: "first !== undefined && first.url !== url",
    wrong: "false",
  },
  {
    name: "listings that do not agree are complete",
    story: "b60-list-cut-short.yaml",
    file: "flows/reconcile.ts",
    right:
      "complete: contiguous && !truncated && differences.every(({ explanation }) => explanation !== null),",
    wrong: "complete: true,",
  },
  {
    name: "a changed entry of the log fits its hash",
    story: "b61-log-tampered.yaml",
    file: "ledger/log.ts",
    right: "if (linkHash(previousHash, unlinked, row.body) !== row.hash)",
    wrong: 'if (row.hash === "")',
  },
  {
    name: "a wrong clock goes unnoticed",
    story: "b62-clock-wrong.yaml",
    file: "flows/blind-spots.ts",
    right: "skew === null || Math.abs(skew) <= MOST_SKEW",
    wrong: "skew !== 1",
  },
  {
    name: "reviews are not kept as they were given",
    story: "b63-evidence-decays.yaml",
    file: "github/hear-pulls.ts",
    right: "return { subjects: [theReviewed(event)], observations: [observed] };",
    wrong: "return { subjects: [theReviewed(event)] };",
  },
  {
    name: "what landed is judged by today's policy",
    story: "b64-policy-weakened-later.yaml",
    file: "flows/assess-change.ts",
    right: "if (before !== NO_COMMIT) return policyAt(tools, watched, before, at);",
    wrong: "if (before !== NO_COMMIT) return currentPolicy(tools, watched);",
  },
];
