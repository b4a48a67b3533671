/**
 * Makes the braces of a file balanced. While they are, nothing is touched. When some are missing or too many, the
 * indentation tells which: people indent rightly long before they balance braces rightly.
 */
import type { IToken } from "chevrotain";
import { tokenMatcher } from "../../grammar/chevrotain.js";
import { LeftCurly, LineEnd, RightCurly } from "../../grammar/tokens.js";
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./ast.js";
import { endOf, madeUp, spanOf } from "./spans.js";

export interface Balanced {
  readonly tokens: readonly IToken[];
  readonly mistakes: readonly Diagnostic[];
}

/** Balanced tokens, with one diagnostic for each brace that had to be added or dropped. */
export function balanceBraces(source: SourceFile, tokens: readonly IToken[]): Balanced {
  const { missing, extra } = countUnbalanced(tokens);
  if (missing === 0 && extra === 0) return { tokens, mistakes: [] };
  const repair: Repair = { source, missing, extra, tokens, out: [], open: [], mistakes: [] };
  for (let at = 0; at < tokens.length; at++) repairAt(repair, at);
  while (repair.open.length > 0) closeInnermost(repair, undefined);
  return { tokens: repair.out, mistakes: repair.mistakes };
}

function countUnbalanced(tokens: readonly IToken[]): { missing: number; extra: number } {
  let depth = 0;
  let extra = 0;
  for (const token of tokens) {
    if (tokenMatcher(token, LeftCurly)) depth++;
    if (!tokenMatcher(token, RightCurly)) continue;
    if (depth === 0) extra++;
    else depth--;
  }
  return { missing: depth, extra };
}

interface Repair {
  readonly source: SourceFile;
  readonly tokens: readonly IToken[];
  /** how many braces of each sort still have to be found */
  missing: number;
  extra: number;
  readonly out: IToken[];
  readonly open: OpenBrace[];
  readonly mistakes: Diagnostic[];
}

interface OpenBrace {
  readonly token: IToken;
  /** of the line that the brace stands on */
  readonly indent: number;
  /** whether its block is indented at all; if not, indentation says nothing about its end */
  readonly indented: boolean;
}

function repairAt(repair: Repair, at: number): void {
  const token = repair.tokens[at]!;
  const indent = indentIfFirst(repair.source, token);
  const closes = tokenMatcher(token, RightCurly);
  while (repair.missing > 0 && endsEarlier(repair.open.at(-1), indent, closes)) closeInnermost(repair, token);
  if (closes && isExtra(repair, indent)) {
    dropClosing(repair, token);
    return;
  }
  if (closes) repair.open.pop();
  if (tokenMatcher(token, LeftCurly)) repair.open.push(openBrace(repair, at));
  repair.out.push(token);
}

/** A line that stands further left than the block it would be in ends that block. */
function endsEarlier(open: OpenBrace | undefined, indent: number | undefined, closes: boolean): boolean {
  if (!open?.indented || indent === undefined) return false;
  return closes ? indent < open.indent : indent <= open.indent;
}

function isExtra(repair: Repair, indent: number | undefined): boolean {
  const open = repair.open.at(-1);
  return !open || (repair.extra > 0 && open.indented && indent !== undefined && indent > open.indent);
}

function closeInnermost(repair: Repair, before: IToken | undefined): void {
  const { token } = repair.open.pop()!;
  const { source, out } = repair;
  const secondary: Label[] = before
    ? [{ source, span: spanOf(before), text: "a `}` seems to be missing before this" }]
    : [];
  const help = ["add the closing `}`"];
  repair.mistakes.push(
    diagnose("MOE1002", { open: "{" }, { primary: { source, span: spanOf(token) }, secondary, help }),
  );
  repair.missing--;
  // in front of the line end that led here, so that what follows starts a line of its own
  const lineEnd = out.length > 0 && tokenMatcher(out.at(-1)!, LineEnd) ? out.pop()! : undefined;
  out.push(madeUp(RightCurly, "", out.length > 0 ? endOf(out.at(-1)!) : 0));
  if (before && !tokenMatcher(before, RightCurly)) out.push(lineEnd ?? madeUp(LineEnd, "", before.startOffset));
}

function dropClosing(repair: Repair, token: IToken): void {
  const { source } = repair;
  const span = spanOf(token);
  const help = [{ text: "remove it", fix: { source, span, text: "" } }];
  repair.mistakes.push(diagnose("MOE1003", { close: "}", open: "{" }, { primary: { source, span }, help }));
  repair.extra--;
  // what followed the brace must not become part of what was before it
  repair.out.push(madeUp(LineEnd, "", token.startOffset));
}

function openBrace(repair: Repair, at: number): OpenBrace {
  const token = repair.tokens[at]!;
  const indent = indentOf(repair.source.text, token.startOffset);
  const inner = nextIndent(repair, at + 1);
  return { token, indent, indented: inner !== undefined && inner > indent };
}

/** The indentation of the next line; what stands behind the brace on its own line has none. */
function nextIndent({ source, tokens }: Repair, from: number): number | undefined {
  for (let at = from; at < tokens.length; at++) {
    const indent = indentIfFirst(source, tokens[at]!);
    if (indent !== undefined) return indent;
  }
  return undefined;
}

function indentIfFirst(source: SourceFile, token: IToken): number | undefined {
  const start = lineStart(source.text, token.startOffset);
  return /\S/.test(source.text.slice(start, token.startOffset)) ? undefined : token.startOffset - start;
}

function indentOf(text: string, offset: number): number {
  const start = lineStart(text, offset);
  return text.slice(start).search(/[^ \t]|$/);
}

function lineStart(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && text[start - 1] !== "\n" && text[start - 1] !== "\r") start--;
  return start;
}
