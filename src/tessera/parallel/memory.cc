// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace tessera {
namespace {

namespace fs = std::filesystem;

// The only number of a file; nothing where it is absent or says "max".
std::optional<double> number_in(const fs::path& file) {
  std::ifstream stream(file);
  double value = 0;
  if (stream >> value) return value;
  return std::nullopt;
}

// The number after a key at the start of a line.
std::optional<double> number_after(const fs::path& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    if (words >> name >> value && name == key) return value;
  }
  return std::nullopt;
}

struct Names {
  const char *limit, *usage, *inactive;
};

// What the groups at `folder` and above it, up to `top`, leave.
double left_in_groups(const fs::path& top, fs::path group, const Names& names) {
  double left = std::numeric_limits<double>::infinity();
  for (;;) {
    const fs::path folder = top / group.relative_path();
    const auto limit = number_in(folder / names.limit), usage = number_in(folder / names.usage);
    if (limit && usage)
      left = std::min(left, *limit - *usage + number_after(folder / "memory.stat", names.inactive).value_or(0));
    if (!group.has_relative_path()) return std::max(left, 0.0);
    group = group.parent_path();
  }
}

// What a limit of this process (ulimit) leaves: its soft value in bytes less what the process has in kB.
double left_of_limit(const fs::path& root, const std::string& limit, const std::string& used) {
  std::ifstream limits(root / "proc/self/limits");
  for (std::string line; std::getline(limits, line);) {
    if (!line.starts_with(limit)) continue;
    std::istringstream values(line.substr(limit.size()));
    double bytes = 0;
    if (!(values >> bytes)) break;  // unlimited
    return std::max(0.0, bytes - 1024 * number_after(root / "proc/self/status", used).value_or(0));
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace

double available_memory_bytes(const fs::path& root) {
  double out = std::numeric_limits<double>::infinity();
  if (const auto kibibytes = number_after(root / "proc/meminfo", "MemAvailable:")) out = *kibibytes * 1024;
  out = std::min(out, left_of_limit(root, "Max address space", "VmSize:"));
  out = std::min(out, left_of_limit(root, "Max data size", "VmData:"));
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // hierarchy:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path path = line.substr(second + 1);
    const fs::path top = root / "sys/fs/cgroup";
    if (controllers == ",,")
      out = std::min(out, left_in_groups(top, path, {"memory.max", "memory.current", "inactive_file"}));
    if (controllers.find(",memory,") != std::string::npos)
      out = std::min(out, left_in_groups(top / "memory", path,
                                         {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}));
  }
  return out;
}

}  // namespace tessera
