#include "native/kernels/detection_postprocess/detection_postprocess.h"

#include <cmath>

#include "native/core/op.h"
#include "native/core/rows.h"

namespace qn {
namespace {

using Name = PostprocessAttribute;

constexpr AttributeSpec kAttributes[] = {
    {"max_detections", 0, true},
    {"max_classes_per_detection", 1, false},
    {"detections_per_class", 100, false},
    {"use_regular_nms", 0, false},
    {"score_threshold", 0, true},
    {"iou_threshold", 0, true},
    {"classes", 0, true},
    {"y_scale", 0, true},
    {"x_scale", 0, true},
    {"h_scale", 0, true},
    {"w_scale", 0, true},
};

std::string check(const Call& call) {
  for (Name name :
       {Name::max_detections, Name::max_classes_per_detection, Name::detections_per_class, Name::classes}) {
    const double count = attribute(call, name);
    if (!(count >= 1 && count <= 0x1p31) || count != std::floor(count))
      return std::string(kAttributes[static_cast<int>(name)].name) + " must be a positive integer";
  }
  for (Name name : {Name::y_scale, Name::x_scale, Name::h_scale, Name::w_scale}) {
    const double scale = attribute(call, name);
    if (!(scale > 0) || !std::isfinite(scale))
      return std::string(kAttributes[static_cast<int>(name)].name) + " must be positive";
  }
  if (std::isnan(attribute(call, Name::score_threshold))) return "score_threshold must be a number";
  const double overlap = attribute(call, Name::iou_threshold);
  if (!(overlap > 0 && overlap <= 1)) return "iou_threshold must be above 0, up to 1";
  const double background = static_cast<double>(columns_of(call.in[1])) - attribute(call, Name::classes);
  if (background != 0 && background != 1) {
    return "scores have " + std::to_string(columns_of(call.in[1])) +
           " columns, which are neither the classes nor one more";
  }
  return {};
}

int64_t bytes(const Call& call) {
  int64_t sum = 0;
  for (int i = 0; i < 3; i++) sum += 4 * elements_of(call.in[i]);
  for (int i = 0; i < 4; i++) sum += 4 * elements_of(call.out[i]);
  return sum;
}

// A comparison a score: how many boxes are compared depends on the values.
int64_t operations(const Call& call) { return elements_of(call.in[1]); }

int64_t items(const Call&) { return 1; }

constexpr Kernel kKernels[] = {
    {"detection_postprocess_reference", Isa::reference, detection_postprocess_reference, nullptr, items},
};

}  // namespace

const OpSpec& detection_postprocess_op() {
  static const OpSpec spec{
      .name = "detection_postprocess",
      .signature = "f32[1,N,4], f32[1,N,S], f32[N,4] -> f32[1,K,4], f32[1,K], f32[1,K], f32[1]",
      .attributes = kAttributes,
      .check = check,
      .bytes = bytes,
      .operations = operations,
      .kernels = kKernels,
  };
  return spec;
}

}  // namespace qn
