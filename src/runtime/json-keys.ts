/** Finds keys that an object of a JSON text repeats. `JSON.parse` keeps the last one and says nothing. */

/**
 * The first repeated key in a text that `JSON.parse` accepts, spelled as the text spells it, or undefined.
 * Keys are compared after their escapes are resolved.
 */
export function duplicateKey(json: string): string | undefined {
  // a string, or one of the brackets; everything else between them is of no interest
  const pieces = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  const open: (Set<string> | undefined)[] = [];
  for (const match of json.matchAll(pieces)) {
    const piece = match[0];
    if (piece === "{") open.push(new Set());
    else if (piece === "[") open.push(undefined);
    else if (piece === "}" || piece === "]") open.pop();
    else {
      const keys = open.at(-1);
      if (keys && isKey(json, match.index + piece.length)) {
        const key = JSON.parse(piece) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
  }
  return undefined;
}

/** In JSON a string is a key exactly if a colon follows. */
function isKey(json: string, after: number): boolean {
  let at = after;
  while (/\s/.test(json[at] ?? "")) at++;
  return json[at] === ":";
}
