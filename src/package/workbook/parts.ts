/** The parts of a workbook that hold no rows: what it consists of, its styles, its names. ECMA-376, Office Open XML. */

import { xmlText } from "./xml.ts";

const HEAD = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n`;
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";

/** Holds what comes before the content of a sheet. */
export const SHEET_HEAD = `${HEAD}<worksheet xmlns="${MAIN}" xmlns:r="${OFFICE}">`;

/** Lists the styles of cells by their numbers in {@link stylesPart}. */
export const STYLES = {
  plain: 0,
  text: 1,
  number: 2,
  time: 3,
  milliseconds: 4,
  link: 5,
  head: 6,
  title: 7,
  wrapped: 8,
  day: 9,
} as const;

/** Names a style by its number. */
export type Style = (typeof STYLES)[keyof typeof STYLES];

/** Returns the styles. Times show that they are in UTC. */
export function stylesPart(): string {
  const formats = [
    `yyyy\\-mm\\-dd\\ hh:mm:ss&quot; UTC&quot;`,
    `yyyy\\-mm\\-dd\\ hh:mm:ss.000&quot; UTC&quot;`,
    `yyyy\\-mm\\-dd`,
  ].map((code, index) => `<numFmt numFmtId="${164 + index}" formatCode="${code}"/>`);
  const name = `<name val="Calibri"/><family val="2"/>`;
  const fonts = [
    `<font><sz val="11"/>${name}</font>`,
    `<font><b/><sz val="11"/>${name}</font>`,
    `<font><u/><sz val="11"/><color rgb="FF14507D"/>${name}</font>`,
    `<font><b/><sz val="16"/>${name}</font>`,
  ];
  const fills = [
    `<fill><patternFill patternType="none"/></fill>`,
    `<fill><patternFill patternType="gray125"/></fill>`,
    `<fill><patternFill patternType="solid"><fgColor rgb="FFE8ECEF"/><bgColor indexed="64"/></patternFill></fill>`,
  ];
  const style = (format: number, font = 0, fill = 0, wrap = false): string =>
    `<xf numFmtId="${format}" fontId="${font}" fillId="${fill}" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1"><alignment vertical="top"${wrap ? ` wrapText="1"` : ""}/></xf>`;
  const [plain, text, count] = [0, 49, 1];
  // In the order of STYLES.
  const styles = [
    style(plain),
    style(text),
    style(count),
    style(164),
    style(165),
    style(text, 2),
    style(text, 1, 2, true),
    style(text, 3),
    style(text, 0, 0, true),
    style(166),
  ];
  return `${HEAD}<styleSheet xmlns="${MAIN}">${listed("numFmts", formats)}${listed("fonts", fonts)}${listed("fills", fills)}<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>${listed("cellXfs", styles)}<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;
}

function listed(name: string, items: readonly string[]): string {
  return `<${name} count="${items.length}">${items.join("")}</${name}>`;
}

/** Returns the list of sheets, in the order they are shown. */
export function workbookPart(names: readonly string[]): string {
  const sheets = names.map(
    (name, index) => `<sheet name="${xmlText(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><bookViews><workbookView activeTab="0"/></bookViews><sheets>${sheets.join("")}</sheets></workbook>`;
}

/** Returns where the sheets of a workbook are. */
export function workbookLinks(count: number): string {
  const sheets = Array.from({ length: count }, (_, index) =>
    relation(index + 1, `${OFFICE}/worksheet`, `worksheets/sheet${index + 1}.xml`),
  );
  return relations([...sheets, relation(count + 1, `${OFFICE}/styles`, "styles.xml")]);
}

/** Returns where the links of a sheet lead to. */
export function sheetLinks(addresses: readonly string[]): string {
  return relations(
    addresses.map((address, index) =>
      relation(index + 1, `${OFFICE}/hyperlink`, xmlText(address), ` TargetMode="External"`),
    ),
  );
}

/** Returns where the workbook itself is. */
export function rootLinks(): string {
  return relations([
    relation(1, `${OFFICE}/officeDocument`, "xl/workbook.xml"),
    relation(2, `${PACKAGE}/relationships/metadata/core-properties`, "docProps/core.xml"),
  ]);
}

function relation(id: number, type: string, target: string, more = ""): string {
  return `<Relationship Id="rId${id}" Type="${type}" Target="${target}"${more}/>`;
}

function relations(all: readonly string[]): string {
  return `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${all.join("")}</Relationships>`;
}

/** Returns what each part is. */
export function contentTypes(sheets: number): string {
  const spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const part = (path: string, type: string): string =>
    `<Override PartName="/${path}" ContentType="${type}"/>`;
  const all = Array.from({ length: sheets }, (_, index) =>
    part(`xl/worksheets/sheet${index + 1}.xml`, `${spreadsheet}.worksheet+xml`),
  );
  return `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${part("xl/workbook.xml", `${spreadsheet}.sheet.main+xml`)}${part("xl/styles.xml", `${spreadsheet}.styles+xml`)}${part("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml")}${all.join("")}</Types>`;
}

/** Returns title, maker and time. */
export function properties(title: string, by: string, at: string): string {
  return `${HEAD}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${xmlText(title)}</dc:title><dc:creator>${xmlText(by)}</dc:creator><dc:language>en</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">${at}</dcterms:created></cp:coreProperties>`;
}
