/**
 * How text stands on a terminal: tabs are drawn as two spaces, control characters as a dot, wide characters (CJK, emoji)
 * take two cells, combining marks none. Carets are placed by these cells, never by string length.
 */

const TAB = "  ";

/** The text as it is drawn. */
export function drawn(text: string): string {
  return text.replaceAll("\t", TAB).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "·");
}

/** The cells that a text takes once it is drawn. */
export function cells(text: string): number {
  let sum = 0;
  for (const character of drawn(text)) sum += cellsOf(character);
  return sum;
}

function cellsOf(character: string): number {
  if (/\p{Mn}|\p{Me}/u.test(character)) return 0;
  return /\p{Emoji_Presentation}/u.test(character) || isWide(character.codePointAt(0)!) ? 2 : 1;
}

/** East Asian wide and full-width blocks. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
