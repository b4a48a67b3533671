/**
 * Cuts a text into the pieces inside which byte pairs may be merged: English endings behind an apostrophe, runs of
 * letters, of digits or of other signs (each with at most one space before it), and runs of white space, whose last
 * space is left to the word that follows. These are the pieces of Hugging Face's `ByteLevel` pre-tokenizer.
 */

const piece = /'(?:[stmd]|re|ve|ll)| ?(?:\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)|\s+(?!\S)|\s+/gu;

/** How much text is cut at once: one array of pieces of a large file would not fit into memory. */
const stretchLength = 1 << 20;

/** Calls `visit` with every piece of the text, in order; put together they are the text. */
export function eachPreToken(text: string, visit: (piece: string) => void): void {
  for (let start = 0; start < text.length; ) {
    const end = stretchEnd(text, start);
    for (const each of text.slice(start, end).match(piece)!) visit(each);
    start = end;
  }
}

/** A place where a piece surely ends: before white space that follows something else. */
function stretchEnd(text: string, start: number): number {
  for (let at = start + stretchLength; at < text.length; at++) {
    if (isSpace(text.charCodeAt(at)) && /\S/.test(text[at - 1]!)) return at;
  }
  return text.length;
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a;
