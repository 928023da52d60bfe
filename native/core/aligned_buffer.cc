#include "native/core/aligned_buffer.h"

#include <mutex>
#include <new>

#include "native/core/platform.h"

namespace qn {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kSlab = 16 * kHugePage;
// Below this a buffer is scratch, or a vector: it is used from the cache, and not worth a slab.
constexpr std::size_t kSmallest = 32 * 1024;

std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

std::shared_ptr<std::uint8_t> allocate(std::size_t size, std::size_t alignment) {
  auto* data = static_cast<std::uint8_t*>(::operator new (size, std::align_val_t{alignment}));
  return {data, [alignment](std::uint8_t* p) { ::operator delete (p, std::align_val_t{alignment}); }};
}

std::shared_ptr<std::uint8_t> allocate_huge(std::size_t size) {
  std::shared_ptr<std::uint8_t> data = allocate(round_up(size, kHugePage), kHugePage);
  platform::advise_huge_pages(data.get(), round_up(size, kHugePage));
  return data;
}

// The slab that is being cut, held weakly: it goes when the last of its buffers does.
class SlabCutter {
 public:
  std::shared_ptr<std::uint8_t> cut(std::size_t size) {
    std::lock_guard lock(mutex_);
    std::shared_ptr<std::uint8_t> slab = slab_.lock();
    if (!slab || used_ + size > kSlab) {
      slab = allocate_huge(kSlab);
      slab_ = slab;
      used_ = 0;
    }
    std::uint8_t* piece = slab.get() + used_;
    used_ += round_up(size, AlignedBuffer::kAlignment);
    return {std::move(slab), piece};
  }

 private:
  std::mutex mutex_;
  std::weak_ptr<std::uint8_t> slab_;
  std::size_t used_ = 0;
};

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) : size_(size) {
  static SlabCutter cutter;
  if (size == 0) return;
  if (size < kSmallest) {
    data_ = allocate(size, kAlignment);
  } else if (size < kHugePage) {
    data_ = cutter.cut(size);
  } else {
    data_ = allocate_huge(size);
  }
}

}  // namespace qn
