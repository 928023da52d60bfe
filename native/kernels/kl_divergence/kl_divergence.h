// kl_divergence: y[r] = KL(softmax(a[r]) || softmax(b[r])) = sum of p * ln(p / q), in nats; a holds the
// logits of the model that is taken for the truth.
//
// Between a model and its 8-bit version p * ln(p / q) sums up to 1e-4 from terms of either sign a thousand
// times as large. As p and q both sum to 1, adding q - p to each term changes nothing, and with t = ln(p / q)
// each term becomes
//   p * (t + exp(-t) - 1) >= 0,
// whose sum has nothing to cancel, and moves only in second order with an error in the normalisers. For |t| <
// 1/2 it is p * t^2 * (1/2! - t/3! + t^2/4! - ... - t^7/9!), otherwise p * t + (q - p).
//
//   za, zb = sums of exp(a - max a), exp(b - max b), as in log_softmax_select
//   shift  = (max a + ln za) - (max b + ln zb), in double, rounded to float
//   t      = (a - b) - shift;  p = exp(a - max a) * (1 / za);  q = exp(b - max b) * (1 / zb)
//   y      = the sum of the terms, blocks and lanes as for za
// Logits that are not finite give NaN or infinity.
#pragma once

#include "native/core/call.h"

namespace qn {

struct OpSpec;
const OpSpec& kl_divergence_op();

void kl_divergence_reference(const Call& call, int64_t begin, int64_t end, void* scratch);
#if defined(QN_X86)
void kl_divergence_avx512(const Call& call, int64_t begin, int64_t end, void* scratch);
void kl_divergence_avx2(const Call& call, int64_t begin, int64_t end, void* scratch);
#endif

}  // namespace qn
