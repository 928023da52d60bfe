#include "native/quant/load_weight.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "native/core/error.h"
#include "native/quant/float_rows.h"
#include "native/quant/load_schemes.h"
#include "native/quant/load_taps.h"
#include "native/quant/random_weight.h"

namespace qn {
namespace {

[[noreturn]] void fail(const WeightRequest& request, const std::string& problem) {
  throw Error("tensor '" + request.name + "': " + problem);
}

WeightFormat code_format(int bits) {
  return bits == 8 ? WeightFormat::u8 : bits == 4 ? WeightFormat::u4 : WeightFormat::u2;
}

OwnedWeight allocate_integers(const QuantizeOptions& options, MatrixSize size) {
  OwnedWeight weight = allocate_code_panels(code_format(options.bits), ParamFormat::f16_u8, size.rows,
                                            size.cols, options.group);
  const double group_bits = 16.0 + (options.symmetric ? 0 : options.bits);
  weight.bits_per_weight = options.bits + group_bits * weight.view.groups / static_cast<double>(size.cols);
  return weight;
}

OwnedWeight load_codes(const MatrixRows& source, const NativeForm& form, const LoadControl& control) {
  OwnedWeight weight =
      form.format == WeightFormat::lut4
          ? allocate_table_panels(std::span<const float, 16>(form.table, 16), source.rows(), source.cols(),
                                  form.group)
          : allocate_code_panels(form.format, form.params, source.rows(), source.cols(), form.group);
  fill_code_panels(control, source, weight,
                   [&](int64_t row, int r, int, PanelRows& rows) { source.read_codes(row, rows, r); });
  weight.bits_per_weight = form.bits_per_weight;
  return weight;
}

OwnedWeight load_rounded(const MatrixRows& source, const QuantizeOptions& options,
                         const LoadControl& control) {
  OwnedWeight weight = allocate_integers(options, {source.rows(), source.cols()});
  FloatScratch scratch(control, source.cols());
  fill_code_panels(control, source, weight, [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = scratch.of(worker);
    source.read(row, values);
    quantize_row(values, source.cols(), options, {source.name(), row}, rows.codes(r), rows.scale(r),
                 rows.zero(r));
  });
  return weight;
}

OwnedWeight load_floats(const MatrixRows& source, WeightFormat format, const LoadControl& control) {
  const int64_t cols = source.cols();
  OwnedWeight weight = allocate_float_panels(format, source.rows(), cols);
  FloatScratch rows(control, cols), panels(control, kPanelRows * cols);
  const FillPanel fill = [&](int64_t panel, int worker) {
    float* values = rows.of(worker);
    float* elements = panels.of(worker);
    uint16_t* halves = reinterpret_cast<uint16_t*>(elements);
    const int64_t first = panel * kPanelRows, count = std::min<int64_t>(kPanelRows, source.rows() - first);
    if (count < kPanelRows) std::memset(elements, 0, static_cast<size_t>(kPanelRows * cols) * sizeof(float));
    for (int64_t r = 0; r < count; ++r) {
      const RowName name{source.name(), first + r};
      source.read(first + r, format == WeightFormat::f32 ? elements + r * cols : values);
      if (format == WeightFormat::f16) encode_float16(values, cols, name, halves + r * cols);
      if (format == WeightFormat::bf16) encode_bfloat16(values, cols, name, halves + r * cols);
    }
    store_float_panel(elements, weight, panel);
  };
  for_each_panel(control, {source.rows(), cols, source.row_bytes()}, &source, fill);
  return weight;
}

OwnedWeight load_panels(const MatrixRows& source, const WeightTarget& target, const LoadControl& control) {
  if (target.kind == TargetKind::i8) return load_taps(source, target.tap_cols, control);
  const NativeForm form = source.native_form();
  switch (target.kind) {
    case TargetKind::integer:
      return load_rounded(source, target.options, control);
    case TargetKind::nf4:
      return load_nf4(source, control);
    case TargetKind::llm_int8:
      return load_llm_int8(source, control);
    case TargetKind::native:
      return is_float(form.format) ? load_floats(source, form.format, control)
                                   : load_codes(source, form, control);
    case TargetKind::f16:
      return load_floats(source, WeightFormat::f16, control);
    case TargetKind::bf16:
      return load_floats(source, WeightFormat::bf16, control);
    default:
      return load_floats(source, is_float(form.format) ? form.format : WeightFormat::f32, control);
  }
}

OwnedWeight load_random(const WeightRequest& request, const RandomSource& source,
                        const LoadControl& control) {
  const TargetKind target = request.target.kind;
  if (target == TargetKind::integer || target == TargetKind::nf4) {
    const QuantizeOptions& options = request.target.options;
    OwnedWeight weight = target == TargetKind::nf4 ? allocate_nf4(source.rows, source.cols)
                                                   : allocate_integers(options, {source.rows, source.cols});
    std::vector<PanelRows> scratch;
    for (int i = 0; i < control.pool.threads(); ++i)
      scratch.emplace_back(weight.view.padded_cols, weight.view.groups);
    const FillPanel fill = [&](int64_t panel, int worker) {
      fill_random_codes(source.seed, options.symmetric, scratch[static_cast<size_t>(worker)], weight, panel);
    };
    for_each_panel(control, {source.rows, source.cols, source.cols}, nullptr, fill);
    return weight;
  }
  if (target == TargetKind::native || target == TargetKind::llm_int8 || target == TargetKind::i8) {
    fail(request, "random weights are made as f32, f16, bf16, nf4 or 8, 4 or 2 bits; this is another target");
  }
  const WeightFormat format = target == TargetKind::f16    ? WeightFormat::f16
                              : target == TargetKind::bf16 ? WeightFormat::bf16
                                                           : WeightFormat::f32;
  OwnedWeight weight = allocate_float_panels(format, source.rows, source.cols);
  FloatScratch scratch(control, kPanelRows * source.cols);
  const FillPanel fill = [&](int64_t panel, int worker) {
    fill_random_floats(source.seed, reinterpret_cast<uint8_t*>(scratch.of(worker)), weight, panel);
  };
  for_each_panel(control, {source.rows, source.cols, 4 * source.cols}, nullptr, fill);
  return weight;
}

AlignedBuffer load_dense(const WeightRequest& request, MatrixSize size, const LoadControl& control) {
  const auto* plain = std::get_if<ValuesSource>(&request.source);
  if ((request.target.kind == TargetKind::values) != (plain != nullptr)) {
    fail(request, "expected plain values for the values target, and for no other");
  }
  if (plain) {
    AlignedBuffer buffer(plain->bytes.size());
    std::memcpy(buffer.data(), plain->bytes.data(), buffer.size());
    return buffer;
  }
  const int64_t count = size.rows * size.cols;
  AlignedBuffer buffer(static_cast<size_t>(count) * sizeof(float));
  if (std::holds_alternative<RandomSource>(request.source)) {
    float* values = reinterpret_cast<float*>(buffer.data());
    std::fill(values, values + count, 1.0f);  // the gains of a freshly initialised norm
  } else {
    read_matrix(request.source, request.name, {control.pool, control.stop},
                reinterpret_cast<float*>(buffer.data()));
  }
  return buffer;
}

}  // namespace

LoadedWeight load_weight(const WeightRequest& request, const LoadControl& control) {
  const MatrixSize size = size_of(request.source);
  const std::string problem = size_problem(size);
  if (!problem.empty()) fail(request, problem);
  if (request.target.kind == TargetKind::integer) {
    const QuantizeOptions& options = request.target.options;
    const std::string shape = shape_problem({options.bits, size.rows, size.cols, options.group});
    if (!shape.empty()) fail(request, shape);
  }
  LoadedWeight loaded;
  loaded.rows = size.rows;
  loaded.cols = size.cols;
  if (request.target.kind == TargetKind::dense || request.target.kind == TargetKind::values) {
    loaded.is_dense = true;
    loaded.dense = load_dense(request, size, control);
    loaded.bytes = static_cast<int64_t>(loaded.dense.size());
    loaded.bits_per_weight =
        8.0 * static_cast<double>(loaded.dense.size()) / static_cast<double>(size.rows * size.cols);
    if (control.progress) control.progress(size.rows * size.cols);
    return loaded;
  }
  if (const auto* random = std::get_if<RandomSource>(&request.source)) {
    loaded.panels = load_random(request, *random, control);
  } else {
    const std::unique_ptr<MatrixRows> rows = open_rows(request.source, request.name);
    loaded.panels = load_panels(*rows, request.target, control);
    if (request.target.kind == TargetKind::native) loaded.column_order = rows->column_order();
  }
  loaded.bytes = loaded.panels.bytes;
  loaded.bits_per_weight = loaded.panels.bits_per_weight;
  return loaded;
}

void read_matrix(const WeightSource& source, std::string_view name, const LoadControl& control, float* out) {
  const std::unique_ptr<MatrixRows> rows = open_rows(source, name);
  const int64_t cols = rows->cols();
  for_each_panel(control, {rows->rows(), cols, rows->row_bytes()}, rows.get(), [&](int64_t panel, int) {
    const int64_t begin = panel * kPanelRows, end = std::min(begin + kPanelRows, rows->rows());
    for (int64_t row = begin; row < end; ++row) rows->read(row, out + row * cols);
  });
}

}  // namespace qn
