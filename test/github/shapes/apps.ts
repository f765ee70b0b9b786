import type { App, HookDelivery, Installation } from "../model.ts";
import type { World } from "../world.ts";
import { userByIdShape } from "./accounts.ts";
import { apiUrl, htmlUrl, iso, isoOrNull, type Shape } from "./form.ts";

/** An app as checks and comments embed it (`integration`). */
export function appShape(world: World, app: App): Shape {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: app.nodeId,
    owner: userByIdShape(world, app.ownerId),
    name: app.name,
    description: app.description,
    external_url: htmlUrl(world, `/apps/${app.slug}/about`),
    html_url: htmlUrl(world, `/apps/${app.slug}`),
    created_at: iso(app.createdAt),
    updated_at: iso(app.updatedAt),
    permissions: { ...app.permissions },
    events: [...app.events],
  };
}

/** Events newer than GitHub's own description of an app inside another object: it lists them in `GET /app` alone. */
const NEWER_EVENTS: readonly string[] = [
  "branch_protection_configuration",
  "deployment_protection_rule",
  "merge_group",
  "repository_ruleset",
];

/** An app as other objects name it, by id; null when there is no such app. */
export function appByIdShape(world: World, id: number): Shape | null {
  const app = world.apps.get(id);
  if (app === undefined) return null;
  return { ...appShape(world, app), events: app.events.filter((event) => !NEWER_EVENTS.includes(event)) };
}

/** An installation, as the API and the `installation` webhooks write it. */
export function installationShape(world: World, installation: Installation): Shape {
  const account = world.organizations.get(installation.accountId);
  const login = account?.login ?? world.account(installation.accountId).login;
  const app = world.apps.get(installation.appId);
  const page =
    account === undefined
      ? `/settings/installations/${installation.id}`
      : `/organizations/${login}/settings/installations/${installation.id}`;
  return {
    id: installation.id,
    client_id: app?.clientId ?? "",
    account: userByIdShape(world, installation.accountId),
    repository_selection: installation.repositorySelection,
    access_tokens_url: apiUrl(world, `/app/installations/${installation.id}/access_tokens`),
    repositories_url: apiUrl(world, "/installation/repositories"),
    html_url: htmlUrl(world, page),
    app_id: installation.appId,
    app_slug: app?.slug ?? "",
    target_id: installation.accountId,
    target_type: account === undefined ? "User" : "Organization",
    permissions: { ...installation.permissions },
    events: [...installation.events],
    created_at: iso(installation.createdAt),
    updated_at: iso(installation.updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by:
      installation.suspendedById === null ? null : userByIdShape(world, installation.suspendedById),
    suspended_at: isoOrNull(installation.suspendedAt),
  };
}

/** One line of the delivery log. */
export function deliveryItemShape(delivery: HookDelivery): Shape {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: iso(delivery.deliveredAt),
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

/** One delivery with what was sent and answered. */
export function deliveryShape(delivery: HookDelivery): Shape {
  return {
    ...deliveryItemShape(delivery),
    url: delivery.url,
    request: { headers: { ...delivery.requestHeaders }, payload: JSON.parse(delivery.body) as unknown },
    response: { headers: { ...delivery.responseHeaders }, payload: delivery.responseBody },
  };
}
