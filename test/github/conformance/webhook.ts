import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { schemaCompiler, type Check, type Components, type Json } from "./schema.ts";

interface Loaded {
  readonly names: ReadonlyMap<string, Json>;
  readonly compile: (schema: Json) => Check;
}

interface Published {
  readonly webhooks: Readonly<
    Record<string, { post: { requestBody: { content: { "application/json": { schema: Json } } } } }>
  >;
  readonly components: { readonly schemas: Components };
}

let loaded: Loaded | undefined;
const checks = new Map<string, Check>();

function load(): Loaded {
  if (loaded !== undefined) return loaded;
  const file = createRequire(import.meta.url).resolve(
    "@octokit/openapi-webhooks/generated/api.github.com.json",
  );
  const published: Published = JSON.parse(readFileSync(file, "utf8"));
  loaded = {
    names: new Map(
      Object.entries(published.webhooks).map(([name, described]) => [
        name,
        described.post.requestBody.content["application/json"].schema,
      ]),
    ),
    compile: schemaCompiler(published.components.schemas),
  };
  return loaded;
}

/** Problems of a webhook payload by GitHub's own description of `event` (`pull_request`) and `action` (`opened`, or null). */
export function checkWebhook(event: string, action: string | null, payload: unknown): string[] {
  const dashed = event.replaceAll("_", "-");
  const name = action === null ? dashed : `${dashed}-${action.replaceAll("_", "-")}`;
  const schema = load().names.get(name);
  if (schema === undefined) return [`webhook ${event}.${action ?? ""}: GitHub describes no such event`];
  const check = checks.get(name) ?? load().compile(schema);
  checks.set(name, check);
  return check(payload).map((text) => `webhook ${name}: ${text}`);
}
