/** `moec explain WORD`: every meaning of a word of the language, from its descriptors. */

import { suggest } from "../diagnostics/suggest.js";
import { experts } from "../experts/index.js";
import { rules } from "../rules/index.js";
import type { Rule } from "../rules/rule.js";
import { vocabularies } from "../words/index.js";
import type { Choice, Clause, Line, Param, Piece, Vocabulary } from "../words/pattern.js";
import { slots } from "../words/router.js";
import { defaultText } from "./read/args.js";
import { clauseText } from "./read/phrase.js";
import { takes } from "./read/value.js";

/** All meanings of a word, or undefined when it is not a word of the language; ends with a line end. */
export function explainWord(word: string): string | undefined {
  const meanings = [
    ...ruleMeanings(word),
    ...experts
      .filter(({ kind }) => kind === word)
      .map(({ doc, params, example }) => [
        `${word}: a kind of expert`,
        `  ${doc}`,
        ...paramLines(params),
        `  example     ${example}`,
      ]),
    ...slotMeanings(word),
    ...vocabularyMeanings(word),
  ];
  return meanings.length > 0 ? `${meanings.map((lines) => lines.join("\n")).join("\n\n")}\n` : undefined;
}

/** Every word that `explainWord` knows, sorted. */
export function allWords(): readonly string[] {
  const lines = Object.values(vocabularies).flatMap((vocabulary: Vocabulary) => vocabulary.lines);
  const choices = lines.flatMap((line) => line.pieces.flatMap(choicesOf));
  const all = [
    ...rules.filter((rule) => !rule.indexed).map(({ name }) => name),
    ...experts.map(({ kind }) => kind),
    ...slots.map(({ slot }) => slot),
    ...Object.keys(vocabularies),
    ...lines.map(({ name }) => name),
    ...choices.map(({ name }) => name),
  ];
  return [...new Set(all)].sort((a, b) => (a < b ? -1 : 1));
}

/** The nearest word that has an explanation. */
export function nearestWord(word: string): string | undefined {
  return suggest(word, allWords());
}

function ruleMeanings(word: string): readonly (readonly string[])[] {
  return rules.filter((rule) => rule.name === word && !rule.indexed).map((rule) => explainRule(rule));
}

/** A rule: what it does, its arguments and clauses, what dispatch learns from it. */
export function explainRule(rule: Rule): readonly string[] {
  const name = rule.indexed ? "Table[token_id]" : rule.name;
  const reads = rule.needs.filter((need) => need !== "key");
  return [
    `${name}: a rule of slot ${rule.slot}`,
    `  ${rule.doc}`,
    ...paramLines([...(rule.lead ? [rule.lead] : []), ...rule.params]),
    ...(rule.head ?? []).flatMap((piece) =>
      choicesOf(piece).flatMap((choice) => [`  ${choice.name.padEnd(12)}${choice.doc}`, ...paramLines(choice.params)]),
    ),
    ...rule.clauses.flatMap(clauseLines),
    ...(reads.length > 0 ? [`  reads       ${reads.join(", ")}`] : []),
    ...(rule.looksAhead
      ? ["  looks ahead in some uses: those need `allow lookahead because …` in a causal model"]
      : []),
    `  example     ${rule.example}`,
  ];
}

function slotMeanings(word: string): readonly (readonly string[])[] {
  const slot = slots.find((each) => each.slot === word);
  if (!slot) return [];
  const own = rules.filter((rule) => rule.slot === slot.slot);
  const standard = slot.default ? [`  default     ${slot.default.rule}: ${slot.default.why}`] : [];
  return [
    [
      `${word}: a slot of router, ${timesText[slot.times]}`,
      `  ${slot.doc}`,
      ...own.map((rule) => `  ${(rule.indexed ? "Name[id]" : rule.name).padEnd(20)}${rule.doc}`),
      ...standard,
    ],
  ];
}

/** How often a line may stand, in words. */
export const timesText: Readonly<Record<Line["times"], string>> = {
  "1": "exactly once",
  "0-1": "at most once",
  "0+": "any number of times",
  "1+": "at least once",
};

function vocabularyMeanings(word: string): readonly (readonly string[])[] {
  return Object.values(vocabularies).flatMap((vocabulary: Vocabulary) => {
    const whole =
      vocabulary.name === word
        ? [
            [
              `${word}: opens a block`,
              `  ${vocabulary.doc}`,
              `  lines       ${vocabulary.lines.map((line) => line.name).join(", ")}`,
            ],
          ]
        : [];
    const isRouter = vocabulary.name === "router";
    const lines = vocabulary.lines.filter((line) => line.name === word && !(isRouter && line.name !== "allow"));
    const choices = vocabulary.lines.flatMap((line) =>
      line.pieces
        .flatMap(choicesOf)
        .filter((choice) => choice.name === word && !experts.some(({ kind }) => kind === word))
        .map((choice) => choiceMeaning(choice, line, vocabulary)),
    );
    return [...whole, ...lines.map((line) => lineMeaning(line, vocabulary)), ...choices];
  });
}

function choiceMeaning(choice: Choice, line: Line, vocabulary: Vocabulary): readonly string[] {
  return [
    `${choice.name}: a form of ${line.name} in ${vocabulary.name}`,
    `  ${choice.doc}`,
    ...paramLines(choice.params),
    `  example     ${line.example}`,
  ];
}

/** A line of a block: what it says, its forms, clauses and defaults. */
export function lineMeaning(line: Line, vocabulary: Vocabulary): readonly string[] {
  const shape = line.shape === "setting" ? "a setting" : "a line";
  return [
    `${line.name}: ${shape} of ${vocabulary.name}, ${timesText[line.times]}`,
    `  ${line.doc}`,
    ...line.pieces.flatMap((piece) =>
      piece.piece === "value"
        ? paramLines([piece.param])
        : choicesOf(piece).flatMap((choice) => [
            `  ${choice.name.padEnd(16)}${choice.doc}`,
            ...paramLines(choice.params).map((text) => `  ${text}`),
          ]),
    ),
    ...line.clauses.flatMap(clauseLines),
    `  example     ${line.example}`,
  ];
}

function clauseLines(clause: Clause): readonly string[] {
  const inner = (clause.pieces ?? []).flatMap((piece) =>
    piece.piece === "value"
      ? [`      ${paramText(piece.param)}`]
      : choicesOf(piece).flatMap((choice) => [
          `      ${choice.name}: ${choice.doc}`,
          ...paramLines(choice.params).map((text) => `    ${text}`),
        ]),
  );
  return [
    `  ${clauseText(clause).padEnd(16)}${clause.doc}`,
    ...inner,
    ...paramLines(clause.params ?? []).map((text) => `    ${text}`),
  ];
}

function choicesOf(piece: Piece): readonly Choice[] {
  return piece.piece === "choice" ? piece.choices : [];
}

function paramLines(params: readonly Param[]): readonly string[] {
  return params.map((param) => `  ${param.name.padEnd(16)}${param.doc}; ${paramText(param)}`);
}

/** What a parameter takes, and what it is when nothing is written. */
export function paramText(param: Param): string {
  const type = param.words ? param.words.join(" | ") : takes[param.type].replaceAll("`", "");
  if (param.default !== undefined)
    return `${type}; ${defaultText(param)} unless written${param.why ? ` (${param.why})` : ""}`;
  if (param.derived) return `${type}; unless written, ${param.derived}`;
  return param.optional ? `${type}; none unless written` : type;
}
