/** What all pages have in common: head, navigation, footer. */

import type { Context } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";

import { visible } from "../domain/values/text.ts";
import type { Html } from "../pages/html-table.ts";
import type { Access, Viewer } from "./page/access.ts";
import type { Asked } from "./page/page.ts";
import { SIGN_OUT_PATH } from "./sign-in/paths.ts";
import { STYLE_PATH } from "./style.ts";

/** Describes what stands around a page. */
export interface Frame {
  readonly title: string;
  readonly main: Html;
  /** Whom the page is for; absent: nobody in particular. */
  readonly viewer?: Pick<Viewer, "name" | "csrfToken">;
  /** What the page is about; absent: no organisation. */
  readonly of?: {
    readonly access: Access;
    readonly link: Asked["link"];
    readonly navigation: readonly {
      readonly path: string;
      readonly name: string;
      readonly isHere: boolean;
    }[];
    /** Where another organisation is chosen; null: there is one. */
    readonly choice: string | null;
  };
}

/** Returns an answer of some sentences alone. */
export function messagePage(
  c: Context,
  status: ContentfulStatusCode,
  title: string,
  sentences: readonly string[],
  {
    viewer,
    headers = {},
  }: Pick<Frame, "viewer"> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const main: Html = html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}`;
  return c.html(framed({ title, main, ...(viewer === undefined ? {} : { viewer }) }), status, headers);
}

/** Answers someone for whom there is no place at the moment. */
export function busy(c: Context): Response {
  return messagePage(c, 503, "Too many pages are being made", ["Open it once more in a moment."], {
    headers: { "retry-after": "2" },
  });
}

/** Returns a whole page. */
export function framed({ title, main, viewer, of }: Frame): string {
  const login = of?.access.organization.login;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}${login === undefined ? "" : ` · ${login}`} · Countersign</title>
        <link rel="stylesheet" href="${STYLE_PATH}" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${header(viewer, of)}
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${of === undefined || of.access.repositories === "all" ? "" : PART} ${main}
        </main>
      </body>
    </html>`;
  if (page instanceof Promise) throw new Error("nothing on a page is awaited");
  // Whatever a name or title has in it that nobody sees, or that turns the direction, is on no page.
  return visible(page.toString());
}

/** Above every page of someone who sees only some repositories. */
const PART: Html = html`<p class="lead">
  Only the repositories that GitHub lets you read are shown and counted.
</p>`;

function header(viewer: Frame["viewer"], of: Frame["of"]): Html {
  if (viewer === undefined && of === undefined) return html``;
  return html`<header class="top">
    ${of === undefined ? "" : home(of)} ${viewer === undefined ? "" : signedIn(viewer)}
    ${of === undefined ? "" : navigationOf(of)}
  </header>`;
}

function home({ access, link, choice }: NonNullable<Frame["of"]>): Html {
  return html`<p class="name">
    <a href="${link("/")}">Countersign</a>
    <span class="of"
      >${access.organization.login}${
        choice === null ? "" : html` (<a href="${choice}">choose another</a>)`
      }</span
    >
  </p>`;
}

function navigationOf({ link, navigation }: NonNullable<Frame["of"]>): Html {
  return html`<nav aria-label="Pages">
    <ul>
      ${navigation.map(
        ({ path, name, isHere }) =>
          html`<li><a href="${link(path)}" ${isHere ? html`aria-current="page"` : ""}>${name}</a></li>`,
      )}
    </ul>
  </nav>`;
}

/** Who is signed in, and how that ends. */
function signedIn({ name, csrfToken }: Pick<Viewer, "name" | "csrfToken">): Html {
  if (csrfToken === undefined) return html``;
  return html`<form class="signed-in" method="post" action="${SIGN_OUT_PATH}">
    <input type="hidden" name="csrf" value="${csrfToken}" />
    Signed in as ${name}
    <button>Sign out</button>
    <button name="everywhere" value="yes">Sign out everywhere</button>
  </form>`;
}
