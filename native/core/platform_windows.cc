#if defined(_WIN32)

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <algorithm>
#include <bit>
#include <thread>

#include "native/core/error.h"
#include "native/core/platform.h"

namespace qn::platform {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(path + ": cannot " + what + ": system error " + std::to_string(::GetLastError()));
}

std::wstring wide(const std::string& utf8) {
  const int length =
      ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
  std::wstring text(static_cast<std::size_t>(length), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), text.data(), length);
  return text;
}

}  // namespace

Mapping map_file(const std::string& path) {
  const HANDLE file = ::CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) fail(path, "open");
  LARGE_INTEGER size;
  if (!::GetFileSizeEx(file, &size)) {
    ::CloseHandle(file);
    fail(path, "read the size");
  }
  Mapping mapping{nullptr, static_cast<std::uint64_t>(size.QuadPart)};
  if (mapping.size > 0) {
    const HANDLE object = ::CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    // The view keeps the mapping object alive, and that the file: both handles may go.
    if (object) {
      mapping.data = static_cast<const std::uint8_t*>(::MapViewOfFile(object, FILE_MAP_READ, 0, 0, 0));
      ::CloseHandle(object);
    }
  }
  ::CloseHandle(file);
  if (mapping.size > 0 && !mapping.data) fail(path, "map");
  return mapping;
}

void unmap_file(const Mapping& mapping) {
  if (mapping.data) ::UnmapViewOfFile(mapping.data);
}

void release_pages(const std::uint8_t* data, std::size_t length) {
  // Unlocking pages that are not locked removes them from the working set, which is the documented way.
  ::VirtualUnlock(const_cast<std::uint8_t*>(data), length);
}

void advise_huge_pages(void*, std::size_t) {}  // Windows has them only for privileged processes

int available_processors() {
  DWORD_PTR process = 0;
  DWORD_PTR system = 0;
  if (::GetProcessAffinityMask(::GetCurrentProcess(), &process, &system) && process != 0) {
    return std::popcount(static_cast<std::uint64_t>(process));
  }
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::uint64_t available_memory() {
  MEMORYSTATUSEX status;
  status.dwLength = sizeof(status);
  return ::GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : 0;
}

}  // namespace qn::platform

#endif
