/**
 * The layer of `layer.mjs` as ONNX models, written down with the few fields of the format that they need. Two ways:
 * `dense` sends every token through every expert and weighs the results, `loop` gathers each expert's tokens, which
 * makes shapes that are known only when it runs.
 */

const varint = (value) => {
  const out = [];
  let rest = BigInt(value);
  if (rest < 0n) rest += 1n << 64n;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
};
const int = (field, value) => [...varint(field * 8), ...varint(value)];
const bytes = (field, content) => [...varint(field * 8 + 2), ...varint(content.length), ...content];
const text = (field, value) => bytes(field, [...new TextEncoder().encode(value)]);

const FLOAT = 1;
const INT64 = 7;

const attribute = (name, value) =>
  typeof value === "string"
    ? bytes(5, [...text(1, name), ...text(4, value), ...int(20, 3)])
    : Array.isArray(value)
      ? bytes(5, [...text(1, name), ...value.flatMap((v) => int(8, v)), ...int(20, 7)])
      : bytes(5, [...text(1, name), ...int(3, value), ...int(20, 2)]);

const node = (op, inputs, outputs, attributes = {}) =>
  bytes(1, [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => attribute(name, value)),
  ]);

const whole = (name, dims, values) =>
  bytes(5, [
    ...dims.flatMap((d) => int(1, d)),
    ...int(2, INT64),
    ...values.flatMap((v) => int(7, v)),
    ...text(8, name),
  ]);

const valueInfo = (field, name, dims) => {
  const shape = dims.flatMap((d) => bytes(1, int(1, d)));
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...int(1, FLOAT), ...bytes(2, shape)]))]);
};

/** A model of one way, ready for a session. */
export function onnxLayer({ T, H, I, E, K }, way) {
  const nodes = [...routing(), ...(way === "dense" ? dense() : loop(E))];
  const constants = [
    whole("k", [1], [K]),
    whole("one", [1], [1]),
    whole("zero", [1], [0]),
    whole("minus_one", [1], [-1]),
    ...(way === "loop" ? loopConstants(E) : []),
  ];
  const given = { x: [T, H], router_t: [H, E], gate_t: [E, H, I], up_t: [E, H, I], down_t: [E, I, H] };
  const inputs = Object.entries(given).flatMap(([name, dims]) => valueInfo(11, name, dims));
  const graph = [...nodes, ...text(2, "layer"), ...constants.flat(), ...inputs, ...valueInfo(12, "y", [T, H])];
  return Uint8Array.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ""), ...int(2, 17)])]);
}

/** Softmax gates, the K best of each token, their shares. */
const routing = () => [
  ...node("MatMul", ["x", "router_t"], ["scores"]),
  ...node("Softmax", ["scores"], ["gates"], { axis: -1 }),
  ...node("TopK", ["gates", "k"], ["best", "chosen"], { axis: -1, largest: 1, sorted: 1 }),
  ...node("ReduceSum", ["best", "one"], ["all"], { keepdims: 1 }),
  ...node("Div", ["best", "all"], ["share"]),
];

/** [T, E] weights, zero where an expert was not chosen; then every expert on every token. */
const dense = () => [
  ...node("Sub", ["gates", "gates"], ["nothing"]),
  ...node("ScatterElements", ["nothing", "chosen", "share"], ["weights"], { axis: 1 }),
  ...node("MatMul", ["x", "gate_t"], ["g"]),
  ...node("MatMul", ["x", "up_t"], ["u"]),
  ...node("Sigmoid", ["g"], ["s"]),
  ...node("Mul", ["g", "s"], ["silu"]),
  ...node("Mul", ["silu", "u"], ["hidden"]),
  ...node("MatMul", ["hidden", "down_t"], ["each"]),
  ...node("Transpose", ["weights"], ["weights_t"], { perm: [1, 0] }),
  ...node("Unsqueeze", ["weights_t", "minus_one"], ["column"]),
  ...node("Mul", ["each", "column"], ["weighed"]),
  ...node("ReduceSum", ["weighed", "zero"], ["y"], { keepdims: 0 }),
];

/** One expert after another on the tokens that chose it. */
const loop = (E) => [...node("Sub", ["x", "x"], ["y0"]), ...Array.from({ length: E }, (_, e) => expert(e, E)).flat()];

const expert = (e, E) => [
  ...node("Equal", ["chosen", `e${e}`], [`is${e}`]),
  ...node("NonZero", [`is${e}`], [`where${e}`]),
  ...node("Transpose", [`where${e}`], [`pairs${e}`], { perm: [1, 0] }),
  ...node("Gather", [`pairs${e}`, "first"], [`rows${e}`], { axis: 1 }),
  ...node("Squeeze", [`rows${e}`, "one"], [`row${e}`]),
  ...node("Gather", ["x", `row${e}`], [`x${e}`], { axis: 0 }),
  ...node("GatherND", ["share", `pairs${e}`], [`share${e}`]),
  ...["gate", "up", "down"].flatMap((w) => [
    ...node("Gather", [`${w}_t`, `e${e}`], [`${w}${e}_`], { axis: 0 }),
    ...node("Squeeze", [`${w}${e}_`, "zero"], [`${w}${e}`]),
  ]),
  ...node("MatMul", [`x${e}`, `gate${e}`], [`g${e}`]),
  ...node("MatMul", [`x${e}`, `up${e}`], [`u${e}`]),
  ...node("Sigmoid", [`g${e}`], [`s${e}`]),
  ...node("Mul", [`g${e}`, `s${e}`], [`silu${e}`]),
  ...node("Mul", [`silu${e}`, `u${e}`], [`hidden${e}`]),
  ...node("MatMul", [`hidden${e}`, `down${e}`], [`out${e}`]),
  ...node("Unsqueeze", [`share${e}`, "minus_one"], [`column${e}`]),
  ...node("Mul", [`out${e}`, `column${e}`], [`weighed${e}`]),
  ...node("ScatterND", [`y${e}`, `rows${e}`, `weighed${e}`], [e + 1 === E ? "y" : `y${e + 1}`], { reduction: "add" }),
];

const loopConstants = (E) => [
  whole("first", [1], [0]),
  ...Array.from({ length: E }, (_, e) => whole(`e${e}`, [1], [e])),
];
