// The CPU backend: kernels of the chosen ISA on a team of threads, host memory.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "native/core/aligned_buffer.h"
#include "native/core/backend.h"
#include "native/core/thread_pool.h"

namespace qn::cpu {

// Every op that the backends know, in the order of native/cpu/ops.cc.
std::span<const OpSpec* const> ops();
const OpSpec* find_op(const std::string& name);

class CpuBackend final : public Backend {
 public:
  // `isa` forces one ISA and what it builds on (avx512: avx512, avx2, reference); empty: everything the CPU
  // has. Throws Error when the CPU lacks it.
  CpuBackend(int threads, std::optional<Isa> isa);

  const char* name() const override { return "cpu"; }
  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }

  const Kernel& select(const OpSpec& op, const Call& call) const override;
  bool shares_host_memory() const override { return true; }
  void* allocate(std::int64_t bytes) override;
  void release(void* memory) override;
  void upload(void* to, const void* host, std::int64_t bytes) override;
  void download(void* host, const void* from, std::int64_t bytes) override;
  void launch(const Kernel& kernel, const Call& call, const std::atomic<bool>* stop) override;
  void synchronize() override {}

 private:
  bool uses(Isa isa) const;

  std::optional<Isa> forced_;
  ThreadPool pool_;
  std::vector<AlignedBuffer> scratch_;  // one a thread
  std::unordered_map<void*, AlignedBuffer> memory_;
};

}  // namespace qn::cpu
