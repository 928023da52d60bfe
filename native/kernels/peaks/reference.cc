#include <algorithm>

#include "native/detection/peaks.h"
#include "native/kernels/peaks/peaks.h"

namespace qn {

void peaks_reference(const Call& call, int64_t begin, int64_t end, void*) {
  if (begin == end) return;
  const View &x = call.in[0], &y = call.out[0];
  const Heatmap heatmap{static_cast<const float*>(x.data), x.dim[1], x.dim[2], x.dim[3]};
  const PeakTest test = call.attribute[kPeaksEpsilon] == 1 ? PeakTest::epsilon : PeakTest::equal;
  int32_t* cells = static_cast<int32_t*>(y.data);
  std::fill(cells, cells + y.dim[0], -1);
  for (const Peak& peak : best_peaks(heatmap, test, y.dim[0]))
    *cells++ = static_cast<int32_t>(peak.y * heatmap.width + peak.x);
}

}  // namespace qn
