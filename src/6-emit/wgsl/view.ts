/** What every wgsl kernel text has in common: where it comes from, its constants, functions it calls. */
import type { Dim, Kernel } from "../../5-plan/plan.js";
import type { WgslProfile } from "../../targets/wgsl/limits.js";
import { MATRICES, type WgslFeature, type WgslPass } from "../../targets/wgsl/program.js";
import { constantName } from "../gpu/names.js";
import { blocks } from "../gpu/sizes.js";
import { fill, readTemplate } from "../templates.js";
import type { BindingChoice } from "./bindings.js";
import { halvesOf } from "./halves.js";

/** A kernel as WGSL, and how it is dispatched. */
export interface WgslText {
  readonly code: string;
  readonly passes: readonly WgslPass[];
}

/** What the emission of one kernel is given. */
export interface Context {
  readonly profile: WgslProfile;
  readonly choice: BindingChoice;
  readonly from: Provenance;
  /** chunks that sums over rows are made in */
  readonly chunks: number;
}

export interface Provenance {
  /** name of the model, for people */
  readonly title: string;
  readonly spec: string;
  readonly hash: string;
  readonly version: string;
}

/** The head of a file, then the constants and functions its body uses, then the body. */
export function assemble(
  kernel: Pick<Kernel, "name" | "summary" | "because">,
  template: string,
  view: object,
  { from, profile }: Pick<Context, "from" | "profile">,
  dims: readonly Dim[] = [],
): string {
  const body = fill(`wgsl/${template}`, view);
  const halves = functionsIn(halvesOf(profile).functions, body);
  const parts = [
    fill("wgsl/head.wgsl", {
      ...from,
      template,
      name: kernel.name,
      summary: kernel.summary,
      because: kernel.because.join(", "),
    }),
    extensions([...halves, body].join("\n")),
    constants(dims, body),
    ...functionsIn("wgsl/math.wgsl", body),
    ...halves,
    body,
  ];
  return `${parts
    .filter((p) => p !== "")
    .map((p) => p.trimEnd())
    .join("\n\n")}\n`;
}

/** Extensions of WGSL, the features of an adapter that they need, and how a text shows that it uses them. */
export const EXTENSIONS: readonly { readonly line: string; readonly feature: WgslFeature; readonly used: RegExp }[] = [
  { line: "enable f16;", feature: "shader-f16", used: /\bf16\b/ },
  { line: "enable subgroups;", feature: "subgroups", used: /\bsubgroup(?!Matrix)[A-Z]/ },
  { line: "enable chromium_experimental_subgroup_matrix;", feature: MATRICES, used: /\bsubgroup_matrix_/ },
];

/** They come before everything but comments. */
const extensions = (text: string): string =>
  EXTENSIONS.filter(({ used }) => used.test(text))
    .map(({ line }) => line)
    .join("\n");

/** `const D = 256u;` for every axis that the text mentions, and the numbers that stand for infinity. */
function constants(dims: readonly Dim[], body: string): string {
  const mentioned = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const axes = dims.map((d) => ({ name: constantName(d), size: d.size })).filter((d) => mentioned(d.name));
  const unique = [...new Map(axes.map((d) => [d.name, d])).values()];
  return [
    ...unique.map((d) => `const ${d.name} = ${d.size}u;`),
    ...(mentioned("LOWEST") || usesMax(body)
      ? ["/* Stands for minus infinity, which WGSL does not have. */", "const LOWEST = -3.4028234663852886e38;"]
      : []),
    ...(mentioned("HIGHEST") || usesMax(body) ? ["const HIGHEST = 3.4028234663852886e38;"] : []),
  ].join("\n");
}

const usesMax = (body: string): boolean => /\bteam_(max|best)\(/.test(body);

/** The parts of a file of functions that a text calls; none of them calls one of another part. */
function functionsIn(file: string, body: string): string[] {
  const called = (part: string): boolean =>
    [...part.matchAll(/^fn (\w+)\(/gm)].some(([, name]) => new RegExp(`\\b${name}\\(`).test(body));
  return readTemplate(file).split("\n\n").filter(called);
}

/** Lanes of a workgroup that shares work of this many elements: a power of two. */
export function lanesFor(size: number, profile: WgslProfile): number {
  let lanes = 32;
  while (lanes < size && lanes < profile.invocations) lanes *= 2;
  return lanes;
}

/** So many workgroups as a grid: no axis longer than an adapter allows. Kernels number them with `group_number`. */
export function grid(count: number, profile: WgslProfile): [number, number, number] {
  if (count <= profile.workgroups) return [Math.max(1, count), 1, 1];
  const wide = profile.workgroups;
  return [wide, blocks(count, wide), 1];
}
