/**
 * The alphabet of byte-level tokenizers: one printable character for each byte, so that any text can be written in a
 * JSON vocabulary. Printable Latin-1 bytes stand for themselves, the other 68 take U+0100, U+0101, … in order.
 */

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** byte → character */
export const charOfByte: readonly string[] = makeAlphabet();

/** character → byte */
export const byteOfChar: ReadonlyMap<string, number> = new Map(charOfByte.map((char, byte) => [char, byte]));

function makeAlphabet(): string[] {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++));
}

/** Bytes as a text of the alphabet. */
export function spell(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => charOfByte[byte]).join("");
}

/** The bytes that a text of the alphabet spells, or undefined if a character is not part of it. */
export function unspell(text: string): number[] | undefined {
  const bytes = Array.from(text, (char) => byteOfChar.get(char));
  return bytes.includes(undefined) ? undefined : (bytes as number[]);
}
