// SPDX-License-Identifier: GPL-3.0-or-later
// The name a user probably meant: for "did you mean …?" in messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// Fewest insertions, deletions, substitutions and swaps of neighbours that turn a into b (Damerau 1964, restricted
// form). Cost |a|·|b|.
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name` (case ignored; a candidate that `name` begins counts as near); empty when none is
// nearer than half of the name's length. The first of equals.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// "; did you mean X?" or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace tessera
