/** The file of the app policy-bot, as far as its documentation describes it: read to be translated, never to be judged by. */

import { isScalar, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";

const Texts = z.array(z.string());

/** A whole number; every plain word is read as its letters, so that a login of digits stays one. */
const Whole = z
  .string()
  .regex(/^[+-]?\d{1,9}$/u, "expected a whole number")
  .transform(Number);

/** Yes or no, also as YAML 1.1 writes it. */
const Flag = z
  .string()
  .regex(/^(?:y|yes|true|on|n|no|false|off)$/iu, "expected true or false")
  .transform((word) => /^(?:y|yes|true|on)$/iu.test(word));

const ACTORS = {
  users: Texts.optional(),
  teams: Texts.optional(),
  organizations: Texts.optional(),
  permissions: z.array(z.enum(["admin", "maintain", "write", "triage", "read"])).optional(),
  admins: Flag.optional(),
  write_collaborators: Flag.optional(),
};

const Actors = z.strictObject(ACTORS);

const Pattern = z.strictObject({ pattern: z.string().optional() });

const Matches = z.strictObject({ matches: Texts.optional(), not_matches: Texts.optional() });

const Files = z.strictObject({ paths: Texts.optional(), ignore: Texts.optional() });

/** Conditions of newer versions than the one that was tried: their names are known, not what each means exactly. */
const NEWER = /^(?:file_(?:not_)?[a-z]+|custom_properties)$/u;

const KnownPredicates = z.strictObject({
  changed_files: Files.optional(),
  no_changed_files: Files.optional(),
  only_changed_files: z.strictObject({ paths: Texts.optional() }).optional(),
  has_author_in: Actors.optional(),
  has_contributor_in: Actors.optional(),
  only_has_contributors_in: Actors.optional(),
  author_is_only_contributor: Flag.optional(),
  targets_branch: Pattern.optional(),
  from_branch: Pattern.optional(),
  modified_lines: z
    .strictObject({
      additions: z.string().optional(),
      deletions: z.string().optional(),
      total: z.string().optional(),
    })
    .optional(),
  has_successful_status: Texts.optional(),
  has_status: z.strictObject({ statuses: Texts.optional(), conclusions: Texts.optional() }).optional(),
  has_workflow_result: z
    .strictObject({ workflows: Texts.optional(), conclusions: Texts.optional() })
    .optional(),
  has_labels: Texts.optional(),
  repository: Matches.optional(),
  title: Matches.optional(),
  has_valid_signatures: Flag.optional(),
  has_valid_signatures_by: Actors.optional(),
  has_valid_signatures_by_keys: z.strictObject({ key_ids: Texts.optional() }).optional(),
  /** Names of those of {@link NEWER}. */
  newer: Texts.optional(),
});

/** Conditions of a rule, all of which must hold. */
const PredicatesSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const newer = Object.keys(value).filter((key) => NEWER.test(key));
  if (newer.length === 0) return value;
  const rest = Object.entries(value).filter(([key]) => !newer.includes(key));
  return { ...Object.fromEntries(rest), newer };
}, KnownPredicates);

const Methods = z.strictObject({
  comments: Texts.optional(),
  comment_patterns: Texts.optional(),
  github_review: Flag.optional(),
  github_review_comment_patterns: Texts.optional(),
  body_patterns: Texts.optional(),
});

const Options = z.strictObject({
  allow_author: Flag.optional(),
  allow_contributor: Flag.optional(),
  allow_non_author_contributor: Flag.optional(),
  invalidate_on_push: Flag.optional(),
  ignore_edited_comments: Flag.optional(),
  ignore_update_merges: Flag.optional(),
  ignore_commits_by: Actors.optional(),
  request_review: z
    .strictObject({
      enabled: Flag.optional(),
      mode: z.enum(["random-users", "all-users", "teams"]).optional(),
      count: Whole.optional(),
    })
    .optional(),
  methods: Methods.optional(),
});

const RuleSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  if: PredicatesSchema.optional(),
  options: Options.optional(),
  requires: z
    .strictObject({ count: Whole.optional(), ...ACTORS, conditions: PredicatesSchema.optional() })
    .optional(),
});

/** Describes the tree over the rules' names. */
export type ApprovalNode =
  | string
  | { readonly or: readonly ApprovalNode[] }
  | { readonly and: readonly ApprovalNode[] };

/** So many levels of `and` and `or` are too many there. */
const TOO_DEEP = 10;

const Node: z.ZodType<ApprovalNode> = z.lazy(() =>
  z.union([
    z.string().min(1),
    z.strictObject({ or: z.array(Node).min(1) }),
    z.strictObject({ and: z.array(Node).min(1) }),
  ]),
);

const FileSchema = z.strictObject({
  remote: z.string().optional(),
  path: z.string().optional(),
  ref: z.string().optional(),
  policy: z
    .strictObject({
      approval: z
        .array(
          Node.refine((node) => depthOf(node) < TOO_DEEP, `nested ${TOO_DEEP} levels deep, which is invalid`),
        )
        .optional(),
      disapproval: z
        .strictObject({
          if: PredicatesSchema.optional(),
          options: z
            .strictObject({
              methods: z
                .strictObject({ disapprove: Methods.optional(), revoke: Methods.optional() })
                .optional(),
            })
            .optional(),
          requires: z.strictObject({ count: Whole.optional(), ...ACTORS }).optional(),
        })
        .optional(),
    })
    .optional(),
  approval_defaults: z.strictObject({ options: Options.optional() }).optional(),
  approval_rules: z.array(RuleSchema).optional(),
});

function depthOf(node: ApprovalNode): number {
  if (typeof node === "string") return 0;
  return 1 + Math.max(...("or" in node ? node.or : node.and).map(depthOf));
}

/** Describes who is meant: any of these. */
export type BotActors = z.infer<typeof Actors>;
/** Holds the conditions of a rule. */
export type BotPredicates = z.infer<typeof PredicatesSchema>;
/** Describes by which words or reviews someone approves or disapproves. */
export type BotMethods = z.infer<typeof Methods>;
/** Describes how a rule is met. */
export type BotOptions = z.infer<typeof Options>;
/** Describes one rule. */
export type BotRule = z.infer<typeof RuleSchema>;
/** Describes the whole file, which has its policy in itself. */
export type BotFile = Omit<z.infer<typeof FileSchema>, "remote">;

/** Describes one thing that is wrong in a file; `line` counts from 1. */
export interface BotProblem {
  readonly line: number;
  readonly message: string;
}

/** Holds the file as read, or what is wrong with it. */
export type BotRead =
  | { readonly ok: true; readonly file: BotFile }
  | { readonly ok: false; readonly problems: readonly BotProblem[] };

/** So often may an anchor of a file be used. */
const MOST_ALIASES = 1000;

/** Reads a file, or lists what is wrong with it. Never throws. */
export function readBotFile(text: string): BotRead {
  try {
    return read(text);
  } catch (error) {
    // What is nested deeper than the stack can hold, and anchors that lead to nothing, in a circle or to more than there is room for.
    if (!(error instanceof Error) || !["RangeError", "ReferenceError", "TypeError"].includes(error.name))
      throw error;
    const message = error instanceof RangeError ? "the file is nested too deeply" : firstLine(error.message);
    return { ok: false, problems: [{ line: 1, message }] };
  }
}

function read(text: string): BotRead {
  const lines = new LineCounter();
  // Words stay words until it is known what each should be: 123 is a login in one place and a number in another.
  const document = parseDocument(text, {
    lineCounter: lines,
    logLevel: "error",
    schema: "failsafe",
    customTags: ["null"],
    merge: true,
  });
  if (document.errors.length > 0)
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        message: firstLine(error.message),
      })),
    };
  // A section without anything in it is as none.
  visit(document, {
    Pair: (_, { value }) =>
      value === null || (isScalar(value) && value.value === null) ? visit.REMOVE : undefined,
  });
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      const range = (node as { readonly range?: readonly [number] | null } | undefined)?.range;
      if (range != null) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  const parsed = FileSchema.safeParse(value);
  if (parsed.success) {
    const { remote, ...file } = parsed.data;
    if (remote === undefined) return { ok: true, file };
    const message = `the policy is in ${remote}: translate that file, and put it into the organisation's .github`;
    return { ok: false, problems: [{ line: lineOf(["remote"]), message }] };
  }
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => ({
      line: lineOf(path),
      message: `${path.map(String).join(".")}${path.length === 0 ? "" : ": "}${message}`,
    })),
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
