/** What is generated from the grammar and checked in is up to date; `npm run accept` rewrites it. */
import { expect, it } from "vitest";
import { generateGrammarFiles } from "../../grammar/generate.js";
import { grammarRules } from "../../grammar/parser.js";
import { allTokens } from "../../grammar/tokens.js";

it.each(generateGrammarFiles().map((file) => [file.name, file.text]))(
  "grammar/%s is up to date",
  async (name, text) => {
    await expect(text).toMatchFileSnapshot(new URL(`../../grammar/${name}`, import.meta.url).pathname);
  },
);

it("needs no network to show its diagrams", () => {
  const page = generateGrammarFiles().find(({ name }) => name === "diagrams.html")!.text;
  expect(page).not.toMatch(/https?:|<script|<link|@import/);
  for (const rule of Object.keys(grammarRules())) expect(page).toContain(`<h2 id="${rule}">`);
});

it("has editor patterns that compile", () => {
  const { patterns } = JSON.parse(generateGrammarFiles().find(({ name }) => name === "moe.tmLanguage.json")!.text);
  for (const { match } of patterns) expect(() => new RegExp(match, "u")).not.toThrow();
});

it("stays a small grammar", () => {
  expect(Object.keys(grammarRules()).length).toBeLessThanOrEqual(17);
  expect(allTokens.length).toBeLessThanOrEqual(26);
});
