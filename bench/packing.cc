// SPDX-License-Identifier: GPL-3.0-or-later
// How the cost of product packing grows with the number of bodies.
//   packing SCENE.toml [--bodies 100 1000 10000 100000] [--threads N] [--seed N] [--rotations N]
// The free species of the scene, in their own proportions and at their own density, in boxes of 2 × 2 × 1 for so many
// bodies: seconds, processor time a body, occupancy and peak memory. (tessera pack packs the scene itself.)
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "tessera/io/run_record.h"
#include "tessera/parallel/comm.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/dense_packing.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string scene;
  int threads = 2;
  uint64_t seed = 1;
  std::vector<int64_t> bodies;
  DensePackingOptions packing;
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) throw UserError(argument + " needs a value");
      return std::string(argv[++i]);
    };
    if (argument == "--threads") {
      out.threads = std::stoi(value());
    } else if (argument == "--seed") {
      out.seed = std::stoull(value());
    } else if (argument == "--rotations") {
      out.packing.rotations = std::stoi(value());
    } else if (argument == "--bodies") {
      while (i + 1 < argc && argv[i + 1][0] != '-') out.bodies.push_back(std::stoll(argv[++i]));
    } else if (argument.starts_with("-") || !out.scene.empty()) {
      throw UserError("unknown argument " + argument);
    } else {
      out.scene = argument;
    }
  }
  if (out.scene.empty()) throw UserError("usage: packing SCENE.toml [--bodies 100 1000 …]");
  if (out.bodies.empty()) out.bodies = {100, 1000, 10000, 100000};
  return out;
}

// Surfaces of the species and copies of each in a voxel.
struct Mixture {
  std::vector<std::string> names;
  std::vector<MolecularSurface> surfaces;
  std::vector<double> per_voxel;
  double bodies_per_voxel = 0;
};

Mixture read_mixture(const SceneRequest& request) {
  Mixture out;
  const double voxel = request.voxel_size_A;
  for (const SpeciesRequest& species : request.species) {
    if (!species.membrane.empty()) continue;
    const AtomicModel model = load_structure(species.structure, {species.assembly, false, false});
    out.surfaces.emplace_back(model, SurfaceOptions{.resolution_A = 2 * voxel});
    const auto copies =
        static_cast<double>(requested_copies(species, request.box_volume_A3(), out.surfaces.back().volume_A3()));
    out.names.push_back(species.name);
    out.per_voxel.push_back(copies / request.box_volume_A3() * voxel * voxel * voxel);
    out.bodies_per_voxel += out.per_voxel.back();
  }
  return out;
}

void print_row(const Arguments& arguments, const Mixture& mixture, double voxel_size_A, int64_t bodies,
               ExecContext& context) {
  const auto edge =
      static_cast<int64_t>(std::llround(std::cbrt(2 * static_cast<double>(bodies) / mixture.bodies_per_voxel)));
  const Shape3 shape{edge / 2, edge, edge};
  std::vector<PackingDemand> demands;
  int64_t asked = 0;
  for (size_t i = 0; i < mixture.surfaces.size(); ++i) {
    const double share = mixture.per_voxel[i] * static_cast<double>(shape.count());
    demands.push_back({mixture.names[i], &mixture.surfaces[i], std::max<int64_t>(1, std::llround(share))});
    asked += demands.back().copies;
  }
  Volume<uint8_t> occupancy(shape);
  const auto start = Clock::now();
  const std::clock_t processor = std::clock();
  const DensePackingResult result = pack_densely(occupancy, voxel_size_A, demands, arguments.packing, context);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double used = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
  fmt::print("{:>9} {:>14} {:>9} {:>9.1f} {:>11.1f} {:>10.2f} {:>12.2f} {:>10.0f}\n", asked,
             fmt::format("{}x{}x{}", shape.x, shape.y, shape.z), result.bodies.size(), seconds, used,
             1000 * used / static_cast<double>(std::max<size_t>(1, result.bodies.size())),
             100 * static_cast<double>(result.body_voxels) / static_cast<double>(shape.count()),
             static_cast<double>(peak_memory_bytes()) / 1e6);
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  Threads threads(arguments.threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, arguments.seed};
  const SceneRequest request = read_scene_file(arguments.scene);
  const Mixture mixture = read_mixture(request);
  fmt::print("{:>9} {:>14} {:>9} {:>9} {:>11} {:>10} {:>12} {:>10}\n", "asked", "voxels", "placed", "seconds",
             "processor s", "ms a body", "occupancy %", "peak MB");
  for (const int64_t bodies : arguments.bodies) print_row(arguments, mixture, request.voxel_size_A, bodies, context);
  return 0;
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  try {
    return tessera::run(argc, argv);
  } catch (const tessera::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
