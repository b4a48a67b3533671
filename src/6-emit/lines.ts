/** Text built line by line with indentation; nothing about any language. */

export interface Lines {
  readonly text: () => string;
  readonly line: (text: string) => void;
  /** a line that opens a block (only the brace where the head is empty), its body, and the closing brace */
  readonly block: (head: string, body: () => void, tail?: string) => void;
}

export function lines(indent = 0, step = 2): Lines {
  const out: string[] = [];
  let depth = indent;
  const line = (text: string): void => {
    out.push(text === "" ? "" : " ".repeat(depth) + text);
  };
  const block = (head: string, body: () => void, tail = "}"): void => {
    line(head === "" ? "{" : `${head} {`);
    depth += step;
    body();
    depth -= step;
    line(tail);
  };
  return { text: () => out.join("\n"), line, block };
}
