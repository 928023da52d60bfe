// Where a tile and the operands of its steps lie in memory.
#pragma once

#include "native/core/fused.h"
#include "native/elementwise/apply_fused.h"

namespace qn {
namespace {

// Rows that lie `distance` elements apart; 0: all are the same row.
template <class T>
struct TileRows {
  T* data;
  int64_t distance;
};

template <class T>
inline TileRows<T> rows_of(const View& view, const FusedTile& tile) {
  T* data = static_cast<T*>(view.data);
  return {data + tile.first_row * view.stride + tile.first_channel, tile.row_step * view.stride};
}

// Null when the step has no operand.
template <class T>
inline TileRows<const T> operand_rows(const Call& call, const FusedStep& step, const FusedTile& tile) {
  if (step.kind == OperandKind::none) return {nullptr, 0};
  const View& view = call.in[step.operand];
  if (step.kind == OperandKind::same) return rows_of<const T>(view, tile);
  const T* data = static_cast<const T*>(view.data);
  return {data + (step.kind == OperandKind::channel ? tile.first_channel : 0), 0};
}

struct TileSize {
  int64_t rows, columns;
};

// As one long row where neither the tile nor the step's operand has gaps, because short rows fill vectors
// badly.
inline TileSize size_of(const Call& call, const FusedStep& step, const FusedTile& tile) {
  bool dense = tile.row_step * call.out[0].stride == tile.channels;
  if (step.kind == OperandKind::channel) dense = false;
  if (step.kind == OperandKind::same) dense &= tile.row_step * call.in[step.operand].stride == tile.channels;
  if (dense) return {1, tile.rows * tile.channels};
  return {tile.rows, tile.channels};
}

}  // namespace
}  // namespace qn
