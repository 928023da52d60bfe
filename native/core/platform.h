// What differs between operating systems, behind one face: platform_posix.cc and platform_windows.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace qn::platform {

// A whole file mapped read-only. `data` is null for an empty file.
struct Mapping {
  const std::uint8_t* data = nullptr;
  std::uint64_t size = 0;
};

Mapping map_file(const std::string& path);  // throws Error with the path and the system's reason
void unmap_file(const Mapping& mapping);

// Tells the system that these mapped bytes are not needed for now; they are read again from the file when
// touched.
void release_pages(const std::uint8_t* data, std::size_t length);

// Asks for huge pages behind this range, which starts and ends at multiples of 2 MiB. Does nothing where
// there are none.
void advise_huge_pages(void* data, std::size_t length);

// Logical processors this process may use: its affinity mask, and on Linux the CPU quota of its cgroup,
// rounded up.
int available_processors();

// Bytes of memory that new allocations can take before the machine (or the cgroup) swaps or kills; 0 when
// unknown.
std::uint64_t available_memory();

}  // namespace qn::platform
