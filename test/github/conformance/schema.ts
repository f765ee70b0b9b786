import { Ajv, type AnySchema, type ValidateFunction } from "ajv";
import addFormatsModule from "ajv-formats";

/** A JSON Schema or an OpenAPI description, read as plain data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The named schemas of one OpenAPI description. */
export type Components = Readonly<Record<string, Json>>;

/** A compiled check: problems as sentences, each with the place in the value; none when it conforms. */
export type Check = (value: unknown) => string[];

const REF = "#/components/schemas/";
/** Words of an OpenAPI description that say nothing about what is valid. */
const PROSE = new Set(["description", "example", "examples", "title", "externalDocs", "deprecated", "xml"]);

// The package is CommonJS with a default property that the type of an ESM import does not unwrap.
const addFormats = addFormatsModule.default;
const uri = addFormats.get("uri");

function isUri(text: string): boolean {
  return typeof uri === "function" && uri(text);
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Turns an OpenAPI 3.0 schema into plain JSON Schema: prose dropped, `nullable` spelled out. */
export function plainSchema(schema: Json, insideProperties = false): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => plainSchema(item));
  if (!isRecord(schema)) return schema;
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (!insideProperties && (PROSE.has(key) || key.startsWith("x-") || key === "nullable")) continue;
    if (!insideProperties && (key === "enum" || key === "required" || key === "default")) out[key] = value;
    else out[key] = plainSchema(value, !insideProperties && key === "properties");
  }
  if (insideProperties || schema["nullable"] !== true) return out;
  if (Array.isArray(out["enum"]) && !out["enum"].includes(null)) out["enum"] = [...out["enum"], null];
  if (typeof out["type"] === "string") return { ...out, type: [out["type"], "null"] };
  return Object.keys(out).length === 0 ? {} : { anyOf: [out, { type: "null" }] };
}

/** The names of the component schemas that `schema` refers to, directly. */
export function referencedNames(schema: Json): string[] {
  if (Array.isArray(schema)) return schema.flatMap((item: Json) => referencedNames(item));
  if (!isRecord(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "$ref" && typeof value === "string" && value.startsWith(REF)
      ? [value.slice(REF.length)]
      : referencedNames(value),
  );
}

function withAjvRefs(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => withAjvRefs(item));
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) =>
      key === "$ref" && typeof value === "string"
        ? [key, `component:${value.slice(REF.length)}`]
        : [key, withAjvRefs(value)],
    ),
  );
}

function forAjv(schema: Json): AnySchema {
  const rewritten = withAjvRefs(schema);
  // An absent component must fail loudly, never accept everything.
  return isRecord(rewritten) ? { ...rewritten } : false;
}

/** Compiles checks against named schemas, adding to the validator only what each check can reach. */
export function schemaCompiler(components: Components): (schema: Json, coerce?: boolean) => Check {
  const checkers = new Map<boolean, { readonly ajv: Ajv; readonly added: Set<string> }>();
  function checker(coerce: boolean): { readonly ajv: Ajv; readonly added: Set<string> } {
    const known = checkers.get(coerce);
    if (known !== undefined) return known;
    const ajv = new Ajv({
      strict: false,
      allErrors: true,
      coerceTypes: coerce,
      validateSchema: false,
      // To make a check's code shorter takes as long as to make it, and each is run a few hundred times at most.
      code: { optimize: false },
    });
    addFormats(ajv);
    // GitHub's own default for an address that was not given is "".
    ajv.addFormat("uri", (text: string) => text === "" || isUri(text));
    // The addresses GitHub gives bots (`...dependabot[bot]@users.noreply.github.com`) are none by the letter.
    ajv.addFormat("email", /^[^\s@]+@[^\s@]+$/);
    // 64 bits, so beyond what a number holds to the last digit: GitHub's ids of deliveries are.
    ajv.addFormat("int64", {
      type: "number",
      validate: (value: number) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63,
    });
    const made = { ajv, added: new Set<string>() };
    checkers.set(coerce, made);
    return made;
  }
  function add(schema: Json, coerce: boolean): void {
    const { ajv, added } = checker(coerce);
    for (const name of referencedNames(schema)) {
      if (added.has(name)) continue;
      added.add(name);
      const component = plainSchema(components[name] ?? false);
      ajv.addSchema(forAjv(component), `component:${name}`);
      add(component, coerce);
    }
  }
  return function compile(schema, coerce = false) {
    const plain = plainSchema(schema);
    add(plain, coerce);
    const validate = checker(coerce).ajv.compile(forAjv(plain));
    return (value) => (validate(value) ? [] : problems(validate));
  };
}

/** At most ten sentences: a wrong shape inside an `anyOf` otherwise names every key of every branch. */
function problems(validate: ValidateFunction): string[] {
  const found = (validate.errors ?? []).map(
    (error) =>
      `${error.instancePath || "/"} ${error.message ?? "is wrong"}` +
      (error.keyword === "enum" || error.keyword === "additionalProperties"
        ? ` ${JSON.stringify(error.params)}`
        : ""),
  );
  return [...new Set(found)].slice(0, 10);
}
