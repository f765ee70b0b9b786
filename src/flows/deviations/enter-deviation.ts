/** Adds deviations from an auditor's report, and gives commands to them, at a terminal, under the login that is given. */

import { DEFAULT_CALENDAR } from "../../domain/time/calendar.ts";
import { decideDeviation } from "../../domain/deviation/decide.ts";
import { deviationIdOf, severityOf, type DeviationSeed } from "../../domain/deviation/open.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { defaultPolicy } from "../../domain/policy/tighten.ts";
import { CONTROL_NAMES, type ControlName } from "../../domain/values/result.ts";
import { clipped, listed, markdown, oneLine } from "../../domain/texts/wording.ts";
import { commandDeviation, senderOf } from "./commands.ts";
import { organizationPolicy } from "../policy/in-force.ts";
import { deviationContext, deviationNamed, type LedgerTools } from "../records/existing-deviations.ts";
import { repositoryOnRecord } from "../records/named-repository.ts";
import type { Person, Severity } from "../../domain/records/deviation.ts";

/** Describes a deviation as a person enters it. */
export interface EnteredDeviation {
  /** `owner/name`. */
  readonly repository: string;
  readonly control: string;
  readonly type: string;
  readonly severity?: string | undefined;
  readonly title: string;
  readonly description?: string | undefined;
  /** Where the report describes it. */
  readonly reference?: string | undefined;
  readonly pulls: readonly number[];
  readonly as: string;
}

/** Describes the result; `id` where it was added or the command was applied. */
export type Entered =
  | { readonly id: string; readonly says: string; readonly refused: null }
  | { readonly refused: string };

const SEVERITIES: readonly Severity[] = ["observation", "low", "medium", "high", "critical"];
const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/u;

/** Adds a deviation from an auditor's report, with the changes it names; the same report entered twice is one. */
export async function enterDeviation(tools: LedgerTools, given: EnteredDeviation): Promise<Entered> {
  const wrong = problemOf(given);
  if (wrong !== null) return { refused: wrong };
  const record = await repositoryOnRecord(tools, given.repository);
  if (record === null) return { refused: `The evidence log has no repository ${oneLine(given.repository)}.` };
  const { repository } = record;
  const changes = await changesOf(tools, repository.id, given.pulls);
  const missing = given.pulls.filter((number) => !changes.some(({ pull }) => pull === number));
  if (missing.length > 0)
    return {
      refused: `The evidence log has no merged change of pull request ${listed(missing.map((number) => `#${number}`))}.`,
    };
  const control = given.control as ControlName;
  const now = tools.clock.now();
  const by: Person = { id: null, login: given.as };
  const title = clipped(oneLine(given.title), 200);
  const key = `report:${repository.id}:${sha256(`${control}\n${title}\n${given.reference ?? ""}`)}`;
  const seed: DeviationSeed = {
    cause: { key, shared: null },
    subjectKind: changes.length === 0 ? "control" : "change",
    repository,
    listed: null,
    controls: [control],
    causeCode: "reported",
    type: given.type as "design" | "operating",
    typeReason: "as the auditor reports it",
    severity: (given.severity ?? severityOf([control])) as Severity,
    title: `${repository.owner}/${repository.name}: ${title}`,
    description: markdown(given.description ?? given.title),
    happenedAt: changes[0]?.at ?? now,
    actors: changes.flatMap(({ actors }) => actors),
    entered: { by, source: "auditor", reference: given.reference ?? null },
  };
  const policy = await policyOf(tools, repository.ownerId);
  const records = await deviationContext(tools, repository, policy, key, null);
  if (records.previous !== null) return { refused: `This deviation already exists: ${records.previous.id}.` };
  const to = await senderOf(tools, { repository });
  const listing = changes.map(({ id, pull, at, what, actors }) => ({
    subject: id,
    pull,
    title: seed.title,
    what,
    at,
    controls: [control],
    actors,
  }));
  const decision = decideDeviation({
    seed: { ...seed, ...(listing.length === 0 ? {} : { also: listing }) },
    subject: null,
    records,
    policy,
    to,
    at: now,
  });
  await tools.ledger.record(decision, now);
  const id = deviationIdOf(key);
  return { id, says: `${id} is open.`, refused: null };
}

/** Gives one command to a deviation at a terminal; returns the reply, or the refusal. */
export async function commandAtTerminal(
  tools: LedgerTools,
  given: {
    readonly deviation: string;
    readonly line: string;
    readonly as: string;
    readonly asAuditor: boolean;
  },
): Promise<Entered> {
  if (!LOGIN.test(given.as)) return { refused: `“${oneLine(given.as)}” is not a GitHub login.` };
  const deviation = await deviationNamed(tools, given.deviation);
  if ("refused" in deviation) return deviation;
  const at = tools.clock.now();
  const result = await commandDeviation(tools, {
    deviation: deviation.id,
    lines: [given.line],
    by: knownAs(deviation.actors, given.as),
    asAuditor: given.asAuditor,
    via: "terminal",
    at,
    policy: await policyOf(tools, deviation.repository.ownerId),
    who: (login) => Promise.resolve({ id: null, login }),
  });
  if (result.refused !== null) return result;
  await tools.ledger.record({ ...result.decision, decidedOn: result.decidedOn }, at);
  return { id: deviation.id, says: result.reply, refused: null };
}

function problemOf({ control, type, severity, title, as, repository }: EnteredDeviation): string | null {
  if (!/^[^/\s]+\/[^/\s]+$/u.test(repository)) return "Name the repository as OWNER/NAME.";
  if (!CONTROL_NAMES.some((each) => each === control))
    return `“${oneLine(control)}” is not a control. Choose ${listed(CONTROL_NAMES, "or")}.`;
  if (type !== "design" && type !== "operating") return "The type must be design or operating.";
  if (severity !== undefined && !SEVERITIES.some((each) => each === severity))
    return `The severity must be ${listed(SEVERITIES, "or")}.`;
  if (oneLine(title) === "") return "Give the auditor's observation in one line: --title TEXT.";
  return LOGIN.test(as) ? null : `“${oneLine(as)}” is not a GitHub login.`;
}

/** Returns the person of a login that a terminal gave: someone on record, if it is theirs. */
function knownAs(people: readonly Person[], login: string): Person {
  return people.find((each) => each.login.toLowerCase() === login.toLowerCase()) ?? { id: null, login };
}

interface NamedChange {
  readonly id: string;
  readonly pull: number;
  readonly at: number;
  readonly what: string;
  readonly actors: readonly Person[];
}

async function changesOf(
  { ledger }: LedgerTools,
  repositoryId: number,
  pulls: readonly number[],
): Promise<readonly NamedChange[]> {
  if (pulls.length === 0) return [];
  const found: NamedChange[] = [];
  for await (const entry of ledger.states("change", { repositoryId, order: "at" })) {
    const { change } = entry.body;
    const pull = change.pullRequests.find(({ number }) => pulls.includes(number))?.number;
    if (pull === undefined) continue;
    const { actor, at } = change.update;
    const actors = actor === null ? [] : [{ id: actor.id, login: actor.login }];
    found.push({ id: change.id, pull, at, what: `Pull request ${pull}, as the report names it.`, actors });
  }
  return found;
}

async function policyOf(tools: LedgerTools, organizationId: number): Promise<Policy> {
  const record = await organizationPolicy(tools, organizationId);
  return record?.effective ?? { ...defaultPolicy(), calendar: DEFAULT_CALENDAR };
}
