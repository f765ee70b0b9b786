/** The few pages of GitHub's web interface: to register an App and install it, as the organization's owner; and to sign in through it. */

import { Hono, type Context } from "hono";
import { html } from "hono/html";
import { readManifest, registerApp } from "./acts/apps.ts";
import { install } from "./acts/installations.ts";
import type { App, Organization } from "./model.ts";
import { Refused } from "./refused.ts";
import { OWNER_LOGIN } from "./setup.ts";
import { htmlUrl } from "./shapes/form.ts";
import { addSignIn } from "./sign-in.ts";
import { page, textIn, type Html } from "./web-page.ts";
import type { World } from "./world.ts";

/** Whether a path is one of a page. */
export function isPage(path: string): boolean {
  return /^\/(?:organizations\/[^/]+\/settings|apps\/[^/]+|login)(?:\/|$)/u.test(path);
}

/** The pages over a world. */
export function pagesApp(world: World): Hono {
  const app = new Hono();
  const settings = "/organizations/:organization/settings";
  app.post(`${settings}/apps/new`, async (c) => c.html(manifestPage(world, c, await textIn(c, "manifest"))));
  app.get(`${settings}/apps/new`, (c) => c.html(formPage(organizationIn(world, c), new URL(c.req.url))));
  app.post(`${settings}/apps`, async (c) => {
    const organization = organizationIn(world, c);
    const manifest = readManifest(await textIn(c, "manifest"));
    const name = await textIn(c, "name");
    const { code } = registerApp(world, organization, {
      ...manifest,
      name: name === "" ? manifest.name : name,
    });
    const back = new URL(manifest.redirect_url ?? world.webUrl);
    back.searchParams.set("code", code);
    const state = await textIn(c, "state");
    if (state !== "") back.searchParams.set("state", state);
    return c.redirect(back.href, 302);
  });
  app.post(`${settings}/apps/by-hand`, async (c) => c.html(await registeredByHand(world, c)));
  app.get("/apps/:slug", (c) => {
    const { name, slug } = appIn(world, c);
    return c.html(page(name, html`<a href="/apps/${slug}/installations/new">Install</a>`));
  });
  app.get("/apps/:slug/installations/new", (c) => c.html(installPage(world, appIn(world, c))));
  app.post("/apps/:slug/installations", (c) => {
    const app = appIn(world, c);
    const organization = world.organizations.get(app.ownerId);
    const owner = world.accountByLogin(OWNER_LOGIN);
    if (organization === undefined || owner === undefined) throw new Refused(404, "Not Found");
    const { id } = install(world, app, organization, owner, "all");
    return c.redirect(
      htmlUrl(world, `/organizations/${organization.login}/settings/installations/${id}`),
      302,
    );
  });
  app.get(`${settings}/installations/:id`, (c) => {
    const found = world.installations.get(Number(c.req.param("id")));
    const app = world.apps.get(found?.appId ?? 0);
    if (app === undefined) throw new Refused(404, "Not Found");
    return c.html(page(`${app.name} is installed`, html`<p>It has access to all repositories.</p>`));
  });
  addSignIn(app, world);
  app.onError((error, c) => {
    if (!(error instanceof Refused)) throw error;
    const status = error.status === 422 ? 422 : 404;
    return c.html(
      page(status === 422 ? "This cannot be registered" : "Not Found", html`<p>${error.message}</p>`),
      status,
    );
  });
  return app;
}

/** The page to which a manifest is posted: it shows the name, and one button. */
function manifestPage(world: World, c: Context, text: string): Html {
  const { login } = organizationIn(world, c);
  const { name } = readManifest(text);
  return page(
    `Create GitHub App for ${login}`,
    html`<form action="/organizations/${login}/settings/apps" method="post">
      <input type="hidden" name="manifest" value="${text}" />
      <input type="hidden" name="state" value="${c.req.query("state") ?? ""}" />
      <label>GitHub App name <input name="name" value="${name ?? ""}" /></label>
      <button>Create GitHub App for ${login}</button>
    </form>`,
  );
}

/** Parameters of the address of this page that are no permission. */
const FIELDS = ["name", "description", "url", "public", "webhook_active", "webhook_url"] as const;

/** The form of a new App, filled in as its address asks. */
function formPage({ login }: Organization, { searchParams }: URL): Html {
  const permissions = [...searchParams].filter(
    ([name]) => name !== "events[]" && !FIELDS.some((field) => field === name),
  );
  return page(
    "Register new GitHub App",
    html`<form action="/organizations/${login}/settings/apps/by-hand" method="post">
      ${FIELDS.map((name) => html`<label>${name} <input name="${name}" value="${searchParams.get(name) ?? ""}" /></label>`)}
      <label>Webhook secret <input name="webhook_secret" /></label>
      ${permissions.map(([name, level]) => html`<label>${name} <input name="permission:${name}" value="${level}" /></label>`)}
      ${searchParams.getAll("events[]").map((name) => html`<label><input type="checkbox" name="events" value="${name}" checked />${name}</label>`)}
      <button>Create GitHub App</button>
    </form>`,
  );
}

/** The page of an App registered by that form, with its id; the key is shown instead of downloaded. */
async function registeredByHand(world: World, c: Context): Promise<Html> {
  const form = await c.req.parseBody({ all: true });
  const fields = Object.entries(form).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  const given = new Map(fields);
  const manifest = {
    name: given.get("name"),
    description: given.get("description"),
    url: given.get("url"),
    public: given.get("public") === "true",
    hook_attributes: { url: given.get("webhook_url"), active: given.get("webhook_active") === "true" },
    default_permissions: Object.fromEntries(
      fields.flatMap(([name, level]) =>
        name.startsWith("permission:") ? [[name.slice("permission:".length), level]] : [],
      ),
    ),
    default_events: [form["events"] ?? []].flat(),
  };
  const secret = given.get("webhook_secret");
  const { app, code } = registerApp(
    world,
    organizationIn(world, c),
    readManifest(JSON.stringify(manifest)),
    secret,
  );
  const pem = world.conversions.get(code)?.pem ?? "";
  world.conversions.delete(code);
  return page(
    app.name,
    html`<p>App ID: <b id="app-id">${app.id}</b></p>
      <pre id="private-key">${pem}</pre>`,
  );
}

function installPage({ organizations }: World, app: App): Html {
  const login = organizations.get(app.ownerId)?.login ?? "";
  return page(
    `Install ${app.name}`,
    html`<form action="/apps/${app.slug}/installations" method="post">
      <p>on your organization ${login}, with these permissions:</p>
      <ul>
        ${Object.entries(app.permissions).map(([name, level]) => html`<li>${level} access to ${name}</li>`)}
      </ul>
      <button>Install</button>
    </form>`,
  );
}

function organizationIn(world: World, c: Context): Organization {
  const found = world.organization(c.req.param("organization") ?? "");
  if (found === undefined) throw new Refused(404, "Not Found");
  return found;
}

function appIn(world: World, c: Context): App {
  const found = world.appBySlug(c.req.param("slug") ?? "");
  if (found === undefined) throw new Refused(404, "Not Found");
  return found;
}
