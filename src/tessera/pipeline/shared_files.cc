// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/shared_files.h"

namespace tessera {

std::filesystem::path shared_file(const std::filesystem::path& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (fs::path above = program; above != above.parent_path(); above = above.parent_path())
    if (fs::exists(above / name, ignored)) return above / name;
  return program.parent_path() / "share" / "tessera" / name;
}

}  // namespace tessera
