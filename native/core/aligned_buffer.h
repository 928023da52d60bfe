#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace qn {

// Uninitialised memory at a 64-byte boundary: a cache line, and a zmm register.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size)
      : data_(size ? static_cast<std::uint8_t*>(::operator new (size, std::align_val_t{kAlignment}))
                   : nullptr),
        size_(size) {}

  std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<std::uint8_t, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace qn
