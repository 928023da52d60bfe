#include "native/core/fused_spec.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "native/core/error.h"

namespace qn {
namespace {

enum class Operand { none, elements, codes, table };

struct FusedSpec {
  const char* name;
  FusedOp op;
  DType dtype;  // of what it works on: f32 or u8
  Operand operand;
  std::vector<const char*> attributes;
};

const std::vector<FusedSpec>& specs() {
  constexpr auto f32 = DType::f32;
  constexpr auto u8 = DType::u8;
  static const std::vector<FusedSpec> list = {
      {"add", FusedOp::add, f32, Operand::elements, {}},
      {"subtract", FusedOp::subtract, f32, Operand::elements, {}},
      {"reverse_subtract", FusedOp::reverse_subtract, f32, Operand::elements, {}},
      {"multiply", FusedOp::multiply, f32, Operand::elements, {}},
      {"divide", FusedOp::divide, f32, Operand::elements, {}},
      {"reverse_divide", FusedOp::reverse_divide, f32, Operand::elements, {}},
      {"maximum", FusedOp::maximum, f32, Operand::elements, {}},
      {"minimum", FusedOp::minimum, f32, Operand::elements, {}},
      {"clamp", FusedOp::clamp, f32, Operand::none, {"lo", "hi"}},
      {"hard_swish", FusedOp::hard_swish, f32, Operand::none, {"sixth"}},
      {"hard_sigmoid", FusedOp::hard_sigmoid, f32, Operand::none, {"sixth"}},
      {"leaky_relu", FusedOp::leaky_relu, f32, Operand::none, {"alpha"}},
      {"sigmoid", FusedOp::sigmoid, f32, Operand::none, {}},
      {"tanh", FusedOp::tanh, f32, Operand::none, {}},
      {"exp", FusedOp::exp, f32, Operand::none, {}},
      {"log", FusedOp::log, f32, Operand::none, {}},
      {"sqrt", FusedOp::sqrt, f32, Operand::none, {}},
      {"rsqrt", FusedOp::rsqrt, f32, Operand::none, {}},
      {"abs", FusedOp::abs, f32, Operand::none, {}},
      {"negate", FusedOp::negate, f32, Operand::none, {}},
      {"square", FusedOp::square, f32, Operand::none, {}},
      {"floor", FusedOp::floor, f32, Operand::none, {}},
      {"ceil", FusedOp::ceil, f32, Operand::none, {}},
      {"round", FusedOp::round, f32, Operand::none, {}},
      {"lookup", FusedOp::lookup, u8, Operand::table, {}},
      {"add_codes",
       FusedOp::add_codes,
       u8,
       Operand::elements,
       {"factor", "operand_factor", "shift", "x_zero", "operand_zero", "y_zero", "lo", "hi"}},
      {"multiply_codes",
       FusedOp::multiply_codes,
       u8,
       Operand::elements,
       {"multiplier", "x_zero", "operand_zero", "y_zero", "lo", "hi"}},
      {"dequantize", FusedOp::dequantize, f32, Operand::none, {"scale", "zero"}},
      {"add_dequantized", FusedOp::add_dequantized, f32, Operand::codes, {"scale", "zero"}},
      {"multiply_dequantized", FusedOp::multiply_dequantized, f32, Operand::codes, {"scale", "zero"}},
      {"quantize", FusedOp::quantize, f32, Operand::none, {"multiplier", "zero", "lo", "hi"}},
  };
  return list;
}

const FusedSpec& spec_of(FusedOp op) {
  return *std::find_if(specs().begin(), specs().end(), [&](const FusedSpec& s) { return s.op == op; });
}

std::int64_t elements_of(const View& view) {
  std::int64_t elements = 1;
  for (std::int32_t d = 0; d < view.rank; d++) elements *= view.dim[d];
  return elements;
}

// Whether it has to do with both float32 and codes.
bool is_between(FusedOp op) {
  return op == FusedOp::dequantize || op == FusedOp::add_dequantized || op == FusedOp::multiply_dequantized ||
         op == FusedOp::quantize;
}

bool is_strided_image(const FusedStep& step, const View& image, const View& out) {
  const auto covers = [&](int d, std::int64_t stride) {
    return (image.dim[d] + stride - 1) / stride == out.dim[d];
  };
  return image.rank == 4 && out.rank == 4 && covers(0, 1) && covers(1, step.stride_h) &&
         covers(2, step.stride_w) && covers(3, 1);
}

// none: the operand goes with the output in no way.
OperandKind kind_of(const FusedStep& step, const View& operand, const View& out) {
  if (step.stride_h > 1 || step.stride_w > 1)
    return is_strided_image(step, operand, out) ? OperandKind::strided : OperandKind::none;
  if (operand.rank == out.rank && std::equal(operand.dim, operand.dim + operand.rank, out.dim))
    return OperandKind::same;
  if (elements_of(operand) == 1) return OperandKind::scalar;
  const bool channels = operand.rank > 0 && out.rank > 0 &&
                        operand.dim[operand.rank - 1] == out.dim[out.rank - 1] &&
                        elements_of(operand) == out.dim[out.rank - 1];
  return channels ? OperandKind::channel : OperandKind::none;
}

bool is_integer(double value, double lo, double hi) {
  return value >= lo && value <= hi && value == std::floor(value);
}

bool are_codes(std::initializer_list<double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return is_integer(v, 0, 255); });
}

// One of the strides of an operand. Throws Error naming `where`.
std::int32_t stride_of(const FusedDesc& desc, const char* name, const std::string& where) {
  const auto given = desc.attributes.find(name);
  if (given == desc.attributes.end()) return 1;
  constexpr double kLargest = 1 << 20;
  if (!is_integer(given->second, 1, kLargest))
    throw Error(where + "fused step '" + desc.op + "': " + name + " is not an integer from 1 to 2^20");
  return static_cast<std::int32_t>(given->second);
}

// Why kernels cannot compute with these values, empty when they can. The sum of add_codes fits 32 bits.
std::string check_attributes(FusedOp op, const double* a, std::size_t count) {
  if (std::any_of(a, a + count, [](double v) { return std::isnan(v); })) return "an attribute is NaN";
  if (op == FusedOp::clamp && a[0] > a[1]) return "lo is greater than hi";
  if (op == FusedOp::add_codes) {
    constexpr double kFactor = 1 << 21;
    if (!is_integer(a[0], -kFactor, kFactor) || !is_integer(a[1], -kFactor, kFactor))
      return "a factor is not an integer of at most 2^21";
    if (!is_integer(a[2], 1, 30)) return "shift is not an integer from 1 to 30";
    if (!are_codes({a[3], a[4], a[5], a[6], a[7]}) || a[6] > a[7])
      return "zero points, lo and hi are not codes from 0 to 255, lo <= hi";
  }
  if (op == FusedOp::multiply_codes) {
    if (!are_codes({a[1], a[2], a[3], a[4], a[5]}) || a[4] > a[5])
      return "zero points, lo and hi are not codes from 0 to 255, lo <= hi";
    if (std::fabs(a[0]) > 1e30) return "multiplier is out of range";
  }
  if (op == FusedOp::quantize && (!are_codes({a[1], a[2], a[3]}) || a[2] > a[3]))
    return "zero, lo and hi are not codes from 0 to 255, lo <= hi";
  if (is_between(op) && op != FusedOp::quantize && !are_codes({a[1]}))
    return "zero is not a code from 0 to 255";
  if (is_between(op) && std::fabs(a[0]) > 1e30) return "its factor is out of range";
  return {};
}

// Why step s of a chain cannot be where it is, empty when it can.
std::string check_place(const std::vector<FusedStep>& steps, std::size_t s, RealSteps reals,
                        const View& out) {
  const FusedOp op = steps[s].op;
  const bool real = steps.back().op == FusedOp::quantize;
  if (is_between(op) && reals == RealSteps::none) return "this op has no float32 before its codes";
  if (is_between(op) && (!real || out.dtype != DType::u8))
    return "there must be a u8 result and quantize as the last step";
  if (op == FusedOp::quantize && s + 1 < steps.size()) return "it is not the last step";
  if ((op == FusedOp::dequantize) != (real && s == 0 && reals == RealSteps::of_codes))
    return op == FusedOp::dequantize ? "only codes are dequantized, and first"
                                     : "codes must be dequantized first";
  return {};
}

}  // namespace

FusedStep read_fused(const FusedDesc& desc, const std::string& where) {
  const auto found =
      std::find_if(specs().begin(), specs().end(), [&](const FusedSpec& s) { return desc.op == s.name; });
  if (found == specs().end()) throw Error(where + "there is no fused step '" + desc.op + "'");
  if ((found->operand != Operand::none) != (desc.operand >= 0)) {
    throw Error(where + "fused step '" + desc.op + "' takes " +
                (found->operand == Operand::none ? "no operand" : "an operand"));
  }
  FusedStep step{found->op, OperandKind::none, desc.operand, 1, 1, {}};
  std::size_t known = found->attributes.size();
  if (found->operand == Operand::elements || found->operand == Operand::codes) {
    step.stride_h = stride_of(desc, "stride_h", where);
    step.stride_w = stride_of(desc, "stride_w", where);
    known += desc.attributes.count("stride_h") + desc.attributes.count("stride_w");
  }
  for (std::size_t i = 0; i < found->attributes.size(); i++) {
    const auto given = desc.attributes.find(found->attributes[i]);
    if (given == desc.attributes.end()) {
      throw Error(where + "fused step '" + desc.op + "': attribute '" + found->attributes[i] +
                  "' is missing");
    }
    step.attribute[i] = given->second;
  }
  if (desc.attributes.size() != known) {
    throw Error(where + "fused step '" + desc.op + "' has an attribute that it does not know");
  }
  if (const std::string reason = check_attributes(step.op, step.attribute, found->attributes.size());
      !reason.empty())
    throw Error(where + "fused step '" + desc.op + "': " + reason);
  return step;
}

std::string bind_fused(std::vector<FusedStep>& steps, RealSteps reals, const View* in, const View& out) {
  const DType dtype = !steps.empty() && steps.back().op == FusedOp::quantize ? DType::f32 : out.dtype;
  for (std::size_t s = 0; s < steps.size(); s++) {
    FusedStep& step = steps[s];
    const FusedSpec& spec = spec_of(step.op);
    const std::string name = std::string("fused step '") + spec.name + "': ";
    if (const std::string reason = check_place(steps, s, reals, out); !reason.empty()) return name + reason;
    if (dtype != spec.dtype) return name + "the result is not " + name_of(spec.dtype);
    if (spec.operand == Operand::none) continue;
    const View& operand = in[step.operand];
    if (operand.weight) return name + "its operand is a weight matrix";
    const DType wanted = spec.operand == Operand::codes ? DType::u8 : spec.dtype;
    if (operand.dtype != wanted) return name + "its operand is not " + name_of(wanted);
    if (spec.operand == Operand::table) {
      if (elements_of(operand) != 256) return name + "its table does not have 256 entries";
      step.kind = OperandKind::table;
      continue;
    }
    step.kind = kind_of(step, operand, out);
    if (step.kind == OperandKind::none && (step.stride_h > 1 || step.stride_w > 1))
      return name + "its operand is no image of which the result meets every " +
             std::to_string(step.stride_h) + ". row and " + std::to_string(step.stride_w) + ". column";
    if (step.kind == OperandKind::none)
      return name + "its operand has neither the result's shape, nor one value a channel, nor one value";
  }
  return {};
}

}  // namespace qn
