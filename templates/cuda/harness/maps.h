/* What the copy engine of Hopper has to know of a tensor, where kernels are for it. */
#ifndef MOEC_HARNESS_MAPS_H
#define MOEC_HARNESS_MAPS_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "machine.h"

namespace harness {

#if defined(MOEC_DEVICE_HOPPER_CUH)
/* What the copy engine has to know of a tensor: three axes, bytes between neighbours of the outer two, a box, bytes of a
 * number (2: bf16, 4: f32). */
struct Extent {
  uint64_t dims[3], strides[2];
  uint32_t box[3], width;
};
[[maybe_unused]] static TensorMap map_of(const void *tensor, const Extent &e) {
  TensorMap map = {};
#if defined(__CUDACC__)
  static_assert(sizeof(CUtensorMap) == sizeof(TensorMap), "the driver's maps");
  void *found = nullptr;
  cudaDriverEntryPointQueryResult result;
#if CUDART_VERSION >= 12050
  must(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result), "looking for tensor maps");
#else
  must(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &found, cudaEnableDefault, &result), "looking for tensor maps");
#endif
  const auto encode = (decltype(&cuTensorMapEncodeTiled))found;
  const uint32_t steps[3] = {1, 1, 1};
  const auto type = e.width == 2 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  const auto dims = (const cuuint64_t *)e.dims, strides = (const cuuint64_t *)e.strides;
  if (!encode || encode((CUtensorMap *)&map, type, 3, (void *)tensor, dims, strides, e.box, steps,
                        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS) {
    fprintf(stderr, "the driver makes no tensor map\n");
    exit(2);
  }
#else
  emulate::Map made = {emulate::MAP, (unsigned long long)tensor, {}, {}, {}, e.width};
  for (int i = 0; i < 3; i++) made.dims[i] = e.dims[i], made.box[i] = e.box[i];
  for (int i = 0; i < 2; i++) made.strides[i] = e.strides[i];
  memcpy(&map, &made, sizeof made);
#endif
  return map;
}
#endif

}  // namespace harness

#endif
