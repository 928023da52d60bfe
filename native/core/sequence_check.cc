#include "native/core/sequence_check.h"

#include "native/core/sequence.h"

namespace qn {

std::string check_sequence_rows(const View& sequences, int64_t rows) {
  int64_t row = 0;
  for (int64_t i = 0; i < sequences.dim[0]; i++) {
    const Sequence s = sequence_at(sequences, i);
    if (s.first_row != row || s.rows < 0) {
      return "sequence " + std::to_string(i) + " must start at row " + std::to_string(row) +
             ", where the one before ends, got row " + std::to_string(s.first_row) + " and " +
             std::to_string(s.rows) + " rows";
    }
    row += s.rows;
  }
  if (row == rows) return {};
  return "the sequences have " + std::to_string(row) + " rows, the tokens " + std::to_string(rows);
}

}  // namespace qn
