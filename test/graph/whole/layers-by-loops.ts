/**
 * A language model whose layers are lists of steps, in plain loops from the equations: one vector at a time, no graph,
 * no broadcasting. Knows what `by-loops.ts` does not: shared key heads, norms with biases, windows, steps that read
 * earlier points, dense parts, several mixtures in a layer, whole blocks as experts, dropout.
 */
import type { Leaves } from "./designs.js";

export interface LoopAttention {
  readonly kind: "attention";
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly rope?: number;
  readonly window?: number;
  readonly qkNorm?: boolean;
  readonly bias?: boolean;
  /** every position sees all */
  readonly open?: boolean;
}

export interface LoopFfn {
  readonly kind: "dense";
  readonly act: "swiglu" | "gelu";
  readonly bias?: boolean;
}

/** Softmax over all experts, the k best, gate as it is; always-on experts read the stream as it is. */
export interface LoopMixture {
  readonly kind: "mixture";
  readonly experts: number;
  readonly k: number;
  readonly shared?: number;
  /** of the switch loss */
  readonly alpha?: number;
}

/**
 * Whole blocks as experts. Every expert with its own steps; who goes through which is said by the weights of the edges:
 * under `per token` the k best, under `per sequence` the best tokens of each sequence, each expert choosing for itself.
 */
export interface LoopDepth {
  readonly kind: "depth";
  readonly experts: number;
  readonly steps: readonly LoopStep[];
  readonly gate: "sigmoid" | "softmax";
  readonly per: { readonly tokens: number } | { readonly best: number };
  /** a further expert that gives the token itself */
  readonly copy?: boolean;
  /** several groups of experts: names of weights have a number */
  readonly group?: string;
}

export interface LoopStep {
  /** name of the weights, lower case */
  readonly scope: string;
  readonly part: LoopAttention | LoopFfn | LoopMixture | LoopDepth;
  readonly norm: "rms" | "layer" | "none";
  /** `here.input`, `here.attend`, `previous.attend`, `here.feed norm` */
  readonly reads?: string;
  /** what training multiplies the part's output with, one number each; undefined: nothing */
  readonly keeps?: readonly number[];
}

export interface LoopModel {
  readonly seq: number;
  readonly layers: readonly (readonly LoopStep[])[];
  readonly positions?: boolean;
  readonly tied: boolean;
  readonly headBias?: boolean;
  readonly norm: LoopStep["norm"];
}

type Vector = number[];
type Points = Map<string, Vector[]>;

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
const dot = (a: Vector, b: Vector): number => sum(a.map((x, i) => x * b[i]!));
const plus = (a: Vector, b: Vector): Vector => a.map((x, i) => x + b[i]!);
const scaled = (a: Vector, by: number): Vector => a.map((x) => x * by);
const silu = (x: number): number => x / (1 + Math.exp(-x));

function softmax(z: Vector): Vector {
  const e = z.map(Math.exp);
  return scaled(e, 1 / sum(e));
}

/** Φ(x) by Simpson's rule: slow, exact to 1e-10, and nothing like the compiler's error function. */
function gelu(x: number): number {
  const [n, top] = [200, Math.min(8, Math.abs(x))];
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const inside = Array.from({ length: n + 1 }, (_, i) => density((top * i) / n) * (i % n === 0 ? 1 : i % 2 ? 4 : 2));
  const half = (sum(inside) * top) / (3 * n);
  return x * (0.5 + (x < 0 ? -half : half));
}

/** Tokens that go through steps together: their vectors, which sequence each is of, and at which position. */
interface Rows {
  readonly x: Vector[];
  readonly sequence: readonly number[];
  readonly position: readonly number[];
  /** which of the experts that lie one after the other in each weight these steps are; undefined: they stand alone */
  readonly expert?: { readonly at: number; readonly of: number };
}

/** loss, cross-entropy and logits per token. */
export function layersByLoops(it: LoopModel, leaves: Leaves) {
  const read = new Map<string, Vector>();
  const numbers = (name: string, { expert }: Pick<Rows, "expert"> = {}): Vector => {
    const all = read.get(name) ?? Array.from(leaves.get(name)!.data);
    read.set(name, all);
    if (!expert) return all;
    const size = all.length / expert.of;
    return all.slice(expert.at * size, (expert.at + 1) * size);
  };
  const has = (name: string): boolean => leaves.has(name);
  /** rows `first` and on of a matrix times x, plus its bias where there is one */
  const times = (r: Pick<Rows, "expert">, name: string, x: Vector, first = 0, rows?: number): Vector => {
    const matrix = numbers(`${name}.weight`, r);
    const count = rows ?? matrix.length / x.length;
    const y = Array.from({ length: count }, (_, o) =>
      dot(matrix.slice((first + o) * x.length, (first + o + 1) * x.length), x),
    );
    return has(`${name}.bias`) ? plus(y, numbers(`${name}.bias`, r).slice(first, first + count)) : y;
  };
  const norm = (r: Pick<Rows, "expert">, kind: LoopStep["norm"], name: string, x: Vector): Vector => {
    if (kind === "none") return x;
    const mean = kind === "layer" ? sum(x) / x.length : 0;
    const centred = x.map((v) => v - mean);
    const root = 1 / Math.sqrt(dot(centred, centred) / x.length + 1e-5);
    const y = centred.map((v, i) => v * root * numbers(`${name}.weight`, r)[i]!);
    return kind === "layer" ? plus(y, numbers(`${name}.bias`, r)) : y;
  };
  const tokens = numbers("tokens");
  const embed = numbers("embed.weight");
  const width = leaves.get("embed.weight")!.axes[1]!.size;
  let balance = 0;
  let points: Points = new Map();
  let rows: Rows = {
    x: tokens.map((id, t) => {
      const row = embed.slice(id * width, (id + 1) * width);
      const p = t % it.seq;
      return it.positions ? plus(row, numbers("embed.positions").slice(p * width, (p + 1) * width)) : row;
    }),
    sequence: tokens.map((_, t) => Math.floor(t / it.seq)),
    position: tokens.map((_, t) => t % it.seq),
  };
  it.layers.forEach((steps, layer) => {
    const done = through(steps, `layers.${layer}.`, rows, points);
    [rows, points] = [done.rows, done.points];
  });
  const logits = rows.x.map((x) => {
    const y = times({}, it.tied ? "embed" : "head", norm({}, it.norm, "norm", x));
    return it.tied && it.headBias ? plus(y, numbers("head.bias")) : y;
  });
  const targets = numbers("targets");
  const crossEntropy = sum(logits.map((z, t) => -Math.log(softmax(z)[targets[t]!]!))) / tokens.length;
  return { loss: crossEntropy + balance, crossEntropy, logits };

  function through(steps: readonly LoopStep[], prefix: string, start: Rows, previous: Points) {
    const here: Points = new Map([["input", start.x]]);
    let now = start;
    for (const step of steps) {
      const at = `${prefix}${step.scope}`;
      const own = now.x.map((x) => norm(now, step.norm, `${at}.norm`, x));
      const [where, point] = step.reads?.split(".") ?? [];
      const from = point === undefined ? now.x : (where === "here" ? here : previous).get(point)!;
      const h = from.map((x) => norm(now, step.norm, `${at}.norm`, x));
      here.set(`${step.scope} norm`, h);
      const y = partOf(step.part, at, { ...now, x: h }, own);
      now = { ...now, x: now.x.map((x, t) => plus(x, kept(y[t]!, t, step.keeps))) };
      here.set(step.scope, now.x);
    }
    return { rows: now, points: here };
  }

  function partOf(part: LoopStep["part"], at: string, h: Rows, own: Vector[]): Vector[] {
    if (part.kind === "attention") return attend(part, at, h);
    if (part.kind === "dense") return h.x.map((x) => ffn(h, part.act, at, x, 0, 1));
    return part.kind === "depth" ? depth(part, at, h) : mixture(part, at, h, own);
  }

  function attend(a: LoopAttention, at: string, h: Rows): Vector[] {
    const d = a.headDim;
    const heads = (x: Vector): Vector[] => Array.from({ length: x.length / d }, (_, i) => x.slice(i * d, (i + 1) * d));
    const turn = (x: Vector, p: number): Vector => {
      if (a.rope === undefined) return x;
      const half = d / 2;
      const angle = (j: number) => p * a.rope! ** ((-2 * j) / d);
      return x.map((v, i) =>
        i < half
          ? v * Math.cos(angle(i)) - x[i + half]! * Math.sin(angle(i))
          : v * Math.cos(angle(i - half)) + x[i - half]! * Math.sin(angle(i - half)),
      );
    };
    const made = (name: "q" | "k") =>
      h.x.map((x, t) =>
        heads(times(h, `${at}.${name}`, x)).map((y) =>
          turn(a.qkNorm ? norm(h, "rms", `${at}.${name}_norm`, y) : y, h.position[t]!),
        ),
      );
    const [q, k, v] = [made("q"), made("k"), h.x.map((x) => heads(times(h, `${at}.v`, x)))];
    return h.x.map((_, t) => {
      const seen = h.x.flatMap((__, s) => {
        const back = h.position[t]! - h.position[s]!;
        const near = (a.open || back >= 0) && (a.window === undefined || back < a.window);
        return h.sequence[s] === h.sequence[t] && near ? [s] : [];
      });
      const o = q[t]!.flatMap((query, n) => {
        const from = Math.floor((n * a.kvHeads) / a.heads);
        const p = softmax(seen.map((s) => dot(query, k[s]![from]!) / Math.sqrt(d)));
        return seen.map((s, i) => scaled(v[s]![from]!, p[i]!)).reduce(plus);
      });
      return times(h, `${at}.o`, o);
    });
  }

  /** The e-th of the experts that lie one after the other in each matrix. */
  function ffn(r: Rows, act: LoopFfn["act"], at: string, x: Vector, e: number, experts: number): Vector {
    const hidden = numbers(`${at}.down.weight`, r).length / x.length / experts;
    const up = times(r, `${at}.up`, x, e * hidden, hidden);
    const inner =
      act === "gelu" ? up.map(gelu) : times(r, `${at}.gate`, x, e * hidden, hidden).map((g, i) => silu(g) * up[i]!);
    return times(r, `${at}.down`, inner, e * x.length, x.length);
  }

  function mixture(m: LoopMixture, at: string, h: Rows, own: Vector[]): Vector[] {
    const load = new Array<number>(m.experts).fill(0);
    const mean = new Array<number>(m.experts).fill(0);
    const y = h.x.map((x, t) => {
      const gate = softmax(times(h, `${at}.router`, x));
      const best = gate.map((_, e) => e).sort((a, b) => gate[b]! - gate[a]! || a - b);
      for (const e of best.slice(0, m.k)) load[e]!++;
      gate.forEach((p, e) => {
        mean[e]! += p / h.x.length;
      });
      const shared = m.shared ?? 0;
      return [
        ...best.slice(0, m.k).map((e) => scaled(ffn(h, "swiglu", `${at}.experts`, x, e, m.experts), gate[e]!)),
        ...Array.from({ length: shared }, (_, e) => ffn(h, "swiglu", `${at}.shared`, own[t]!, e, shared)),
      ].reduce(plus);
    });
    balance += (m.alpha ?? 0) * m.experts * sum(load.map((n, e) => (n / sum(load)) * mean[e]!));
    return y;
  }

  /** Σ over the experts of weight · (Block(x) − x); a token that nobody takes gets zeros. */
  function depth(m: LoopDepth, at: string, h: Rows): Vector[] {
    const all = m.experts + (m.copy ? 1 : 0);
    const scores = h.x.map((x) => times(h, `${at}.router`, x));
    const gates = scores.map((z) => (m.gate === "softmax" ? softmax(z) : z.map((s) => 1 / (1 + Math.exp(-s)))));
    const takes = (e: number, t: number): boolean => {
      const ahead = (a: number, b: number) => a > b;
      if ("best" in m.per)
        return (
          gates[t]!.filter((g, o) => ahead(g, gates[t]![e]!) || (g === gates[t]![e]! && o < e)).length < m.per.best
        );
      const rivals = h.x.map((_, s) => s).filter((s) => h.sequence[s] === h.sequence[t]);
      const before = rivals.filter(
        (s) => ahead(gates[s]![e]!, gates[t]![e]!) || (gates[s]![e] === gates[t]![e] && s < t),
      );
      return before.length < m.per.tokens;
    };
    const out = h.x.map((x) => x.map(() => 0));
    for (let e = 0; e < all; e++) {
      const mine = h.x.flatMap((_, t) => (takes(e, t) ? [t] : []));
      const rows = {
        x: mine.map((t) => h.x[t]!),
        sequence: mine.map((t) => h.sequence[t]!),
        position: mine.map((t) => h.position[t]!),
      };
      const expert = { at: e, of: m.experts };
      const after =
        e < m.experts
          ? through(m.steps, `${at}.experts.${m.group ?? ""}`, { ...rows, expert }, new Map()).rows.x
          : undefined;
      mine.forEach((t, i) => {
        const x = h.x[t]!;
        const y = after ? after[i]!.map((v, c) => v - x[c]!) : x;
        out[t] = plus(out[t]!, scaled(y, gates[t]![e]!));
      });
    }
    return out;
  }
}

function kept(y: Vector, t: number, keeps: readonly number[] | undefined): Vector {
  return keeps === undefined ? y : y.map((v, i) => v * keeps[t * y.length + i]!);
}
