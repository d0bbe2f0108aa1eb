// SPDX-License-Identifier: GPL-3.0-or-later
// How dense, how fast: the product packing of scene files, and its cost as bodies grow.
//   packing SCENE.toml --output DIR [--threads N] [--seed N] [--rotations N] [--gap Å] …
//     -> DIR/scene.json, DIR/report.json (with the curve), DIR/slices.png; a table of species and of the curve
//   packing --cost SCENE.toml [--bodies 100 1000 …]
//     the scene's mixture at its own density in boxes for so many bodies: seconds, seconds per body, memory
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/io/atomic_file.h"
#include "tessera/parallel/comm.h"
#include "tessera/report/label_slices.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/product_packing.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * int64_t{1024};
}

struct Arguments {
  std::string scene, output;
  bool cost = false;
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
    if (argument == "--cost")
      out.cost = true;
    else if (argument == "--output")
      out.output = value();
    else if (argument == "--threads")
      out.threads = std::stoi(value());
    else if (argument == "--seed")
      out.seed = std::stoull(value());
    else if (argument == "--rotations")
      out.packing.rotations = std::stoi(value());
    else if (argument == "--arrangement")
      out.packing.arrangement = value();
    else if (argument == "--gap")
      out.packing.gap_A = std::stod(value());
    else if (argument == "--subdivision")
      out.packing.subdivision = std::stoi(value());
    else if (argument == "--surface-resolution")
      out.packing.surface_resolution_A = std::stod(value());
    else if (argument == "--time-limit")
      out.packing.time_limit_min = std::stod(value());
    else if (argument == "--bodies")
      while (i + 1 < argc && argv[i + 1][0] != '-') out.bodies.push_back(std::stoll(argv[++i]));
    else if (argument.starts_with("-") || !out.scene.empty())
      throw UserError("unknown argument " + argument);
    else
      out.scene = argument;
  }
  if (out.scene.empty()) throw UserError("usage: packing SCENE.toml --output DIR, or packing SCENE.toml --cost");
  return out;
}

void print_report(const ProductReport& report) {
  fmt::print("{:<28} {:>9} {:>9} {:>8} {:>9} {:>9} {:>8}\n", "species", "requested", "placed", "kDa", "% asked",
             "% placed", "s");
  for (const SpeciesReach& row : report.species)
    fmt::print("{:<28} {:>9} {:>9} {:>8.0f} {:>9.2f} {:>9.2f} {:>8.1f}  {}\n", row.name, row.requested, row.placed,
               row.mass_kDa, row.requested_percent, row.volume_percent, row.seconds, row.shortfall);
  const auto voxels = static_cast<double>(report.check.voxels);
  fmt::print("membranes {}/{} ({:.2f} % of the voxels), filaments {}/{}\n", report.membranes_placed,
             report.membranes_requested, 100 * static_cast<double>(report.check.obstacle_voxels) / voxels,
             report.filaments_placed, report.filaments_requested);
  fmt::print(
      "occupancy {:.2f} %, overlapping voxels {}, in obstacles {}, outside {}, shared within filaments {}, "
      "embedded {}; {:.2f} % of the volume shared at a quarter of a voxel\n",
      100 * report.check.occupancy(), report.check.collisions, report.check.in_obstacles, report.check.outside,
      report.check.shared, report.check.embedded, 100 * report.shared_volume);
  fmt::print("curve: seconds, bodies, occupancy %\n");
  double next = 0;
  for (size_t i = 0; i < report.curve.size(); ++i) {
    const PackingCurvePoint& point = report.curve[i];
    const double percent = 100 * static_cast<double>(point.body_voxels) / voxels / std::pow(report.subdivision, 3);
    if (percent < next && i + 1 < report.curve.size()) continue;
    fmt::print("{:.1f} {} {:.2f}\n", point.seconds, point.bodies, percent);
    next = percent + 2.5;
  }
}

// With what the figure's letters have.
std::string plain(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

// Processor time of all threads so far.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void write_slices(const fs::path& path, const ProductPacking& packing) {
  const ProductReport& report = packing.report;
  std::vector<LabelKind> kinds;
  for (size_t i = 0; i < report.species.size(); ++i)
    kinds.push_back(
        {static_cast<int32_t>(i) + 1, plain(report.species[i].name), palette_colour(static_cast<int64_t>(i))});
  if (!packing.scene.membranes.empty()) kinds.push_back({-2, "membrane", {235, 235, 235}});
  Volume<int32_t> across_z = report.plane_across_z, across_y = report.plane_across_y;
  for (Volume<int32_t>* plane : {&across_z, &across_y})
    for (int32_t& label : *plane) label = std::max(label, -2);
  write_png(path, label_figure({{"across z", across_z}, {"across y", across_y}}, kinds, packing.scene.voxel_size_A, 2));
}

void pack_scene(const Arguments& arguments, ExecContext& context) {
  const SceneRequest request = read_scene_file(arguments.scene);
  const auto start = Clock::now();
  const ProductPacking packing = pack_product(request, arguments.packing, context);
  print_report(packing.report);
  fmt::print(
      "placing {:.1f} s ({:.1f} s of processor); with loading and checks {:.1f} s ({:.1f} s of processor); {} threads, "
      "peak memory {:.0f} MB\n",
      packing.report.seconds, packing.report.processor_seconds,
      std::chrono::duration<double>(Clock::now() - start).count(), processor_seconds(), arguments.threads,
      static_cast<double>(peak_memory_bytes()) / 1e6);
  if (arguments.output.empty()) return;
  fs::create_directories(arguments.output);
  write_scene(fs::path(arguments.output) / "scene.json", packing.scene);
  write_text_file(fs::path(arguments.output) / "report.json", packing.report.json().dump(1));
  write_slices(fs::path(arguments.output) / "slices.png", packing);
}

// The same mixture and density in a box for so many bodies.
void print_cost(const Arguments& arguments, ExecContext& context) {
  const SceneRequest request = read_scene_file(arguments.scene);
  Shape3 full;
  std::vector<MolecularSurface> surfaces;
  std::vector<double> per_voxel;
  double bodies_per_voxel = 0;
  const double voxel = request.voxel_size_A;
  for (const SpeciesRequest& species : request.species) {
    surfaces.emplace_back(load_structure(species.structure, {.assembly = species.assembly}),
                          SurfaceOptions{.resolution_A = 2 * voxel});
    const double copies =
        static_cast<double>(requested_copies(species, request.box_volume_A3(), surfaces.back().volume_A3()));
    per_voxel.push_back(copies / request.box_volume_A3() * voxel * voxel * voxel);
    bodies_per_voxel += per_voxel.back();
  }
  fmt::print("{:>9} {:>16} {:>9} {:>9} {:>10} {:>12} {:>10}\n", "asked", "voxels", "placed", "seconds", "ms a body",
             "occupancy %", "memory MB");
  for (const int64_t bodies : arguments.bodies) {
    const auto edge = static_cast<int64_t>(std::llround(std::cbrt(2 * static_cast<double>(bodies) / bodies_per_voxel)));
    full = {edge / 2, edge, edge};
    std::vector<PackingDemand> demands;
    int64_t asked = 0;
    for (size_t i = 0; i < surfaces.size(); ++i) {
      demands.push_back({request.species[i].name, &surfaces[i],
                         std::max<int64_t>(1, std::llround(per_voxel[i] * static_cast<double>(full.count())))});
      asked += demands.back().copies;
    }
    Volume<uint8_t> occupancy(full);
    const auto start = Clock::now();
    const DensePackingResult result = pack_densely(occupancy, voxel, demands, arguments.packing, context);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    fmt::print("{:>9} {:>16} {:>9} {:>9.1f} {:>10.2f} {:>12.2f} {:>10.0f}\n", asked,
               fmt::format("{}x{}x{}", full.x, full.y, full.z), result.bodies.size(), seconds,
               1000 * seconds / static_cast<double>(std::max<size_t>(1, result.bodies.size())),
               100 * static_cast<double>(result.body_voxels) / static_cast<double>(full.count()),
               static_cast<double>(peak_memory_bytes()) / 1e6);
    std::fflush(stdout);
  }
}

int run(int argc, char** argv) {
  Arguments arguments = parse(argc, argv);
  if (arguments.bodies.empty()) arguments.bodies = {100, 1000, 10000, 100000};
  Threads threads(arguments.threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, arguments.seed};
  if (arguments.cost)
    print_cost(arguments, context);
  else
    pack_scene(arguments, context);
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
