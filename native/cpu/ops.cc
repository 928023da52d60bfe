// The list of all ops. A new op is one folder under native/kernels/ and one line in each list here.
#include "native/cpu/backend.h"
#include "native/kernels/add/add.h"
#include "native/kernels/add_outliers/add_outliers.h"
#include "native/kernels/argmax/argmax.h"
#include "native/kernels/attention/attention.h"
#include "native/kernels/binary/binary.h"
#include "native/kernels/cast/cast.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/kernels/convolution/packed_convolution.h"
#include "native/kernels/convolution/u8_convolution.h"
#include "native/kernels/depthwise/depthwise.h"
#include "native/kernels/dequantize/dequantize.h"
#include "native/kernels/detection_postprocess/detection_postprocess.h"
#include "native/kernels/dynamic_codes/min_max.h"
#include "native/kernels/dynamic_codes/quantize_image.h"
#include "native/kernels/dynamic_codes/quantize_pixels.h"
#include "native/kernels/elementwise/elementwise.h"
#include "native/kernels/embed/embed.h"
#include "native/kernels/gather/gather.h"
#include "native/kernels/gather_columns/gather_columns.h"
#include "native/kernels/gather_nd/gather_nd.h"
#include "native/kernels/gather_rows/gather_rows.h"
#include "native/kernels/gram/gram.h"
#include "native/kernels/hadamard/hadamard.h"
#include "native/kernels/kl_divergence/kl_divergence.h"
#include "native/kernels/kv_append/kv_append.h"
#include "native/kernels/linear/linear.h"
#include "native/kernels/log_softmax_select/log_softmax_select.h"
#include "native/kernels/mean/mean.h"
#include "native/kernels/move/move.h"
#include "native/kernels/peaks/peaks.h"
#include "native/kernels/pool2d/pool2d.h"
#include "native/kernels/quantize/quantize.h"
#include "native/kernels/quantize_activations/quantize_activations.h"
#include "native/kernels/rank_of/rank_of.h"
#include "native/kernels/reduce/reduce.h"
#include "native/kernels/resize/resize.h"
#include "native/kernels/rmsnorm/rmsnorm.h"
#include "native/kernels/rope/rope.h"
#include "native/kernels/scatter_cells/scatter_cells.h"
#include "native/kernels/select/select.h"
#include "native/kernels/separable/separable.h"
#include "native/kernels/softmax/softmax.h"
#include "native/kernels/swiglu/swiglu.h"
#include "native/kernels/top_k/top_k.h"
#include "native/kernels/windows_at/windows_at.h"

namespace qn::cpu {

std::span<const OpSpec* const> ops() {
  static const OpSpec* const list[] = {
      &embed_op(),
      &rmsnorm_op(),
      &quantize_activations_op(),
      &linear_op(),
      &rope_op(),
      &kv_append_op(),
      &attention_op(),
      &swiglu_op(),
      &add_op(),
      &gather_rows_op(),
      &gather_columns_op(),
      &log_softmax_select_op(),
      &argmax_op(),
      &top_k_op(),
      &rank_of_op(),
      &kl_divergence_op(),
      &gram_op(),
      &hadamard_op(),
      &add_outliers_op(),
      &conv2d_op(),
      &transpose_conv2d_op(),
      &conv2d_u8_op(),
      &conv2d_dynamic_op(),
      &transpose_conv2d_u8_op(),
      &transpose_conv2d_dynamic_op(),
      &conv2d_dynamic_packed_op(),
      &transpose_conv2d_dynamic_packed_op(),
      &elementwise_op(),
      &peaks_op(),
      &windows_at_op(),
      &scatter_cells_op(),
      &depthwise_conv2d_op(),
      &depthwise_conv2d_u8_op(),
      &depthwise_conv2d_dynamic_op(),
      &separable_conv2d_op(),
      &inverted_residual_op(),
      &quantize_op(),
      &dequantize_op(),
      &cast_op(),
      &binary_op(),
      &select_op(),
      &move_op(),
      &gather_op(),
      &gather_nd_op(),
      &reduce_op(),
      &softmax_op(),
      &detection_postprocess_op(),
      &quantize_pixels_op(),
      &min_max_op(),
      &quantize_image_op(),
      &max_pool2d_op(),
      &average_pool2d_op(),
      &mean_op(),
      &resize_bilinear_op(),
      &resize_nearest_op(),
  };
  return list;
}

const OpSpec* find_op(const std::string& name) {
  for (const OpSpec* op : ops()) {
    if (name == op->name) return op;
  }
  return nullptr;
}

}  // namespace qn::cpu
