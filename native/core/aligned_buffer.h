#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace qn {

// Uninitialised memory at a 64-byte boundary: a cache line, and a zmm register.
//
// What is larger than a few pages lies on huge pages where the system has them. A model reads each weight
// once per token, in order, and on 4 KiB pages the address translations cost bandwidth. Most
// matrices of a small model are smaller than a huge page, so they are cut from slabs that they share; a slab
// is freed with its last buffer.
class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  // Throws std::bad_alloc.
  explicit AlignedBuffer(std::size_t size);
  AlignedBuffer(AlignedBuffer&&) = default;
  AlignedBuffer& operator=(AlignedBuffer&&) = default;

  std::uint8_t* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  std::shared_ptr<std::uint8_t> data_;  // shares the ownership of its slab
  std::size_t size_ = 0;
};

}  // namespace qn
