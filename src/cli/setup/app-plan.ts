/** The App to register: what app.yml requests, for one organisation and one address. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { UsageError } from "../terminal/answer.ts";

const AppFileSchema = z.object({
  description: z.string(),
  url: z.string(),
  public: z.boolean(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()),
});

/** Where the App receives its webhooks, below its address. */
const WEBHOOK_PATH = "/api/github/webhooks";

/** Where people come back to who sign in to the pages. */
/** Names where GitHub sends people back to who sign in to the pages. */
export const CALLBACK_PATH = "/sign-in/github/callback";

/** GitHub's own limit of an App's name. */
const LONGEST_NAME = 34;

/** Describes the App as a person wants it. */
export interface AppPlan {
  readonly organization: string;
  readonly name: string;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** The address of GitHub's pages, without a slash at its end. */
  readonly webUrl: string;
}

/** Describes a person's answers, not checked yet. */
export interface GivenPlan {
  readonly organization: string | undefined;
  readonly publicUrl: string | undefined;
  readonly name?: string | undefined;
  readonly webUrl: string;
}

/** Checks the answers. Throws UsageError with the cure of the first that is missing or wrong. */
export function planFrom({ organization, publicUrl, name, webUrl }: GivenPlan): AppPlan {
  if (organization === undefined || organization === "")
    throw new UsageError("Name the organisation that will own the App: --org acme.");
  if (!/^[a-z\d][a-z\d-]{0,38}$/iu.test(organization))
    throw new UsageError(`"${organization}" is not an organisation: give only its name, such as acme.`);
  if (publicUrl === undefined || publicUrl === "")
    throw new UsageError(
      "Give the address at which GitHub will reach the App: --url https://countersign.example.com.",
    );
  const given = name ?? "";
  if (given.length > LONGEST_NAME)
    throw new UsageError(
      `"${given}" is too long: GitHub allows ${LONGEST_NAME} characters in an App's name. Give a shorter --name.`,
    );
  return {
    organization,
    publicUrl: publicAddress(publicUrl),
    name: given === "" ? `Countersign (${organization})`.slice(0, LONGEST_NAME).trim() : given,
    webUrl,
  };
}

function publicAddress(text: string): string {
  const url = URL.parse(text);
  const isLoopback = url !== null && /^(?:127\.0\.0\.1|localhost|\[::1\])$/u.test(url.hostname);
  if (url === null || !/^https?:$/u.test(url.protocol))
    throw new UsageError(
      `"${text}" is not an address: write it with https://, such as https://countersign.example.com.`,
    );
  if (url.protocol === "http:" && !isLoopback)
    throw new UsageError(
      `${text} is not encrypted: put a proxy with a certificate in front, and give its https:// address.`,
    );
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw new UsageError(`${text} has more than a host and a path: give the address without user, ? and #.`);
  const base = url.href.replace(/\/+$/u, "");
  return base.endsWith(WEBHOOK_PATH) ? base.slice(0, -WEBHOOK_PATH.length) : base;
}

/** Returns the manifest for GitHub's form. `redirectUrl`: where GitHub sends the browser afterwards. */
export function manifestOf(plan: AppPlan, redirectUrl: string): Readonly<Record<string, unknown>> {
  return {
    name: plan.name,
    hook_attributes: { url: `${plan.publicUrl}${WEBHOOK_PATH}`, active: true },
    redirect_url: redirectUrl,
    callback_urls: [`${plan.publicUrl}${CALLBACK_PATH}`],
    ...appFile(),
  };
}

/** Returns the address of GitHub's page for a new App of the organisation. */
export function newAppUrl({ webUrl, organization }: AppPlan): string {
  return `${webUrl}/organizations/${organization}/settings/apps/new`;
}

/** Returns a link to that page with all that a link can fill in; no secret is in it. */
export function prefilledUrl(plan: AppPlan): string {
  const { default_permissions: permissions, default_events: events, ...app } = appFile();
  const parameters = new URLSearchParams({
    name: plan.name,
    description: app.description,
    url: app.url,
    public: String(app.public),
    webhook_active: "true",
    webhook_url: `${plan.publicUrl}${WEBHOOK_PATH}`,
    ...permissions,
  });
  for (const event of events) parameters.append("events[]", event);
  return `${newAppUrl(plan)}?${parameters.toString()}`;
}

function appFile(): z.infer<typeof AppFileSchema> {
  // In the sources it is three folders up, in what is built one more.
  const found = ["../../../app.yml", "../../../../app.yml"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error("the App's manifest is missing: app.yml");
  return AppFileSchema.parse(parse(readFileSync(found, "utf8")));
}
