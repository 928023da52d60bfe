#include "bindings/image.h"

#include <cmath>
#include <optional>
#include <string>

#include "bindings/arguments.h"
#include "bindings/job.h"
#include "native/core/error.h"
#include "native/cpu/features.h"
#include "native/image/resize.h"

namespace qn::bindings {
namespace {

image::ResizeMode mode_from_name(const std::string& name) {
  if (name == "tf-legacy") return image::ResizeMode::tf_legacy;
  if (name == "tf2") return image::ResizeMode::tf2;
  if (name == "cv2") return image::ResizeMode::cv2;
  if (name == "pil") return image::ResizeMode::pil;
  throw Error("unknown resize mode '" + name + "'");
}

// Source positions are 32-bit, and the sizes below are products of these.
int64_t side_at(const Napi::Object& object, const char* key) {
  const int64_t side = integer_at(object, key);
  if (side < 1 || side > 1 << 20) {
    throw Error(std::string("expected 1 to 1048576 for ") + key + ", got " + std::to_string(side));
  }
  return side;
}

double scale_at(const Napi::Object& object, const char* key) {
  const double scale = number_at(object, key);
  if (!(scale > 0) || !std::isfinite(scale))
    throw Error(std::string("expected a positive number for ") + key);
  return scale;
}

image::Canvas read_canvas(const Napi::Object& object) {
  const image::Canvas canvas{side_at(object, "width"),      side_at(object, "height"),
                             integer_at(object, "left"),    integer_at(object, "top"),
                             side_at(object, "imageWidth"), side_at(object, "imageHeight")};
  if (canvas.left < 0 || canvas.top < 0 || canvas.left > canvas.width - canvas.image_width ||
      canvas.top > canvas.height - canvas.image_height) {
    throw Error("the resized image does not lie within the input");
  }
  return canvas;
}

// The elements of a typed array of height x width RGB values.
uint8_t* values_at(const Napi::Object& object, const char* key, int64_t width, int64_t height,
                   int64_t element_size) {
  const Bytes bytes = bytes_of_typed_array(object.Get(key), key);
  const int64_t expected = width * height * image::kChannels * element_size;
  if (bytes.size != static_cast<uint64_t>(expected)) {
    throw Error("expected " + std::to_string(expected) + " bytes for " + key + ", got " +
                std::to_string(bytes.size));
  }
  return const_cast<uint8_t*>(bytes.data);
}

void read_channels(const Napi::Object& object, const char* key, float* out) {
  const Napi::Array array = array_at(object, key);
  for (uint32_t c = 0; c < image::kChannels; c++) out[c] = array.Get(c).ToNumber().FloatValue();
}

image::Normalization read_normalization(const Napi::Object& object) {
  image::Normalization to{static_cast<float>(number_at(object, "divisor")), {}, {}};
  read_channels(object, "mean", to.mean);
  read_channels(object, "deviation", to.deviation);
  return to;
}

// (request, { threads, isa? }) -> { promise of undefined: request.out is filled, cancel }
Napi::Value resize_image(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  const int64_t width = side_at(object, "width"), height = side_at(object, "height");
  const image::Resize request{{values_at(object, "pixels", width, height, 1), width, height},
                              mode_from_name(string_at(object, "mode")),
                              read_canvas(object_at(object, "canvas")),
                              scale_at(object, "scaleX"),
                              scale_at(object, "scaleY")};
  std::optional<image::Normalization> to;
  if (!object.Get("normalization").IsUndefined()) to = read_normalization(object_at(object, "normalization"));
  uint8_t* out =
      values_at(object, "out", request.canvas.width, request.canvas.height, to ? int64_t{sizeof(float)} : 1);
  const Napi::Object options = info[1].As<Napi::Object>();
  const int threads = static_cast<int>(integer_at(options, "threads"));
  Isa isa = cpu::best_isa();
  if (options.Get("isa").IsString()) {
    isa = cpu::isa_from_name(string_at(options, "isa"));
    cpu::require(isa);
  }
  const auto work = [=](const std::atomic<bool>& stop, const JobProgress&) {
    ThreadPool pool(threads);
    const image::ImageExecution execution{pool, image::row_kernels(isa), &stop};
    if (to) {
      image::resize(request, *to, execution, reinterpret_cast<float*>(out));
    } else {
      image::resize(request, execution, out);
    }
    return JobResult([](Napi::Env env) { return env.Undefined(); });
  };
  return start_job(info.Env(), info.Env().Undefined(), work, object);
}

}  // namespace

void init_image(Napi::Env env, Napi::Object exports) {
  exports.Set("resizeImage", Napi::Function::New(env, resize_image, "resizeImage"));
}

}  // namespace qn::bindings
