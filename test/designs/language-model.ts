/**
 * A language model around a mixture, from the equations: embedding, attention and feed-forward steps with a norm
 * before and a residual around each, a norm, the embedding again as head, mean cross-entropy. What a mixture computes is
 * handed in, one function per paper; weights are read by their names in checkpoints.
 */
import { part, plus, rmsNorm, softmax, sum, times } from "./equations.js";
import { add, backward, dot, log, type Num, scale, sub, type Vec, vec } from "./tape.js";

/** What a paper's layer is given. */
export interface LayerInput {
  /** a weight of this mixture by the end of its name, all numbers in order; e.g. `router.weight` */
  readonly weight: (name: string) => Vec;
  /** normed vectors of all tokens, sequence after sequence, at the point of the stream that the step reads */
  readonly xs: readonly Vec[];
  /** the same where the step stands, for what reads nothing earlier */
  readonly here: readonly Vec[];
  /** the token ids */
  readonly ids: readonly number[];
  /** the embedding of an id, as numbers that nothing is learned in */
  readonly embedded: (id: number) => readonly number[];
  /** tokens of a sequence */
  readonly sequence: number;
  readonly layer: number;
  /** uniform numbers of the layer's n-th noise, in order */
  readonly noise: (n: number) => readonly number[];
  /** numbers kept between steps */
  readonly state: (name: string) => readonly number[];
  /** what the mixture of the layer before kept for this one */
  readonly before: Layer | undefined;
}

/** What a paper's layer gives. */
export interface Layer {
  readonly ys: readonly Vec[];
  /** added to the loss of the model */
  readonly losses: readonly Num[];
  readonly scores?: readonly Vec[];
  /** per unit, best first, after any limit; -1 for none */
  readonly experts?: readonly (readonly number[])[];
  readonly weights?: readonly (readonly number[])[];
  /** edges per expert before any limit */
  readonly load?: readonly number[];
  readonly dropped?: number;
  /** new values of what is kept between steps */
  readonly states?: Readonly<Record<string, readonly number[]>>;
}

export type Paper = (it: LayerInput) => Layer;

export interface Attention {
  readonly heads: number;
  /** keys and values are shared by heads / kvHeads heads */
  readonly kvHeads?: number;
  readonly base?: number;
  readonly norms?: boolean;
  readonly biases?: boolean;
}

/** A step of a layer, by the name that its weights have. */
export type Step = {
  readonly name: string;
  /** x as it is, in place of a norm before the step */
  readonly norm?: "none";
  /** reads the stream after an earlier step: so many layers back, of that name */
  readonly reads?: { readonly back: number; readonly after: string };
} & (
  | { readonly attention: Attention }
  | { readonly dense: (weight: (name: string) => Vec, x: Vec) => Vec }
  | { readonly mixture: Paper }
);

export interface ModelInput {
  readonly layers: readonly (readonly Step[])[];
  readonly numbers: (name: string) => ArrayLike<number>;
  /** noise of a scope such as `layers.0.mixture` */
  readonly noise: (scope: string, n: number) => ArrayLike<number>;
  readonly sequence: number;
}

export interface ModelResult {
  readonly loss: number;
  readonly crossEntropy: number;
  /** [T][V] */
  readonly logits: readonly (readonly number[])[];
  readonly gradients: ReadonlyMap<string, readonly number[]>;
  /** by scope */
  readonly mixtures: ReadonlyMap<string, Layer>;
}

/** Loss, logits, gradients of every weight that was read, and what each mixture did. */
export function languageModel({ layers, numbers, noise, sequence }: ModelInput): ModelResult {
  const weights = new Map<string, Vec>();
  const weight = (name: string): Vec => {
    if (!weights.has(name)) weights.set(name, vec(numbers(name)));
    return weights.get(name)!;
  };
  const ids = Array.from(numbers("tokens"));
  const targets = Array.from(numbers("targets"));
  const embedding = weight("embed.weight");
  const width = weight("norm.weight").length;
  const row = (id: number): Vec => part(embedding, id, embedding.length / width);
  const mixtures = new Map<string, Layer>();
  let stream: readonly Vec[] = ids.map(row);
  const points = new Map<string, readonly Vec[]>();
  layers.forEach((steps, layer) => {
    for (const step of steps) {
      const scope = `layers.${layer}.${step.name}`;
      const own = (name: string): Vec => weight(`${scope}.${name}`);
      const normed = (at: readonly Vec[]): readonly Vec[] =>
        step.norm === "none" ? at : at.map((x) => rmsNorm(own("norm.weight"), x));
      const { reads } = step;
      const read = reads ? points.get(`layers.${layer - reads.back}.${reads.after}`)! : stream;
      const ys = run(step, scope, own, normed(read), normed(stream), layer);
      stream = stream.map((x, t) => plus(x, ys[t]!));
      points.set(scope, stream);
    }
  });
  const logits = stream.map((x) => times(embedding, rmsNorm(weight("norm.weight"), x)));
  const surprise = logits.map((z, t) => log(softmax(z)[targets[t]!]!));
  const crossEntropy = scale(sum(surprise), -1 / ids.length);
  const loss = add(crossEntropy, ...[...mixtures.values()].flatMap(({ losses }) => losses));
  backward(loss);
  return {
    loss: loss.value,
    crossEntropy: crossEntropy.value,
    logits: logits.map((z) => z.map((x) => x.value)),
    gradients: new Map([...weights].map(([name, ws]) => [name, ws.map((w) => w.slope)])),
    mixtures,
  };

  function placeOf(_: number, t: number): Place {
    return { sequence: Math.floor(t / sequence), position: t % sequence };
  }

  function run(
    step: Step,
    scope: string,
    own: (name: string) => Vec,
    xs: readonly Vec[],
    here: readonly Vec[],
    layer: number,
  ) {
    if ("attention" in step) return attentionOf(step.attention, own, xs, ids.map(placeOf));
    if ("dense" in step) return xs.map((x) => step.dense(own, x));
    const given = {
      weight: own,
      xs,
      here,
      ids,
      embedded: (id: number) => row(id).map((x) => x.value),
      sequence,
      layer,
      noise: (n: number) => Array.from(noise(scope, n)),
      state: (name: string) => Array.from(numbers(`${scope}.${name}`)),
      before: mixtures.get(`layers.${layer - 1}.${step.name}`),
    };
    const result = step.mixture(given);
    mixtures.set(scope, result);
    return result.ys;
  }
}

/** Where a token stands. */
export interface Place {
  readonly sequence: number;
  readonly position: number;
}

/** softmax(q kᵀ / √d) v over the tokens of a sequence up to oneself, heads side by side. */
export function attentionOf(
  it: Attention,
  weight: (name: string) => Vec,
  xs: readonly Vec[],
  places: readonly Place[],
): Vec[] {
  const { heads, kvHeads = heads, base = 10_000, norms = false, biases = false } = it;
  const affine = (name: string, x: Vec): Vec => {
    const y = times(weight(`${name}.weight`), x);
    return biases ? plus(y, weight(`${name}.bias`)) : y;
  };
  const split = (name: string, n: number): Vec[][] =>
    xs.map((x) => Array.from({ length: n }, (_, h) => part(affine(name, x), h, n)));
  const place = (name: string, all: Vec[][]): Vec[][] =>
    all.map((each, t) =>
      each.map((x) => turned(norms ? rmsNorm(weight(`${name}_norm.weight`), x) : x, places[t]!.position, base)),
    );
  const [q, k, v] = [place("q", split("q", heads)), place("k", split("k", kvHeads)), split("v", kvHeads)];
  return xs.map((_, t) => {
    const seen = xs.flatMap((__, s) => (s <= t && places[s]!.sequence === places[t]!.sequence ? [s] : []));
    const out = q[t]!.flatMap((query, h) => {
      const shared = Math.floor((h * kvHeads) / heads);
      const p = softmax(seen.map((s) => scale(dot(query, k[s]![shared]!), 1 / Math.sqrt(query.length))));
      return query.map((__, c) =>
        dot(
          p,
          seen.map((s) => v[s]![shared]![c]!),
        ),
      );
    });
    return affine("o", out);
  });
}

/** Rotary position: the halves (a, b) become (a cos − b sin, b cos + a sin). */
function turned(x: Vec, position: number, base: number): Vec {
  const half = x.length / 2;
  const angle = (j: number): number => position * base ** (-(2 * j) / x.length);
  const [a, b] = [x.slice(0, half), x.slice(half)];
  const cos = (v: Num, j: number): Num => scale(v, Math.cos(angle(j)));
  const sin = (v: Num, j: number): Num => scale(v, Math.sin(angle(j)));
  return [...a.map((v, j) => sub(cos(v, j), sin(b[j]!, j))), ...b.map((v, j) => add(cos(v, j), sin(a[j]!, j)))];
}
