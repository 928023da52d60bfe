#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "native/core/error.h"
#include "native/core/platform.h"

namespace qn {

// A file mapped read-only, shared by the weights that are read from it.
class FileMap {
 public:
  explicit FileMap(std::string path) : path_(std::move(path)), mapping_(platform::map_file(path_)) {}
  ~FileMap() { platform::unmap_file(mapping_); }
  FileMap(const FileMap&) = delete;
  FileMap& operator=(const FileMap&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return mapping_.size; }

  // The bytes [offset, offset + length), checked against the file's size.
  const std::uint8_t* data(std::uint64_t offset, std::uint64_t length) const {
    if (offset > mapping_.size || length > mapping_.size - offset) {
      throw Error(path_ + ": bytes " + std::to_string(offset) + " to " + std::to_string(offset) + " + " +
                  std::to_string(length) + " lie outside the file of " + std::to_string(mapping_.size) +
                  " bytes");
    }
    return mapping_.data + offset;
  }

  // Lets the system drop these bytes from memory until they are touched again.
  void release(std::uint64_t offset, std::uint64_t length) const {
    platform::release_pages(data(offset, length), length);
  }

 private:
  std::string path_;
  platform::Mapping mapping_;
};

}  // namespace qn
