/**
 * The grammar as a page of railroad-like diagrams: plain HTML and CSS, no script, nothing fetched. A row is a
 * sequence, a column a choice, a dashed box may be left out, a double box may be repeated.
 */
import type { IProduction, Rule } from "chevrotain";
import {
  Alternation,
  Alternative,
  NonTerminal,
  Option,
  Repetition,
  RepetitionWithSeparator,
  Terminal,
} from "./chevrotain.js";
import { terminalText } from "./ebnf.js";

const STYLE = `
  body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; background: #fbfaf7; }
  h2 { font-size: 1rem; margin: 1.5rem 0 0.4rem; }
  .row { display: inline-flex; align-items: center; gap: 0.5rem; }
  .choice { display: inline-flex; flex-direction: column; align-items: flex-start; gap: 0.3rem; padding: 0.3rem 0.6rem; border-left: 2px solid #888; border-right: 2px solid #888; }
  .option, .repeat { display: inline-flex; align-items: center; gap: 0.5rem; padding: 0.3rem 0.5rem; border-radius: 0.4rem; }
  .option { border: 1px dashed #888; }
  .repeat { border: 3px double #888; }
  .note { color: #777; font-size: 0.8rem; }
  code, a { padding: 0.1rem 0.5rem; border: 1px solid #555; }
  code { border-radius: 1rem; background: #e8f0e4; }
  a { background: #fff; color: inherit; text-decoration: none; }
`;

/** One HTML page with a diagram for each rule. */
export function drawDiagrams(rules: Readonly<Record<string, Rule>>): string {
  const drawn = Object.entries(rules).map(([name, rule]) => `<h2 id="${name}">${name}</h2>\n${row(rule.definition)}`);
  return `<!DOCTYPE html>
<!-- Generated from grammar/parser.ts by grammar/generate.ts. Do not edit. -->
<html lang="en">
<meta charset="utf-8">
<title>The grammar of moe</title>
<style>${STYLE}</style>
<h1>The grammar of <code>.moe</code></h1>
<p>A row is a sequence, a column a choice; a dashed box may be left out, a double box may come any number of times.</p>
${drawn.join("\n")}
</html>
`;
}

function row(parts: readonly IProduction[]): string {
  return `<span class="row">${parts.map(draw).join("")}</span>`;
}

function draw(part: IProduction): string {
  if (part instanceof Terminal) return `<code>${escapeHtml(terminalText(part.terminalType))}</code>`;
  if (part instanceof NonTerminal) return `<a href="#${part.nonTerminalName}">${part.nonTerminalName}</a>`;
  if (part instanceof Option) return `<span class="option">${row(part.definition)}</span>`;
  if (part instanceof Repetition) return `<span class="repeat">${row(part.definition)}</span>`;
  if (part instanceof RepetitionWithSeparator) {
    const between = escapeHtml(terminalText(part.separator));
    return `<span class="repeat">${row(part.definition)}<span class="note">with ${between} between</span></span>`;
  }
  if (part instanceof Alternation) return `<span class="choice">${part.definition.map(draw).join("")}</span>`;
  if (part instanceof Alternative) return row(part.definition);
  throw new Error(`no drawing for the grammar part ${part.constructor.name}`);
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
