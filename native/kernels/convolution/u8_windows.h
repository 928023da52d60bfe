// Where the taps of a block of output pixels lie, for the integer convolutions. ISA files include this
// header: everything is internal.
#pragma once

#include "native/kernels/convolution/u8_blocking.h"
#include "native/simd/inline.h"

namespace qn {
namespace {

// A block of outputs of one image, prepared.
struct Block {
  Convolution c;
  int64_t image;
  int64_t begin, pixels;  // outputs of the phase, row-major
  int64_t taps;           // of the weight: 1 where it is a whole window
  const uint8_t** tap;    // [taps][table_stride]
  int64_t table_stride;   // pixels of a whole block
};

// A table's entries after the first `pixels`, up to whole tiles: the last one again.
template <class T>
QN_INLINE void repeat_last(T* table, int64_t pixels) {
  for (int64_t i = pixels; i % kTileUnit != 0; ++i) table[i] = table[pixels - 1];
}

// Copies at least `bytes` bytes, in whole vectors: up to 31 beyond.
QN_INLINE void copy_run(uint8_t* to, const uint8_t* from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += kCopyVector) __builtin_memcpy(to + i, from + i, kCopyVector);
}

// Calls visit(row, first, count, at): outputs [first, first + count) of row `row` are the block's pixels from
// `at` on.
template <class Visit>
QN_INLINE void each_run(const Block& b, Visit visit) {
  const int64_t width = b.c.w.outputs;
  int64_t row = b.begin / width, first = b.begin % width;
  for (int64_t at = 0; at < b.pixels; ++row, first = 0) {
    const int64_t left = b.pixels - at, count = width - first < left ? width - first : left;
    visit(row, first, count, at);
    at += count;
  }
}

// The outputs i for which begin + i * stride lies in 0 .. inputs - 1, among [first, last): [lo, hi).
struct Inside {
  int64_t lo, hi;
};
inline Inside inside(const ConvolutionAxis& axis, int64_t tap, int64_t first, int64_t last) {
  const int64_t begin = axis.begin + tap * axis.tap_step;
  int64_t lo = begin < 0 ? ceil_div(-begin, axis.stride) : 0;
  int64_t hi = begin < axis.inputs ? ceil_div(axis.inputs - begin, axis.stride) : 0;
  lo = lo < first ? first : lo > last ? last : lo;
  hi = hi > last ? last : hi < lo ? lo : hi;
  return {lo, hi};
}

// Pointers to the cells of each tap; to `padding` beyond the edges.
inline void point_to_taps(const View& x, const Block& b, const uint8_t* padding) {
  const uint8_t* image =
      static_cast<const uint8_t*>(x.data) + b.image * b.c.h.inputs * b.c.w.inputs * x.stride;
  const int64_t step = b.c.w.stride * x.stride;
  each_run(b, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
    const uint8_t** table = b.tap + at;
    for (int64_t th = 0; th < b.c.h.taps; ++th) {
      const int64_t y = input_cell(b.c.h, row, th);
      for (int64_t tw = 0; tw < b.c.w.taps; ++tw, table += b.table_stride) {
        const Inside in = is_padding(b.c.h, y) ? Inside{first + count, first + count}
                                               : inside(b.c.w, tw, first, first + count);
        const uint8_t** to = table - first;
        for (int64_t i = first; i < in.lo; ++i) to[i] = padding;
        if (in.lo < in.hi) {
          const uint8_t* cell = image + (y * b.c.w.inputs + input_cell(b.c.w, in.lo, tw)) * x.stride;
          for (int64_t i = in.lo; i < in.hi; ++i, cell += step) to[i] = cell;
        }
        for (int64_t i = in.hi; i < first + count; ++i) to[i] = padding;
      }
    }
  });
}

inline int32_t sum_codes(const uint8_t* x, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i];
  return sum;
}

// Row th of the windows of outputs [first, first + count) of one row into rows `stride` bytes apart. Where
// all its cells lie within the image side by side it is one run.
inline void gather_row(const View& x, const Block& b, const uint8_t* cells, int64_t first, int64_t count,
                       const uint8_t* padding, uint8_t* to, int64_t stride) {
  const ConvolutionAxis& w = b.c.w;
  const int64_t channels = b.c.in_channels, run = w.taps * channels, last = first + count;
  const Inside left = inside(w, 0, first, last), right = inside(w, w.taps - 1, first, last);
  const bool neighbours = w.tap_step == 1 && x.stride == channels;
  const int64_t lo = neighbours ? left.lo : last, hi = neighbours ? right.hi : last;
  for (int64_t i = first; i < last; ++i, to += stride) {
    if (i == lo && lo < hi) {
      const uint8_t* from = cells + input_cell(w, lo, 0) * x.stride;
      const int64_t step = w.stride * x.stride;
      for (; i < hi; ++i, to += stride, from += step) copy_run(to, from, run);
      if (i == last) return;
    }
    uint8_t* cell_to = to;
    for (int64_t tap = 0; tap < w.taps; ++tap, cell_to += channels) {
      const int64_t cell = input_cell(w, i, tap);
      copy_run(cell_to, is_padding(w, cell) ? padding : cells + cell * x.stride, channels);
    }
  }
}

// Copies whole windows into rows of their own and points to them. Row by row of the windows: what a copy
// writes beyond its end, the next one overwrites, or it lies in the gap between two windows.
inline void gather_windows(const View& x, const Block& b, const uint8_t* padding, uint8_t* windows,
                           int64_t stride) {
  const int64_t row_bytes = b.c.w.inputs * x.stride, run = b.c.w.taps * b.c.in_channels;
  const uint8_t* image = static_cast<const uint8_t*>(x.data) + b.image * b.c.h.inputs * row_bytes;
  for (int64_t i = 0; i < b.pixels; ++i) b.tap[i] = windows + i * stride;
  each_run(b, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
    uint8_t* to = windows + at * stride;
    for (int64_t th = 0; th < b.c.h.taps; ++th, to += run) {
      const int64_t y = input_cell(b.c.h, row, th);
      if (is_padding(b.c.h, y)) {
        for (int64_t i = 0; i < count; ++i) copy_run(to + i * stride, padding, run);
      } else {
        gather_row(x, b, image + y * row_bytes, first, count, padding, to, stride);
      }
    }
  });
}

}  // namespace
}  // namespace qn
