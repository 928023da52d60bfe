// What an op is, and what a kernel for it is. One folder under native/kernels/ per op: <op>.h states the
// contract, <op>.cc defines the OpSpec with its kernels in order of preference, reference.cc is the
// specification.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "native/core/call.h"

namespace qn {

// Pieces that a thread's share of the items is cut into: enough to even out a neighbour that was interrupted,
// few enough to cost nothing.
inline constexpr int kPiecesPerThread = 8;

struct Kernel {
  const char* name;  // "linear_u4_q8_gemm_avx512": op, weights, activations, form, ISA
  Isa isa;
  RunFn run;
  bool (*supports)(const Call& call);                    // null: every call that the op's signature admits
  int64_t (*items)(const Call& call);                    // independent work items
  int64_t (*scratch_bytes)(const Call& call) = nullptr;  // per thread; null: none
  int pieces_per_thread = kPiecesPerThread;  // fewer where an item saves work by going on from the one before
};

struct AttributeSpec {
  const char* name;
  double default_value;
  bool required;
};

// What a chain of fused steps that ends in `quantize` begins with: the float32 that an op has before it
// rounds, or codes that are dequantized.
enum class RealSteps : uint8_t { none, of_sums, of_codes };

// `signature` names the operands: "f32|q8[T,K], weight[N,K] -> f32[T,N]". A port is one or more classes and a
// shape; a capital letter stands for the same dimension everywhere, a number for itself, [*] for any shape.
// Classes: f32 f16 i32 u8 i8, q8 (any block size), kv (f32 or f16), weight (panels of any format). A port
// marked "~" is updated in place: the same tensor appears among the outputs with the same mark and order.
// "..." after the last input: fused steps may follow the op, and their operands its inputs (fused.h).
struct OpSpec {
  const char* name;
  const char* signature;
  std::span<const AttributeSpec> attributes;
  // What the signature cannot say (divisibility, agreement with attributes). Returns the reason, empty when
  // all is well. Called with every dimension bound and data null; weights are set. Null: nothing to check.
  std::string (*check)(const Call& call) = nullptr;
  // Bytes that must move at least once (operands in, results out) and arithmetic operations (a multiply-add
  // counts two; none: data only moves), for GB/s and GOP/s.
  int64_t (*bytes)(const Call& call);
  int64_t (*operations)(const Call& call) = [](const Call&) { return int64_t{0}; };
  std::span<const Kernel> kernels;  // in order of preference; the last is the reference kernel
  // Output 0 may share memory with this input when nothing else reads that input later; -1: never.
  int in_place_input = -1;
  // Which fused steps on float32 a u8 result may have.
  RealSteps real_steps = RealSteps::none;
  // Operands may be parts of other tensors (View::stride).
  bool strided = false;
  // Checks indices in integer operands (row numbers, slots) before the kernel trusts them: called at each run
  // with data bound, on the host. Returns the reason, empty when all is well. Null: nothing to check.
  std::string (*check_values)(const Call& call) = nullptr;
};

}  // namespace qn
