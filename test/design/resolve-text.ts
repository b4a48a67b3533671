/** From text to design in one call, for tests. */
import { readFileSync } from "node:fs";
import { parse } from "../../src/1-syntax/parse.js";
import type { Design } from "../../src/2-design/design.js";
import { type Resolved, type ResolveOptions, resolve } from "../../src/2-design/resolve.js";

/** Parses and resolves; syntax mistakes come first. */
export function resolveText(text: string, options: ResolveOptions = {}, path = "test.moe"): Resolved {
  const { ast, broken, diagnostics } = parse({ path, text });
  const resolved = resolve(ast, { ...options, broken });
  return { ...resolved, diagnostics: [...diagnostics, ...resolved.diagnostics] };
}

/** The design of a text without mistakes; throws otherwise. */
export function designOf(text: string, set: readonly string[] = []): Design {
  const options = set.map((each) => {
    const at = each.indexOf("=");
    return { path: each.slice(0, at), value: each.slice(at + 1) };
  });
  const { design, diagnostics } = resolveText(text, { set: options });
  if (!design) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return design;
}

/** The text of a shipped spec, or of a fixture of these tests. */
export function specText(name: string): string {
  const folder = name === "zoo" ? "fixtures/" : "../../specs/";
  return readFileSync(new URL(`${folder}${name}.moe`, import.meta.url), "utf8");
}

/** A small model around a mixture. */
export function modelWith(mixture: string, more = ""): string {
  return `edition 1
model M {
  vocab = 256
  context = 16
  d_model = 8
  embed tokens tied
  repeat 2 of Layer
  head linear
}
block Layer {
  residual Attend
  residual Mixture
}
attention Attend {
  heads = 2
}
${mixture}
${more}`;
}
