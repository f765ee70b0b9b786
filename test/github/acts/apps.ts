/** An App registered by a person, from a manifest or from the form of a page. */

import { generateKeyPairSync } from "node:crypto";
import { z } from "zod";
import type { App, Organization } from "../model.ts";
import { Refused } from "../refused.ts";
import { addApp } from "../setup.ts";
import type { World } from "../world.ts";

const LONGEST_NAME = 34;

/** The keys of a manifest, as GitHub documents them; others are refused, which GitHub does not. */
const ManifestSchema = z.strictObject({
  name: z.string().max(LONGEST_NAME).optional(),
  url: z.url(),
  hook_attributes: z.strictObject({ url: z.url(), active: z.boolean().optional() }).optional(),
  redirect_url: z.url().optional(),
  callback_urls: z.array(z.url()).optional(),
  setup_url: z.url().optional(),
  description: z.string().optional(),
  public: z.boolean().optional(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])).optional(),
  default_events: z.array(z.string()).optional(),
  request_oauth_on_install: z.boolean().optional(),
  setup_on_update: z.boolean().optional(),
});

/** A manifest as it was understood. */
export type Manifest = z.infer<typeof ManifestSchema>;

/** Reads a manifest. Throws 422 with what is wrong. */
export function readManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(422, "Error: the manifest is no JSON");
  }
  const read = ManifestSchema.safeParse(value);
  if (!read.success) throw new Refused(422, `Error: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** Registers the App and keeps what its code is exchanged for; returns the code. Throws 422 for a name that is taken. */
export function registerApp(
  world: World,
  organization: Organization,
  manifest: Manifest,
  webhookSecret = world.uuid().replaceAll("-", ""),
): { readonly app: App; readonly code: string } {
  const name = manifest.name ?? "";
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/gu, "-")
    .replaceAll(/^-|-$/gu, "");
  if (slug === "" || world.appBySlug(slug) !== undefined) throw new Refused(422, "Name is already taken");
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const hook = manifest.hook_attributes;
  const clientSecret = world.uuid().replaceAll("-", "");
  const app = addApp(world, organization, slug, {
    name,
    description: manifest.description ?? "",
    publicKey,
    clientSecret,
    callbackUrls: manifest.callback_urls ?? [],
    hook: hook === undefined ? null : { url: hook.url, secret: webhookSecret },
    permissions: { metadata: "read", ...manifest.default_permissions },
    events: manifest.default_events ?? [],
  });
  const code = world.uuid().replaceAll("-", "");
  world.conversions.set(code, {
    appId: app.id,
    pem: privateKey,
    webhookSecret,
    clientSecret,
    at: world.now(),
  });
  return { app, code };
}
