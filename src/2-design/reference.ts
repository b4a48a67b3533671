/**
 * The reference of the language, docs/language-reference.md, from the same descriptors that check a spec. Nothing in it
 * is written by hand, so it cannot be out of date; a test compares the file.
 */

import type { Expert } from "../experts/expert.js";
import { experts } from "../experts/index.js";
import { rulesOf } from "../rules/index.js";
import type { Rule } from "../rules/rule.js";
import { vocabularies } from "../words/index.js";
import type { Choice, Clause, Line, Param, Piece, Vocabulary } from "../words/pattern.js";
import { type SlotWord, slots, waivers, whenClauses } from "../words/router.js";
import { paramText, timesText } from "./explain-word.js";
import { clauseText } from "./read/phrase.js";

/** The whole reference as Markdown; ends with a line end. */
export function languageReference(): string {
  const blocks = Object.values(vocabularies).filter((vocabulary: Vocabulary) => vocabulary.name !== "router");
  const parts = [
    intro,
    ...blocks.map(vocabularySection),
    routerIntro(),
    ...slots.map(slotSection),
    `## Experts\n\nWhat an expert, a shared expert or a dense block computes.\n\n${experts.map(expertSection).join("\n\n")}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

const intro = `# The language, word by word

Generated from the descriptors in \`src/words\`, \`src/rules\` and \`src/experts\`; \`npm run accept\` writes it again.
\`moec explain WORD\` prints the same for one word.

A file starts with \`edition 1\`. \`let name = …\` names a number. Numbers may be expressions over names: the sizes of the
model (\`vocab\` or V, \`context\` or S, \`d_model\` or D), in a mixture E and k, and every \`let\`.
Any block may take over another one of its kind: \`moe A from B { … }\` has the lines of B, and its own in place of those
of the same word. In such a block, \`none\` empties a slot of the router: \`balance none\`.`;

function vocabularySection(vocabulary: Vocabulary): string {
  return [`## ${vocabulary.name}`, vocabulary.doc, ...vocabulary.lines.map(lineSection)].join("\n\n");
}

function lineSection(line: Line): string {
  const details = [...line.pieces.flatMap(pieceItems), ...line.clauses.flatMap(clauseItems)];
  const list = details.length > 0 ? `\n\n${details.join("\n")}` : "";
  return `### ${line.name}\n\n${line.doc} ${capital(timesText[line.times])}.\n\n\`\`\`moe\n${line.example}\n\`\`\`${list}`;
}

function pieceItems(piece: Piece): readonly string[] {
  if (piece.piece === "value") return paramItems([piece.param], "");
  return piece.piece === "choice" ? piece.choices.flatMap((choice) => choiceItems(choice, "")) : [];
}

function choiceItems(choice: Choice, indent: string): readonly string[] {
  return [`${indent}- \`${choice.name}\`: ${choice.doc}`, ...paramItems(choice.params, `${indent}  `)];
}

function clauseItems(clause: Clause): readonly string[] {
  const inner = (clause.pieces ?? []).flatMap((piece) =>
    piece.piece === "value"
      ? [`  - ${paramText(piece.param)}`]
      : piece.piece === "choice"
        ? piece.choices.flatMap((choice) => choiceItems(choice, "  "))
        : [],
  );
  return [`- \`${clauseText(clause)}\`: ${clause.doc}`, ...inner, ...paramItems(clause.params ?? [], "  ")];
}

function paramItems(params: readonly Param[], indent: string): readonly string[] {
  return params.map((param) => `${indent}- \`${param.name}\`: ${param.doc}; ${paramText(param)}`);
}

function routerIntro(): string {
  const when = whenClauses.flatMap(clauseItems).join("\n");
  return `## router

${vocabularies.router.doc} A router stands inside a \`moe\`, or on its own and is used by name: \`router from Name { … }\`.

Every rule may say when it applies:

${when}

Steps count from 0: \`until step(n)\` holds in the first n steps, \`from step(n)\` in all later ones. Rules of a slot that
takes one rule may take turns, and must then cover every step. Evaluation and sampling route as the last step trained
did; a trace is of step 0.

\`allow ${waivers.join(" | ")} because "…"\` says that something unusual is meant, and why.`;
}

function slotSection({ slot, doc, times, default: standard }: SlotWord): string {
  const fallback = standard ? ` \`${standard.rule}\` unless written (${standard.why}).` : "";
  const rules = rulesOf(slot).map(ruleSection);
  return [`### ${slot}`, `${capital(doc)}. ${capital(timesText[times])}.${fallback}`, ...rules].join("\n\n");
}

function ruleSection(rule: Rule): string {
  const name = rule.indexed ? "Table[token_id]" : rule.name;
  const items = [
    ...paramItems([...(rule.lead ? [rule.lead] : []), ...rule.params], ""),
    ...(rule.head ?? []).flatMap(pieceItems),
    ...rule.clauses.flatMap(clauseItems),
  ];
  const built = rule.build ? "" : " Can be checked, not compiled yet.";
  const list = items.length > 0 ? `\n\n${items.join("\n")}` : "";
  return `#### ${rule.slot} ${name}\n\n${rule.doc}${built}\n\n\`\`\`moe\n${rule.example}\n\`\`\`${list}`;
}

function expertSection({ kind, doc, example, params, build, runsElsewhere }: Expert): string {
  const items = paramItems(params, "");
  const list = items.length > 0 ? `\n\n${items.join("\n")}` : "";
  return `### ${kind}\n\n${doc}${build || runsElsewhere ? "" : " Can be checked, not compiled yet."}\n\n\`\`\`moe\n${example}\n\`\`\`${list}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
