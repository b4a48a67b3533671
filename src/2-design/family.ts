/**
 * The table of the shipped designs, specs/README.md: what each routes and how, and how large it is. Everything in it is
 * read off the designs, so it cannot say anything else than they do; names and papers are those of the models' comments.
 */
import { count } from "../diagnostics/catalogue/count.js";
import type { Design, Ffn, Mixture, RuleUse, Unit } from "./design.js";
import { flopsText } from "./numbers.js";
import { partText } from "./placed.js";
import { sizesOf } from "./sizes.js";

export interface FamilyMember {
  readonly design: Design;
  /** the comment above its model: `Name (paper): …` */
  readonly doc: string | undefined;
}

/** Markdown; one row a design, in the order given. */
export function familyTable(members: readonly FamilyMember[]): string {
  const head = ["design", "paper", "experts", "routing, as the spec says it", "weights", "of a token", "FLOPs a token"];
  const rows = [head, ["---", "---", "---", "---", "--:", "--:", "--:"], ...members.map(row)];
  return `${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`;
}

function row({ design, doc }: FamilyMember): string[] {
  const { name, paper } = titleOf(doc, design);
  const file = design.spec.path.split("/").at(-1)!;
  const mixtures = Object.values(design.mixtures);
  const own = (text: string, mixture: Mixture): string => (mixtures.length > 1 ? `${mixture.name}: ${text}` : text);
  const sizes = sizesOf(design);
  return [
    `[${name}](${file})`,
    linked(paper),
    mixtures.map((mixture) => own(expertsText(mixture), mixture)).join("<br>"),
    mixtures.map((mixture) => own(routingText(mixture), mixture)).join("<br>"),
    sizes ? millions(sizes.parameters.value) : "",
    sizes ? millions(sizes.active.value) : "",
    sizes ? flopsText(sizes.flopsForward.value).replace("FLOP", "").trim() : "",
  ];
}

/** `Switch Transformer (arXiv 2101.03961): …` is a name and a paper; without a comment, the model's name. */
function titleOf(doc: string | undefined, design: Design): { readonly name: string; readonly paper: string } {
  const found = /^([^(:.]+?)\s*\(([^)]+)\)/.exec(doc?.replaceAll("\n", " ") ?? "");
  return found ? { name: found[1]!, paper: found[2]! } : { name: design.model?.name ?? design.spec.path, paper: "" };
}

/** Numbers of papers as links to arXiv. */
const linked = (paper: string): string =>
  paper.replaceAll(/(?:arXiv )?(\d{4}\.\d{5})/g, (_, id: string) => `[${id}](https://arxiv.org/abs/${id})`);

const millions = (n: number): string => `${(n / 1e6).toFixed(1)} M`;

function expertsText({ unit, experts, adjugate, shared }: Mixture): string {
  const routed = experts.map((group) => `${count(group.count)} ${ffnText(group.ffn)}`);
  const always = shared.map((group) => `${count(group.count)} ${ffnText(group.ffn)} shared`);
  const between = adjugate ? [`${count(adjugate.count)} ${ffnText(adjugate.ffn)} adjugate`] : [];
  return [...unitText(unit), ...routed, ...between, ...always].join(", ");
}

const ffnText = (ffn: Ffn): string => partText(ffn) ?? (ffn.hidden > 0 ? `${ffn.kind} ${count(ffn.hidden)}` : ffn.kind);

const unitText = (unit: Unit): string[] =>
  unit.kind === "token" ? [] : [unit.kind === "subtoken" ? `${unit.heads} sub-tokens` : `per ${unit.kind}`];

/** The rules that were written, in the order of the seven steps; what everybody has is left out. */
function routingText({ router }: Mixture): string {
  return router.rules.filter(tells).map(ruleText).join(" → ");
}

const tells = ({ slot, rule }: RuleUse): boolean => !(slot === "rest" || (slot === "limit" && rule === "none"));

const ruleText = ({ slot, text }: RuleUse): string => `${slot} ${text}`.replaceAll("|", "\\|").replace(/\s+/g, " ");
