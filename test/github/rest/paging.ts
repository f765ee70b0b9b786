import { Refused } from "../refused.ts";
import type { Shape } from "../shapes/form.ts";
import type { Answer, Call } from "./route.ts";

/** How many entries of a list are asked for: `per_page`, at most 100, 30 by default. */
export function pageSize(call: Call): number {
  const asked = Number(call.query["per_page"] ?? 30);
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, 100) : 30;
}

function link(call: Call, changes: Readonly<Record<string, string | null>>, rel: string): string {
  const query = new URLSearchParams(call.query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) query.delete(key);
    else query.set(key, value);
  }
  return `<${call.address}?${query.toString()}>; rel="${rel}"`;
}

/** One page of a list with GitHub's Link header; only the entries shown are turned into JSON. `wrap` puts the list and the whole count into an object. */
export function paged<T>(
  call: Call,
  items: readonly T[],
  shape: (item: T) => unknown,
  wrap?: (shown: unknown[], total: number) => Shape,
): Answer {
  const size = pageSize(call);
  const page = Math.max(1, Number(call.query["page"] ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const shown = items.slice((page - 1) * size, page * size).map(shape);
  const links: string[] = [];
  if (page > 1) links.push(link(call, { page: String(page - 1) }, "prev"));
  if (page < last) {
    links.push(link(call, { page: String(page + 1) }, "next"), link(call, { page: String(last) }, "last"));
  }
  if (page > 1) links.push(link(call, { page: "1" }, "first"));
  return {
    body: wrap === undefined ? shown : wrap(shown, items.length),
    ...(links.length === 0 ? {} : { headers: { link: links.join(", ") } }),
  };
}

/** One page of a list by opaque cursors `before` and `after`, as GitHub pages ever-growing lists. */
export function pagedByCursor<T extends { readonly id: number }>(
  call: Call,
  items: readonly T[],
  shape: (item: T) => unknown,
): Answer {
  const size = pageSize(call);
  const { after, before } = call.query;
  const place = (cursor: string): number => {
    const found = items.findIndex((item) => String(item.id) === fromCursor(cursor));
    if (found < 0) throw new Refused(422, "Invalid cursor");
    return found;
  };
  const end = before === undefined ? items.length : place(before);
  const start = after === undefined ? (before === undefined ? 0 : Math.max(0, end - size)) : place(after) + 1;
  const shown = items.slice(start, Math.min(end, start + size));
  const [first, last] = [shown[0], shown.at(-1)];
  const links: string[] = [];
  if (last !== undefined && items.indexOf(last) < items.length - 1) {
    links.push(link(call, { before: null, after: toCursor(last.id) }, "next"));
  }
  if (first !== undefined && items.indexOf(first) > 0) {
    links.push(link(call, { after: null, before: toCursor(first.id) }, "prev"));
  }
  return {
    body: shown.map(shape),
    ...(links.length === 0 ? {} : { headers: { link: links.join(", ") } }),
  };
}

/** One page of the delivery log, whose cursor only goes on (`v1_ID`). */
export function pagedOnwards<T extends { readonly id: number | bigint }>(
  call: Call,
  items: readonly T[],
  shape: (item: T) => unknown,
): Answer {
  const size = pageSize(call);
  const cursor = call.query["cursor"];
  const start = cursor === undefined ? 0 : items.findIndex((item) => `v1_${item.id}` === cursor);
  if (start < 0) throw new Refused(422, "Invalid cursor");
  const following = items[start + size];
  return {
    body: items.slice(start, start + size).map(shape),
    ...(following === undefined
      ? {}
      : { headers: { link: link(call, { cursor: `v1_${following.id}` }, "next") } }),
  };
}

function toCursor(id: number): string {
  return Buffer.from(`cursor:${id}`).toString("base64url");
}

function fromCursor(cursor: string): string {
  return Buffer.from(cursor, "base64url").toString("utf8").replace("cursor:", "");
}
