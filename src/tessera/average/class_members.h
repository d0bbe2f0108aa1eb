// SPDX-License-Identifier: GPL-3.0-or-later
// The particles of one class, taken out of a run of several and put back.
#pragma once

#include <vector>

#include "tessera/average/state.h"

namespace tessera {

// Those whose first pose is in class k, ascending.
std::vector<int64_t> members_of(const std::vector<Assignment>& assignments, int k);

// Of all particles, with nothing but the poses that members have in class k, as those of an only class.
std::vector<Assignment> class_alone(const std::vector<Assignment>& assignments, const std::vector<int64_t>& members,
                                    int k);

// Members get the poses that they have in `alone`; what others have in class k is of a reference that is no more, and
// goes.
void replace_class(std::vector<Assignment>& assignments, int k, const std::vector<int64_t>& members,
                   const std::vector<Assignment>& alone);

// Members of class k get the poses that they have in `two`, those of class 0 in class k, those of class 1 in class
// `to`; what others have in either goes, if they have more.
void divide_class(std::vector<Assignment>& assignments, int k, int to, const std::vector<int64_t>& members,
                  const std::vector<Assignment>& two);

}  // namespace tessera
