/** What all pages have in common: head, navigation, footer. */

import { html } from "hono/html";

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
  /** Null: the page belongs to no organisation. */
  readonly of: {
    readonly access: Access;
    readonly link: Asked["link"];
    readonly navigation: readonly {
      readonly path: string;
      readonly name: string;
      readonly isHere: boolean;
    }[];
    readonly viewer: Pick<Viewer, "name" | "mark">;
    /** Where another organisation is chosen; null: there is one. */
    readonly choice: string | null;
  } | null;
}

/** Returns a whole page. */
export function framed({ title, main, of }: Frame): string {
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
        ${of === null ? "" : header(of)}
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${main}
        </main>
      </body>
    </html>`;
  if (page instanceof Promise) throw new Error("nothing on a page is awaited");
  // Whatever a name or title has in it that nobody sees, or that turns the direction, is on no page.
  return visible(page.toString());
}

function header({ access, link, navigation, viewer, choice }: NonNullable<Frame["of"]>): Html {
  const { login } = access.organization;
  return html`<header class="top">
    <p class="name">
      <a href="${link("/")}">Countersign</a>
      <span class="of"
        >${login}${choice === null ? "" : html` (<a href="${choice}">choose another</a>)`}</span
      >
    </p>
    ${signedIn(viewer)}
    <nav aria-label="Pages">
      <ul>
        ${navigation.map(
          ({ path, name, isHere }) =>
            html`<li><a href="${link(path)}" ${isHere ? html`aria-current="page"` : ""}>${name}</a></li>`,
        )}
      </ul>
    </nav>
  </header>`;
}

/** Who is signed in, and how that ends. */
function signedIn({ name, mark }: Pick<Viewer, "name" | "mark">): Html {
  if (mark === undefined) return html``;
  return html`<form class="signed-in" method="post" action="${SIGN_OUT_PATH}">
    <input type="hidden" name="mark" value="${mark}" />
    Signed in as ${name}
    <button>Sign out</button>
    <button name="everywhere" value="yes">Sign out everywhere</button>
  </form>`;
}
