/** A page of GitHub's web interface, and what a form on it sends. */

import type { Context } from "hono";
import { html } from "hono/html";

/** Markup, escaped. */
export type Html = ReturnType<typeof html>;

/** A whole page. */
export function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
}

/** A field of a form; empty when absent. */
export async function textIn(c: Context, name: string): Promise<string> {
  const value = (await c.req.parseBody())[name];
  return typeof value === "string" ? value : "";
}
