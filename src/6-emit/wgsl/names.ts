/** Identifiers that WGSL accepts: parameters keep their role as name unless the language has taken the word. */
import type { Dim, Param } from "../../5-plan/plan.js";
import { renamed } from "../gpu/names.js";

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
  group groups width output first_row end_row begin_k end_k owner run block mine span value0 value1 product0 product1
  a_panel b_panel c_panel b_results c_results step j store finish finish_quad load_a load_b load_c from source all i k kk step end count per_chunk share
  column at sum tensor start_of f32_at i32_at put_f32 put_i32 value key before behind same first_expert last_expert rows_before tiles_before rows_here tiles_here places pool first last expert batch tile which place own other unit
  choice turn asked taken refused second next keys keys_before is_second goes_on found sorted no takes problem best most load low high flow excess before potential least mover head tail pair marks LOWEST HIGHEST LANES CHUNKS ROWS`.split(
    /\s+/,
  ),
);

/** The parameters under names that no keyword, function or axis has. */
export const namedParams = (params: readonly Param[], dims: readonly Dim[]): Param[] => renamed(params, dims, TAKEN);
