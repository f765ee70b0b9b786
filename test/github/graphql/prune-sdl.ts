import {
  Kind,
  parse,
  print,
  visit,
  type DefinitionNode,
  type FieldDefinitionNode,
  type NamedTypeNode,
  type TypeNode,
} from "graphql";
import type { Resolvers } from "./context.ts";

const BUILT_IN = new Set(["String", "Int", "Float", "Boolean", "ID"]);

/** Cuts GitHub's schema to the types and fields that have resolvers, with all their arguments and whatever these name. Throws when a resolver answers no field of GitHub's, or answers with a type nobody resolves. */
export function prunedSdl(published: string, resolvers: Resolvers): string {
  const definitions = new Map<string, DefinitionNode>();
  // Descriptions and directives say nothing a query is held to.
  const bare = visit(parse(published, { noLocation: true }), {
    Directive: () => null,
    StringValue: (_, key) => (key === "description" ? null : undefined),
  });
  for (const definition of bare.definitions) {
    if ("name" in definition && definition.name !== undefined)
      definitions.set(definition.name.value, definition);
  }
  const pruner = new Pruner(definitions, resolvers);
  for (const type of Object.keys(resolvers)) pruner.keep(type);
  return pruner.print();
}

class Pruner {
  readonly #definitions: ReadonlyMap<string, DefinitionNode>;
  readonly #resolvers: Resolvers;
  readonly #kept = new Map<string, DefinitionNode>();

  constructor(definitions: ReadonlyMap<string, DefinitionNode>, resolvers: Resolvers) {
    this.#definitions = definitions;
    this.#resolvers = resolvers;
  }

  keep(name: string): void {
    if (this.#kept.has(name) || BUILT_IN.has(name)) return;
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw new Error(`GitHub has no type ${name}`);
    switch (definition.kind) {
      case Kind.OBJECT_TYPE_DEFINITION: {
        const fields = this.#fieldsOf(name, definition.fields ?? [], this.#resolved(name));
        const interfaces = this.#interfaces(definition.interfaces ?? []);
        this.#kept.set(name, { ...definition, fields, interfaces });
        break;
      }
      case Kind.INTERFACE_TYPE_DEFINITION: {
        const fields = this.#fieldsOf(name, definition.fields ?? [], this.#shared(name));
        const interfaces = this.#interfaces(definition.interfaces ?? []);
        this.#kept.set(name, { ...definition, fields, interfaces });
        break;
      }
      case Kind.UNION_TYPE_DEFINITION: {
        const types = (definition.types ?? []).filter((type) => type.name.value in this.#resolvers);
        this.#kept.set(name, { ...definition, types });
        break;
      }
      case Kind.ENUM_TYPE_DEFINITION: {
        this.#kept.set(name, definition);
        break;
      }
      case Kind.INPUT_OBJECT_TYPE_DEFINITION: {
        this.#kept.set(name, definition);
        for (const field of definition.fields ?? []) this.keep(namedType(field.type));
        return;
      }
      default:
        this.#kept.set(name, definition);
        return;
    }
    this.#keepMentioned(name);
  }

  #keepMentioned(name: string): void {
    const definition = this.#kept.get(name);
    if (definition === undefined) return;
    if ("interfaces" in definition) for (const one of definition.interfaces ?? []) this.keep(one.name.value);
    if ("types" in definition) for (const one of definition.types ?? []) this.keep(one.name.value);
    if (!("fields" in definition)) return;
    for (const field of definition.fields ?? []) {
      this.keep(namedType(field.type));
      if ("arguments" in field)
        for (const argument of field.arguments ?? []) this.keep(namedType(argument.type));
    }
  }

  #resolved(name: string): ReadonlySet<string> {
    const fields = this.#resolvers[name];
    if (fields === undefined) throw new Error(`a field answers with ${name}, which has no resolvers`);
    return new Set(Object.keys(fields));
  }

  /** An interface keeps the fields that every type behind it answers. */
  #shared(name: string): ReadonlySet<string> {
    const behind = [...this.#definitions.values()].filter(
      (one) =>
        one.kind === Kind.OBJECT_TYPE_DEFINITION &&
        one.name.value in this.#resolvers &&
        one.interfaces?.some((implemented) => implemented.name.value === name) === true,
    );
    const sets = behind.map((one) =>
      "name" in one && one.name ? this.#resolved(one.name.value) : new Set<string>(),
    );
    const [first = new Set<string>(), ...rest] = sets;
    return new Set([...first].filter((field) => rest.every((set) => set.has(field))));
  }

  #interfaces(all: readonly NamedTypeNode[]): NamedTypeNode[] {
    return all.filter((one) => {
      const definition = this.#definitions.get(one.name.value);
      const fields = definition !== undefined && "fields" in definition ? (definition.fields ?? []) : [];
      return fields.some((field) => this.#shared(one.name.value).has(field.name.value));
    });
  }

  #fieldsOf(
    type: string,
    all: readonly FieldDefinitionNode[],
    wanted: ReadonlySet<string>,
  ): FieldDefinitionNode[] {
    const known = new Set(all.map((field) => field.name.value));
    if (type in this.#resolvers) {
      for (const name of wanted)
        if (!known.has(name)) throw new Error(`GitHub's ${type} has no field ${name}`);
    }
    return all.filter((field) => wanted.has(field.name.value));
  }

  print(): string {
    const sorted = [...this.#kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, definition]) => definition);
    return `${print({ kind: Kind.DOCUMENT, definitions: sorted })}\n`;
  }
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
