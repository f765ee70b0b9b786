/** Queries whose text is made once: building and compiling one takes several times the work of running it. */

import { PostgresAdapter, type Compilable, type CompiledQuery, type Kysely } from "kysely";

import type { StoreKind, Tables } from "./schema.ts";

/** The most texts that are kept of one query. */
const MOST_TEXTS = 50;
/** A query with a longer list is built every time. */
const LONGEST_LIST = 20;

/**
 * Makes a query that is run with what it is given, and a shape where there are several. Its text is made when it is first run, for
 * each store, shape, and length of the lists given. INVARIANT: the text depends on nothing else that is given.
 */
export function prepared<Given extends object, Row, Shape = undefined>(
  build: (db: Kysely<Tables>, given: Given, shape: Shape, kind: StoreKind) => Compilable<Row>,
): (
  db: Kysely<Tables>,
  given: Given,
  ...shape: Shape extends undefined ? [] : [shape: Shape]
) => Promise<readonly Row[]> {
  const texts = new Map<string, CompiledQuery<Row>>();
  return async (db, given, ...shapes) => {
    const kind = db.getExecutor().adapter instanceof PostgresAdapter ? "postgres" : "sqlite";
    // Without a shape it is undefined.
    const shape = shapes[0] as Shape;
    const lengths = Object.values(given).flatMap((each) => (Array.isArray(each) ? [each.length] : []));
    if (Math.max(...lengths) > LONGEST_LIST)
      return (await db.executeQuery<Row>(build(db, given, shape, kind))).rows;
    const key = `${kind} ${lengths.join()} ${shape === undefined ? "" : JSON.stringify(shape)}`;
    let text = texts.get(key);
    if (text === undefined) {
      text = build(db, slots(given, []), shape, kind).compile();
      if (texts.size >= MOST_TEXTS) texts.clear();
      texts.set(key, text);
    }
    const parameters = text.parameters.map((each) => (each instanceof Slot ? each.of(given) : each));
    return (await db.executeQuery<Row>({ ...text, parameters })).rows;
  };
}

/** The place of a value that is given later. */
class Slot {
  readonly #path: readonly string[];

  constructor(path: readonly string[]) {
    this.#path = path;
  }

  of(given: unknown): unknown {
    let found = given;
    for (const key of this.#path) found = (found as Readonly<Record<string, unknown>>)[key];
    return found;
  }

  /** Nothing may be computed from a value that is not there yet: it would be in the text for good. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(`the text of a query depends on ${this.#path.join(".")}`);
  }
}

/** The same lists and objects with a slot in the place of each value. */
function slots<Given>(given: Given, path: readonly string[]): Given {
  if (Array.isArray(given)) return given.map((each, index) => slots(each, [...path, String(index)])) as Given;
  if (typeof given === "object" && given !== null && !(given instanceof Uint8Array))
    return Object.fromEntries(
      Object.entries(given).map(([key, each]) => [key, slots(each, [...path, key])]),
    ) as Given;
  return new Slot(path) as Given;
}
