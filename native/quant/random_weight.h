// Random weights directly in their target format, for benchmarks that need a model's shapes and no model. The
// same seed gives the same matrix for any number of threads. Values have mean 0 and standard deviation 1 /
// sqrt(cols), so that a layer keeps the size of its input and a deep model stays finite.
#pragma once

#include <cstdint>

#include "native/quant/panels.h"

namespace qn {

// Codes uniform over their whole range, scales within 25 % of each other; zero points 2^(bits-1), and where
// asymmetric, 2^(bits-1) or one less. `weight` has parameters f16_u8, or a table and no zero points.
void fill_random_codes(uint64_t seed, bool symmetric, PanelRows& rows, OwnedWeight& weight, int64_t panel);

// `elements` is scratch for [16][cols] elements.
void fill_random_floats(uint64_t seed, uint8_t* elements, OwnedWeight& weight, int64_t panel);

}  // namespace qn
