/** Plays one step of a story on GitHub. */

import { z } from "zod";
import { DEPLOYMENT_STEPS } from "./acts/steps-deployments.ts";
import { createRepository, ORGANIZATION_STEPS } from "./acts/steps-organization.ts";
import { PULL_STEPS } from "./acts/steps-pulls.ts";
import { PUSH_STEPS } from "./acts/steps-pushes.ts";
import { SETTING_STEPS } from "./acts/steps-settings.ts";
import { ownerOf, personOf, StepError, type StepOutput, type StepKind } from "./acts/step.ts";
import { settle } from "./queue.ts";
import { Refused } from "./refused.ts";
import type { World } from "./world.ts";

/** What came of a step. `refused`: what GitHub said. `error`: the story is wrong, or the step is not built. */
export type Acted =
  | { readonly ok: true; readonly made: StepOutput }
  | { readonly ok: false; readonly refused: string }
  | { readonly ok: false; readonly error: string };

const STEPS: Readonly<Record<string, StepKind>> = {
  ...PULL_STEPS,
  ...PUSH_STEPS,
  ...DEPLOYMENT_STEPS,
  ...SETTING_STEPS,
  ...ORGANIZATION_STEPS,
  // A command is a comment like any other.
  command: PULL_STEPS["comment"]!,
};

/** The names of all steps that can be played here. */
export const STEP_NAMES: readonly string[] = [...Object.keys(STEPS), "create-repository"];

const CommonSchema = z.object({
  do: z.string(),
  by: z.string().optional(),
  repository: z.string().optional(),
  bypass: z.unknown().optional(),
  as: z.string().optional(),
});

const COMMON = ["do", "by", "repository", "bypass", "as", "after", "at", "refused"];

/** Plays one step. `made` remembers what steps made by the names they gave; it is added to. Nothing is sent yet. */
export function act(world: World, made: Map<string, StepOutput>, given: unknown): Acted {
  try {
    const common = CommonSchema.parse(given);
    const result = play(world, made, common, given);
    settle(world);
    if (common.as !== undefined) made.set(common.as, result);
    return { ok: true, made: result };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refused: refusalText(error) };
    if (error instanceof StepError) return { ok: false, error: error.message };
    if (error instanceof z.ZodError) return { ok: false, error: z.prettifyError(error) };
    throw error;
  }
}

function play(
  world: World,
  made: ReadonlyMap<string, StepOutput>,
  common: z.infer<typeof CommonSchema>,
  given: unknown,
): StepOutput {
  const kind = STEPS[common.do];
  if (kind === undefined && common.do !== "create-repository")
    throw new StepError(`unknown act \`${common.do}\``);
  const first = [...world.organizations.values()][0];
  // `owner/name` where several organizations have a repository of that name.
  const [name = "web", owner] = (common.repository ?? "web").split("/").toReversed();
  const organization = owner === undefined ? first : world.organization(owner);
  if (organization == null) throw new StepError("there is no organization yet: set up first");
  // Steps without `by` are done by the organization's owner.
  const actor = common.by === undefined ? ownerOf(world) : personOf(world, common.by);
  const scene = { world, organization, actor, bypass: common.bypass === true, made };
  if (kind === undefined) return createRepository(scene, name, given);
  const unknown = Object.keys(given as object).find((key) => !COMMON.includes(key) && !(key in kind.keys));
  if (unknown !== undefined) throw new StepError(`\`${common.do}\` has no key \`${unknown}\``);
  const repository = [...world.repositories.values()].find(
    (one) =>
      !one.deleted &&
      one.name.toLowerCase() === name.toLowerCase() &&
      one.forkOf === null &&
      (owner === undefined || one.ownerId === organization.id),
  );
  if (repository === undefined) throw new StepError(`there is no repository ${name}`);
  return kind.play({ ...scene, repository }, given);
}

function refusalText(refusal: Refused): string {
  const details = refusal.errors.map((error) =>
    typeof error === "object" && error !== null && "message" in error
      ? String(error.message)
      : typeof error === "string"
        ? error
        : "",
  );
  return [refusal.message, ...details.filter((detail) => detail !== "")].join("\n");
}
