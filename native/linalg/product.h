// Products of matrices in panels, in float64: the same bits for every instruction set and number of threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "native/core/call.h"
#include "native/core/thread_pool.h"
#include "native/linalg/product_kernel.h"
#include "native/linalg/row_panels.h"

namespace qn {

// What linear algebra runs on.
struct Execution {
  ThreadPool& pool;
  ProductKernel* kernel;
  const std::atomic<bool>* stop = nullptr;  // pool.run throws Aborted when it became true
};

// The kernel of an instruction set that this CPU has; of one without a kernel of its own, that of the best it
// builds on.
ProductKernel* product_kernel(Isa isa);

// Columns of the right-hand side that are worked on together: with slices of 256 of the sum's terms they take
// 128 KB, and stay in L2 while the panels of the left pass by.
inline constexpr int64_t kProductColumns = 64;

// A run of panels [begin, end) within a buffer of panels of `stride` elements.
struct PanelRange {
  double* data;  // the first panel
  int64_t stride;
  int64_t panels;
};

// c[:, j] -= x[:, k_begin ... k_end) y[j, k_begin ... k_end)^T for the columns j in [j_begin, j_end),
// multiples of 8. x and c have the same number of panels and may be the same when the columns j lie outside
// the range of k.
void subtract_product(ProductKernel* kernel, const PanelRange& x, const RowPanels& y, const PanelRange& c,
                      int64_t j_begin, int64_t j_end, int64_t k_begin, int64_t k_end);

}  // namespace qn
