// SPDX-License-Identifier: GPL-3.0-or-later
// Files that come with the program: pages of the report, the pipeline of the demo.
#pragma once

#include <filesystem>

namespace tessera {

// "web/report/index.html": of the source tree that the program was built in, else share/tessera/ beside where it is
// installed. The path may not exist.
std::filesystem::path shared_file(const std::filesystem::path& name);

}  // namespace tessera
