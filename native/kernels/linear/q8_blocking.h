// The work items of the q8 gemm kernels: a pair of panels by a block of tokens.
//
// Items follow one another by sweeps of a few hundred tokens, whose activations stay in the second-level
// cache while all panels pass; within a sweep pair by pair, within a pair block by block. So a kernel that
// unpacks the weights of a pair into its scratch does it once for all the blocks of the pair that its range
// holds.
#pragma once

#include "native/core/call.h"

namespace qn {

inline constexpr int64_t kGemmPanels = 2;
inline constexpr int64_t kGemmTokens = 48;
inline constexpr int64_t kSweepBlocks = 4;

struct GemmItem {
  int64_t panel_begin, panel_end;  // one or two panels
  int64_t token_begin, token_end;  // 1 to kGemmTokens tokens
};

static inline int64_t gemm_pairs(const Call& call) {
  return (call.in[1].weight->panels + kGemmPanels - 1) / kGemmPanels;
}

static inline int64_t gemm_blocks(const Call& call) {
  return (call.in[0].dim[0] + kGemmTokens - 1) / kGemmTokens;
}

static inline int64_t q8_gemm_items(const Call& call) { return gemm_pairs(call) * gemm_blocks(call); }

static inline GemmItem q8_gemm_item(const Call& call, int64_t item) {
  const int64_t tokens = call.in[0].dim[0], panels = call.in[1].weight->panels;
  const int64_t sweep = item / (gemm_pairs(call) * kSweepBlocks);
  const int64_t in_sweep = item % (gemm_pairs(call) * kSweepBlocks);
  const int64_t left = gemm_blocks(call) - sweep * kSweepBlocks;
  const int64_t blocks = left < kSweepBlocks ? left : kSweepBlocks;
  const int64_t panel = in_sweep / blocks * kGemmPanels, panel_end = panel + kGemmPanels;
  const int64_t token = (sweep * kSweepBlocks + in_sweep % blocks) * kGemmTokens,
                token_end = token + kGemmTokens;
  return {panel, panel_end < panels ? panel_end : panels, token, token_end < tokens ? token_end : tokens};
}

// Room for the codes of a panel as bytes (8-bit ones twice: AVX2 splits them into two nibbles) and its
// parameters as floats.
static inline int64_t q8_unpacked_panel_bytes(const Weight& w) {
  const int64_t planes = w.format == WeightFormat::u8 ? 2 : 1;
  return planes * w.padded_cols * kPanelRows +
         w.groups * 2 * kPanelRows * static_cast<int64_t>(sizeof(float));
}

static inline int64_t q8_gemm_scratch_bytes(const Call& call) {
  return kGemmPanels * q8_unpacked_panel_bytes(*call.in[1].weight);
}

}  // namespace qn
