/** Names as people read them: letters of other alphabets taken for the Latin ones they look like, hidden signs left out. */

/** Letters and digits taken for each Latin letter, beyond those that Unicode itself calls compatible. */
const CONFUSABLE: Readonly<Record<string, string>> = {
  a: "аαɑ",
  b: "Ьƅ",
  c: "сϲᴄ",
  d: "ԁɗ",
  e: "еҽ",
  h: "һ",
  i: "іιɩıⅰ",
  j: "јϳ",
  k: "κк",
  l: "ӏⅼ1|",
  n: "ոռη",
  o: "оοօσ0",
  p: "рρ",
  r: "гᴦꭇ",
  s: "ѕꜱ",
  t: "τт",
  u: "υսʋ",
  v: "νѵ",
  w: "ԝѡ",
  x: "хχ",
  y: "уγү",
};

const LATIN = new Map(
  Object.entries(CONFUSABLE).flatMap(([letter, others]) =>
    Array.from(others, (other) => [other.toLowerCase(), letter] as const),
  ),
);

/** Signs that are not seen: controls, joiners, direction marks, fillers. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Mn}\u115F\u1160\u2800\u3164\uFFA0]/gu;

/** Returns a name in small Latin letters as it is read, without what is not seen. */
export function nameSkeleton(name: string): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(HIDDEN, "").trim();
  return Array.from(plain, (sign) => LATIN.get(sign) ?? sign).join("");
}

/** Lists the signs of a name that are not what they look like, or are invisible, as `U+0440`. */
export function hiddenCharacters(name: string): readonly string[] {
  const odd = Array.from(name).filter((sign) => nameSkeleton(`a${sign}b`) !== `a${sign.toLowerCase()}b`);
  return [...new Set(odd)].map(
    (sign) => `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}
