/**
 * What can be checked but not compiled yet, said before the graph is built. Rules refuse arguments they do not know
 * themselves; this is about whole words: rules and experts without a meaning in the graph.
 */
import { diagnose } from "../diagnostics/diagnose.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { expertKind } from "../experts/index.js";
import { findRule } from "../rules/index.js";
import type { Design, Ffn, Mixture } from "./design.js";
import { attentionsOf, reachedBlocks } from "./layers.js";

/** One diagnostic (MOE5011) for each word of the model that cannot be compiled; none when all can. */
export function uncompilable(design: Design): readonly Diagnostic[] {
  const steps = [...reachedBlocks(design)].flatMap((block) => design.blocks[block]?.steps ?? []);
  const parts = [...new Set(steps.map((step) => step.part))];
  const found = parts.flatMap((part) => {
    const mixture = Object.hasOwn(design.mixtures, part) ? design.mixtures[part] : undefined;
    return mixture ? mixtureWords(mixture, design) : [];
  });
  return found.map((params) => diagnose("MOE5011", params));
}

interface Word {
  readonly path: string;
  readonly text: string;
}

function mixtureWords(mixture: Mixture, design: Design): readonly Word[] {
  const { name, router, experts, adjugate, shared } = mixture;
  const rules = router.rules.filter((use) => findRule(use.slot, use.rule)?.build === undefined);
  return [
    ...experts.flatMap(({ count, ffn }, i) => expertWords(ffn, count, indexed(`${name}.experts`, i), design)),
    ...(adjugate ? ffnWords(adjugate.ffn, `${name}.adjugate`) : []),
    ...shared.flatMap(({ ffn }, i) => ffnWords(ffn, indexed(`${name}.shared`, i))),
    ...rules.map((use) => ({ path: use.path, text: `${use.slot} ${use.text}` })),
    ...latentWords(mixture),
    ...tableWords(mixture, design),
  ];
}

function expertWords(ffn: Ffn, count: number, path: string, design: Design): readonly Word[] {
  if (ffn.attention !== undefined) return [];
  return ffn.block === undefined ? ffnWords(ffn, path) : blockWords(ffn.block, count, path, design);
}

/** Blocks and attentions work in the width of the model. */
function latentWords({ name, latent, experts }: Mixture): readonly Word[] {
  const part = experts.map(({ ffn }) => ffn.block ?? ffn.attention).find((each) => each !== undefined);
  if (latent === undefined || part === undefined) return [];
  return [{ path: `${name}.latent`, text: `latent = ${latent} around ${part}` }];
}

function ffnWords({ kind }: Ffn, path: string): readonly Word[] {
  return expertKind(kind)?.build ? [] : [{ path, text: `experts of ${kind}` }];
}

/** What blocks cannot hold when they are experts: windows, tables, and in several experts mixtures of their own. */
function blockWords(block: string, count: number, path: string, design: Design): readonly Word[] {
  return (design.blocks[block]?.steps ?? []).flatMap((step) => {
    const { part, kind } = step;
    const word = (what: string): readonly Word[] => [{ path, text: `block(${block}) with ${what} in ${part}` }];
    if (attentionsOf({ steps: [step] }, design).some(({ window }) => window !== undefined)) return word("a window");
    const rules = kind === "mixture" ? (design.mixtures[part]?.router.rules ?? []) : [];
    if (rules.some(({ rule }) => rule === "table")) return word("a table");
    return kind === "mixture" && count > 1 ? word("experts of its own") : [];
  });
}

/** A table from a file says nothing about how many experts its rows hold, unless tiers do. */
function tableWords({ router }: Mixture, { tables }: Design): readonly Word[] {
  const names = new Set(router.rules.flatMap((use) => (use.rule === "table" ? [String(use.args.table)] : [])));
  return [...names].flatMap((name) =>
    tables[name]?.tiers.length === 0 ? [{ path: `${name}.assign`, text: "assign file(…) without a tier" }] : [],
  );
}

function indexed(path: string, i: number): string {
  return i === 0 ? path : `${path}[${i}]`;
}
