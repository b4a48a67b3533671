/**
 * A language model whose layers are lists of steps, in plain loops from the equations: one vector at a time, no graph,
 * no sorting, no broadcasting. Knows what `by-loops.ts` does not: shared key heads, norms with biases, windows, steps
 * that read earlier points, dense parts, several mixtures in a layer.
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

export interface LoopStep {
  /** name of the weights, lower case */
  readonly scope: string;
  readonly part: LoopAttention | LoopFfn | LoopMixture;
  readonly norm: "rms" | "layer" | "none";
  /** `here.input`, `here.attend`, `previous.attend` */
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
  readonly norm: "rms" | "layer";
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

/** loss, cross-entropy and logits per token. */
export function layersByLoops(it: LoopModel, leaves: Leaves) {
  const read = new Map<string, Vector>();
  const numbers = (name: string): Vector => {
    const known = read.get(name) ?? Array.from(leaves.get(name)!.data);
    read.set(name, known);
    return known;
  };
  const has = (name: string): boolean => leaves.has(name);
  /** rows `first` and on of a matrix times x, plus its bias where there is one */
  const times = (name: string, x: Vector, first = 0, rows?: number): Vector => {
    const matrix = numbers(`${name}.weight`);
    const count = rows ?? matrix.length / x.length;
    const y = Array.from({ length: count }, (_, o) =>
      dot(matrix.slice((first + o) * x.length, (first + o + 1) * x.length), x),
    );
    return has(`${name}.bias`) ? plus(y, numbers(`${name}.bias`).slice(first, first + count)) : y;
  };
  const norm = (kind: LoopStep["norm"], name: string, x: Vector): Vector => {
    if (kind === "none") return x;
    const mean = kind === "layer" ? sum(x) / x.length : 0;
    const centred = x.map((v) => v - mean);
    const r = 1 / Math.sqrt(dot(centred, centred) / x.length + 1e-5);
    const y = centred.map((v, i) => v * r * numbers(`${name}.weight`)[i]!);
    return kind === "layer" ? plus(y, numbers(`${name}.bias`)) : y;
  };
  const tokens = numbers("tokens");
  const embed = numbers("embed.weight");
  const width = numbers("norm.weight").length;
  let stream = tokens.map((id, t) => {
    const row = embed.slice(id * width, (id + 1) * width);
    const p = t % it.seq;
    return it.positions ? plus(row, numbers("embed.positions").slice(p * width, (p + 1) * width)) : row;
  });
  let balance = 0;
  let previous: Points = new Map();
  it.layers.forEach((steps, layer) => {
    const here: Points = new Map([["input", stream]]);
    for (const step of steps) {
      const at = `layers.${layer}.${step.scope}`;
      const own = stream.map((x) => norm(step.norm, `${at}.norm`, x));
      const [where, point] = step.reads?.split(".") ?? [];
      const from = point === undefined ? stream : (where === "here" ? here : previous).get(point)!;
      const h = from.map((x) => norm(step.norm, `${at}.norm`, x));
      const y = partOf(step.part, at, h, own);
      stream = stream.map((x, t) => plus(x, kept(y[t]!, t, step.keeps)));
      here.set(step.scope, stream);
    }
    previous = here;
  });
  const logits = stream.map((x) => {
    const y = times(it.tied ? "embed" : "head", norm(it.norm, "norm", x));
    return it.tied && it.headBias ? plus(y, numbers("head.bias")) : y;
  });
  const targets = numbers("targets");
  const crossEntropy = sum(logits.map((z, t) => -Math.log(softmax(z)[targets[t]!]!))) / tokens.length;
  return { loss: crossEntropy + balance, crossEntropy, logits };

  function partOf(part: LoopStep["part"], at: string, h: Vector[], own: Vector[]): Vector[] {
    if (part.kind === "attention") return attend(part, at, h);
    if (part.kind === "dense") return h.map((x) => ffn(part.act, at, x, 0));
    return mixture(part, at, h, own);
  }

  function attend(a: LoopAttention, at: string, h: Vector[]): Vector[] {
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
      h.map((x, t) =>
        heads(times(`${at}.${name}`, x)).map((y) =>
          turn(a.qkNorm ? norm("rms", `${at}.${name}_norm`, y) : y, t % it.seq),
        ),
      );
    const [q, k, v] = [made("q"), made("k"), h.map((x) => heads(times(`${at}.v`, x)))];
    return h.map((_, t) => {
      const start = t - (t % it.seq);
      const all = Array.from({ length: it.seq }, (__, i) => start + i);
      const seen = all.filter((s) => (a.open || s <= t) && (a.window === undefined || s > t - a.window));
      const o = q[t]!.flatMap((query, n) => {
        const from = Math.floor((n * a.kvHeads) / a.heads);
        const p = softmax(seen.map((s) => dot(query, k[s]![from]!) / Math.sqrt(d)));
        return seen.map((s, i) => scaled(v[s]![from]!, p[i]!)).reduce(plus);
      });
      return times(`${at}.o`, o);
    });
  }

  /** The e-th of the experts that lie one after the other in each matrix. */
  function ffn(act: LoopFfn["act"], at: string, x: Vector, e: number): Vector {
    const hidden = numbers(`${at}.down.weight`).length / x.length / expertsIn(at, x);
    const up = times(`${at}.up`, x, e * hidden, hidden);
    const inner =
      act === "gelu" ? up.map(gelu) : times(`${at}.gate`, x, e * hidden, hidden).map((g, i) => silu(g) * up[i]!);
    return times(`${at}.down`, inner, e * x.length, x.length);
  }

  function expertsIn(at: string, x: Vector): number {
    const { axes } = leaves.get(`${at}.down.weight`)!;
    return axes.length === 3 ? axes[0]!.size : x.length > 0 ? 1 : 0;
  }

  function mixture(m: LoopMixture, at: string, h: Vector[], own: Vector[]): Vector[] {
    const load = new Array<number>(m.experts).fill(0);
    const mean = new Array<number>(m.experts).fill(0);
    const y = h.map((x, t) => {
      const gate = softmax(times(`${at}.router`, x));
      const best = gate.map((_, e) => e).sort((a, b) => gate[b]! - gate[a]! || a - b);
      for (const e of best.slice(0, m.k)) load[e]!++;
      gate.forEach((p, e) => {
        mean[e]! += p / h.length;
      });
      const routed = best.slice(0, m.k).map((e) => scaled(ffn("swiglu", `${at}.experts`, x, e), gate[e]!));
      const shared = Array.from({ length: m.shared ?? 0 }, (_, e) => ffn("swiglu", `${at}.shared`, own[t]!, e));
      return [...routed, ...shared].reduce(plus);
    });
    balance += (m.alpha ?? 0) * m.experts * sum(load.map((n, e) => (n / sum(load)) * mean[e]!));
    return y;
  }
}

function kept(y: Vector, t: number, keeps: readonly number[] | undefined): Vector {
  return keeps === undefined ? y : y.map((v, i) => v * keeps[t * y.length + i]!);
}
