#include "native/cpu/backend.h"

#include <algorithm>
#include <cstring>

#include "native/core/error.h"
#include "native/cpu/features.h"

namespace qn::cpu {
namespace {

bool usable(Isa isa) {
  const auto& list = isas();
  return std::any_of(list.begin(), list.end(), [&](const IsaStatus& s) { return s.isa == isa && s.usable; });
}

}  // namespace

CpuBackend::CpuBackend(int threads, std::optional<Isa> isa)
    : forced_(isa), pool_(threads), scratch_(threads) {
  if (isa) require(*isa);
}

bool CpuBackend::uses(Isa isa) const {
  if (!usable(isa)) return false;
  if (!forced_ || isa == *forced_ || isa == Isa::reference) return true;
  // AVX-VNNI and AVX-512 build on AVX2: where an op has no kernel of their own, AVX2's is the one they run.
  return isa == Isa::avx2 && (*forced_ == Isa::avxvnni || *forced_ == Isa::avx512);
}

const Kernel& CpuBackend::select(const OpSpec& op, const Call& call) const {
  for (const Kernel& kernel : op.kernels) {
    if (uses(kernel.isa) && (!kernel.supports || kernel.supports(call))) return kernel;
  }
  throw Error(std::string("no kernel of op ") + op.name + " supports this call");
}

void* CpuBackend::allocate(std::int64_t bytes) {
  AlignedBuffer buffer(static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1)));
  void* memory = buffer.data();
  memory_.emplace(memory, std::move(buffer));
  return memory;
}

void CpuBackend::release(void* memory) { memory_.erase(memory); }

void CpuBackend::upload(void* to, const void* host, std::int64_t bytes) {
  std::memcpy(to, host, static_cast<std::size_t>(bytes));
}

void CpuBackend::download(void* host, const void* from, std::int64_t bytes) {
  std::memcpy(host, from, static_cast<std::size_t>(bytes));
}

void CpuBackend::launch(const Kernel& kernel, const Call& call, const std::atomic<bool>* stop) {
  const std::int64_t items = kernel.items(call);
  const std::int64_t threads = pool_.threads();
  const std::int64_t pieces = threads * kernel.pieces_per_thread;
  const std::int64_t grain = threads == 1 ? items : (items + pieces - 1) / pieces;
  if (kernel.scratch_bytes) {
    const std::size_t bytes = static_cast<std::size_t>(kernel.scratch_bytes(call));
    for (AlignedBuffer& buffer : scratch_) {
      if (buffer.size() < bytes) buffer = AlignedBuffer(bytes);
    }
  }
  pool_.run(
      items, grain,
      [&](std::int64_t begin, std::int64_t end, int worker) {
        kernel.run(call, begin, end, scratch_[static_cast<std::size_t>(worker)].data());
      },
      stop);
}

}  // namespace qn::cpu
