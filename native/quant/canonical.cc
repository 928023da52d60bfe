#include "native/quant/canonical.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "native/core/error.h"
#include "native/core/float16.h"
#include "native/quant/panels.h"

namespace qn {
namespace {

// Ors the low bits of `codes` [count] into words that are `stride` apart.
void pack_run(int bits, const uint8_t* codes, int64_t count, int32_t* words, int64_t stride) {
  const uint32_t mask = (1u << bits) - 1;
  const int64_t per_word = 32 / bits;
  for (int64_t i = 0; i < count; i += per_word) {
    const int64_t n = std::min(per_word, count - i);
    uint32_t word = 0;
    for (int64_t j = 0; j < n; ++j) word |= (codes[i + j] & mask) << (j * bits);
    words[i / per_word * stride] = static_cast<int32_t>(word);
  }
}

void unpack_run(int bits, const int32_t* words, int64_t stride, int64_t count, uint8_t* codes) {
  unpack_words(bits, reinterpret_cast<const uint8_t*>(words), stride, count, codes);
}

// 1 in every code of a word.
uint32_t ones(int bits) { return bits == 8 ? 0x01010101u : bits == 4 ? 0x11111111u : 0x55555555u; }

// One row: codes [cols], scale and zero [groups]. Of 8, 4 or 2 bits.
void read_row(const Canonical& matrix, int64_t row, uint8_t* codes, float* scale, uint8_t* zero) {
  const CanonicalShape& shape = matrix.shape;
  unpack_run(shape.bits, matrix.qweight + row, shape.rows, shape.cols, codes);
  const int64_t word = row * shape.bits / 32;
  const int shift = static_cast<int>(row * shape.bits % 32);
  for (int64_t g = 0; g < shape.groups(); ++g) {
    scale[g] = float16_to_float(matrix.scales[g * shape.rows + row]);
    const uint32_t zeros = static_cast<uint32_t>(matrix.qzeros[g * shape.row_words() + word]);
    zero[g] = static_cast<uint8_t>(zeros >> shift & ((1u << shape.bits) - 1));
  }
}

void write_group_index(const MutableCanonical& out) {
  const int64_t size = out.shape.group < 0 ? out.shape.cols : out.shape.group;
  for (int64_t k = 0; k < out.shape.cols; ++k) out.group_index[k] = static_cast<int32_t>(k / size);
}

}  // namespace

std::string shape_problem(const CanonicalShape& shape) {
  if (shape.bits != 8 && shape.bits != 4 && shape.bits != 2) {
    return "expected 8, 4 or 2 bits, got " + std::to_string(shape.bits);
  }
  if (shape.rows < 1 || shape.cols < 1) {
    return "expected a matrix of at least 1 x 1, got " + std::to_string(shape.rows) + " x " +
           std::to_string(shape.cols);
  }
  constexpr int64_t kMaxWeights = int64_t{1} << 50;
  if (shape.rows > kMaxWeights / shape.cols) {
    return "expected at most 2^50 weights, got " + std::to_string(shape.rows) + " x " +
           std::to_string(shape.cols);
  }
  if (shape.group != -1 && (shape.group < 16 || shape.group % 16 != 0)) {
    return "expected a group of -1 or a multiple of 16 columns, got " + std::to_string(shape.group);
  }
  return {};
}

std::string group_index_problem(const Canonical& matrix) {
  const int64_t groups = matrix.shape.groups();
  for (int64_t k = 0; k < matrix.shape.cols; ++k) {
    const int32_t g = matrix.group_index[k];
    if (g < 0 || g >= groups) {
      return "expected g_idx[" + std::to_string(k) + "] from 0 to " + std::to_string(groups - 1) + ", got " +
             std::to_string(g);
    }
  }
  return {};
}

bool has_contiguous_groups(const Canonical& matrix) {
  const int64_t size = matrix.shape.group < 0 ? matrix.shape.cols : matrix.shape.group;
  for (int64_t k = 0; k < matrix.shape.cols; ++k) {
    if (matrix.group_index[k] != k / size) return false;
  }
  return true;
}

void pack_codes(const CanonicalShape& shape, const uint8_t* codes, int32_t* qweight) {
  for (int64_t n = 0; n < shape.rows; ++n)
    pack_run(shape.bits, codes + n * shape.cols, shape.cols, qweight + n, shape.rows);
}

void pack_zeros(const CanonicalShape& shape, const uint8_t* zeros, int32_t* qzeros) {
  for (int64_t g = 0; g < shape.groups(); ++g) {
    pack_run(shape.bits, zeros + g * shape.rows, shape.rows, qzeros + g * shape.row_words(), 1);
  }
}

void unpack_codes(const CanonicalShape& shape, const int32_t* qweight, uint8_t* codes) {
  for (int64_t n = 0; n < shape.rows; ++n) {
    unpack_run(shape.bits, qweight + n, shape.rows, shape.cols, codes + n * shape.cols);
  }
}

void unpack_zeros(const CanonicalShape& shape, const int32_t* qzeros, uint8_t* zeros) {
  for (int64_t g = 0; g < shape.groups(); ++g) {
    unpack_run(shape.bits, qzeros + g * shape.row_words(), 1, shape.rows, zeros + g * shape.rows);
  }
}

void unpack_words(int bits, const uint8_t* words, int64_t stride, int64_t count, uint8_t* codes) {
  const uint64_t mask = (1u << bits) - 1;
  uint64_t buffer = 0;
  int available = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (available < bits) {
      uint32_t word;
      std::memcpy(&word, words, sizeof word);
      words += 4 * stride;
      buffer |= uint64_t{word} << available;
      available += 32;
    }
    codes[i] = static_cast<uint8_t>(buffer & mask);
    buffer >>= bits;
    available -= bits;
  }
}

void subtract_one_from_zeros(const CanonicalShape& shape, int32_t* qzeros) {
  for (int64_t i = 0; i < shape.qzeros_size(); ++i) {
    qzeros[i] = static_cast<int32_t>(static_cast<uint32_t>(qzeros[i]) - ones(shape.bits));
  }
}

void unpack_zeros_minus_one(const CanonicalShape& shape, const int32_t* qzeros, uint8_t* zeros) {
  if (shape.bits == 3) {
    unpack_zeros(shape, qzeros, zeros);
    for (int64_t i = 0; i < shape.scales_size(); ++i) zeros[i] = (zeros[i] + 1) & 7;
    return;
  }
  std::vector<int32_t> words(qzeros, qzeros + shape.qzeros_size());
  for (int32_t& word : words) word = static_cast<int32_t>(static_cast<uint32_t>(word) + ones(shape.bits));
  unpack_zeros(shape, words.data(), zeros);
}

void quantize(const float* weights, bool symmetric, Clip clip, std::string_view name,
              const MutableCanonical& out) {
  const CanonicalShape& shape = out.shape;
  const QuantizeOptions options{shape.bits, shape.group, symmetric, clip};
  const int64_t groups = shape.groups();
  std::vector<uint8_t> codes(shape.cols), zero(groups), zeros(shape.scales_size());
  std::vector<float> scale(groups);
  for (int64_t n = 0; n < shape.rows; ++n) {
    quantize_row(weights + n * shape.cols, shape.cols, options, {name, n}, codes.data(), scale.data(),
                 zero.data());
    pack_run(shape.bits, codes.data(), shape.cols, out.qweight + n, shape.rows);
    for (int64_t g = 0; g < groups; ++g) {
      out.scales[g * shape.rows + n] = float_to_float16(scale[g]);
      zeros[g * shape.rows + n] = zero[g];
    }
  }
  pack_zeros(shape, zeros.data(), out.qzeros);
  write_group_index(out);
}

void read_panels(const Weight& panels, const MutableCanonical& out) {
  const CanonicalShape& shape = out.shape;
  PanelRows rows(panels.padded_cols, panels.groups);
  std::vector<uint8_t> zeros(shape.scales_size());
  for (int64_t n = 0; n < shape.rows; ++n) {
    const int r = static_cast<int>(n % kPanelRows);
    if (r == 0) load_panel(panels, n / kPanelRows, rows);
    pack_run(shape.bits, rows.codes(r), shape.cols, out.qweight + n, shape.rows);
    for (int64_t g = 0; g < panels.groups; ++g) {
      out.scales[g * shape.rows + n] = float_to_float16(rows.scale(r)[g]);
      zeros[g * shape.rows + n] = rows.zero(r)[g];
    }
  }
  pack_zeros(shape, zeros.data(), out.qzeros);
  write_group_index(out);
}

void dequantize(const Canonical& matrix, float* out) {
  const CanonicalShape& shape = matrix.shape;
  std::vector<uint8_t> codes(shape.cols), zero(shape.groups());
  std::vector<float> scale(shape.groups());
  for (int64_t n = 0; n < shape.rows; ++n) {
    read_row(matrix, n, codes.data(), scale.data(), zero.data());
    float* row = out + n * shape.cols;
    for (int64_t k = 0; k < shape.cols; ++k) {
      const int32_t g = matrix.group_index[k];
      row[k] = scale[g] * static_cast<float>(codes[k] - zero[g]);
    }
  }
}

}  // namespace qn
