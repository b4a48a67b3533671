/** What is measured, and in which order: what says most comes first, so that a run that is cut short has said it. */
import { routings } from "./routing.mjs";

/** T, H, I, E, K; the two that published numbers are compared at first, then by what they need. */
export const shapes = {
  "sonic-512": [24576, 1536, 512, 64, 4],
  "qwen3-30b": [8192, 2048, 768, 128, 8],
  olmoe: [8192, 2048, 1024, 64, 8],
  "sonic-256": [24576, 1536, 256, 128, 8],
  "sonic-1024": [24576, 1536, 1024, 32, 2],
  mixtral: [8192, 4096, 14336, 8, 2],
  "sonic-4096-512": [32768, 4096, 512, 128, 8],
  "sonic-4096-1024": [32768, 4096, 1024, 128, 8],
  "deepseek-v3": [4096, 7168, 2048, 256, 8],
};

/** A few minutes: both shapes that matter most, evenly and as skewed as text is, and the worst that routing can do. */
const quick = [
  ["sonic-512", "uniform"],
  ["qwen3-30b", "uniform"],
  ["sonic-512", "zipf"],
  ["qwen3-30b", "zipf"],
  ["sonic-512", "one-hot"],
];

/** A shape by its name or as `T,H,I,E,K`; undefined for what is none. */
export function shapeOf(text) {
  const sizes = shapes[text] ?? text.split(",").map(Number);
  const whole = sizes.length === 5 && sizes.every((n) => Number.isInteger(n) && n > 0) && sizes[4] <= sizes[3];
  if (!whole) return undefined;
  const [T, H, I, E, K] = sizes;
  return { name: text, T, H, I, E, K };
}

/** Rows in order: every shape with even routing before any with the next. */
export function planOf({ shape: named, routing, quick: few }) {
  if (few && !named && !routing) return quick.map(([name, kind]) => ({ shape: shapeOf(name), routing: kind }));
  const asked = (named ?? Object.keys(shapes)).map(shapeOf);
  return (routing ?? routings).flatMap((kind) => asked.map((each) => ({ shape: each, routing: kind })));
}

/** Bytes of GPU memory, about: weights in f32 and in what products read, their gradients, what tokens and rows need. */
export function memoryOf({ T, H, I, E, K }, compute) {
  const weights = 3 * E * I * H * (4 + 4 + (compute === "bf16" ? 2 : 0));
  const half = compute === "bf16" ? 2 : 4;
  return weights + T * H * 4 * 4 + T * K * (5 * I + 3 * H) * half;
}

/** Operations of a forward pass; backward makes twice as many. */
export const flopsOf = ({ T, H, I, K }) => 6 * T * K * H * I;
