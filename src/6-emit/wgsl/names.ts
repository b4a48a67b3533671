/** Identifiers that WGSL accepts: parameters keep their role as name unless the language has taken the word. */
import type { Dim, Kernel, Param, Stmt } from "../../5-plan/plan.js";
import { sourcesOf } from "./sources.js";

/** Keywords, words kept for later, and the functions and names that our texts use themselves. */
const TAKEN = new Set(
  `alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
  loop override requires return struct switch true var while NULL Self abstract active alignas alignof as asm asm_fragment
  async attribute auto await become cast catch class co_await co_return co_yield coherent column_major common compile
  compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote demote_to_helper
  do dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto
  groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod
  module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null
  nullptr of operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub
  public readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm
  static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef
  typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly
  yield exp log sqrt inverseSqrt abs tanh sign floor min max select clamp fma dot round cos array vec4 f32 i32 u32 bool
  bitcast sigmoid tanh_safe error_function cosine uniform_at hash_mix team_sum team_max team_best main row lane chunk
  group groups width output first_row end_row end_k run block mine span value0 value1 product0 product1
  a_panel b_panel store finish finish_quad load_a load_b from found source all i k kk step end count per_chunk share
  column at sum value key places pool first last expert batch tile which LOWEST HIGHEST LANES CHUNKS ROWS`.split(/\s+/),
);

/** The parameters under names that no keyword, function or axis has. */
export function namedParams(params: readonly Param[], dims: readonly Dim[]): Param[] {
  const taken = new Set([...TAKEN, ...dims.flatMap((d) => [constantName(d), loopName(d)])]);
  return params.map((p) => {
    const base = p.name.replace(/^_+/, "") || "x";
    let name = taken.has(base) || /^\d/.test(base) ? `the_${base}` : base;
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    return { ...p, name };
  });
}

const word = (dim: Dim): string => dim.name.replace(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "");

/** `D` for the size of an axis; constants of the kernel. */
export const constantName = (dim: Dim): string =>
  /^[A-Z]/.test(word(dim)) ? word(dim).toUpperCase() : `N_${word(dim)}`;
/** `i_d` for a place along an axis. */
export const loopName = (dim: Dim): string => `i_${word(dim).toLowerCase()}`;

/** Every axis that a kernel mentions, by name. */
export function dimsOf(kernel: Kernel): Dim[] {
  const body: readonly Stmt[] = kernel.kind === "rows" ? kernel.body : [];
  const domain = kernel.kind === "rows" ? kernel.domain : [];
  const all = [...domain, ...body.flatMap(dimsIn), ...kernel.params.flatMap((p) => p.dims)];
  const found = new Map<string, Dim>();
  for (const d of all) {
    const known = found.get(d.name) ?? d;
    found.set(d.name, known);
    // buffers may be named after another view of them; only what the body walks must agree
    if (known.size !== d.size && body.flatMap(dimsIn).includes(d))
      throw new Error(`${kernel.name}: axis ${d.name} is ${known.size} here and ${d.size} there`);
  }
  return [...found.values()];
}

function dimsIn(s: Stmt): Dim[] {
  const own = [...("over" in s ? s.over : []), ...("dims" in s ? s.dims : []), ...("to" in s ? s.to.dims : [])];
  const read = sourcesOf(s).flatMap((from) => (from.in === "tile" ? [] : from.dims));
  return [...own, ...read];
}
