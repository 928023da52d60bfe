#if !defined(_WIN32)

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "native/core/error.h"
#include "native/core/platform.h"

namespace qn::platform {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(path + ": cannot " + what + ": " + std::strerror(errno));
}

#if defined(__linux__)
// The folder of this process in the cgroup v2 tree ("" when there is none): the line "0::/path" of
// /proc/self/cgroup.
std::string cgroup_folder() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("0::", 0) == 0) return "/sys/fs/cgroup" + line.substr(3);
  }
  return "";
}

// Calls `visit` with every folder from the process's cgroup up to the root: a limit anywhere on the way
// counts.
template <class Visit>
void each_cgroup(Visit visit) {
  constexpr std::size_t kRootLength = sizeof("/sys/fs/cgroup") - 1;
  std::string folder = cgroup_folder();
  while (folder.size() > kRootLength) {
    visit(folder);
    folder.resize(folder.rfind('/'));
  }
  if (!folder.empty()) visit(folder);
}

std::uint64_t read_number(const std::string& path, std::uint64_t otherwise) {
  std::ifstream file(path);
  std::uint64_t value;
  return file >> value ? value : otherwise;
}
#endif

}  // namespace

Mapping map_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path, "open");
  struct stat info;
  if (::fstat(fd, &info) != 0) {
    ::close(fd);
    fail(path, "read the size");
  }
  Mapping mapping{nullptr, static_cast<std::uint64_t>(info.st_size)};
  if (mapping.size > 0) {
    void* data = ::mmap(nullptr, mapping.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      ::close(fd);
      fail(path, "map");
    }
    mapping.data = static_cast<const std::uint8_t*>(data);
  }
  ::close(fd);
  return mapping;
}

void unmap_file(const Mapping& mapping) {
  if (mapping.data) ::munmap(const_cast<std::uint8_t*>(mapping.data), mapping.size);
}

void release_pages(const std::uint8_t* data, std::size_t length) {
  const std::uintptr_t page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  // Only whole pages inside the range: a neighbour may still be reading the first and the last one.
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(data) + length) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void advise_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t length) {
#if defined(MADV_HUGEPAGE)
  ::madvise(data, length, MADV_HUGEPAGE);
#endif
}

int available_processors() {
  int processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) processors = std::max(1, CPU_COUNT(&set));
  each_cgroup([&](const std::string& folder) {
    // cpu.max holds "QUOTA PERIOD" in microseconds, or "max PERIOD".
    std::ifstream file(folder + "/cpu.max");
    double quota, period;
    if (file >> quota >> period && period > 0) {
      processors = std::min(processors, std::max(1, static_cast<int>(quota / period + 0.999)));
    }
  });
#endif
  return processors;
}

std::uint64_t available_memory() {
#if defined(__linux__)
  std::uint64_t available = 0;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("MemAvailable:", 0) == 0) {
      std::istringstream(line.substr(13)) >> available;
      available *= 1024;
    }
  }
  each_cgroup([&](const std::string& folder) {
    constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t limit = read_number(folder + "/memory.max", kNone);
    if (limit == kNone) return;
    const std::uint64_t used = read_number(folder + "/memory.current", 0);
    available = std::min(available, limit > used ? limit - used : 0);
  });
  return available;
#elif defined(__APPLE__)
  vm_statistics64_data_t statistics;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&statistics),
                        &count) != KERN_SUCCESS) {
    return 0;
  }
  return (static_cast<std::uint64_t>(statistics.free_count) + statistics.inactive_count) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
#else
  return 0;
#endif
}

}  // namespace qn::platform

#endif
