#include "native/quant/load_weight.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "native/core/error.h"
#include "native/quant/ggml_blocks.h"
#include "native/quant/ggml_dequantize.h"
#include "native/quant/llm_int8.h"
#include "native/quant/nf4.h"
#include "native/quant/random_weight.h"

namespace qn {
namespace {

constexpr int64_t kSliceBytes = 32 << 20;   // of the source, between two releases of mapped pages
constexpr int64_t kGrainWeights = 1 << 17;  // a piece of work of well under a millisecond

[[noreturn]] void fail(const WeightRequest& request, const std::string& problem) {
  throw Error("tensor '" + request.name + "': " + problem);
}

// The rows of a matrix in a mapped file, in the model's order.
class FileRows {
 public:
  FileRows(const WeightRequest& request, const FileSource& source) : source_(source) {
    const SourceTypeInfo& type = source_type_info(source.type);
    if (source.cols % type.block_size != 0) {
      fail(request, "expected rows of a multiple of " + std::to_string(type.block_size) + " columns for " +
                        std::string(type.name) + ", found " + std::to_string(source.cols));
    }
    row_bytes_ = source_row_bytes(source.type, source.cols);
    const uint64_t rows = static_cast<uint64_t>(source.rows);
    if (source.length / static_cast<uint64_t>(row_bytes_) != rows ||
        source.length % static_cast<uint64_t>(row_bytes_)) {
      fail(request, "expected " + std::to_string(source.rows) + " rows of " + std::to_string(row_bytes_) +
                        " bytes, found " + std::to_string(source.length) + " bytes");
    }
    data_ = source.file->data(source.offset, source.length);
    if (source.rope_heads < 0 ||
        (source.rope_heads > 0 && source.rows % (2 * int64_t{source.rope_heads}) != 0)) {
      fail(request, "expected an even number of rows for each of " + std::to_string(source.rope_heads) +
                        " heads, found " + std::to_string(source.rows) + " rows");
    }
    head_rows_ = source.rope_heads > 0 ? source.rows / source.rope_heads : 0;
  }

  int64_t row_bytes() const { return row_bytes_; }
  const uint8_t* row(int64_t model_row) const { return data_ + file_row(model_row) * row_bytes_; }
  // As float32, every value checked to be finite.
  void read(const WeightRequest& request, int64_t model_row, float* out) const {
    dequantize(source_.type, row(model_row), source_.cols, out);
    check_finite(out, source_.cols, {request.name, model_row});
  }
  void release(int64_t begin, int64_t end) const {
    source_.file->release(source_.offset + static_cast<uint64_t>(begin * row_bytes_),
                          static_cast<uint64_t>((end - begin) * row_bytes_));
  }

 private:
  int64_t file_row(int64_t r) const {
    if (head_rows_ == 0) return r;
    const int64_t within = r % head_rows_, half = head_rows_ / 2;
    return r - within + 2 * (within % half) + within / half;
  }

  const FileSource& source_;
  const uint8_t* data_;
  int64_t row_bytes_, head_rows_;
};

using FillPanel = std::function<void(int64_t panel, int worker)>;

// Fills all panels of a matrix, in slices of about kSliceBytes of the source, which are given back when read.
void fill_panels(const LoadControl& control, const Weight& view, int64_t row_bytes, const FillPanel& fill,
                 const FileRows* source) {
  const int64_t slice =
      std::max<int64_t>(kSliceBytes / (kPanelRows * std::max<int64_t>(1, row_bytes)), control.pool.threads());
  const int64_t grain = std::max<int64_t>(1, kGrainWeights / (kPanelRows * view.cols));
  for (int64_t begin = 0; begin < view.panels; begin += slice) {
    const int64_t end = std::min(begin + slice, view.panels);
    control.pool.run(
        end - begin, grain,
        [&](int64_t first, int64_t last, int worker) {
          for (int64_t panel = first; panel < last; ++panel) fill(begin + panel, worker);
        },
        control.stop);
    const int64_t first_row = begin * kPanelRows, last_row = std::min(end * kPanelRows, view.rows);
    if (source) source->release(first_row, last_row);
    if (control.progress) control.progress((last_row - first_row) * view.cols);
  }
}

using FillRow = std::function<void(int64_t row, int in_panel, int worker, PanelRows& rows)>;

// Fills code panels row by row, through one PanelRows a thread.
void fill_code_panels(const LoadControl& control, OwnedWeight& weight, int64_t row_bytes,
                      const FillRow& fill_row, const FileRows* source) {
  const Weight& view = weight.view;
  std::vector<PanelRows> scratch;
  for (int i = 0; i < control.pool.threads(); ++i) scratch.emplace_back(view.padded_cols, view.groups);
  const FillPanel fill = [&](int64_t panel, int worker) {
    PanelRows& rows = scratch[static_cast<size_t>(worker)];
    const int64_t first = panel * kPanelRows;
    const int count = static_cast<int>(std::min<int64_t>(kPanelRows, view.rows - first));
    rows.clear_rows(count);
    for (int r = 0; r < count; ++r) fill_row(first + r, r, worker, rows);
    store_panel(rows, weight, panel);
  };
  fill_panels(control, view, row_bytes, fill, source);
}

std::vector<AlignedBuffer> float_scratch(const LoadControl& control, int64_t count) {
  std::vector<AlignedBuffer> scratch;
  for (int i = 0; i < control.pool.threads(); ++i)
    scratch.emplace_back(static_cast<size_t>(count) * sizeof(float));
  return scratch;
}

float* floats(std::vector<AlignedBuffer>& scratch, int worker) {
  return reinterpret_cast<float*>(scratch[static_cast<size_t>(worker)].data());
}

WeightFormat code_format(int bits) {
  return bits == 8 ? WeightFormat::u8 : bits == 4 ? WeightFormat::u4 : WeightFormat::u2;
}

double integer_bits_per_weight(const Weight& view, int bits, bool symmetric) {
  return bits + (16.0 + (symmetric ? 0 : bits)) * view.groups / static_cast<double>(view.cols);
}

OwnedWeight load_blocks(const WeightRequest& request, const FileSource& source, const LoadControl& control) {
  const BlockCodes& how = block_codes(source.type);
  const FileRows file(request, source);
  OwnedWeight weight = allocate_code_panels(how.format, how.params, source.rows, source.cols, how.group);
  const int64_t groups = weight.view.groups;
  const FillRow fill = [&](int64_t row, int r, int, PanelRows& rows) {
    unpack_blocks(source.type, file.row(row), source.cols, rows.codes(r), rows.scale(r), rows.offset(r));
    for (int64_t g = 0; g < groups; ++g) {
      const float params[2] = {rows.scale(r)[g], rows.offset(r)[g]};
      check_finite(params, 2, {request.name, row, g * how.group});
    }
    if (how.zero >= 0) std::memset(rows.zero(r), how.zero, static_cast<size_t>(groups));
  };
  fill_code_panels(control, weight, file.row_bytes(), fill, &file);
  const SourceTypeInfo& type = source_type_info(source.type);
  weight.bits_per_weight = 8.0 * type.block_bytes / type.block_size;
  return weight;
}

OwnedWeight load_rounded(const WeightRequest& request, const FileSource& source, const LoadControl& control) {
  const QuantizeOptions& options = request.target.options;
  const FileRows file(request, source);
  OwnedWeight weight = allocate_code_panels(code_format(options.bits), ParamFormat::f16_u8, source.rows,
                                            source.cols, options.group);
  std::vector<AlignedBuffer> scratch = float_scratch(control, source.cols);
  const FillRow fill = [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = floats(scratch, worker);
    file.read(request, row, values);
    quantize_row(values, source.cols, options, {request.name, row}, rows.codes(r), rows.scale(r),
                 rows.zero(r));
  };
  fill_code_panels(control, weight, file.row_bytes(), fill, &file);
  weight.bits_per_weight = integer_bits_per_weight(weight.view, options.bits, options.symmetric);
  return weight;
}

// Replaces the absmax of every block by what double quantization leaves of it.
void double_quantize_scales(OwnedWeight& weight) {
  const Weight& view = weight.view;
  float* params = reinterpret_cast<float*>(weight.params.data());
  const auto scale = [&](int64_t row, int64_t group) -> float& {
    return params[(row / kPanelRows * view.groups + group) * kPanelRows + row % kPanelRows];
  };
  std::vector<float> absmax(static_cast<size_t>(view.rows * view.groups));
  auto at = absmax.begin();
  for (int64_t n = 0; n < view.rows; ++n) {
    for (int64_t g = 0; g < view.groups; ++g) *at++ = scale(n, g);
  }
  double_quantize(absmax);
  at = absmax.begin();
  for (int64_t n = 0; n < view.rows; ++n) {
    for (int64_t g = 0; g < view.groups; ++g) scale(n, g) = *at++;
  }
}

OwnedWeight load_nf4(const WeightRequest& request, const FileSource& source, const LoadControl& control) {
  const FileRows file(request, source);
  OwnedWeight weight = allocate_table_panels(nf4_table(), source.rows, source.cols, kNf4Block);
  std::vector<AlignedBuffer> scratch = float_scratch(control, source.cols);
  const FillRow fill = [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = floats(scratch, worker);
    file.read(request, row, values);
    quantize_nf4_row(values, source.cols, rows.codes(r), rows.scale(r));
  };
  fill_code_panels(control, weight, file.row_bytes(), fill, &file);
  double_quantize_scales(weight);
  weight.bits_per_weight = nf4_bits_per_weight(source.rows, source.cols);
  return weight;
}

// A float32 scale for each row.
double llm_int8_bits_per_weight(int64_t cols) { return 8 + 32.0 / static_cast<double>(cols); }

OwnedWeight load_llm_int8(const WeightRequest& request, const FileSource& source,
                          const LoadControl& control) {
  const FileRows file(request, source);
  OwnedWeight weight =
      allocate_code_panels(WeightFormat::u8, ParamFormat::f32_f32, source.rows, source.cols, -1);
  std::vector<AlignedBuffer> scratch = float_scratch(control, source.cols);
  const FillRow fill = [&](int64_t row, int r, int worker, PanelRows& rows) {
    float* values = floats(scratch, worker);
    file.read(request, row, values);
    const Int8Scale scale = int8_scale(quantize_int8_row(values, source.cols, rows.codes(r)));
    const float params[2] = {scale.scale, scale.offset};
    check_finite(params, 2, {request.name, row});
    *rows.scale(r) = scale.scale;
    *rows.offset(r) = scale.offset;
  };
  fill_code_panels(control, weight, file.row_bytes(), fill, &file);
  weight.bits_per_weight = llm_int8_bits_per_weight(source.cols);
  return weight;
}

OwnedWeight load_floats(const WeightRequest& request, const FileSource& source, WeightFormat format,
                        const LoadControl& control) {
  const FileRows file(request, source);
  const int64_t cols = source.cols;
  OwnedWeight weight = allocate_float_panels(format, source.rows, cols);
  std::vector<AlignedBuffer> rows = float_scratch(control, cols),
                             panels = float_scratch(control, kPanelRows * cols);
  const FillPanel fill = [&](int64_t panel, int worker) {
    float* values = floats(rows, worker);
    float* elements = floats(panels, worker);
    uint16_t* halves = reinterpret_cast<uint16_t*>(elements);
    const int64_t first = panel * kPanelRows, count = std::min<int64_t>(kPanelRows, source.rows - first);
    if (count < kPanelRows) std::memset(elements, 0, static_cast<size_t>(kPanelRows * cols) * sizeof(float));
    for (int64_t r = 0; r < count; ++r) {
      const RowName name{request.name, first + r};
      file.read(request, first + r, format == WeightFormat::f32 ? elements + r * cols : values);
      if (format == WeightFormat::f16) encode_float16(values, cols, name, halves + r * cols);
      if (format == WeightFormat::bf16) encode_bfloat16(values, cols, name, halves + r * cols);
    }
    store_float_panel(elements, weight, panel);
  };
  fill_panels(control, weight.view, file.row_bytes(), fill, &file);
  return weight;
}

// The panel format of a float target, or none.
std::optional<WeightFormat> float_format(TargetKind kind) {
  switch (kind) {
    case TargetKind::f32:
      return WeightFormat::f32;
    case TargetKind::f16:
      return WeightFormat::f16;
    case TargetKind::bf16:
      return WeightFormat::bf16;
    default:
      return std::nullopt;
  }
}

OwnedWeight load(const WeightRequest& request, const FileSource& source, const LoadControl& control) {
  const TargetKind target = request.target.kind;
  if (target == TargetKind::integer) return load_rounded(request, source, control);
  if (target == TargetKind::nf4) return load_nf4(request, source, control);
  if (target == TargetKind::llm_int8) return load_llm_int8(request, source, control);
  if (target == TargetKind::native && !is_float(source.type)) return load_blocks(request, source, control);
  if (target == TargetKind::native || target == TargetKind::f32) {
    const WeightFormat own = source.type == SourceType::f16    ? WeightFormat::f16
                             : source.type == SourceType::bf16 ? WeightFormat::bf16
                                                               : WeightFormat::f32;
    return load_floats(request, source, own, control);
  }
  return load_floats(request, source, *float_format(target), control);
}

OwnedWeight load(const WeightRequest& request, const RandomSource& source, const LoadControl& control) {
  const QuantizeOptions& options = request.target.options;
  if (const std::optional<WeightFormat> format = float_format(request.target.kind)) {
    OwnedWeight weight = allocate_float_panels(*format, source.rows, source.cols);
    std::vector<AlignedBuffer> scratch = float_scratch(control, kPanelRows * source.cols);
    const FillPanel fill = [&](int64_t panel, int worker) {
      fill_random_floats(source.seed, scratch[static_cast<size_t>(worker)].data(), weight, panel);
    };
    fill_panels(control, weight.view, 4 * source.cols, fill, nullptr);
    return weight;
  }
  const bool nf4 = request.target.kind == TargetKind::nf4;
  if (!nf4 && request.target.kind != TargetKind::integer) {
    fail(request, "random weights are made as f32, f16, bf16, nf4 or 8, 4 or 2 bits; the target is another");
  }
  OwnedWeight weight = nf4 ? allocate_table_panels(nf4_table(), source.rows, source.cols, kNf4Block)
                           : allocate_code_panels(code_format(options.bits), ParamFormat::f16_u8, source.rows,
                                                  source.cols, options.group);
  std::vector<PanelRows> scratch;
  for (int i = 0; i < control.pool.threads(); ++i)
    scratch.emplace_back(weight.view.padded_cols, weight.view.groups);
  const FillPanel fill = [&](int64_t panel, int worker) {
    fill_random_codes(source.seed, options.symmetric, scratch[static_cast<size_t>(worker)], weight, panel);
  };
  fill_panels(control, weight.view, source.cols, fill, nullptr);
  weight.bits_per_weight = nf4 ? nf4_bits_per_weight(source.rows, source.cols)
                               : integer_bits_per_weight(weight.view, options.bits, options.symmetric);
  return weight;
}

OwnedWeight load(const WeightRequest& request, const Canonical& source, const LoadControl& control) {
  const CanonicalShape& shape = source.shape;
  if (request.target.kind != TargetKind::native) fail(request, "canonical arrays are loaded as they are");
  const std::string problem = shape_problem(shape);
  if (!problem.empty()) fail(request, problem);
  if (!has_contiguous_groups(source)) {
    fail(request, "expected g_idx[k] = k / " + std::to_string(shape.group) +
                      ", found act-order, which panels cannot hold");
  }
  OwnedWeight weight =
      allocate_code_panels(code_format(shape.bits), ParamFormat::f16_u8, shape.rows, shape.cols, shape.group);
  const FillRow fill = [&](int64_t row, int r, int, PanelRows& rows) {
    read_canonical_row(source, row, rows.codes(r), rows.scale(r), rows.zero(r));
    check_finite(rows.scale(r), weight.view.groups, {request.name, row});
  };
  fill_code_panels(control, weight, shape.cols, fill, nullptr);
  weight.bits_per_weight = integer_bits_per_weight(weight.view, shape.bits, false);
  return weight;
}

OwnedWeight load(const WeightRequest& request, const DenseSource&, const LoadControl&) {
  fail(request, "values in memory can only become a dense vector");
}

AlignedBuffer dense_values(const WeightRequest& request, int64_t rows, int64_t cols) {
  AlignedBuffer buffer(static_cast<size_t>(rows * cols) * sizeof(float));
  float* out = reinterpret_cast<float*>(buffer.data());
  if (const auto* source = std::get_if<FileSource>(&request.source)) {
    const FileRows file(request, *source);
    for (int64_t r = 0; r < rows; ++r) file.read(request, r, out + r * cols);
    file.release(0, rows);
  } else if (const auto* dense = std::get_if<DenseSource>(&request.source)) {
    std::copy(dense->values.begin(), dense->values.end(), out);
    check_finite(out, cols, {request.name, 0});
  } else if (std::holds_alternative<RandomSource>(request.source)) {
    std::fill(out, out + rows * cols, 1.0f);  // the gains of a freshly initialised norm
  } else {
    fail(request, "a canonical matrix cannot become a dense vector");
  }
  return buffer;
}

struct Shape {
  int64_t rows, cols;
};

Shape shape_of(const WeightSource& source) {
  if (const auto* file = std::get_if<FileSource>(&source)) return {file->rows, file->cols};
  if (const auto* random = std::get_if<RandomSource>(&source)) return {random->rows, random->cols};
  if (const auto* dense = std::get_if<DenseSource>(&source))
    return {1, static_cast<int64_t>(dense->values.size())};
  const CanonicalShape& shape = std::get<Canonical>(source).shape;
  return {shape.rows, shape.cols};
}

}  // namespace

LoadedWeight load_weight(const WeightRequest& request, const LoadControl& control) {
  const Shape shape = shape_of(request.source);
  // Leaves room for a padded f32 copy without overflow.
  constexpr int64_t kMaxWeights = std::numeric_limits<int64_t>::max() >> 12;
  constexpr int64_t kMaxCols = std::numeric_limits<int32_t>::max() - 64;  // Weight::group is an int32
  if (shape.rows < 1 || shape.cols < 1 || shape.cols > kMaxCols || shape.rows > kMaxWeights / shape.cols) {
    fail(request,
         "impossible shape [" + std::to_string(shape.rows) + ", " + std::to_string(shape.cols) + "]");
  }
  if (request.target.kind == TargetKind::integer) {
    const QuantizeOptions& options = request.target.options;
    const std::string problem = shape_problem({options.bits, shape.rows, shape.cols, options.group});
    if (!problem.empty()) fail(request, problem);
  }
  LoadedWeight loaded;
  loaded.rows = shape.rows;
  loaded.cols = shape.cols;
  if (request.target.kind == TargetKind::dense) {
    loaded.is_dense = true;
    loaded.dense = dense_values(request, shape.rows, shape.cols);
    loaded.bytes = static_cast<int64_t>(loaded.dense.size());
    loaded.bits_per_weight = 32;
    if (control.progress) control.progress(shape.rows * shape.cols);
    return loaded;
  }
  loaded.panels =
      std::visit([&](const auto& source) { return load(request, source, control); }, request.source);
  loaded.bytes = loaded.panels.bytes;
  loaded.bits_per_weight = loaded.panels.bits_per_weight;
  return loaded;
}

}  // namespace qn
