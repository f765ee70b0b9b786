import type { Instant } from "../model.ts";
import type { World } from "../world.ts";

/** An object as GitHub writes it, ready for JSON. */
export type Shape = Record<string, unknown>;

/** An instant as GitHub writes it: UTC, whole seconds, `2026-07-06T09:00:00Z`. */
export function iso(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The same, or null for nothing. */
export function isoOrNull(at: Instant | null): string | null {
  return at === null ? null : iso(at);
}

/** An address of the double's API; `path` begins with a slash. */
export function apiUrl(world: World, path: string): string {
  return `${world.apiUrl}${path}`;
}

/** An address of one of the pages GitHub would show; `path` begins with a slash. */
export function htmlUrl(world: World, path: string): string {
  return `${world.webUrl}${path}`;
}
