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

// Of steps on float32.
inline TileRows<float> value_rows(const Call& call, const FusedTile& tile) {
  if (tile.values != nullptr) return {tile.values, tile.value_distance};
  return rows_of<float>(call.out[0], tile);
}

// Null when the step has no operand. Not of strided ones.
template <class T>
inline TileRows<const T> operand_rows(const Call& call, const FusedStep& step, const FusedTile& tile) {
  if (step.kind == OperandKind::none) return {nullptr, 0};
  const View& view = call.in[step.operand];
  if (step.kind == OperandKind::same) return rows_of<const T>(view, tile);
  const T* data = static_cast<const T*>(view.data);
  return {data + (step.kind == OperandKind::channel ? tile.first_channel : 0), 0};
}

// Calls apply(part, operand) for the parts of a tile whose rows meet rows of the operand at one distance: the
// whole tile, or where the operand has strides, what lies in one row of the image.
template <class T, class Apply>
inline void each_part(const Call& call, const FusedStep& step, const FusedTile& tile, const Apply& apply) {
  if (step.kind != OperandKind::strided) return apply(tile, operand_rows<T>(call, step, tile));
  const View &y = call.out[0], &image = call.in[step.operand];
  const T* data = static_cast<const T*>(image.data) + tile.first_channel;
  FusedTile part = tile;
  for (int64_t done = 0; done < tile.rows; done += part.rows) {
    part.first_row = tile.first_row + done * tile.row_step;
    const int64_t row = part.first_row / y.dim[2], column = part.first_row % y.dim[2];
    const int64_t left = tile.rows - done, fit = (y.dim[2] - column + tile.row_step - 1) / tile.row_step;
    part.rows = left < fit ? left : fit;
    if (tile.values != nullptr) part.values = tile.values + done * tile.value_distance;
    const int64_t image_row = row / y.dim[1] * image.dim[1] + row % y.dim[1] * step.stride_h;
    const int64_t pixel = image_row * image.dim[2] + column * step.stride_w;
    apply(part, TileRows<const T>{data + pixel * image.stride, tile.row_step * step.stride_w * image.stride});
  }
}

struct TileSize {
  int64_t rows, columns;
};

// As one long row where neither the tile nor the step's operand has gaps, because short rows fill vectors
// badly.
inline TileSize size_of(const Call& call, const FusedStep& step, const FusedTile& tile) {
  const bool uses_result =
      tile.values == nullptr || step.op == FusedOp::dequantize || step.op == FusedOp::quantize;
  bool dense = !uses_result || tile.row_step * call.out[0].stride == tile.channels;
  if (tile.values != nullptr) dense &= tile.value_distance == tile.channels;
  if (step.kind == OperandKind::channel || step.kind == OperandKind::strided) dense = false;
  if (step.kind == OperandKind::same) dense &= tile.row_step * call.in[step.operand].stride == tile.channels;
  if (dense) return {1, tile.rows * tile.channels};
  return {tile.rows, tile.channels};
}

// Rows of fewer elements than this leave vectors of 16 too empty.
constexpr int64_t kShortRow = 32;

// Calls pass(y, size, operand). Where each row of a tile without gaps meets the same short row of an operand,
// that is repeated until vectors are full, and the tile is cut into rows of that length and what is left.
template <class T, class Pass>
inline void pass_rows(TileRows<T> y, TileSize size, TileRows<const T> operand, const Pass& pass) {
  const int64_t columns = size.columns, elements = size.rows * columns;
  const bool repeats =
      operand.distance == 0 && y.distance == columns && columns < kShortRow && columns % 16 != 0;
  if (!repeats || elements < 16 * kShortRow) return pass(y, size, operand);
  T repeated[16 * kShortRow];
  int64_t length = 0;
  do {
    for (int64_t c = 0; c < columns; c++) repeated[length + c] = operand.data[c];
    length += columns;
  } while (length % 16 != 0);
  const int64_t rows = elements / length, left = elements % length;
  pass(TileRows<T>{y.data, length}, TileSize{rows, length}, TileRows<const T>{repeated, 0});
  if (left > 0)
    pass(TileRows<T>{y.data + rows * length, 0}, TileSize{1, left}, TileRows<const T>{repeated, 0});
}

}  // namespace
}  // namespace qn
