/** A delivery and what it means for us, or why it means nothing. Pure; never throws. */

import { WEBHOOK_HANDLERS } from "./handlers.ts";
import { PlaceShape, RepositoryShape } from "../queries/shapes.ts";
import { RETENTION } from "./kept-observations.ts";
import type { DeliveryMetadata, WebhookHandlers, Signal, SignalPlace } from "./subject.ts";

const BY_EVENT: ReadonlyMap<string, WebhookHandlers> = new Map(Object.entries(WEBHOOK_HANDLERS));

/** Lists the events we understand and the actions of each that we act on. An empty list for an event without actions. */
export const HANDLED: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(RETENTION).map(([event, actions]) => [
    event,
    Object.keys(actions).filter((name) => name !== ""),
  ]),
);

/** Lists the handled events that GitHub sends to every App: app.yml cannot request them. */
export const SENT_ANYWAY: readonly string[] = [
  "installation",
  "installation_repositories",
  "installation_target",
];

const REASONS: ReadonlyMap<string, string> = new Map([
  ["check_run.created", "a check that has only begun is read when it completes"],
  ["check_suite.completed", "each of its check runs is told on its own"],
  ["check_suite.requested", "the push that asked for it is told on its own"],
  ["create", "the push that made the branch or tag is told on its own"],
  ["delete", "the push that deleted the branch or tag is told on its own"],
  ["deployment_review.requested", "a job that waits is read when it deployed"],
  ["github_app_authorization", "it concerns one person's sign-in, which ends by itself"],
  ["issue_comment.deleted", "only new comments are commands"],
  ["ping", "GitHub only asks whether we are there"],
  ["public", "it is told as repository.publicized too"],
  ["workflow_job", "its check run is told on its own"],
  ["workflow_run", "a run is told again when it is over"],
]);

/** Returns the meaning of a delivery: `parsed` with everything to assess again, or `ignored` with the reason. Accepts any input. */
export function signal(event: string, payload: unknown, arrival: DeliveryMetadata): Signal {
  const place = PlaceShape.safeParse(payload);
  if (!place.success) return { kind: "ignored", because: "the payload is not an object" };
  const action = place.data.action ?? "";
  const handlers = BY_EVENT.get(event);
  const handler = handlerOf(handlers, action);
  if (handler === null) return { kind: "ignored", because: reason(event, action, handlers) };
  const result = handler.parse(payload, arrival);
  if (typeof result === "string") return { kind: "ignored", because: result };
  return {
    kind: "parsed",
    as: handler.as,
    where: whereOf(payload),
    subjects: result.subjects,
    observations: result.observations ?? [],
    stale: result.stale ?? [],
  };
}

/**
 * Returns the lane a delivery waits in: deliveries of one lane are handled in order. `repository:ID`, else `installation:ID`,
 * else `app`.
 */
export function laneOf(_event: string, payload: unknown): string {
  const place = PlaceShape.safeParse(payload);
  if (place.data?.repository !== undefined) return `repository:${place.data.repository.id}`;
  if (place.data?.installation !== undefined) return `installation:${place.data.installation.id}`;
  return "app";
}

function whereOf(payload: unknown): SignalPlace {
  const place = PlaceShape.safeParse(payload).data;
  const owner = place?.repository?.owner;
  const whole = RepositoryShape.safeParse((payload as { repository?: unknown }).repository);
  return {
    installationId: place?.installation?.id ?? null,
    repository: whole.success ? whole.data : null,
    organizationId: place?.organization?.id ?? (owner?.type === "Organization" ? owner.id : null),
  };
}

function handlerOf(handlers: WebhookHandlers | undefined, action: string) {
  if (handlers === undefined) return null;
  // Events without actions are parsed whatever a host adds to them.
  if (Object.hasOwn(handlers, "")) return handlers[""] ?? null;
  return Object.hasOwn(handlers, action) ? (handlers[action] ?? null) : null;
}

function reason(event: string, action: string, handlers: WebhookHandlers | undefined): string {
  const known = REASONS.get(`${event}.${action}`) ?? REASONS.get(event);
  if (known !== undefined) return known;
  if (handlers === undefined) return "we do not listen to this event";
  return action === "" ? "the payload lacks action" : "this action changes nothing we judge";
}
