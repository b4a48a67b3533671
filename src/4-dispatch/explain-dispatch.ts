/** What dispatch decided for one mixture, as text for people: facts, winner, losers, rewrites. No decisions are made here. */
import { wrapped } from "../2-design/wrapped.js";
import type { Amount } from "../rules/amounts.js";
import type { Facts } from "../rules/rule.js";
import type { Cost } from "./cost.js";
import type { Choice } from "./dispatch.js";
import type { SiteFacts } from "./facts.js";
import type { GroupFacts } from "./group-facts.js";
import { duration, type Rewritten } from "./rewrites.js";

/** Lines about one mixture, without indentation of their own. */
export function explainChoice(choice: Choice): readonly string[] {
  const { site, profile } = choice;
  return [
    `${site.site}: ${size(site.units)} ${site.unitWord} of width ${site.width}, ${groupsText(site)}`,
    "",
    "known",
    ...aligned(factLines(site)),
    "",
    `dispatch by ${choice.strategy.name}: ${choice.why}`,
    ...aligned([
      costRow(choice.strategy.name, choice.cost, "chosen"),
      ...choice.losers.flatMap(({ name, cost, reason }) => (cost ? [costRow(name, cost, reason)] : [])),
    ]),
    ...aligned(choice.losers.flatMap(({ name, cost, reason }) => (cost ? [] : [[name, `not legal: ${reason}`]]))),
    ...wrapped(`  ${choice.strategy.name}: ${choice.cost.because}`, 2),
    `  (one layer, ${site.forwardOnly ? "one pass forward" : "forward and backward"}, estimated for ${profile.doc}; router left out)`,
    "",
    "rewrites",
    ...aligned(choice.rewrites.map(rewriteRow)),
  ];
}

/** 4096 as `4 096`. */
const size = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, " ");

function groupsText({ groups, experts }: SiteFacts): string {
  const parts = groups.map(({ count, kind, hidden }) => `${count} of ${kind}${hidden > 0 ? `(${hidden})` : ""}`);
  return groups.length === 1
    ? `${experts} experts ${parts[0]!.replace(/^\d+ /, "")}`
    : `${experts} experts: ${parts.join(", ")}`;
}

type Row = readonly [string, ...string[]];

/** Each fact in words, and the lines that state it. */
export function factLines(site: SiteFacts): readonly Row[] {
  const rows = WORDS.flatMap(([fact, word]): readonly Row[] => {
    const text = site.rules[fact] === undefined ? undefined : word(site);
    return text === undefined ? [] : [[text, site.because(fact).join(", ")]];
  });
  return [...rows, ...sharedRows(site), ...foldedRows(site.groups), ...limitRow(site)];
}

const WORDS: readonly (readonly [keyof Facts, (site: SiteFacts) => string | undefined])[] = [
  ["choices", choicesText],
  ["edgesPerUnit", edgesText],
  ["allEdges", ({ rules }) => (rules.allEdges ? "every expert is chosen" : undefined)],
  ["route", ({ unitWord }) => `the token id decides the experts of all ${unitWord}`],
  [
    "legalPerUnit",
    ({ rules, unitWord, experts }) => `${unitWord} see at most ${rules.legalPerUnit} of ${experts} experts`,
  ],
  ["someRoutesKnown", knownText],
  ["rowsPerExpert", ({ room }) => (room === undefined ? undefined : `every expert takes ${room} units`)],
  [
    "unitsPerSequence",
    ({ rules, unitWord }) => `every sequence chooses ${amountText(rules.unitsPerSequence!)} of its ${unitWord}`,
  ],
  ["room", ({ room }) => `no expert has more than ${room} edges`],
  ["weightOnInput", ({ rules }) => (rules.weightOnInput ? "weights multiply what goes into an expert" : undefined)],
  ["readsAllLogits", () => "the scores of all experts are read"],
];

/** `12.5 %`, `64`. */
function amountText({ count, share, capacity }: Amount): string {
  if (share !== undefined) return `${Number((share * 100).toFixed(2))} %`;
  return count === undefined ? `${capacity} times an even part` : String(count);
}

function edgesText({ rules, unitWord }: SiteFacts): string {
  const most = rules.exactEdges ? "" : "at most ";
  return `${most}${rules.edgesPerUnit} ${rules.edgesPerUnit === 1 ? "edge" : "edges"} per ${unitWord.replace(/s$/, "")}`;
}

function choicesText({ rules, unitWord }: SiteFacts): string | undefined {
  return (rules.choices ?? 1) > 1 ? `${unitWord} choose ${rules.choices} times over` : undefined;
}

function knownText({ rules, knownShare, unitWord }: SiteFacts): string | undefined {
  if (!rules.someRoutesKnown) return undefined;
  return `${Number((knownShare * 100).toFixed(1))} % of ${unitWord} see one expert`;
}

/** A group of the sorted product does the same arithmetic, and gathers and returns every row besides. */
function sharedRows({ shared, units, width, forwardOnly }: SiteFacts): readonly Row[] {
  const moved = ((forwardOnly ? 2 : 4) * 4 * units * width) / 1e6;
  return shared.map(({ count, kind, hidden }): Row => {
    const why = `as one more group of the others, ${(count * moved).toFixed(1)} MB more would move`;
    return [`${count} shared ${kind}(${hidden}): a dense product`, why];
  });
}

function foldedRows(groups: readonly GroupFacts[]): readonly Row[] {
  const folded = groups.filter((group) => group.folded);
  return folded.map(({ count, kind }): Row => {
    const text = count === 1 ? `1 ${kind} expert never enters` : `${count} ${kind} experts never enter`;
    return [`${text} a product`, `experts ${count} of ${kind}`];
  });
}

const limitRow = ({ room, because }: SiteFacts): readonly Row[] =>
  room === undefined ? [["experts take any number of edges", because("drops").join(", ")]] : [];

function costRow(name: string, cost: Cost, reason: string): Row {
  const flops = cost.flops < 1e8 ? `${(cost.flops / 1e6).toFixed(2)} MFLOP` : `${(cost.flops / 1e9).toFixed(2)} GFLOP`;
  const bytes = `${(cost.bytes / 1e6).toFixed(1)} MB`;
  return [name, duration(cost.seconds), flops, bytes, `${cost.launches} launches`, reason];
}

const rewriteRow = ({ name, applied, why }: Rewritten): Row => [name, applied ? "applied" : "left out", why];

/** Columns two spaces apart; the last one is as long as it is, on several lines if the screen is too narrow. */
function aligned(rows: readonly Row[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.flatMap((row) => {
    const cells = row.slice(0, -1).map((cell, i) => `${cell.padEnd(widths[i]!)}  `);
    const lead = `  ${cells.join("")}`;
    return wrapped(`${lead}${row.at(-1)}`.trimEnd(), lead.length);
  });
}
