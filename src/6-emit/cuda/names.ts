/** Identifiers that CUDA C++ accepts: parameters keep their role as name unless the language or our texts use the word. */
import type { Dim, Param } from "../../5-plan/plan.js";
import { renamed } from "../gpu/names.js";

const TAKEN = new Set(
  `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl const
  const_cast constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false
  float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
  protected public register reinterpret_cast return short signed sizeof static static_assert static_cast struct switch
  template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t
  while xor xor_eq warpSize threadIdx blockIdx blockDim gridDim abs exp log sqrt floor cos sin tanh erf min max round
  bf16 better lanes_where sigmoid sign_of smaller count_bits lowest_bit to_float to_bf16 emulate shared grid block
  lane warp row column chunk count end sum value key i j k r c at start step from to first last expert batch tile
  output width first_row end_row run a b a_panel b_panel staged products product0 product1 found source per_chunk which
  mine sums staged memory four line there source key_block value_block query_block d_out_block log_sums deltas part head
  kv_head first_query query seen place score slope weight shrink my_key my_value d_key d_value log_sum taken_off pair one
  two x y cosine sine lane_row lane_column sum0 sum1 counted taken starts first_tiles team first_column first_key fours
  memory panels bring warp_row warp_column at_k first_step steps as_bf16 number_at begin
  query_panel key_panel value_panel d_out_panel stages now asks step my_key head_of query_of per_head from_query piece keys length own sorted others item sums taken
  asking goes_on turn next_choice refused again no_room wanted second leads thread behind next no refusals start
  run_begin run_end share ring full empty position team place_of parts here late found entry across tile in_plane band in_band rows down BAND run_of Run Place Barrier piece step_of at TILES
  ACROSS DOWN DEPTH STAGES TILE_ROWS TILE_COLUMNS A_PANEL B_PANEL cell later winner begin slot rank offset angle total most LOWEST HIGHEST INLINE LANES CHUNKS ROWS WARPS`.split(
    /\s+/,
  ),
);

/** The parameters under names that no keyword, function or axis has. */
export const namedParams = (params: readonly Param[], dims: readonly Dim[]): Param[] => renamed(params, dims, TAKEN);
