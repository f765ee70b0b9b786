import { readFileSync } from "node:fs";
import { buildSchema, isObjectType, type GraphQLSchema } from "graphql";
import type { Args, Context } from "./context.ts";
import { RESOLVERS } from "./resolvers.ts";

let built: GraphQLSchema | undefined;

/** GitHub's schema, cut to what the double serves (`scripts/prune-schemas.ts`), with its resolvers; built once. */
export function servedSchema(): GraphQLSchema {
  if (built !== undefined) return built;
  const sdl = readFileSync(new URL("../schemas/served.graphql", import.meta.url), "utf8");
  const schema = buildSchema(sdl, { assumeValidSDL: true });
  for (const [name, fields] of Object.entries(RESOLVERS)) {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new Error(`the served schema has no type ${name}`);
    for (const [field, definition] of Object.entries(type.getFields())) {
      const resolve = fields[field];
      if (resolve === undefined) throw new Error(`${name}.${field} has no resolver`);
      const full = `${name}.${field}`;
      definition.resolve = (source: unknown, args: Args, context: Context) =>
        context.faults.field(full, resolve(source, args, context));
    }
  }
  built = schema;
  return schema;
}
