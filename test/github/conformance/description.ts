import type { Components, Json } from "./schema.ts";

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: Json;
}

/** One REST operation: what may be asked, and the JSON schema of each documented answer (`null`: no JSON body). */
export interface Operation {
  readonly parameters: readonly Parameter[];
  readonly body: { readonly required: boolean; readonly schema: Json } | null;
  readonly responses: Readonly<Record<string, Json>>;
}

/** GitHub's REST description, cut to the operations in use. Keys of `operations` are `METHOD /path/{with}/{names}`. */
export interface RestDescription {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly schemas: Components;
}
