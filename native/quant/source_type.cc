#include "native/quant/source_type.h"

#include <array>

#include "native/core/error.h"

namespace qn {
namespace {

constexpr std::array<SourceTypeInfo, 15> kTypes = {{
    {"F32", 1, 4},
    {"F16", 1, 2},
    {"BF16", 1, 2},
    {"Q4_0", 32, 18},
    {"Q4_1", 32, 20},
    {"Q5_0", 32, 22},
    {"Q5_1", 32, 24},
    {"Q8_0", 32, 34},
    {"Q2_K", 256, 84},
    {"Q3_K", 256, 110},
    {"Q4_K", 256, 144},
    {"Q5_K", 256, 176},
    {"Q6_K", 256, 210},
    {"I8", 1, 1},
    {"U8", 1, 1},
}};

}  // namespace

const SourceTypeInfo& source_type_info(SourceType type) { return kTypes[static_cast<size_t>(type)]; }

SourceType source_type_from_name(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return static_cast<SourceType>(i);
  }
  std::string known;
  for (const SourceTypeInfo& type : kTypes) known += (known.empty() ? "" : ", ") + std::string(type.name);
  throw Error("expected a weight type of " + known + ", got " + std::string(name));
}

}  // namespace qn
