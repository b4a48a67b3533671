/** What numbers and texts mean: `12.5%` is 0.125, `4k` is 4000, `"a\n"` ends in a line end. */

export interface NumberValue {
  readonly value: number;
  readonly percent: boolean;
}

const NUMBER = /^(\d+(?:_\d+)*)(\.\d+(?:_\d+)*)?(?:[eE]([+-]?\d+))?([%kMB])?$/;

/** Suffixes move the decimal point, so that `0.1%` is exactly the double nearest to 0.001. */
const SHIFT: Readonly<Record<string, number>> = { "%": -2, k: 3, M: 6, B: 9 };

/** The value of a number as written, or nothing when it is no number or too large for one. */
export function readNumber(text: string): NumberValue | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const [, whole, fraction = "", exponent = "0", suffix = ""] = match;
  const power = Number(exponent) + (SHIFT[suffix] ?? 0);
  const value = Number(`${whole}${fraction}e${power}`.replaceAll("_", ""));
  return Number.isFinite(value) ? { value, percent: suffix === "%" } : undefined;
}

/** The nearest thing to a value for a text that is no number: what its leading digits say. */
export function guessNumber(text: string): number {
  const guess = Number.parseFloat(text.replaceAll("_", ""));
  return Number.isFinite(guess) ? guess : 0;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", t: "\t", r: "\r" };

export interface StringValue {
  readonly value: string;
  /** the first escape that means nothing: its text and its offset inside the image */
  readonly badEscape: { readonly text: string; readonly at: number } | undefined;
}

/** The value of a text with its quotes; also of one whose closing quote is missing. */
export function readString(image: string): StringValue {
  let badEscape: StringValue["badEscape"];
  const body = image.slice(1, closesItself(image) ? -1 : undefined);
  const value = body.replace(/\\([\s\S])?/g, (text, letter: string | undefined, at: number) => {
    const meaning = letter === undefined ? undefined : ESCAPES[letter];
    if (meaning === undefined) badEscape ??= { text, at: at + 1 };
    return meaning ?? text;
  });
  return { value, badEscape };
}

function closesItself(image: string): boolean {
  return image.length > 1 && /(^|[^\\])(\\\\)*["'”“’]$/.test(image);
}
