import {
  buildSchema,
  getNamedType,
  isCompositeType,
  Kind,
  parse,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DefinitionNode,
  type FieldDefinitionNode,
  type TypeNode,
} from "graphql";

/** Cuts a schema to the types that queries meet; of these all fields stay that lead to no other object. */
export function prunedToQueries(published: string, queries: readonly string[]): string {
  const met = typesMet(published, queries);
  // Descriptions and directives say nothing a query is held to.
  const bare = visit(parse(published, { noLocation: true }), {
    Directive: () => null,
    StringValue: (_, key) => (key === "description" ? null : undefined),
  });
  const named = new Map<string, DefinitionNode>();
  for (const one of bare.definitions) if ("name" in one && one.name) named.set(one.name.value, one);
  const isObject = (name: string): boolean => {
    const kind = named.get(name)?.kind;
    return (
      kind === Kind.OBJECT_TYPE_DEFINITION ||
      kind === Kind.INTERFACE_TYPE_DEFINITION ||
      kind === Kind.UNION_TYPE_DEFINITION
    );
  };
  const isKept = ({ type }: FieldDefinitionNode): boolean => !isObject(nameOf(type)) || met.has(nameOf(type));
  const kept = new Map<string, DefinitionNode>();
  const open = [...met];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const one = named.get(name);
    if (one === undefined || kept.has(name)) continue;
    const cut = visit(one, {
      FieldDefinition: (field) => (isKept(field) ? undefined : null),
      NamedType: (type, _, parent) =>
        Array.isArray(parent) && isObject(type.name.value) && !met.has(type.name.value) ? null : undefined,
    });
    kept.set(name, cut);
    visit(cut, { NamedType: ({ name: mentioned }) => void open.push(mentioned.value) });
  }
  const sorted = [...kept].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return `${print({ kind: Kind.DOCUMENT, definitions: sorted })}\n`;
}

/** The objects, interfaces and unions that queries go through. */
function typesMet(published: string, queries: readonly string[]): ReadonlySet<string> {
  const schema = buildSchema(published, { assumeValidSDL: true });
  const met = new Set<string>();
  for (const query of queries) {
    const types = new TypeInfo(schema);
    const note = (): void => {
      for (const type of [types.getType(), types.getParentType()]) {
        const name = getNamedType(type ?? undefined);
        if (isCompositeType(name)) met.add(name.name);
      }
    };
    visit(
      parse(query),
      visitWithTypeInfo(types, { Field: note, InlineFragment: note, FragmentDefinition: note }),
    );
  }
  return met;
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
