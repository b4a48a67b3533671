/** Builds blocks, attentions and dense parts. */
import { attentionWords } from "../../words/attention.js";
import { blockWords } from "../../words/block.js";
import { denseWords } from "../../words/dense.js";
import type { Attention, Block, Dense, Point, Step } from "../design.js";
import type { Declaration } from "../read/declarations.js";
import { defaultSetting, find, type Reading, readLines, requireLines } from "../read/lines.js";
import { noteDefault, noteDerived } from "../read/session.js";
import { type File, ffnOf, initsOf, localNames, normOf, num, optionalNum, refer, str } from "./file.js";

const stepKinds = { attention: "attention", dense: "dense", moe: "mixture" } as const;

/** Builds a block; steps whose part does not exist are left out. */
export function buildBlock(declaration: Declaration, file: File): Block {
  const name = declaration.name.text;
  const names = localNames(declaration, [], new Map(), file.names, file);
  const readings = readLines(declaration.lines, blockWords, name, names, file.session);
  requireLines(readings, blockWords, name, declaration.phrase.span, declaration.name.span, file.session);
  return { name, steps: readings.flatMap((reading) => buildStep(reading, file)) };
}

function buildStep({ args, path }: Reading, file: File): readonly Step[] {
  const { session } = file;
  const site = session.sites.get(`${path}.part`);
  const part = site && refer(str(args.part), ["attention", "dense", "moe"], site, file);
  if (!part) {
    session.report.damaged.add(path);
    return [];
  }
  if (args.norm === undefined) noteDefault(session, `${path}.norm`, "rms(eps: 1e-5)", "as in Llama");
  const kind = stepKinds[part.kind as keyof typeof stepKinds];
  const reads = args.reading === undefined ? undefined : pointOf(str(args.reading));
  const dropout = optionalNum(args.dropout);
  const norm = normOf(args);
  return [{ part: part.name.text, kind, norm, ...(reads && { reads }), ...(dropout !== undefined && { dropout }) }];
}

/** `previous.Attend` or `Feed.norm` as a point; whether there is such a step is checked once the stack is known. */
function pointOf(text: string): Point {
  const layer = text.startsWith("previous.") ? "previous" : "same";
  const name = layer === "previous" ? text.slice("previous.".length) : text;
  const step = name.endsWith(".norm") ? name.slice(0, -".norm".length) : name;
  if (step === name) return { layer, after: name === "input" ? undefined : name };
  return { layer, after: step, normed: true };
}

/** Builds an attention; head_dim and kv_heads are derived when they are not written. */
export function buildAttention(declaration: Declaration, file: File): Attention {
  const { session } = file;
  const name = declaration.name.text;
  const names = localNames(declaration, ["heads", "kv_heads", "head_dim", "window"], new Map(), file.names, file);
  const readings = readLines(declaration.lines, attentionWords, name, names, session);
  requireLines(readings, attentionWords, name, declaration.phrase.span, declaration.name.span, session);
  const args = (line: string) =>
    find(readings, line)?.args ?? defaultSetting(attentionWords, line, name, session, names);
  const heads = num(args("heads").heads);
  const width = file.names.lookup("d_model") ?? Number.NaN;
  if (!find(readings, "kv_heads")) noteDerived(session, `${name}.kv_heads`, String(heads), "as many as heads");
  if (!find(readings, "head_dim"))
    noteDerived(session, `${name}.head_dim`, String(width / heads), `d_model / heads = ${width} / ${heads}`);
  const position = args("position");
  return {
    name,
    heads,
    kvHeads: find(readings, "kv_heads") ? num(args("kv_heads").kv_heads) : heads,
    headDim: find(readings, "head_dim") ? num(args("head_dim").head_dim) : width / heads,
    rope: position.position === "rope" ? { base: num(position.base) } : undefined,
    mask: args("mask").mask === "none" ? "none" : "causal",
    window: optionalNum(args("window").window),
    qkNorm: args("qk_norm").qk_norm === "on",
    bias: args("bias").bias === "on",
    init: initsOf(readings),
  };
}

/** Builds a dense part. */
export function buildDense(declaration: Declaration, file: File): Dense {
  const name = declaration.name.text;
  const names = localNames(declaration, [], new Map(), file.names, file);
  const readings = readLines(declaration.lines, denseWords, name, names, file.session);
  requireLines(readings, denseWords, name, declaration.phrase.span, declaration.name.span, file.session);
  return { name, ffn: ffnOf(find(readings, "ffn")?.args ?? {}), init: initsOf(readings) };
}
