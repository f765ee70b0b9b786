/** The file of the app policy-bot, as far as its documentation describes it: read to be translated, never to be judged by. */

import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";

const Texts = z.array(z.string());

const ACTORS = {
  users: Texts.optional(),
  teams: Texts.optional(),
  organizations: Texts.optional(),
  permissions: z.array(z.enum(["admin", "maintain", "write", "triage", "read"])).optional(),
  admins: z.boolean().optional(),
  write_collaborators: z.boolean().optional(),
};

const Actors = z.strictObject(ACTORS);

const Pattern = z.strictObject({ pattern: z.string() });

const Matches = z.strictObject({ matches: Texts.optional(), not_matches: Texts.optional() });

/** Conditions of a rule, all of which must hold. */
export const PredicatesSchema = z.strictObject({
  changed_files: z.strictObject({ paths: Texts, ignore: Texts.optional() }).optional(),
  no_changed_files: z.strictObject({ paths: Texts, ignore: Texts.optional() }).optional(),
  only_changed_files: z.strictObject({ paths: Texts }).optional(),
  has_author_in: Actors.optional(),
  has_contributor_in: Actors.optional(),
  only_has_contributors_in: Actors.optional(),
  author_is_only_contributor: z.boolean().optional(),
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
  has_status: z.strictObject({ statuses: Texts, conclusions: Texts.optional() }).optional(),
  has_workflow_result: z.strictObject({ workflows: Texts, conclusions: Texts.optional() }).optional(),
  has_labels: Texts.optional(),
  repository: Matches.optional(),
  title: Matches.optional(),
  has_valid_signatures: z.boolean().optional(),
  has_valid_signatures_by: Actors.optional(),
  has_valid_signatures_by_keys: z.strictObject({ key_ids: Texts }).optional(),
});

const Methods = z.strictObject({
  comments: Texts.optional(),
  comment_patterns: Texts.optional(),
  github_review: z.boolean().optional(),
  github_review_comment_patterns: Texts.optional(),
  body_patterns: Texts.optional(),
});

const Options = z.strictObject({
  allow_author: z.boolean().optional(),
  allow_contributor: z.boolean().optional(),
  allow_non_author_contributor: z.boolean().optional(),
  invalidate_on_push: z.boolean().optional(),
  ignore_edited_comments: z.boolean().optional(),
  ignore_update_merges: z.boolean().optional(),
  ignore_commits_by: Actors.optional(),
  request_review: z
    .strictObject({
      enabled: z.boolean().optional(),
      mode: z.enum(["random-users", "all-users", "teams"]).optional(),
      count: z.int().optional(),
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
    .strictObject({ count: z.int().optional(), ...ACTORS, conditions: PredicatesSchema.optional() })
    .optional(),
});

/** The tree over the rules' names. */
export type ApprovalNode =
  string | { readonly or: readonly ApprovalNode[] } | { readonly and: readonly ApprovalNode[] };

const Node: z.ZodType<ApprovalNode> = z.lazy(() =>
  z.union([
    z.string(),
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
      approval: z.array(Node).optional(),
      disapproval: z
        .strictObject({
          if: PredicatesSchema.optional(),
          options: z
            .strictObject({
              methods: z.strictObject({ disapprove: z.unknown(), revoke: z.unknown() }).partial(),
            })
            .optional(),
          requires: z.strictObject({ count: z.int().optional(), ...ACTORS }).optional(),
        })
        .optional(),
    })
    .optional(),
  approval_defaults: z.strictObject({ options: Options.optional() }).optional(),
  approval_rules: z.array(RuleSchema).optional(),
});

/** Who is meant: any of these. */
export type BotActors = z.infer<typeof Actors>;
/** Conditions of a rule. */
export type BotPredicates = z.infer<typeof PredicatesSchema>;
/** How a rule is met. */
export type BotOptions = z.infer<typeof Options>;
/** One rule. */
export type BotRule = z.infer<typeof RuleSchema>;
/** The whole file. */
export type BotFile = z.infer<typeof FileSchema>;

/** One thing that is wrong in a file; `line` counts from 1. */
export interface BotProblem {
  readonly line: number;
  readonly message: string;
}

/** Reads a file, or lists what is wrong with it. Never throws. */
export function readBotFile(
  text: string,
):
  | { readonly ok: true; readonly file: BotFile }
  | { readonly ok: false; readonly problems: readonly BotProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error" });
  if (document.errors.length > 0)
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        message: error.message.split("\n")[0] ?? "",
      })),
    };
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true);
      const range = (node as { readonly range?: readonly [number] | null } | undefined)?.range;
      if (range != null) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 }) ?? {};
  } catch (error) {
    return { ok: false, problems: [{ line: 1, message: String(error).split("\n")[0] ?? "" }] };
  }
  const parsed = FileSchema.safeParse(value);
  if (parsed.success) return { ok: true, file: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.map(({ path, message }) => ({
      line: lineOf(path),
      message: `${path.map(String).join(".")}${path.length === 0 ? "" : ": "}${message}`,
    })),
  };
}
