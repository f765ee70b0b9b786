/** Links from what a page names to the pages about it. */

import type { Block, Fact, Piece, Section } from "../../domain/evidence/sample/page.ts";
import type { Asked } from "./page.ts";

const DEVIATION = /^DEV-[0-9a-f]{12}(?:-\d+)?$/u;
const DIGEST = /^[0-9a-f]{64}$/u;

/** Names the columns and heads under which the ids of changes and deployments are. */
const NAMED: Readonly<Record<string, "/changes/" | "/deployments/">> = {
  change_id: "/changes/",
  Change: "/changes/",
  deployment_id: "/deployments/",
  Deployment: "/deployments/",
  first_production_deployment_id: "/deployments/",
  previous_deployment_id: "/deployments/",
};

/** Returns sections in which the ids of changes, deployments and deviations lead to their pages. */
export function linkedHere(sections: readonly Section[], link: Asked["link"]): readonly Section[] {
  return sections.map((section) => ({
    ...section,
    blocks: section.blocks.map((block) => linkedBlock(block, link)),
  }));
}

function linkedBlock(block: Block, link: Asked["link"]): Block {
  if ("says" in block) return block;
  if ("facts" in block) {
    const id = /^Deviation (?<id>DEV-\S+)$/u.exec(block.name ?? "")?.groups?.["id"] ?? "";
    const href = DEVIATION.test(id) ? { href: link(`/deviations/${id}`) } : {};
    return { ...block, ...href, facts: block.facts.map((fact) => linkedFact(fact, link)) };
  }
  return {
    ...block,
    rows: block.rows.map((row) => ({
      ...row,
      cells: row.cells.map((pieces, index) => linkedPieces(pieces, block.head[index] ?? "", link)),
    })),
  };
}

function linkedFact(fact: Fact, link: Asked["link"]): Fact {
  return fact.isEmpty ? fact : { ...fact, pieces: linkedPieces(fact.pieces, fact.column, link) };
}

function linkedPieces(pieces: readonly Piece[], name: string, link: Asked["link"]): readonly Piece[] {
  const path = NAMED[name];
  return pieces.map((piece) => {
    if (piece.href !== undefined) return piece;
    if (DEVIATION.test(piece.text)) return { ...piece, href: link(`/deviations/${piece.text}`) };
    return path !== undefined && DIGEST.test(piece.text)
      ? { ...piece, href: link(`${path}${piece.text}`) }
      : piece;
  });
}
