/** Documents out of files of text: a file each, or a record each for JSON lines and Parquet. */
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { diagnose } from "../../diagnostics/diagnose.js";
import { type Diagnostic, DiagnosticError } from "../../diagnostics/diagnostic.js";

/** A file and what it holds. */
export interface RawFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Texts {
  readonly texts: readonly string[];
  /** MOE6026 when some bytes were not UTF-8 */
  readonly warnings: readonly Diagnostic[];
}

/** The field or column that holds the text of a record. */
const textField = "text";

/**
 * All documents of the files, in order; empty ones are left out. MOE6013 for a file that is not text or cannot be
 * decoded, MOE6027 for a broken record.
 */
export async function readTexts(files: readonly RawFile[]): Promise<Texts> {
  const texts: string[] = [];
  const invalid: { file: string; replaced: number }[] = [];
  for (const file of files) {
    const { documents, replaced } = await readFile(file);
    for (const document of documents) if (document !== "") texts.push(document);
    if (replaced > 0) invalid.push({ file: file.path, replaced });
  }
  const [first] = invalid;
  const replaced = invalid.reduce((sum, each) => sum + each.replaced, 0);
  const warnings = first ? [diagnose("MOE6026", { file: first.file, files: invalid.length, replaced })] : [];
  return { texts, warnings };
}

interface Documents {
  readonly documents: readonly string[];
  /** places that were not UTF-8 */
  readonly replaced: number;
}

async function readFile(file: RawFile): Promise<Documents> {
  const ending = /\.[^./]*$/.exec(file.path)?.[0].toLowerCase();
  if (ending === ".parquet") return { documents: await parquetTexts(file), replaced: 0 };
  const { text, replaced } = decodeUtf8(file);
  const isRecords = ending === ".jsonl" || ending === ".ndjson";
  return { documents: isRecords ? jsonLineTexts(file.path, text) : [text], replaced };
}

function unreadable(file: string, reason: string): DiagnosticError {
  return new DiagnosticError([diagnose("MOE6013", { file, reason })]);
}

/** How far into a file a zero byte gives it away as not text; UTF-16 has one in every other place. */
const binaryReach = 8192;

function decodeUtf8({ path, bytes }: RawFile): { text: string; replaced: number } {
  if (bytes.subarray(0, binaryReach).includes(0)) throw unreadable(path, "it is not text in UTF-8 (it has zero bytes)");
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), replaced: 0 };
  } catch {
    const text = new TextDecoder("utf-8").decode(bytes);
    return { text, replaced: occurrences(text, "\ufffd") - writtenReplacements(bytes) };
  }
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** U+FFFD that somebody wrote into the file is not a mistake of its encoding. */
function writtenReplacements(bytes: Uint8Array): number {
  let found = 0;
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1)) {
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) found++;
  }
  return found;
}

function jsonLineTexts(path: string, text: string): string[] {
  const lines = text.split("\n").map((line, i) => ({ line: line.trim(), number: i + 1 }));
  return lines.filter(({ line }) => line !== "").map(({ line, number }) => jsonLineText(path, line, number));
}

function jsonLineText(file: string, line: string, number: number): string {
  const fail = (reason: string): never => {
    throw new DiagnosticError([diagnose("MOE6027", { file, line: number, reason })]);
  };
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return fail("the line is not JSON");
  }
  return textOf(record) ?? fail(`the record has no text in a field \`${textField}\``);
}

function textOf(record: unknown): string | undefined {
  const text = typeof record === "object" && record !== null && (record as Record<string, unknown>)[textField];
  return typeof text === "string" ? text : undefined;
}

async function parquetTexts({ path, bytes }: RawFile): Promise<string[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await decodeParquet(path, file);
  return rows.map((row, i) => {
    const text = textOf(row);
    if (text !== undefined) return text;
    const reason = `the column \`${textField}\` holds no text`;
    throw new DiagnosticError([diagnose("MOE6027", { file: path, line: i + 1, reason })]);
  });
}

async function decodeParquet(path: string, file: ArrayBuffer): Promise<Record<string, unknown>[]> {
  try {
    const columns = parquetMetadata(file).schema.map(({ name }) => name);
    if (!columns.includes(textField)) throw new Error(`it has no column \`${textField}\``);
    return await parquetReadObjects({ file, columns: [textField] });
  } catch (cause) {
    throw unreadable(path, (cause as Error).message);
  }
}
