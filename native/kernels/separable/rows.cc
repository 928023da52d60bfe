// Separable convolutions row by row, by the kernels of their layers. Some rows of input are expanded at once,
// into a ring that holds no more of them than a window reads; some rows of outputs are filtered out of it,
// and projected together. So what lies between the layers is read from the L2 cache, and each row of it is
// made once, but for those around the borders of a thread's pieces.
#include <algorithm>
#include <vector>

#include "native/core/fused.h"
#include "native/kernels/convolution/float_blocking.h"
#include "native/kernels/convolution/float_convolution.h"
#include "native/kernels/convolution/float_scratch.h"
#include "native/kernels/depthwise/float_rows.h"
#include "native/kernels/separable/layers.h"

#if defined(QN_X86)
namespace qn {
namespace {

// Of one instruction set.
struct LayerKernels {
  KernelFunction* conv2d;
  DepthwiseRow* depthwise_row;
};

// How many rows are worked on together: as many as make a block of conv2d's pixels.
struct RowCounts {
  explicit RowCounts(const Call& call, const SeparableInputs& inputs)
      : outputs(rows_of_block(call.out[0].dim[2])),
        expanded(rows_of_block(call.in[0].dim[2])),
        kept(inputs.expand < 0 ? 0 : rows_kept(depthwise_axis(call, 0))) {}

  static int64_t rows_of_block(int64_t width) { return ceil_div(kBlockPixels, std::max<int64_t>(width, 1)); }
  // Those of a window, if there are so many, and those expanded together with its last one.
  int64_t rows_kept(const WindowAxis& h) const {
    return ceil_div(least((h.taps - 1) * h.dilation, h.inputs) + expanded, expanded) * expanded;
  }

  int64_t outputs, expanded;
  int64_t kept;  // expanded rows, a multiple of `expanded`
};

// Elements of scratch memory, in this order.
struct ScratchSizes {
  explicit ScratchSizes(const Call& call, const SeparableInputs& inputs, const RowCounts& rows)
      : expanded(aligned(rows.kept * call.in[0].dim[2] * separable_channels(call, inputs))),
        filtered(aligned(rows.outputs * call.out[0].dim[2] * separable_channels(call, inputs))) {}

  // Kernels may read a little more than there is.
  static int64_t aligned(int64_t floats) { return ceil_div(floats, 16) * 16 + kReadableSlack / 4; }

  int64_t expanded, filtered;
};

constexpr int64_t kConvolutionScratch = sizeof(Scratch);
static_assert(alignof(Scratch) == 64);

// Dense pixels as an image of one row.
View pixels_of(const View& image, int64_t first, int64_t pixels) {
  float* data = static_cast<float*>(image.data) + first * image.stride;
  return {data, nullptr, {1, 1, pixels, image.dim[3]}, 4, DType::f32, image.stride};
}

View pixels_view(float* data, int64_t pixels, int64_t channels) {
  return {data, nullptr, {1, 1, pixels, channels}, 4, DType::f32, channels};
}

// Some rows of an image as one of its own: fused steps whose operand has strides must know where a row ends.
View rows_view(float* data, int64_t rows, const View& image) {
  return {data, nullptr, {1, rows, image.dim[2], image.dim[3]}, 4, DType::f32, image.stride};
}

// One thread's work on a call: output rows in order.
class RowPipeline {
 public:
  RowPipeline(const Call& call, const SeparableInputs& inputs, const LayerKernels& kernels, void* scratch)
      : call_(call),
        inputs_(inputs),
        kernels_(kernels),
        counts_(call, inputs),
        channels_(separable_channels(call, inputs)),
        scratch_(scratch),
        expanded_(reinterpret_cast<float*>(static_cast<uint8_t*>(scratch) + kConvolutionScratch)),
        filtered_(expanded_ + ScratchSizes(call, inputs, counts_).expanded),
        project_in_(project_inputs(call, inputs)) {
    const View& weight = call.in[inputs.depthwise];
    layer_ = {expanded_,
              counts_.kept,
              static_cast<const float*>(weight.data),
              static_cast<const float*>(call.in[inputs.depthwise + 1].data),
              channels_,
              channels_,
              weight.stride,
              depthwise_axis(call, 0),
              depthwise_axis(call, 1),
              static_cast<float>(call.attribute[kDepthwiseLo]),
              static_cast<float>(call.attribute[kDepthwiseHi])};
    if (inputs.expand >= 0) return;
    layer_.x_rows = layer_.h.inputs;
    layer_.x_step = call.in[0].stride;
  }

  void start_image(int64_t image) {
    image_ = image;
    next_ = -1;
    if (inputs_.expand >= 0) return;
    layer_.x =
        static_cast<const float*>(pixels_of(call_.in[0], image * layer_.h.inputs * layer_.w.inputs, 0).data);
  }

  // Output rows [begin, end) of the image, not more than are projected together.
  void compute(int64_t begin, int64_t end) {
    const int64_t width = layer_.w.outputs;
    for (int64_t row = begin; row < end; row++) {
      if (inputs_.expand >= 0) expand_for(row);
      kernels_.depthwise_row(layer_, row, channels_, filtered_ + (row - begin) * width * channels_);
    }
    project(begin, end - begin);
  }

 private:
  // The rows that output row `row` reads and that are not there yet.
  void expand_for(int64_t row) {
    const int64_t first = std::max<int64_t>(first_cell(layer_.h, row), 0);
    const int64_t last = first_cell(layer_.h, row) + (layer_.h.taps - 1) * layer_.h.dilation;
    const int64_t end = std::min(last + 1, layer_.h.inputs);
    next_ = std::max(next_, first);
    while (next_ < end) {
      const int64_t rows = std::min(counts_.expanded, layer_.h.inputs - next_);
      const int64_t in_one_piece = std::min(rows, counts_.kept - next_ % counts_.kept);
      expand(next_, in_one_piece);
      next_ += in_one_piece;
    }
  }

  void expand(int64_t row, int64_t rows) {
    const int64_t width = layer_.w.inputs, pixels = rows * width;
    const View in[] = {pixels_of(call_.in[0], (image_ * layer_.h.inputs + row) * width, pixels),
                       call_.in[inputs_.expand], call_.in[inputs_.expand + 1]};
    const View out = pixels_view(expanded_ + row % counts_.kept * width * channels_, pixels, channels_);
    run(pointwise_call(in, &out, call_, kExpandLo));
  }

  void project(int64_t row, int64_t rows) {
    const View& y = call_.out[0];
    const int64_t first = (image_ * layer_.h.outputs + row) * layer_.w.outputs;
    const View out = rows_view(static_cast<float*>(y.data) + first * y.stride, rows, y);
    project_in_[0] = {filtered_, nullptr, {1, rows, y.dim[2], channels_}, 4, DType::f32, channels_};
    for (int32_t s = 0; s < call_.fused_steps; s++) {
      const FusedStep& step = call_.fused[s];
      if (step.kind != OperandKind::same && step.kind != OperandKind::strided) continue;
      const View& operand = call_.in[step.operand];
      const int64_t pixel = step.kind == OperandKind::same ? first : first_read(step, operand, row);
      project_in_[static_cast<std::size_t>(step.operand)].data =
          static_cast<float*>(operand.data) + pixel * operand.stride;
    }
    run(project_call(project_in_.data(), &out, call_));
  }

  // The pixel of a larger image that output row `row` begins at.
  int64_t first_read(const FusedStep& step, const View& operand, int64_t row) const {
    return (image_ * operand.dim[1] + row * step.stride_h) * operand.dim[2];
  }

  void run(const Call& pointwise) {
    const int64_t items = convolution_items(convolution_of(pointwise), *pointwise.in[1].weight);
    kernels_.conv2d(pointwise, 0, items, scratch_);
  }

  const Call& call_;
  const SeparableInputs inputs_;
  const LayerKernels kernels_;
  const RowCounts counts_;
  const int64_t channels_;
  void* const scratch_;
  float* const expanded_;
  float* const filtered_;
  std::vector<View> project_in_;
  DepthwiseLayer layer_;
  int64_t image_ = 0;
  int64_t next_ = -1;  // row to be expanded; -1: the first that is read
};

int64_t scratch_bytes(const Call& call, const SeparableInputs& inputs) {
  const ScratchSizes sizes(call, inputs, RowCounts(call, inputs));
  return kConvolutionScratch + (sizes.expanded + sizes.filtered) * static_cast<int64_t>(sizeof(float));
}

void run(const Call& call, const SeparableInputs& inputs, const LayerKernels& kernels, int64_t begin,
         int64_t end, void* scratch) {
  const int64_t rows = call.out[0].dim[1], together = RowCounts(call, inputs).outputs;
  RowPipeline pipeline(call, inputs, kernels, scratch);
  for (int64_t item = begin; item < end;) {
    const int64_t row = item % rows, row_end = std::min({row + together, rows, row + end - item});
    if (item == begin || row == 0) pipeline.start_image(item / rows);
    pipeline.compute(row, row_end);
    item += row_end - row;
  }
}

}  // namespace

// An item is a row of outputs.
int64_t separable_items(const Call& call) { return call.out[0].dim[0] * call.out[0].dim[1]; }

int64_t separable_conv2d_scratch_bytes(const Call& call) { return scratch_bytes(call, kSeparableInputs); }
int64_t inverted_residual_scratch_bytes(const Call& call) {
  return scratch_bytes(call, kInvertedResidualInputs);
}

void separable_conv2d_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  run(call, kSeparableInputs, {conv2d_avx2, depthwise_row_avx2}, begin, end, scratch);
}
void separable_conv2d_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  run(call, kSeparableInputs, {conv2d_avx512, depthwise_row_avx512}, begin, end, scratch);
}
void inverted_residual_avx2(const Call& call, int64_t begin, int64_t end, void* scratch) {
  run(call, kInvertedResidualInputs, {conv2d_avx2, depthwise_row_avx2}, begin, end, scratch);
}
void inverted_residual_avx512(const Call& call, int64_t begin, int64_t end, void* scratch) {
  run(call, kInvertedResidualInputs, {conv2d_avx512, depthwise_row_avx512}, begin, end, scratch);
}

}  // namespace qn
#endif
