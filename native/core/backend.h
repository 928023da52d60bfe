// A backend is a kernel table plus memory and a stream of launches. The executor knows no more of a device
// than this.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "native/core/op.h"

namespace qn {

class Backend {
 public:
  virtual ~Backend() = default;

  virtual const char* name() const = 0;

  // The kernel for this call: the first usable one in the op's order of preference. Throws Error when there
  // is none.
  virtual const Kernel& select(const OpSpec& op, const Call& call) const = 0;

  // Whether kernels can work on the host's memory as it is.
  virtual bool shares_host_memory() const = 0;
  // Device memory at a 64-byte boundary.
  virtual void* allocate(std::int64_t bytes) = 0;
  virtual void release(void* memory) = 0;
  virtual void upload(void* to, const void* host, std::int64_t bytes) = 0;
  virtual void download(void* host, const void* from, std::int64_t bytes) = 0;

  // Puts one call on the stream; may return before it has run. `stop` is looked at between pieces of work.
  virtual void launch(const Kernel& kernel, const Call& call, const std::atomic<bool>* stop) = 0;
  // Waits for everything launched.
  virtual void synchronize() = 0;
};

}  // namespace qn
