#include "native/core/float_math.h"
#include "native/kernels/attention/attention.h"

namespace qn {
namespace {

float element(const View& cache, int64_t i) {
  if (cache.dtype == DType::f16) return half_to_float(static_cast<const uint16_t*>(cache.data)[i]);
  return static_cast<const float*>(cache.data)[i];
}

// One row of one head: `head` is the cache's, `position` the row's own.
void attend(const View& keys, const View& values, int64_t head, int64_t first_slot, int64_t position,
            const float* q, float scale, float* out) {
  const int64_t heads = keys.dim[1], head_dim = keys.dim[2];
  float scaled[kAttentionMaxHeadDim], o[kAttentionMaxHeadDim] = {}, l[kLanes] = {};
  float m = -infinity();
  for (int64_t d = 0; d < head_dim; d++) scaled[d] = q[d] * scale;
  for (int64_t base = 0; base <= position; base += kAttentionKeyBlock) {
    const int64_t rest = position + 1 - base;
    const int64_t count = rest < kAttentionKeyBlock ? rest : kAttentionKeyBlock;
    float p[kAttentionKeyBlock];
    float greatest = m;
    for (int64_t j = 0; j < count; j++) {
      const int64_t slot = first_slot + base + j;
      const int64_t block = (slot / kLanes * heads + head) * head_dim * kLanes;
      p[j] = 0.0f;
      for (int64_t d = 0; d < head_dim; d++) {
        p[j] = fused_multiply_add(scaled[d], element(keys, block + d * kLanes + slot % kLanes), p[j]);
      }
      greatest = p[j] > greatest ? p[j] : greatest;
    }
    const float correction = exponential(m - greatest);
    m = greatest;
    for (float& lane : l) lane *= correction;
    for (int64_t d = 0; d < head_dim; d++) o[d] *= correction;
    for (int64_t j = 0; j < count; j++) {
      const int64_t slot = first_slot + base + j;
      const int64_t value = ((slot / kLanes * heads + head) * kLanes + slot % kLanes) * head_dim;
      p[j] = exponential(p[j] - m);
      l[j % kLanes] += p[j];
      for (int64_t d = 0; d < head_dim; d++)
        o[d] = fused_multiply_add(p[j], element(values, value + d), o[d]);
    }
  }
  const float inverse = 1.0f / sum_lanes(l);
  for (int64_t d = 0; d < head_dim; d++) out[d] = o[d] * inverse;
}

}  // namespace

void attention_reference(const Call& call, int64_t begin, int64_t end, void*) {
  const int64_t cols = call.in[0].dim[1], head_dim = call.in[1].dim[2];
  const int64_t heads = static_cast<int64_t>(call.attribute[0]), group = heads / call.in[1].dim[1];
  const float scale = static_cast<float>(call.attribute[1]);
  int64_t s = 0;
  for (int64_t row = begin; row < end; row++) {
    Sequence sequence = sequence_at(call.in[3], s);
    while (row >= sequence.first_row + sequence.rows) sequence = sequence_at(call.in[3], ++s);
    const int64_t position = sequence.before + row - sequence.first_row;
    for (int64_t head = 0; head < heads; head++) {
      const int64_t offset = row * cols + head * head_dim;
      attend(call.in[1], call.in[2], head / group, sequence.first_slot, position,
             static_cast<const float*>(call.in[0].data) + offset, scale,
             static_cast<float*>(call.out[0].data) + offset);
    }
  }
}

}  // namespace qn
