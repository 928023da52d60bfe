// What a register tile of the convolutions with packed weights reads and writes.
#pragma once

#include "native/kernels/convolution/packed_blocking.h"
#include "native/simd/inline.h"
#include "native/simd/intrinsics.h"

namespace qn {
namespace {

// The columns of a weight that a phase has.
struct Columns {
  int64_t begin, end;
};

inline int64_t first_step(const Columns& c) { return c.begin / kStepColumns * kStepColumns; }

// The four columns from `column` on that the phase has, as a mask of a 32-bit lane.
inline int32_t column_mask(const Columns& c, int64_t column) {
  uint32_t mask = 0;
  for (int64_t i = 0; i < 4; ++i) {
    if (column + i >= c.begin && column + i < c.end) mask |= 0xffu << (8 * i);
  }
  return static_cast<int32_t>(mask);
}

// A block of pixels by a pair of panels, which are unpacked. Chunks are of 4 columns, from the first one
// that the phase has a column of; the first group may be a part of one.
struct PackedJob {
  const uint8_t* const* cells;  // [pixels]: the first chunk's columns
  const int32_t* zeros;         // [pixels], split
  const float* scales;          // [pixels]
  uint8_t* const* rows;         // [pixels]: the first channel in the output
  const uint8_t* codes;         // [panels][chunks][16][4], less their zero points
  int64_t panel_bytes;
  const GroupTerms* terms;  // [panels][groups]
  int64_t groups;
  int64_t chunks, first_group_chunks, group_chunks;
  const float* bias;  // [panels * 16]
  float lo, hi;
  int64_t channels;  // from the first one on
};

// Part of a job: kPixels pixels by kPanels panels. Beyond the block's pixels its last one is repeated.
struct PackedPlace {
  int64_t panel;
  int64_t pixel;
  int64_t pixels;  // to be stored
};

// Calls visit(terms, first chunk, last chunk) for each group in order.
template <class Visit>
QN_INLINE void each_group(const PackedJob& job, const PackedPlace& place, Visit visit) {
  const GroupTerms* terms = job.terms + place.panel * job.groups;
  int64_t end = job.first_group_chunks;
  for (int64_t chunk = 0; chunk < job.chunks; ++terms) {
    visit(terms, chunk, end);
    chunk = end;
    end = end + job.group_chunks < job.chunks ? end + job.group_chunks : job.chunks;
  }
}

// Asks for the lines of a tile's results, which the sums' time brings.
template <int kPixels, int kPanels>
QN_INLINE void prefetch_rows(const PackedJob& job, const PackedPlace& place) {
  QN_UNROLL for (int i = 0; i < kPixels; ++i) {
    const uint8_t* row = job.rows[place.pixel + i] + place.panel * kPanelRows * 4;
    QN_UNROLL for (int p = 0; p < kPanels; ++p) {
      _mm_prefetch(reinterpret_cast<const char*>(row + p * kPanelRows * 4), _MM_HINT_T0);
    }
  }
}

}  // namespace
}  // namespace qn
