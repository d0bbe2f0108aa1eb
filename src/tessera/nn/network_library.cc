// SPDX-License-Identifier: GPL-3.0-or-later
#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "tessera/nn/network.h"
#include "tessera/nn/torch_entry.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Beside the program, above it (programs of the build tree), or where `make install` puts it.
std::vector<fs::path> candidates() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {folder / torch_library_name, folder.parent_path() / torch_library_name,
          folder.parent_path().parent_path() / torch_library_name,
          folder.parent_path() / "lib" / "tessera" / torch_library_name};
}

struct Loaded {
  MakeNetwork make = nullptr;
  MatrixProductRate rate = nullptr;
  std::string reason;
};

Loaded load() {
  Loaded out;
  for (const fs::path& path : candidates()) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      out.make = reinterpret_cast<MakeNetwork>(dlsym(handle, torch_entry_name));
      out.rate = reinterpret_cast<MatrixProductRate>(dlsym(handle, torch_rate_name));
      if (out.make && out.rate) return out;
      out.make = nullptr;
    }
    const char* cause = dlerror();
    out.reason = fmt::format("{} cannot be loaded ({}); build again, with the LibTorch that is installed",
                             path.string(), cause ? cause : "no entry point");
    return out;
  }
  out.reason = fmt::format(
      "networks need {}, which is not beside this program: install LibTorch (apt-get install libtorch-dev "
      "libopenblas0) and build Tessera again",
      torch_library_name);
  return out;
}

const Loaded& library() {
  static const Loaded loaded = load();
  return loaded;
}

}  // namespace

int64_t NamedTensor::count() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::vector<std::string> network_names() {
  return {"inception3d", "dsrf3d", "residual3d"};
}

std::vector<std::string> segmentation_network_names() {
  return {"edssn3d", "edssn3d-full"};
}

bool labels_voxels(const std::string& network) {
  const auto names = segmentation_network_names();
  return std::find(names.begin(), names.end(), network) != names.end();
}

std::vector<std::string> centre_network_names() {
  return {"unet3d"};
}

int smallest_box(const std::string& network) {
  return network == "inception3d" ? 8 : network == "dsrf3d" ? 4 : 8;
}

void NetworkOptions::add_faults(Faults& faults) const {
  std::vector<std::string> known = network_names();
  for (const auto& names : {segmentation_network_names(), centre_network_names()})
    known.insert(known.end(), names.begin(), names.end());
  require_one_of("network", network, known, faults);
  require_one_of("device", device, {"cpu", "cuda"}, faults);
  if (classes < 1) faults.add("no class: a network needs something to find");
  if (classes == 1 && !finds_centres(network)) faults.add("1 class: a network needs at least two to tell apart");
  if (box < smallest_box(network) || box > 256)
    faults.add(fmt::format("boxes of {}³ voxels: {} takes {}³ to 256³", box, network, smallest_box(network)));
  if (answers_voxels(network) && box % segmentation_grid != 0)
    faults.add(fmt::format("boxes of {}³ voxels: {} takes multiples of {}", box, network, segmentation_grid));
  if (dropout != -1 && !(dropout >= 0 && dropout < 1))
    faults.add(fmt::format("--dropout {}: a probability below 1", dropout));
}

bool networks_available(std::string* reason) {
  if (reason) *reason = library().reason;
  return library().make != nullptr;
}

double matrix_product_rate(int threads, const std::string& device) {
  if (!library().rate) throw UserError(library().reason);
  return library().rate(threads, device.c_str());
}

std::unique_ptr<Network> make_network(const NetworkOptions& options) {
  Faults faults;
  options.add_faults(faults);
  faults.raise<UserError>("the network cannot be made");
  if (!library().make) throw UserError(library().reason);
  return std::unique_ptr<Network>(library().make(options));
}

}  // namespace tessera
