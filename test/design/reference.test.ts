/** docs/language-reference.md is what the descriptors say, and their examples are right. */
import { describe, expect, it } from "vitest";
import { languageReference } from "../../src/2-design/reference.js";
import { experts } from "../../src/experts/index.js";
import { rules } from "../../src/rules/index.js";
import { vocabularies } from "../../src/words/index.js";
import { slots } from "../../src/words/router.js";
import { resolveText } from "./resolve-text.js";

it("is up to date (`npm run accept` writes it again)", async () => {
  await expect(languageReference()).toMatchFileSnapshot("../../docs/language-reference.md");
});

/** Mistakes in the words themselves; what an example needs around it does not matter here. */
function wordMistakes(text: string): readonly string[] {
  const { diagnostics } = resolveText(text);
  const about = /^MOE(1\d{3}|20(01|04|06|07|08|09|10|11|12|17|18|19|20))$/;
  return diagnostics.filter(({ code }) => about.test(code)).map(({ code, message }) => `${code}: ${message}`);
}

describe("examples", () => {
  it.each(rules.map((rule) => [rule.example]))("%s", (example) => {
    expect(wordMistakes(`edition 1\nmoe M {\n  experts 8 of copy\n  router {\n    ${example}\n  }\n}`)).toEqual([]);
  });

  it.each(experts.map(({ example }) => [example]))("%s", (example) => {
    expect(
      wordMistakes(`edition 1\nmoe M {\n  ${example}\n  router {\n    select all\n    weight one\n  }\n}`),
    ).toEqual([]);
  });

  const lines = Object.values(vocabularies).flatMap(({ name, lines }) =>
    lines
      .filter(({ name: line }) => line !== "router" && !slots.some(({ slot }) => slot === line))
      .map(({ example }) => [name, example]),
  );
  it.each(lines)("%s: %s", (block, example) => {
    expect(wordMistakes(`edition 1\n${block} Example {\n  ${example}\n}`)).toEqual([]);
  });
});

describe("descriptors", () => {
  it("name every rule once in its slot", () => {
    const keys = rules.map(({ slot, name, indexed }) => `${slot} ${name} ${indexed ?? false}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("give a reason for every default", () => {
    const params = rules.flatMap(({ params, clauses }) => [
      ...params,
      ...clauses.flatMap((clause) =>
        (clause.pieces ?? []).flatMap((piece) => (piece.piece === "value" ? [piece.param] : [])),
      ),
      ...clauses.flatMap((clause) => clause.params ?? []),
    ]);
    expect(params.filter((param) => param.default !== undefined && param.why === undefined)).toEqual([]);
  });
});
