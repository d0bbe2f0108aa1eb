// SPDX-License-Identifier: GPL-3.0-or-later
// Included before all else where clang reads gemmi, LibTorch or OpenMM: it looks into constexpr functions of
// std::vector too early for their vectors of a type that is complete only later. As ordinary functions they are left
// alone.
#pragma once

#include <string>
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 __fill_a1_of_bits  // declared constexpr before, for the bits of vector<bool>
#include <vector>
#undef __fill_a1
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR constexpr
