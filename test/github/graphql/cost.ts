import {
  Kind,
  type GraphQLError,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { problem } from "./context.ts";

/** What GitHub counts of a query: points, and the most nodes it could bring. */
export interface Cost {
  readonly cost: number;
  readonly nodeCount: number;
  /** The longest page it asks for. */
  readonly longestPage: number;
}

const MOST_PER_PAGE = 100;
const MOST_NODES = 500_000;

/** Lists that are no connections, although they take `first`. */
const PAGING = ["first", "last"] as const;

/** Counts a query as GitHub does: each connection is asked for once for each node above it; a point is a hundred such requests. Returns GitHub's refusals for too much. `connections` tells which fields are connections, as `Type.field` cannot be known from the text alone. */
export function costOf(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  isConnection: (field: FieldNode) => boolean,
): { readonly cost: Cost; readonly errors: readonly GraphQLError[] } {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions)
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const errors: GraphQLError[] = [];
  let requests = 0;
  let nodes = 0;
  let longestPage = 0;
  const walk = (set: SelectionSetNode | undefined, parents: number): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        walk(fragments.get(selection.name.value)?.selectionSet, parents);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, parents);
      } else if (isConnection(selection)) {
        const asked = pageAsked(selection, variables);
        if (typeof asked !== "number") errors.push(asked);
        const size = typeof asked === "number" ? asked : 0;
        requests += parents;
        nodes += parents * size;
        longestPage = Math.max(longestPage, size);
        walk(selection.selectionSet, parents * size);
      } else {
        walk(selection.selectionSet, parents);
      }
    }
  };
  walk(operation.selectionSet, 1);
  if (nodes > MOST_NODES) {
    errors.push(
      problem(
        "MAX_NODE_LIMIT_EXCEEDED",
        `This query requests up to ${nodes} possible nodes which exceeds the maximum limit of 500,000.`,
      ),
    );
  }
  return { cost: { cost: Math.max(1, Math.round(requests / 100)), nodeCount: nodes, longestPage }, errors };
}

function pageAsked(field: FieldNode, variables: Readonly<Record<string, unknown>>): number | GraphQLError {
  for (const name of PAGING) {
    const value = field.arguments?.find((one) => one.name.value === name)?.value;
    const given =
      value?.kind === Kind.INT
        ? Number(value.value)
        : value?.kind === Kind.VARIABLE
          ? variables[value.name.value]
          : undefined;
    if (typeof given !== "number") continue;
    if (given >= 1 && given <= MOST_PER_PAGE) return given;
    return problem(
      "EXCESSIVE_PAGINATION",
      `Requesting ${given} records on the \`${field.name.value}\` connection exceeds the \`${name}\` limit of 100 records.`,
    );
  }
  return problem(
    "MISSING_PAGINATION_BOUNDARIES",
    `You must provide a \`first\` or \`last\` value to properly paginate the \`${field.name.value}\` connection.`,
  );
}
