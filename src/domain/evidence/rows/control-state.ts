/** The rows of control-state.csv and privileged-actors.csv: settings over time, each value from when to when. */

import type { Instant } from "../../time/instant.ts";
import type { LoggedEntry } from "../../records/entry.ts";
import type { ControlStateRecord } from "../../protection/record.ts";
import { ANYONE, type SettingName, type SettingValue } from "../../protection/settings.ts";
import { settingNameText, settingValueText } from "../../protection/words.ts";
import type { EvidenceSource } from "../tables/population.ts";
import { column, table, logColumns } from "../tables/table.ts";

/** One value of one setting, from when until when. */
interface Spell {
  readonly entry: LoggedEntry;
  readonly body: ControlStateRecord;
  /** Null: it still was so when the period ended. */
  readonly to: Instant | null;
}

/** Lists how each branch and environment was protected, from, to. */
export const CONTROL_STATE = table<Spell>({
  path: "control-state.csv",
  description:
    "How each production branch, ruleset, environment and repository was set within the period: one row for each value of each setting, from when to when.",
  columns: {
    state_id: column.text(stateId, "Identity: the setting and the number of its log entry."),
    repository_id: column.integer(({ body }) => body.repository.id, "GitHub's id of the repository."),
    repository: column.text(({ body }) => nameOf(body), "Owner and name when it was read."),
    place: column.text(({ body }) => body.place.kind, "branch, ruleset, environment or repository."),
    name: column.text(({ body }) => body.place.name, "Of the branch, ruleset or environment."),
    setting: column.text(({ body }) => body.setting, "The setting's fixed name; see docs/operations.md."),
    meaning: column.text(({ body }) => settingNameText(body.setting), "The setting in words."),
    value: column.text(
      ({ body }) => (body.value === null ? null : settingValueText(body.value)),
      "What it was; lists are separated by commas.",
    ),
    observable: column.yesNo(({ body }) => body.value !== null, "no: GitHub did not show it."),
    because: column.text(({ body }) => body.because, "Why it could not be observed."),
    from: column.time(({ body }) => body.from, "Since when it is known to have been so."),
    to: column.time(({ to }) => to, "Until when; empty: it still was when the period ended."),
    not_before: column.time(
      ({ body }) => body.notBefore,
      "The reading before, at which it was otherwise; empty: this is the first reading.",
    ),
    basis: column.text(
      ({ body }) => body.basis,
      "observed: told when it happened; read-later: found by a later reading.",
    ),
    changed_by: column.text(
      ({ body }) => (body.by === null ? null : `${body.by.login}#${body.by.id}`),
      "Who was told to have changed it: login#id.",
    ),
    ...logColumns<Spell>(({ entry }) => entry),
  },
  async *rows(source) {
    for await (const timeline of timelinesOf(source)) yield* timeline.filter(({ body }) => !body.gone);
  },
});

function stateId({ entry }: Spell): string {
  // A space comes before every character of a subject, so that rows are in the order of settings.
  return `${entry.subject} ${String(entry.seq).padStart(12, "0")}`;
}

function nameOf({ repository }: ControlStateRecord): string {
  return `${repository.owner}/${repository.name}`;
}

/** One right that one actor had, from when until when. */
interface Right {
  readonly spell: Spell;
  readonly actor: string;
  readonly can: string;
  /** Why nobody can be named; null: someone is. */
  readonly because: string | null;
  readonly from: Instant;
  readonly to: Instant | null;
}

/** Lists who could approve, bypass and deploy. */
export const PRIVILEGED_ACTORS = table<Right>({
  path: "privileged-actors.csv",
  description:
    "Who could approve, administer, bypass, deploy or release deployments within the period, from when to when, and where GitHub does not show who could. Whoever may write may also ask for a deployment. People are read once a day and when GitHub reports a change; teams, owners and deploy keys then or once a week. How often a right was used is in rights-used.csv.",
  columns: {
    right_id: column.text(rightId, "Identity: the setting, the number of the log entry, the actor."),
    repository_id: column.integer(({ spell }) => spell.body.repository.id, "GitHub's id of the repository."),
    repository: column.text(({ spell }) => nameOf(spell.body), "Owner and name when it was read."),
    place: column.text(({ spell }) => spell.body.place.kind, "branch, ruleset, environment or repository."),
    name: column.text(({ spell }) => spell.body.place.name, "Of the branch, ruleset or environment."),
    actor: column.text(
      ({ actor }) => actor,
      "login#id of a person; slug#id (permission) of a team; key:id of a deploy key, with the login of who added it; else kind:id as GitHub lists it, such as role:5, the administrators. Empty: not observable.",
    ),
    can: column.text(({ can }) => can, "What the actor could do."),
    observable: column.yesNo(
      ({ because }) => because === null,
      "no: GitHub did not show who could; the row names nobody.",
    ),
    because: column.text(({ because }) => because, "Why it could not be observed."),
    from: column.time(({ from }) => from, "Since when."),
    to: column.time(({ to }) => to, "Until when; empty: still when the period ended."),
    log_seq: column.integer(({ spell }) => spell.entry.seq, "Number of the log entry that shows it first."),
    log_hash: column.digest(({ spell }) => spell.entry.hash, "Hash of that entry."),
  },
  async *rows(source) {
    for await (const timeline of timelinesOf(source)) {
      const setting = timeline[0]?.body.setting;
      const can = setting === undefined ? undefined : RIGHTS[setting];
      if (can !== undefined) yield* rightsOf(timeline, can);
    }
  },
});

const DEPLOYS_FREELY = "deploy, where nobody must approve it";

const RIGHTS: Readonly<Partial<Record<SettingName, string>>> = {
  "may-administer": "approve, merge and change settings (admin)",
  "may-maintain": "approve and merge (maintain)",
  "may-write": "approve and merge (write)",
  teams: "whatever its permission gives its members",
  "may-bypass-check": "merge past the check",
  "may-bypass-pull-request": "push past pull requests",
  "may-bypass": "bypass the ruleset",
  reviewers: "approve deployments",
  "admins-bypass": "deploy past the environment's rules",
  "gate-apps": "answer for a deployment that waits (App)",
  owners: "own the organisation",
  "deploy-keys": "push without an account (deploy key)",
  apps: "whatever an installed App's permissions give",
};

/** Who has a right by the value of its setting. Where nobody must approve a deployment, whoever may write may deploy. */
function holdersIn(setting: SettingName, value: SettingValue | null): readonly string[] {
  if (setting === "admins-bypass") return value === true ? ["repository-admins"] : [];
  if (!Array.isArray(value)) return [];
  return setting === "reviewers" && value.length === 0 ? [ANYONE] : value;
}

function rightId({ spell, actor }: Right): string {
  return `${stateId(spell)} ${actor}`;
}

/** Each actor's unbroken spells of one right, by the entry that begins each, then by actor. */
function rightsOf(timeline: readonly Spell[], can: string): readonly Right[] {
  const open = new Map<string, Right>();
  const ended: Right[] = [];
  for (const spell of timeline) {
    const { value, because, gone } = spell.body;
    if (value === null && !gone)
      ended.push({
        spell,
        actor: "",
        can,
        because: because ?? "GitHub did not show it",
        from: spell.body.from,
        to: spell.to,
      });
    const now = new Set(holdersIn(spell.body.setting, gone ? null : value));
    for (const [actor, right] of open) {
      if (now.has(actor)) open.set(actor, { ...right, to: spell.to });
      else {
        ended.push({ ...right, to: spell.body.from });
        open.delete(actor);
      }
    }
    for (const actor of now)
      if (!open.has(actor))
        open.set(actor, {
          spell,
          actor,
          can: spell.body.setting === "reviewers" && actor === ANYONE ? DEPLOYS_FREELY : can,
          because: null,
          from: spell.body.from,
          to: spell.to,
        });
  }
  return [...ended, ...open.values()].toSorted((a, b) => (rightId(a) < rightId(b) ? -1 : 1));
}

/** The values of each setting that held within the period, oldest first; settings by their subjects. */
type ControlStateEntry = LoggedEntry<"control-state">;

async function* timelinesOf(source: EvidenceSource): AsyncIterable<readonly Spell[]> {
  const { period, organizationId } = source;
  const lines = source.sorted(
    (async function* () {
      for await (const entry of source.log({
        organizationId,
        from: 0,
        to: period.to,
        kinds: ["control-state"],
      }))
        if (entry.organizationId === organizationId)
          yield `${entry.subject}\t${String(entry.seq).padStart(12, "0")}\t${JSON.stringify(entry)}`;
    })(),
  );
  let group: ControlStateEntry[] = [];
  for await (const line of lines) {
    const entry = JSON.parse(line.slice(line.indexOf("\t", line.indexOf("\t") + 1) + 1)) as ControlStateEntry;
    if (group[0] !== undefined && group[0].subject !== entry.subject) {
      yield spellsOf(group, period.from);
      group = [];
    }
    group.push(entry);
  }
  if (group.length > 0) yield spellsOf(group, period.from);
}

/** Yields the settings' entries that rows of the period are made from. */
export async function* controlStatesOf(source: EvidenceSource): AsyncIterable<Pick<Spell, "entry">> {
  for await (const spells of timelinesOf(source)) yield* spells;
}

function spellsOf(entries: readonly ControlStateEntry[], from: Instant): readonly Spell[] {
  return entries
    .map((entry, index): Spell => {
      const next = entries[index + 1]?.body;
      return { entry, body: entry.body, to: next?.from ?? null };
    })
    .filter(({ to }) => to === null || to > from);
}
