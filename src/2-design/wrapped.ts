/** Long lines of text for people, broken at spaces so that a screen of 100 columns holds them. */

export const SCREEN = 100;

/** The line in pieces of at most 100 columns; further pieces start at column `hang`. Words are never broken. */
export function wrapped(line: string, hang: number): readonly string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > SCREEN) {
    // the indentation is not a place to break
    const from = rest.length - rest.trimStart().length;
    const at = rest.lastIndexOf(" ", SCREEN);
    const cut = at > from ? at : rest.indexOf(" ", SCREEN);
    if (cut < 0) break;
    pieces.push(rest.slice(0, cut).trimEnd());
    rest = `${" ".repeat(hang)}${rest.slice(cut + 1)}`;
  }
  return [...pieces, rest];
}

/** Where the text of a line begins: behind its first column, if it has one. */
export function textColumn(line: string): number {
  const columns = /^\s*(?:\d+ |a |per )?\S+ {2,}/.exec(line);
  return columns ? columns[0].length : line.length - line.trimStart().length;
}
