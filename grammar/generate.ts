/**
 * Everything that is derived from the grammar and checked in: CST types, EBNF, diagrams, editor colours. Run after a
 * change of the grammar (`npm run build && node dist/grammar/generate.js`, or `npm run accept`); a test fails when one is stale.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateCstDts } from "./chevrotain.js";
import { drawDiagrams } from "./diagrams.js";
import { printEbnf } from "./ebnf.js";
import { grammarRules } from "./parser.js";
import { textMateGrammar } from "./text-mate.js";
import { allTokens } from "./tokens.js";

export interface GeneratedFile {
  /** file name inside `grammar/` */
  readonly name: string;
  readonly text: string;
}

/** All generated files of the grammar; the same text on every machine. */
export function generateGrammarFiles(): readonly GeneratedFile[] {
  const rules = grammarRules();
  return [
    { name: "cst.ts", text: cstTypes() },
    { name: "moe.ebnf", text: printEbnf(rules, allTokens) },
    { name: "moe.tmLanguage.json", text: editorColours() },
    { name: "diagrams.html", text: drawDiagrams(rules) },
  ];
}

/** Chevrotain's own typing of the tree, spelled as our formatter wants it. */
function cstTypes(): string {
  const header = "/** Generated from grammar/parser.ts by grammar/generate.ts. Do not edit. */\n";
  const types = generateCstDts(grammarRules(), { includeVisitorInterface: false });
  return header + types.replace("CstNode, ICstVisitor, IToken", "CstNode, IToken").replace(/\((\w+)\)\[\]/g, "$1[]");
}

/** Lists of one word stay on one line, as our formatter wants it. */
function editorColours(): string {
  return `${JSON.stringify(textMateGrammar(), null, 2).replace(/\[\n\s*("\w+")\n\s*\]/g, "[$1]")}\n`;
}

function main(): void {
  // dist/grammar when compiled: the files belong next to the sources
  const here = dirname(fileURLToPath(import.meta.url));
  const folder = here.endsWith(join("dist", "grammar")) ? join(here, "..", "..", "grammar") : here;
  for (const { name, text } of generateGrammarFiles()) writeFileSync(join(folder, name), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
