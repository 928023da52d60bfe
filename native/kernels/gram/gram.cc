#include "native/kernels/gram/gram.h"

#include "native/core/op.h"
#include "native/core/sequence_check.h"

namespace qn {
namespace {

int64_t elements(const Call& call) {
  const int64_t rows = call.in[0].dim[1], cols = call.in[1].dim[1];
  return gram_is_symmetric(call) ? rows * (rows + 1) / 2 : rows * cols;
}

// The inputs once, the state read and written.
int64_t bytes(const Call& call) {
  const int64_t tokens = call.in[0].dim[0], rows = call.in[0].dim[1], cols = call.in[1].dim[1];
  const int64_t inputs = tokens * (gram_is_symmetric(call) ? rows : rows + cols);
  return (inputs + 4 * elements(call)) * static_cast<int64_t>(sizeof(float));
}

// The products; what each block of them then costs is not counted.
int64_t operations(const Call& call) { return 2 * call.in[0].dim[0] * elements(call); }

std::string check_values(const Call& call) { return check_sequence_rows(call.in[2], call.in[0].dim[0]); }

int64_t squares(const Call& call) {
  if (call.in[0].dim[0] == 0) return 0;
  const int64_t edge = gram_edge(call);
  const int64_t down = (call.in[0].dim[1] + edge - 1) / edge;
  const int64_t across = (call.in[1].dim[1] + edge - 1) / edge;
  return gram_is_symmetric(call) ? down * (down + 1) / 2 : down * across;
}

int64_t rows(const Call& call) { return call.in[0].dim[0] == 0 ? 0 : call.in[0].dim[1]; }

int64_t scratch_bytes(const Call& call) {
  return 2 * gram_copy_floats(gram_edge(call)) * static_cast<int64_t>(sizeof(float));
}

constexpr Kernel kKernels[] = {
#if defined(QN_X86)
    {"gram_avx512", Isa::avx512, gram_avx512, nullptr, squares, scratch_bytes},
    {"gram_avx2", Isa::avx2, gram_avx2, nullptr, squares, scratch_bytes},
#endif
    {"gram_reference", Isa::reference, gram_reference, nullptr, rows},
};

}  // namespace

const OpSpec& gram_op() {
  static const OpSpec spec{
      .name = "gram",
      .signature = "f32[T,M], f32[T,K], i32[S,4], ~f32[2,M,K] -> ~f32[2,M,K]",
      .attributes = {},
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
      .check_values = check_values,
  };
  return spec;
}

}  // namespace qn
