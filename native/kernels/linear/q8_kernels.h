// linear with q8 activations, what the instruction sets share: the walk over panels and tokens. An ISA file
// defines its register tile and how codes are unpacked, then includes this. What it defines, for kFormat u8,
// u4 and u2:
//
//   kTilePanels, kTileTokens   the largest register tile of gemm, in panels of 16 rows and in tokens
//   gemv_tile<kFormat, kTokens>(w, panel, x, out)
//                              one panel, its codes and parameters read where they lie: one pass over memory
//                              in its order, which the hardware follows; several panels side by side were
//                              slower from DRAM
//   unpack_codes<kFormat>(w, panel, to)
//                              the codes of a panel as gemm_tile reads them; returns how many bytes that
//                              took, or 0 when the panel itself will do
//   unpack_params(w, panel, to)
//                              [groups] times 16 scales and 16 offsets, as floats
//   kUnpackedAs<kFormat>       the format whose gemm_tile reads those codes
//   gemm_tile<kFormat, kPanels, kTokens>(w, panels, x, out, rows)
//
// From a handful of tokens on, unpacking pays for itself: a pair of panels is unpacked once, stays in the
// nearest caches, and all formats run at the speed of the dot product.
#pragma once

#include "native/kernels/linear/q8_blocking.h"
#include "native/kernels/linear/q8_operands.h"

namespace qn {
namespace {

template <WeightFormat kFormat, int kTokens = kGemvTokens>
QN_INLINE void gemv_tokens(const Weight& w, int64_t panel, const Tokens& x, float* out, int64_t tokens) {
  if (tokens == kTokens) {
    gemv_tile<kFormat, kTokens>(w, panel, x, out);
  } else if constexpr (kTokens > 1) {
    gemv_tokens<kFormat, kTokens - 1>(w, panel, x, out, tokens);
  }
}

template <WeightFormat kFormat>
void gemv(const Call& call, int64_t begin, int64_t end) {
  const Weight& w = *call.in[1].weight;
  float* out = static_cast<float*>(call.out[0].data);
  const Tokens x = tokens_at(call.in[0], 0);
  for (int64_t panel = begin; panel < end; ++panel) {
    gemv_tokens<kFormat>(w, panel, x, out + panel * kPanelRows, call.in[0].dim[0]);
  }
}

template <WeightFormat kFormat, int kPanels, int kTokens = kTileTokens>
QN_INLINE void gemm_tokens(const Weight& w, const Panels& panels, const Tokens& x, float* out, int64_t rows,
                           int64_t tokens) {
  if (tokens >= kTokens) {
    gemm_tile<kFormat, kPanels, kTokens>(w, panels, x, out, rows);
  } else if constexpr (kTokens > 1) {
    gemm_tokens<kFormat, kPanels, kTokens - 1>(w, panels, x, out, rows, tokens);
  }
}

// Rows are those of the weight from the first of these panels on.
template <WeightFormat kFormat, int kPanels>
void gemm_panels(const Call& call, const Panels& panels, int64_t panel, int64_t token_begin,
                 int64_t token_end) {
  const Weight& w = *call.in[1].weight;
  const int64_t first_row = panel * kPanelRows;
  float* out = static_cast<float*>(call.out[0].data) + first_row;
  for (int64_t t = token_begin; t < token_end; t += kTileTokens) {
    gemm_tokens<kFormat, kPanels>(w, panels, tokens_at(call.in[0], t), out + t * w.rows, w.rows - first_row,
                                  token_end - t);
  }
}

template <WeightFormat kFormat>
Panels unpack_panels(const Weight& w, int64_t begin, int64_t end, uint8_t* scratch) {
  const int64_t stride = q8_unpacked_panel_bytes(w);
  int64_t code_bytes = 0;
  for (int64_t panel = begin; panel < end; ++panel) {
    uint8_t* to = scratch + (panel - begin) * stride;
    code_bytes = unpack_codes<kFormat>(w, panel, to);
    unpack_params(w, panel, reinterpret_cast<float*>(to + code_bytes));
  }
  const float* params = reinterpret_cast<const float*>(scratch + code_bytes);
  if (code_bytes == 0) return {w.codes + begin * w.panel_bytes, w.panel_bytes, params, stride};
  return {scratch, stride, params, stride};
}

template <WeightFormat kFormat>
void gemm(const Call& call, int64_t begin, int64_t end, void* scratch) {
  const Weight& w = *call.in[1].weight;
  Panels panels{};
  int64_t unpacked = -1;
  for (int64_t i = begin; i < end; ++i) {
    const GemmItem item = q8_gemm_item(call, i);
    if (item.panel_begin != unpacked) {
      panels = unpack_panels<kFormat>(w, item.panel_begin, item.panel_end, static_cast<uint8_t*>(scratch));
      unpacked = item.panel_begin;
    }
    Panels rest = panels;
    int64_t panel = item.panel_begin;
    for (; panel + kTilePanels <= item.panel_end; panel += kTilePanels) {
      gemm_panels<kUnpackedAs<kFormat>, kTilePanels>(call, rest, panel, item.token_begin, item.token_end);
      rest = panels_after(rest, kTilePanels);
    }
    if (panel < item.panel_end)
      gemm_panels<kUnpackedAs<kFormat>, 1>(call, rest, panel, item.token_begin, item.token_end);
  }
}

}  // namespace
}  // namespace qn

// The six functions of linear.h for an instruction set.
#define QN_LINEAR_Q8_FORMAT(W, ISA)                                                              \
  void linear_##W##_q8_gemv_##ISA(const Call& call, int64_t begin, int64_t end, void*) {         \
    gemv<WeightFormat::W>(call, begin, end);                                                     \
  }                                                                                              \
  void linear_##W##_q8_gemm_##ISA(const Call& call, int64_t begin, int64_t end, void* scratch) { \
    gemm<WeightFormat::W>(call, begin, end, scratch);                                            \
  }
#define QN_LINEAR_Q8(ISA)      \
  QN_LINEAR_Q8_FORMAT(u8, ISA) \
  QN_LINEAR_Q8_FORMAT(u4, ISA) \
  QN_LINEAR_Q8_FORMAT(u2, ISA)
