// SPDX-License-Identifier: GPL-3.0-or-later
// How much memory this process may still take.
#pragma once

#include <filesystem>

namespace tessera {

// The least of what the machine has available (MemAvailable of /proc/meminfo), what the limits of this process leave
// (ulimit -v and -d), and those of its control groups (versions 1 and 2; memory the kernel would give back at once, the
// inactive page cache, counts as left). Bytes; infinity where nothing can be read. `root` is put before the paths read,
// for tests.
double available_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace tessera
