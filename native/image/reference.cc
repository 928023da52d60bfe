#include "native/image/row_scalar.h"

namespace qn::image {

const RowKernels kReferenceRows = {
    .lerp_pixels = [](const SourceRow& row, const FloatTap* taps, int64_t n,
                      float* out) { lerp_pixels_scalar(row, taps, 0, n, out); },
    .lerp_rows = [](const float* top, const float* bottom, float weight, int64_t n,
                    float* out) { lerp_rows_scalar(top, bottom, weight, 0, n, out); },
    .fixed_pixels = [](const SourceRow& row, const FixedTap* taps, int64_t n,
                       int16_t* out) { fixed_pixels_scalar(row, taps, 0, n, out); },
    .fixed_rows = [](const int16_t* top, const int16_t* bottom, const FixedTap& tap, int64_t n,
                     uint8_t* out) { fixed_rows_scalar(top, bottom, tap, 0, n, out); },
    .filter_pixels = [](const SourceRow& row, const FilterTap* taps, int64_t n,
                        uint8_t* out) { filter_pixels_scalar(row, taps, 0, n, out); },
    .filter_rows = [](const uint8_t* const* rows, const int32_t* weights, int64_t count, int64_t n,
                      uint8_t* out) { filter_rows_scalar(rows, weights, count, 0, n, out); },
    .normalize_bytes = [](const uint8_t* in, int64_t pixels, const Normalization& to,
                          float* out) { normalize_scalar(in, 0, pixels, to, out); },
    .normalize_floats = [](const float* in, int64_t pixels, const Normalization& to,
                           float* out) { normalize_scalar(in, 0, pixels, to, out); },
    .round_floats = [](const float* in, int64_t n, uint8_t* out) { round_floats_scalar(in, 0, n, out); },
};

}  // namespace qn::image
