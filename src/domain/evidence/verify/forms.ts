/** What each file of a package is held to: what this version makes or, in a package of another version, the schema it carries. */

import { z } from "zod";

import { canonical } from "../../values/digest.ts";
import { DOCUMENTS, schemaOfDocument, TABLE_FORMS } from "../package.ts";
import { parsed } from "../seal.ts";
import { CELL_FORMS, schemaName, schemaOfTable, type TableForm } from "../tables/table.ts";

/** Describes what the files of a package are held to. */
export interface Forms {
  readonly tables: ReadonlyMap<string, TableForm>;
  readonly documents: ReadonlyMap<string, z.ZodType>;
  /** The files whose schema is another than this version's. */
  readonly foreign: ReadonlySet<string>;
}

/** Holds what this version makes. */
export const OWN_FORMS: Forms = {
  tables: new Map(TABLE_FORMS.map((form) => [form.path, form])),
  documents: new Map(
    DOCUMENTS.flatMap(({ path, schema }) => (schema === null ? [] : [[path, schema] as const])),
  ),
  foreign: new Set(),
};

/** Returns the JSON Schemas that this version puts into a package, by the files they are of. */
export function ownSchemas(): ReadonlyMap<string, string> {
  const tables = TABLE_FORMS.map((form) => [form.path, schemaOfTable(form)] as const);
  const documents = DOCUMENTS.flatMap(({ schema, ...form }) =>
    schema === null ? [] : [[form.path, schemaOfDocument({ ...form, schema })] as const],
  );
  return new Map([...tables, ...documents].map(([path, schema]) => [path, `${canonical(schema)}\n`]));
}

/**
 * Returns what a package of another version is held to, given the schemas it carries. A table whose schema cannot be read
 * stays held to what this version makes.
 */
export function packagedForms(paths: readonly string[], schemaOf: (path: string) => string | null): Forms {
  const own = ownSchemas();
  const tables = new Map(OWN_FORMS.tables);
  const foreign = new Set<string>();
  for (const path of paths) {
    const schema = schemaOf(schemaPath(path));
    if (schema === null || schema === own.get(path)) continue;
    const form = path.endsWith(".csv") ? tableFormIn(path, schema) : undefined;
    if (form === null) continue;
    if (form !== undefined) tables.set(path, form);
    foreign.add(path);
  }
  return { ...OWN_FORMS, tables, foreign };
}

/** Returns where a package holds the schema of a file. */
export function schemaPath(path: string): string {
  return `schemas/${schemaName(path)}`;
}

const PackagedSchema = z
  .looseObject({
    description: z.string(),
    required: z.array(z.string()).min(1),
    // A type that another version may have holds any text.
    properties: z.record(
      z.string(),
      z.looseObject({
        "x-countersign-type": z.enum(Object.keys(CELL_FORMS) as (keyof typeof CELL_FORMS)[]).catch("text"),
      }),
    ),
    "x-countersign-sorted-by": z.array(z.string()).optional(),
  })
  .refine(
    ({ required, properties }) =>
      new Set(required).size === required.length &&
      required.toSorted().join("\n") === Object.keys(properties).toSorted().join("\n"),
  );

/** Patterns of a packaged schema are not run: whoever wrote it could have it take forever. */
function tableFormIn(path: string, schema: string): TableForm | null {
  const read = PackagedSchema.safeParse(parsed(schema));
  if (!read.success) return null;
  const { description, required, properties, ...named } = read.data;
  const sortedBy = named["x-countersign-sorted-by"] ?? OWN_FORMS.tables.get(path)?.sortedBy ?? [];
  return {
    path,
    description,
    columns: required.map((name) => ({
      name,
      type: properties[name]?.["x-countersign-type"] ?? "text",
      description: "",
    })),
    sortedBy: sortedBy.every((name) => required.includes(name)) ? sortedBy : [],
  };
}
