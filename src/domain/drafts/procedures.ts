/** Written procedures that state exactly what the policy in force enforces, so that text and enforcement cannot drift apart. */

import { termText } from "../time/calendar.ts";
import { CONTROLS } from "../assessment/assess.ts";
import { REVIEW_TERM } from "../monitoring/monthly.ts";
import { canonical } from "../values/digest.ts";
import { organizationsOwn } from "../policy/current.ts";
import { unasked, unaskedText } from "../policy/asked-controls.ts";
import type { People } from "../policy/file/people.ts";
import type { Policy } from "../policy/file/policy.ts";
import { hasExpired } from "../policy/boundaries.ts";
import { policyInForce } from "../policy/tighten.ts";
import type { Instant } from "../time/instant.ts";
import type { RequirementTree } from "../policy/file/requirement.ts";
import type { PolicySource } from "../policy/record.ts";
import { CONTROL_NAMES } from "../values/result.ts";
import { listed, listedControls, markdownInFile, short } from "../texts/wording.ts";
import { day } from "../time/span.ts";
import {
  Citations,
  counted,
  DRAFT_NOTE,
  recorded,
  type Draft,
  type DraftRecorded,
  type Records,
} from "./draft.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Returns the procedures: changes, emergencies, exceptions, a guide for auditors, responsibilities. What repositories add follows. */
export function draftProcedures(records: Records): Draft {
  const cite = new Citations(records);
  const newest = organizationsOwn(recorded(records, "policy").map(({ entry }) => entry));
  if (newest === undefined) {
    cite.lacks("a policy: no policy file was read yet");
    return cite.draft([]);
  }
  // A record is of one repository: its own file is none of the organisation's rules.
  const { organization } = newest.body;
  const alone = policyInForce(organization, { state: "absent" });
  const { effective: policy, digest } = alone.state === "known" ? alone.record : newest.body;
  const mark = cite.of(newest);
  return cite.draft([
    `# Procedures of ${markdownInFile(records.organization)} for changes to production`,
    "",
    DRAFT_NOTE,
    "",
    `As of ${day(records.at)}. Everything below is what the organisation's policy in force requires of every repository (${sourceText(organization) ?? "the defaults; no file was found"}; digest ${digest}) ${mark}.`,
    "",
    ...section("Change management", changes(policy), mark),
    ...section("Emergencies", emergencies(policy), mark),
    ...section("Exceptions to these rules", exceptions(policy, records.at), mark),
    ...section("Deviations", deviations(policy), mark),
    ...section("Monitoring and records", monitoring(policy), mark),
    "## For auditors",
    "",
    ...auditors(policy, mark),
    "",
    "## Who is responsible for what",
    "",
    ...raci(policy, mark),
    ...ownRules(records, policy, cite),
  ]);
}

/** What the file of each repository adds to the organisation's rules, or states in another way. */
function ownRules(records: Records, policy: Policy, cite: Citations): readonly string[] {
  const newest = new Map<number, DraftRecorded<"policy">>();
  for (const each of recorded(records, "policy"))
    if (each.body.repository.state === "found") newest.set(each.entry.repositoryId, each);
  const names = new Map(
    recorded(records, "repository").map(({ body: { repository } }) => [
      repository.id,
      `${repository.owner}/${repository.name}`,
    ]),
  );
  const rules = (of: Policy): readonly string[] => [
    ...changes(of),
    ...emergencies(of),
    ...exceptions(of, records.at),
  ];
  const common = new Set(rules(policy));
  return [...newest]
    .map(([id, each]) => [names.get(id) ?? sourceName(each.body.repository), each] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { entry, body }]) => {
      const { effective, repository } = body;
      const own = rules(effective).filter((statement) => !common.has(statement));
      const said =
        own.length === 0 ? ["Nothing is required of it that is not required of every repository."] : own;
      return [
        "",
        ...section(
          `${markdownInFile(name)} has rules of its own (${sourceText(repository) ?? ""})`,
          said,
          cite.of(entry),
        ),
      ];
    });
}

function sourceName(source: PolicySource): string {
  return source.state === "found" ? source.repository : "a repository";
}

function sourceText(source: PolicySource): string | null {
  if (source.state !== "found") return null;
  return `${markdownInFile(source.repository)}/${source.path} at ${short(source.commit)}`;
}

function section(title: string, statements: readonly string[], mark: string): readonly string[] {
  return [`## ${title}`, "", ...statements.map((each, index) => `${index + 1}. ${each} ${mark}`), ""];
}

function changes(policy: Policy): readonly string[] {
  const { production, mode, independence, since } = policy;
  const branches = [
    ...(production.branches === null || production.alsoDefaultBranch === true ? ["the default branch"] : []),
    ...(production.branches ?? []).map(code),
  ];
  return [
    mode === "enforce"
      ? "What does not meet these rules is blocked before it is merged, and is a deviation if it reaches production all the same."
      : "These rules are observed: nothing is blocked, and what does not meet them is recorded.",
    `Production is ${listed(branches)} of each repository in scope, and deployments to ${listed(production.environments.map(code), "or")}.`,
    ...(production.tags.length > 0
      ? [`A tag matching ${listed(production.tags.map(code), "or")} is a deployment.`]
      : []),
    ...(production.workflows.length > 0
      ? [`A successful run of ${listed(production.workflows.map(code), "or")} is a deployment.`]
      : []),
    ...(production.integration.length > 0
      ? [
          `What landed compliant on ${listed(production.integration.map(code), "or")} carries its approvals on.`,
        ]
      : []),
    ...(production.mergeBack === null
      ? []
      : [
          `What was deployed from another production branch is on the default branch within ${termText(production.mergeBack)}.`,
        ]),
    ...(production.secretsOnly === undefined
      ? []
      : [
          `A job that uses ${listed(production.secretsOnly.map(code), "or")} uses only its secrets and deploys nothing; any other deployment there is one to production.`,
        ]),
    ...(production.beforeMerge === undefined
      ? []
      : [
          `The head of a pull request that could be merged may be deployed before its merge to ${listed(production.beforeMerge.environments.map(code), "or")}, and is merged as deployed within ${termText(production.beforeMerge.within)}.`,
        ]),
    `A deployment that may still become compliant waits at the gate for ${termText(production.gateWaits)}; then it is rejected.`,
    ...policy.approvals.map((each) => `Every change is approved: ${approvalText(each)}.`),
    ...policy.rules.map(
      ({ name, when, approval }) =>
        `“${markdownInFile(name)}”: where ${code(canonical(when))} holds, also ${approvalText(approval)}.`,
    ),
    independence === "strict"
      ? "Nobody who contributed to a change approves it."
      : "Each commit is approved by someone who did not make it alone.",
    "An approval counts for the content it was given for, and ends with the next change of that content.",
    ...(policy.checks.length > 0
      ? [
          `On what is merged, ${listed(policy.checks.map(({ name, app }) => `${code(name)}${app === null ? "" : ` by ${code(app)}`}`))} succeeded.`,
        ]
      : ["No check is required."]),
    ...policy.records.map(
      ({ pattern, in: places }) =>
        `Each change names its ticket: ${code(pattern)} in its ${listed(
          places.map((place) => (place === "body" ? "description" : place)),
          "or",
        )}.`,
    ),
    ...(policy.sections.length > 0
      ? [`The description fills the headings ${listed(policy.sections.map(markdownInFile))}.`]
      : []),
    ...policy.freezes.map(
      ({ from, to, except }) =>
        `From ${from} up to, not including, ${to} (${policy.calendar.timezone}) nothing lands${except === null ? "" : ", emergencies excepted"}.`,
    ),
    ...(policy.requestReviews === null
      ? []
      : [
          `${counted(policy.requestReviews.count, "review")} of each change ${policy.requestReviews.count === 1 ? "is" : "are"} requested from ${policy.requestReviews.from}.`,
        ]),
    ...(since === null ? [] : [`What happened before ${since} is listed as historic and not judged.`]),
    ...policy.identities.map(
      ({ person, logins }) => `${listed(logins.map(code))} are one person, ${markdownInFile(person)}.`,
    ),
  ];
}

function approvalText(tree: RequirementTree): string {
  if ("all-of" in tree) return `all of: ${tree["all-of"].map(approvalText).join("; ")}`;
  if ("any-of" in tree) return `one of: ${tree["any-of"].map(approvalText).join("; ")}`;
  return `${counted(tree.required, "approval")} from ${markdownInFile(approversText(tree.from))}`;
}

function emergencies(policy: Policy): readonly string[] {
  const { authorisers, reviewers, waives, validFor, reviewWithin, alone, blockNextWhileOverdue } =
    policy.emergency;
  return [
    "Whoever needs it declares it on the pull request with `/countersign emergency <reason>`; without a reason it cannot be authorised.",
    `It is authorised by ${people(authorisers)}, who did not declare it.`,
    waives.length === 0
      ? "It waives nothing that is required of other changes."
      : `It may waive ${listedControls(waives)}.`,
    `It holds for ${termText(validFor)} from its authorisation, and ends when something is pushed.`,
    `Within ${termText(reviewWithin)} of its use, someone who took no part reviews it and approves or rejects it: ${people(reviewers)}.`,
    "A review that comes late, is not held, or rejects the change, is a deviation.",
    alone === null
      ? "Nobody authorises their own."
      : `${capital(people(alone.from))} may authorise their own, at most ${alone.atMost.count} per ${alone.atMost.per}; another person confirms it within ${termText(alone.confirmedWithin)}.`,
    blockNextWhileOverdue
      ? "While a review is overdue anywhere in the organisation, no further emergency is authorised."
      : "An overdue review does not block the next emergency.",
  ];
}

function exceptions(policy: Policy, at: Instant): readonly string[] {
  const isOver = (expires: string): boolean => hasExpired(expires, policy, at);
  const expiry = `the first day it no longer holds, in ${policy.calendar.timezone}`;
  return [
    ...(policy.standardChanges.length === 0
      ? ["No kind of change is approved beforehand."]
      : policy.standardChanges.map(
          ({ name, by, paths, directPush, approvedBy, expires }) =>
            `“${markdownInFile(name)}” is approved beforehand for ${listed(by.map(makerText), "or")}, where every file matches ${code(canonical(paths))}${directPush === undefined ? "" : `, pushed without a pull request where every changed line matches ${code(canonical(directPush))}`}: approved by ${markdownInFile(approvedBy)}, until ${expires} (${expiry})${isOver(expires) ? ", which is past: it is approved like any other change again" : ""}.`,
        )),
    ...(policy.exemptions.length === 0
      ? ["No control is given up for any repository."]
      : policy.exemptions.map(
          ({ repository, controls, reason, approvedBy, expires }) =>
            `${code(repository)} ${isOver(expires) ? "was" : "is"} exempt from ${listed(controls)} because ${markdownInFile(reason)}: approved by ${markdownInFile(approvedBy)}, until ${expires} (${expiry})${isOver(expires) ? ", which is past: it is required again" : ""}.`,
        )),
    ...policy.repositories
      .filter(({ scope }) => scope === "out")
      .map(
        ({ name, topic, reason, owner }) =>
          `${name === null ? `repositories with the topic ${code(topic ?? "")}` : code(name)} is out of scope because ${markdownInFile(reason ?? "")}; ${markdownInFile(owner ?? "nobody")} is responsible for that.`,
      ),
    ...policy.repositories
      .filter(({ scope, mode, since }) => scope !== "out" && (mode !== null || since !== null))
      .map(
        ({ name, topic, mode, since }) =>
          `For ${name === null ? `repositories with the topic ${code(topic ?? "")}` : code(name)}: ${[mode === null ? null : MODE_WORDS[mode], since === null ? null : `judged since ${since}`].filter((each) => each !== null).join(", ")}.`,
      ),
    `What cannot be told may be accepted, with a reason, by ${people(policy.unverifiable.acceptedBy)}.`,
    "A new exception is a pull request to the policy file; it holds only if the person it names as approver approved that pull request.",
  ];
}

const MODE_WORDS = {
  enforce: "these rules are enforced",
  observe: "these rules are only observed; nothing is blocked, and no deviation is opened",
} as const;

function deviations(policy: Policy): readonly string[] {
  const { repository, assignees, labels, perDay } = policy.deviations;
  return [
    "Each cause opens one deviation, which lists every change and deployment it concerns.",
    repository === null
      ? "Its issue is opened in the repository concerned, unless that is public."
      : `Its issue is opened in ${markdownInFile(repository)}.`,
    ...(assignees.length > 0 ? [`It is assigned to ${listed(assignees.map(markdownInFile))}.`] : []),
    ...(labels.length > 0 ? [`It carries the labels ${listed(labels.map(markdownInFile))}.`] : []),
    `No more than ${counted(perDay, "issue")} are opened in a day; the rest wait for the next.`,
  ];
}

function monitoring(policy: Policy): readonly string[] {
  const owners = CONTROL_NAMES.flatMap((control) => {
    const owner = policy.controls[control]?.owner;
    return owner === undefined || owner === policy.monitoring.owner
      ? []
      : [`${control} by ${markdownInFile(owner)}`];
  });
  const { weekend, holidays, timezone } = policy.calendar;
  return [
    policy.monitoring.owner === null && owners.length === 0
      ? "Nobody is named to sign the controls off each month."
      : `Every ${policy.monitoring.every}, each control is signed off within ${termText(REVIEW_TERM)}: ${listed([...owners, ...(policy.monitoring.owner === null ? [] : [`${owners.length > 0 ? "the others " : ""}by ${markdownInFile(policy.monitoring.owner)}`])])}.`,
    ...policy.notifications.map(
      ({ on, format, urlSecret, signingSecret, perDay }) =>
        `The receiver named by ${code(urlSecret)} (${format}${signingSecret === null ? "" : `, signed with ${code(signingSecret)}`}) is told of ${listed(on)}, at most ${perDay} times a day.`,
    ),
    `Days off are ${listed([...weekend, ...holidays])}; times are reckoned in ${timezone}.`,
    policy.periods.length === 0
      ? "Observation periods are calendar quarters, UTC."
      : `Observation periods: ${listed(policy.periods.map(({ name, from, to }) => `${markdownInFile(name)} from ${from} up to, not including, ${to}`))}, UTC.`,
    policy.retention.years === null
      ? "How long records are kept is not said."
      : `Records are kept for ${counted(policy.retention.years, "year")}.`,
  ];
}

function auditors(policy: Policy, mark: string): readonly string[] {
  return [
    "Each of these is tested on every change or deployment it applies to, not on a sample. The populations, the tests, and the proof that the populations are complete are in the evidence package.",
    "",
    "| control | the company's number and wording | objective | how it is tested |",
    "|---|---|---|---|",
    ...CONTROLS.filter(({ name }) => !unasked([policy]).includes(name)).map(({ name, objective, test }) => {
      const words = policy.controls[name];
      const own = [words?.id, words?.text].filter((each) => each !== undefined).map(markdownInFile);
      return `| ${name} | ${own.join(": ")} | ${cell(objective)} | ${cell(test)} ${mark} |`;
    }),
    ...[unaskedText(unasked([policy]))].flatMap((each) => (each === null ? [] : ["", `${each} ${mark}`])),
  ];
}

function raci(policy: Policy, mark: string): readonly string[] {
  const owner = policy.monitoring.owner;
  const named = (control: (typeof CONTROL_NAMES)[number]): string =>
    markdownInFile(policy.controls[control]?.owner ?? owner ?? "nobody is named");
  const approvers = policy.approvals.map(approvalText).join("; ");
  const sentence = (kind: Policy["notifications"][number]["on"][number]): string => {
    const names = policy.notifications
      .filter(({ on }) => on.includes(kind))
      .map(({ urlSecret }) => code(urlSecret));
    return names.length === 0 ? "nobody" : listed(names);
  };
  const rows = [
    ["a change", "its author", named("independently-approved"), approvers, "nobody"],
    [
      "an emergency",
      "who declares it",
      people(policy.emergency.authorisers),
      "nobody",
      sentence("emergency-waiting"),
    ],
    [
      "its review afterwards",
      people(policy.emergency.reviewers),
      named("emergency-reviewed-in-time"),
      "nobody",
      sentence("review-due"),
    ],
    [
      "a deviation",
      policy.deviations.assignees.length === 0
        ? "its owner, once named"
        : listed(policy.deviations.assignees.map(markdownInFile)),
      owner === null ? "nobody is named" : markdownInFile(owner),
      "nobody",
      sentence("deviation-opened"),
    ],
    [
      "a control's month",
      "the control's owner",
      owner === null ? "nobody is named" : markdownInFile(owner),
      "nobody",
      sentence("review-overdue"),
    ],
    [
      "what cannot be told",
      people(policy.unverifiable.acceptedBy),
      named("independently-approved"),
      "nobody",
      "nobody",
    ],
  ];
  return [
    "| of | responsible | accountable | consulted | informed |",
    "|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} ${mark} |`),
  ];
}

function people(who: People): string {
  return markdownInFile(approversText(who));
}

function makerText(maker: Policy["standardChanges"][number]["by"][number]): string {
  if ("app" in maker) return `the app ${code(maker.app)}`;
  return "user" in maker ? markdownInFile(maker.user) : `the account with id ${maker.id}`;
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'").replaceAll(/[\r\n|]/gu, " ")}\``;
}

function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/gu, " ").replaceAll(/(?<!\\)\|/gu, "\\|");
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
