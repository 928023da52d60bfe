// Whether the sequences of a ragged batch are what they should be.
#pragma once

#include <string>

#include "native/core/call.h"

namespace qn {

// Why `sequences` (sequence.h) do not share out `rows` rows; empty when they do.
std::string check_sequence_rows(const View& sequences, int64_t rows);

}  // namespace qn
