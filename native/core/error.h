#pragma once

#include <stdexcept>
#include <string>

namespace qn {

// Everything that qnative itself refuses. The bindings turn it into a JavaScript Error with the same message.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Raised between two pieces of work when the caller asked to stop.
class Aborted : public std::runtime_error {
 public:
  Aborted() : std::runtime_error("aborted") {}
};

}  // namespace qn
