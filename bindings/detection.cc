#include "bindings/detection.h"

#include <optional>
#include <string>
#include <vector>

#include "bindings/arguments.h"
#include "native/detection/anchors.h"
#include "native/detection/centernet.h"
#include "native/detection/detection_postprocess.h"

namespace qn::bindings {
namespace {

// Boxes and centre-size quadruples cross as plain float32 values, four each.
static_assert(sizeof(Box) == 4 * sizeof(float) && sizeof(CentreSize) == 4 * sizeof(float));

template <class Quadruple>
const Quadruple* quadruples_at(const Napi::Object& object, const char* key, int64_t count) {
  return reinterpret_cast<const Quadruple*>(floats_at(object, key, 4 * count));
}

template <class Quadruple>
Napi::Float32Array floats_from(Napi::Env env, const std::vector<Quadruple>& quadruples) {
  auto array = Napi::Float32Array::New(env, 4 * quadruples.size());
  if (!quadruples.empty())
    std::memcpy(array.Data(), quadruples.data(), quadruples.size() * sizeof(Quadruple));
  return array;
}

std::vector<double> numbers_at(const Napi::Object& object, const char* key) {
  const Napi::Array array = array_at(object, key);
  std::vector<double> numbers;
  for (uint32_t i = 0; i < array.Length(); ++i) numbers.push_back(array.Get(i).ToNumber().DoubleValue());
  return numbers;
}

std::vector<double> exactly_at(const Napi::Object& object, const char* key, size_t count) {
  const std::vector<double> numbers = numbers_at(object, key);
  if (numbers.size() == count) return numbers;
  throw Error("expected " + std::to_string(count) + " numbers for " + key + ", got " +
              std::to_string(numbers.size()));
}

CentreSize scales_at(const Napi::Object& object) {
  const std::vector<double> scales = exactly_at(object, "scales", 4);
  return {static_cast<float>(scales[0]), static_cast<float>(scales[1]), static_cast<float>(scales[2]),
          static_cast<float>(scales[3])};
}

float float_at(const Napi::Object& object, const char* key) {
  return static_cast<float>(number_at(object, key));
}

// { indices, classes, scores }
Napi::Object detections_to_javascript(Napi::Env env, const std::vector<Detection>& detections) {
  std::vector<int32_t> indices, classes;
  std::vector<float> scores;
  for (const Detection& detection : detections) {
    indices.push_back(static_cast<int32_t>(detection.box));
    classes.push_back(detection.label);
    scores.push_back(detection.score);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("indices", array_of<Napi::Int32Array>(env, indices));
  object.Set("classes", array_of<Napi::Int32Array>(env, classes));
  object.Set("scores", array_of<Napi::Float32Array>(env, scores));
  return object;
}

enum class Mode { regular, fast, agnostic, soft };

// ({ boxes, scores, rows, columns, labels?, mode, iouThreshold, scoreThreshold, maxDetections, sigma })
//   -> { indices, classes, scores }
Napi::Value suppress_boxes(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t rows = integer_at(object, "rows"), columns = integer_at(object, "columns");
  const Mode mode = choice_at<Mode>(
      object, "mode",
      {{"regular", Mode::regular}, {"fast", Mode::fast}, {"agnostic", Mode::agnostic}, {"soft", Mode::soft}});
  ScoredBoxes boxes{};
  boxes.boxes = quadruples_at<Box>(object, "boxes", rows);
  boxes.scores = {floats_at(object, "scores", rows * columns), rows, columns, columns};
  if (!object.Get("labels").IsUndefined()) {
    const Bytes labels = bytes_of_typed_array(object.Get("labels"), "labels");
    if (labels.size != static_cast<size_t>(rows) * sizeof(int32_t))
      throw Error("expected a label for each box");
    boxes.labels = reinterpret_cast<const int32_t*>(labels.data);
  }
  boxes.across_labels = mode == Mode::agnostic || mode == Mode::fast;
  boxes.score_threshold = float_at(object, "scoreThreshold");
  boxes.max_detections = integer_at(object, "maxDetections");

  std::optional<BestColumns> best;
  if (mode == Mode::fast && columns > 1) {
    best.emplace(boxes.scores);
    boxes.scores = best->table();
    boxes.labels = best->columns.data();
  }
  return detections_to_javascript(
      info.Env(), mode == Mode::soft
                      ? suppress_softly(boxes, number_at(object, "sigma"))
                      : suppress(boxes, float_at(object, "iouThreshold"), boxes.max_detections));
}

// ({ encodings, anchors, scores, rows, columns, background, scales, regular, scoreThreshold, iouThreshold,
//    maxDetections, maxClassesPerDetection, detectionsPerClass })
//   -> { boxes, indices, classes, scores, count }
Napi::Value detection_postprocess(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t rows = integer_at(object, "rows"), columns = integer_at(object, "columns");
  const int64_t background = flag_at(object, "background") ? 1 : 0;
  DetectionPostprocess options{};
  options.encodings = quadruples_at<CentreSize>(object, "encodings", rows);
  options.anchors = quadruples_at<CentreSize>(object, "anchors", rows);
  const float* scores = floats_at(object, "scores", rows * columns);
  options.scores = {scores + background, rows, columns - background, columns};
  options.scales = scales_at(object);
  options.regular = flag_at(object, "regular");
  options.score_threshold = float_at(object, "scoreThreshold");
  options.iou_threshold = float_at(object, "iouThreshold");
  options.max_detections = integer_at(object, "maxDetections");
  options.max_classes_per_detection = integer_at(object, "maxClassesPerDetection");
  options.detections_per_class = integer_at(object, "detectionsPerClass");

  const PostprocessedDetections result = postprocess_detections(options);
  Napi::Object out = detections_to_javascript(info.Env(), result.detections);
  out.Set("boxes", floats_from(info.Env(), result.boxes));
  out.Set("count", static_cast<double>(result.count));
  return out;
}

// ({ encodings, anchors, rows, scales }) -> Float32Array [rows, 4]
Napi::Value decode_encoded_boxes(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t rows = integer_at(object, "rows");
  return floats_from(
      info.Env(), decode_boxes(quadruples_at<CentreSize>(object, "encodings", rows),
                               quadruples_at<CentreSize>(object, "anchors", rows), rows, scales_at(object)));
}

Heatmap read_heatmap(const Napi::Object& object) {
  const int64_t height = integer_at(object, "height"), width = integer_at(object, "width");
  const int64_t classes = integer_at(object, "classes");
  return {floats_at(object, "heatmap", height * width * classes), height, width, classes};
}

// { boxes, classes, scores }
Napi::Value peak_boxes_to_javascript(Napi::Env env, const std::vector<PeakBox>& found) {
  std::vector<Box> boxes;
  std::vector<int32_t> classes;
  std::vector<float> scores;
  for (const PeakBox& one : found) {
    boxes.push_back(one.box);
    classes.push_back(one.peak.label);
    scores.push_back(one.peak.score);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("boxes", floats_from(env, boxes));
  object.Set("classes", array_of<Napi::Int32Array>(env, classes));
  object.Set("scores", array_of<Napi::Float32Array>(env, scores));
  return object;
}

// ({ heatmap, height, width, classes, sizes, offsets, stride, imageHeight, imageWidth, maxDetections })
//   -> { boxes, classes, scores }
Napi::Value decode_centernet_heads(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const Heatmap heatmap = read_heatmap(object);
  const int64_t cells = heatmap.height * heatmap.width;
  const CenterNetHeads heads{heatmap,
                             floats_at(object, "sizes", 2 * cells),
                             floats_at(object, "offsets", 2 * cells),
                             float_at(object, "stride"),
                             float_at(object, "imageHeight"),
                             float_at(object, "imageWidth")};
  return peak_boxes_to_javascript(info.Env(), decode_centernet(heads, integer_at(object, "maxDetections")));
}

// ({ heatmap, height, width, classes, sides, stride, maxDetections }) -> { boxes, classes, scores }
Napi::Value decode_sided_heads(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const Heatmap heatmap = read_heatmap(object);
  const SidedHeads heads{heatmap, floats_at(object, "sides", 4 * heatmap.height * heatmap.width),
                         float_at(object, "stride")};
  return peak_boxes_to_javascript(info.Env(),
                                  decode_sided_centernet(heads, integer_at(object, "maxDetections")));
}

// ({ grids: heights and widths in turn, minScale, maxScale, aspectRatios }) -> Float32Array [anchors, 4]
Napi::Value ssd_anchors(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const std::vector<int32_t> sizes = indices_at(object, "grids");
  SsdAnchors options{
      {}, number_at(object, "minScale"), number_at(object, "maxScale"), numbers_at(object, "aspectRatios")};
  for (size_t i = 0; i + 1 < sizes.size(); i += 2) options.grids.push_back({sizes[i], sizes[i + 1]});
  return floats_from(info.Env(), generate(options));
}

// ({ imageHeight, imageWidth, minLevel, maxLevel, anchorScale, aspectRatios, scalesPerOctave })
//   -> Float32Array [anchors, 4]
Napi::Value pyramid_anchors(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const PyramidAnchors options{integer_at(object, "imageHeight"),
                               integer_at(object, "imageWidth"),
                               static_cast<int>(integer_at(object, "minLevel")),
                               static_cast<int>(integer_at(object, "maxLevel")),
                               number_at(object, "anchorScale"),
                               numbers_at(object, "aspectRatios"),
                               static_cast<int>(integer_at(object, "scalesPerOctave"))};
  return floats_from(info.Env(), generate(options));
}

}  // namespace

void init_detection(Napi::Env env, Napi::Object exports) {
  exports.Set("suppressBoxes", Napi::Function::New(env, suppress_boxes, "suppressBoxes"));
  exports.Set("detectionPostprocess",
              Napi::Function::New(env, detection_postprocess, "detectionPostprocess"));
  exports.Set("decodeBoxes", Napi::Function::New(env, decode_encoded_boxes, "decodeBoxes"));
  exports.Set("decodeCenterNet", Napi::Function::New(env, decode_centernet_heads, "decodeCenterNet"));
  exports.Set("decodeSidedCenterNet", Napi::Function::New(env, decode_sided_heads, "decodeSidedCenterNet"));
  exports.Set("ssdAnchors", Napi::Function::New(env, ssd_anchors, "ssdAnchors"));
  exports.Set("pyramidAnchors", Napi::Function::New(env, pyramid_anchors, "pyramidAnchors"));
}

}  // namespace qn::bindings
