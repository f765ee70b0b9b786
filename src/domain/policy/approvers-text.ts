/** The people a policy names, in words. */

import { namedBy, type Source } from "./file/requirement.ts";
import { listed, oneLine } from "../texts/wording.ts";

/** Returns who may approve, in words. */
export function approversText(source: Source): string {
  const from = namedBy(source);
  const parts = [
    ...(from.teams ?? []),
    ...(from.users ?? []),
    ...(from.organizations ?? []).map((organization) => `members of ${organization}`),
    ...(source.owners?.emails ?? []),
    ...(from.codeowners === true ? ["the code owners"] : []),
    ...(from.permission === undefined ? [] : [`anyone with ${from.permission} permission`]),
  ];
  return listed(parts.map(oneLine), "or");
}
