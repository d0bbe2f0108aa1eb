// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/errors.h"

#include <algorithm>

namespace tessera {

std::string Faults::text(const std::string& heading, size_t limit) const {
  if (faults_.size() == 1) return heading.empty() ? faults_.front() : fmt::format("{}: {}", heading, faults_.front());
  std::string out = fmt::format("{}{}{} problems", heading, heading.empty() ? "" : ": ", faults_.size());
  for (size_t i = 0; i < std::min(limit, faults_.size()); ++i) out += "\n  - " + faults_[i];
  if (faults_.size() > limit) out += fmt::format("\n  … and {} more", faults_.size() - limit);
  return out;
}

void require_one_of(const char* option, const std::string& value, const std::vector<std::string>& allowed,
                    Faults& faults) {
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    faults.add(fmt::format("--{} must be one of {}; \"{}\" was given", option, fmt::join(allowed, ", "), value));
}

}  // namespace tessera
