#include "bindings/ceilings.h"

#include <memory>

#include "bindings/arguments.h"
#include "bindings/job.h"
#include "native/cpu/ceilings.h"
#include "native/cpu/features.h"

namespace qn::bindings {
namespace {

Napi::Value report_to_javascript(Napi::Env env, const cpu::CeilingReport& report) {
  constexpr double kGiga = 1e9;
  Napi::Array points = Napi::Array::New(env, report.points.size());
  for (std::uint32_t i = 0; i < report.points.size(); i++) {
    const cpu::CeilingPoint& point = report.points[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("threads", point.threads);
    object.Set("dramGbPerS", point.dram_read / kGiga);
    object.Set("cacheGbPerS", point.cache_read / kGiga);
    object.Set("f32GopPerS", point.f32 / kGiga);
    object.Set("int8GopPerS", point.int8 / kGiga);
    points.Set(i, object);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("isa", cpu::name_of(report.isa));
  object.Set("lastLevelCacheBytes", static_cast<double>(report.last_level_cache));
  object.Set("dramBufferBytes", static_cast<double>(report.dram_bytes));
  object.Set("points", points);
  return object;
}

// ({ threads, isa? }, onProgress?) -> { promise of the report, cancel }
Napi::Value measure_ceilings(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const int threads = static_cast<int>(integer_at(options, "threads"));
  const Isa isa =
      options.Get("isa").IsString() ? cpu::isa_from_name(string_at(options, "isa")) : cpu::best_isa();
  return start_job(
      info.Env(), info[1], [threads, isa](const std::atomic<bool>& stop, const JobProgress& progress) {
        auto report = std::make_shared<cpu::CeilingReport>(
            cpu::measure_ceilings(threads, isa, &stop, [&](int done, int total) { progress(done, total); }));
        return JobResult([report](Napi::Env env) { return report_to_javascript(env, *report); });
      });
}

}  // namespace

void init_ceilings(Napi::Env env, Napi::Object exports) {
  exports.Set("measureCeilings", Napi::Function::New(env, measure_ceilings, "measureCeilings"));
}

}  // namespace qn::bindings
