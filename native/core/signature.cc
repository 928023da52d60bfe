#include "native/core/signature.h"

#include <cctype>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "native/core/quantized_row.h"

namespace qn {
namespace {

class Parser {
 public:
  explicit Parser(const char* text) : text_(text) {}

  Signature parse() {
    Signature signature;
    signature.inputs = ports();
    signature.fusible = text_.compare(at_, 3, "...") == 0;
    if (signature.fusible) at_ += 3;
    skip_spaces();
    if (text_.compare(at_, 2, "->") != 0) fail();
    at_ += 2;
    signature.outputs = ports();
    if (at_ != text_.size()) fail();
    return signature;
  }

 private:
  std::vector<Port> ports() {
    std::vector<Port> list;
    skip_spaces();
    while (at_ < text_.size() && text_[at_] != '-' && text_[at_] != '.') {
      list.push_back(port());
      skip_spaces();
      if (!take(',')) break;
      skip_spaces();
    }
    return list;
  }

  Port port() {
    Port port;
    port.updated = take('~');
    do port.classes.push_back(word());
    while (take('|'));
    if (!take('[')) fail();
    if (take(']')) return port;
    if (take('*')) {
      port.any_shape = true;
      if (!take(']')) fail();
      return port;
    }
    do port.dims.push_back(word());
    while (take(','));
    if (!take(']')) fail();
    return port;
  }

  std::string word() {
    skip_spaces();
    const std::size_t from = at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_]))) at_++;
    if (at_ == from) fail();
    return text_.substr(from, at_ - from);
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') at_++;
  }

  [[noreturn]] void fail() const {
    throw std::logic_error("bad op signature: " + text_ + " at " + std::to_string(at_));
  }

  std::string text_;
  std::size_t at_ = 0;
};

bool is_class(const std::string& name, const TensorDesc& tensor) {
  if (tensor.weight || name == "weight") return tensor.weight && name == "weight";
  if (name == "q8") return quantized_unit(tensor.dtype) != 0;
  if (name == "kv") return tensor.dtype == DType::f32 || tensor.dtype == DType::f16;
  return name == name_of(tensor.dtype);
}

std::string join(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

}  // namespace

const Signature& signature_of(const OpSpec& op) {
  static std::mutex mutex;
  static std::unordered_map<const OpSpec*, Signature> cache;
  std::lock_guard lock(mutex);
  auto found = cache.find(&op);
  if (found == cache.end()) found = cache.emplace(&op, Parser(op.signature).parse()).first;
  return found->second;
}

bool admits(const Port& port, const TensorDesc& tensor) {
  for (const auto& name : port.classes) {
    if (is_class(name, tensor)) return true;
  }
  return false;
}

std::string describe(const Port& port) {
  return join(port.classes, " or ") + "[" + (port.any_shape ? "*" : join(port.dims, ",")) + "]";
}

std::string describe(const TensorDesc& tensor, const std::vector<std::string>& symbols) {
  std::vector<std::string> dims;
  for (const Dim& d : tensor.shape) {
    dims.push_back(d.symbol >= 0 ? symbols[static_cast<std::size_t>(d.symbol)] : std::to_string(d.value));
  }
  return std::string(tensor.weight ? "weight" : name_of(tensor.dtype)) + "[" + join(dims, ",") + "]";
}

}  // namespace qn
