/**
 * A language model with one attention and one mixture per layer, in plain loops from the equations. Shares no code with
 * the compiler: one vector at a time, no graph, no sorting, no broadcasting.
 */
import type { Leaves, Sees } from "./designs.js";

export interface Sizes {
  readonly batch: number;
  readonly seq: number;
  readonly width: number;
  readonly vocab: number;
  readonly heads: number;
  readonly layers: number;
  readonly experts: number;
  readonly hidden: number;
  readonly k: number;
  /** sub-tokens per token; with 1 there is neither split nor merge */
  readonly parts: number;
  readonly alpha: number;
  /** experts that a token may see; undefined: all */
  readonly sees: Sees | undefined;
}

export interface LayerResult {
  readonly scores: number[][];
  readonly experts: number[][];
  readonly weights: number[][];
  readonly load: number[];
}

type Vector = number[];

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const plus = (a: Vector, b: Vector): Vector => a.map((x, i) => x + b[i]!);
const silu = (x: number): number => x / (1 + Math.exp(-x));

function softmax(z: Vector): Vector {
  const e = z.map((x) => Math.exp(x));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
}

/** loss, cross-entropy, logits per token, and what each layer's router did. */
export function modelByLoops(it: Sizes, leaves: Leaves) {
  const numbers = (name: string): Vector => Array.from(leaves.get(name)!.data);
  const row = (name: string, n: number, width: number): Vector => numbers(name).slice(n * width, (n + 1) * width);
  const times = (name: string, x: Vector, first = 0, rows = numbers(name).length / x.length): Vector =>
    Array.from({ length: rows }, (_, o) => dot(row(name, first + o, x.length), x));
  const norm = (name: string, x: Vector): Vector => {
    const r = 1 / Math.sqrt(dot(x, x) / x.length + 1e-5);
    return x.map((v, i) => v * r * numbers(name)[i]!);
  };
  const tokens = numbers("tokens");
  let stream = tokens.map((id) => row("embed.weight", id, it.width));
  const layers: LayerResult[] = [];
  let balance = 0;
  for (let l = 0; l < it.layers; l++) {
    stream = attend(`layers.${l}.attend`);
    const { y, result, loss } = mix(`layers.${l}.mixture`, l);
    stream = stream.map((x, t) => plus(x, y[t]!));
    layers.push(result);
    balance += loss;
  }
  const logits = stream.map((x) => times("embed.weight", norm("norm.weight", x)));
  const targets = numbers("targets");
  const crossEntropy = logits.reduce((sum, z, t) => sum - Math.log(softmax(z)[targets[t]!]!), 0) / tokens.length;
  return { loss: crossEntropy + balance, crossEntropy, logits, layers };

  function attend(at: string): Vector[] {
    const h = stream.map((x) => norm(`${at}.norm.weight`, x));
    const d = it.width / it.heads;
    const turn = (x: Vector, t: number): Vector =>
      x.map((v, i) => {
        const [j, low] = [i % (d / 2), i % d < d / 2];
        const angle = (t % it.seq) * 10_000 ** ((-2 * j) / d);
        return low
          ? v * Math.cos(angle) - x[i + d / 2]! * Math.sin(angle)
          : v * Math.cos(angle) + x[i - d / 2]! * Math.sin(angle);
      });
    const [q, k] = (["q", "k"] as const).map((name) => h.map((x, t) => turn(times(`${at}.${name}.weight`, x), t))) as [
      Vector[],
      Vector[],
    ];
    const v = h.map((x) => times(`${at}.v.weight`, x));
    return stream.map((x, t) => {
      const seen = Array.from({ length: (t % it.seq) + 1 }, (_, i) => t - (t % it.seq) + i);
      const o = Array.from({ length: it.heads }, (_, n) => {
        const part = (y: Vector): Vector => y.slice(n * d, (n + 1) * d);
        const p = softmax(seen.map((s) => dot(part(q[t]!), part(k[s]!)) / Math.sqrt(d)));
        return Array.from({ length: d }, (__, c) => seen.reduce((sum, s, i) => sum + p[i]! * part(v[s]!)[c]!, 0));
      });
      return plus(x, times(`${at}.o.weight`, o.flat()));
    });
  }

  function mix(at: string, layer: number) {
    const h = stream.map((x) => norm(`${at}.norm.weight`, x));
    const c = it.width / it.parts;
    const whole = it.parts === 1 ? h : h.map((x) => times(`${at}.split.weight`, x));
    const units = whole.flatMap((x) => Array.from({ length: it.parts }, (_, i) => x.slice(i * c, (i + 1) * c)));
    const result: LayerResult = { scores: [], experts: [], weights: [], load: new Array<number>(it.experts).fill(0) };
    const mean = new Array<number>(it.experts).fill(0);
    const out = units.map((x, u) => {
      const z = times(`${at}.router.weight`, x);
      const visible = it.sees?.(tokens[Math.floor(u / it.parts)]!, layer) ?? z.map((_, e) => e);
      const p = softmax(visible.map((e) => z[e]!));
      const gate = z.map((_, e) => (visible.includes(e) ? p[visible.indexOf(e)]! : 0));
      const best = [...visible].sort((a, b) => gate[b]! - gate[a]! || a - b).slice(0, it.k);
      gate.forEach((g, e) => {
        mean[e]! += g / units.length;
      });
      for (const e of best) result.load[e]!++;
      result.scores.push(z);
      result.experts.push(Array.from({ length: it.k }, (_, i) => best[i] ?? -1));
      result.weights.push(Array.from({ length: it.k }, (_, i) => (i < best.length ? gate[best[i]!]! : 0)));
      return best.map((e) => expert(at, e, x).map((v) => v * gate[e]!)).reduce(plus, new Array<number>(c).fill(0));
    });
    const edges = result.load.reduce((a, b) => a + b, 0);
    const loss = it.alpha * it.experts * result.load.reduce((sum, n, e) => sum + (n / edges) * mean[e]!, 0);
    const joined = h.map((_, t) => out.slice(t * it.parts, (t + 1) * it.parts).flat());
    return { y: it.parts === 1 ? joined : joined.map((x) => times(`${at}.merge.weight`, x)), result, loss };
  }

  function expert(at: string, e: number, x: Vector): Vector {
    const gate = times(`${at}.experts.gate.weight`, x, e * it.hidden, it.hidden);
    const up = times(`${at}.experts.up.weight`, x, e * it.hidden, it.hidden);
    return times(
      `${at}.experts.down.weight`,
      gate.map((g, f) => silu(g) * up[f]!),
      e * x.length,
      x.length,
    );
  }
}
