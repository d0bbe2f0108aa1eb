// SPDX-License-Identifier: GPL-3.0-or-later
// Classification at known poses of a structure with and without one part, without a mask, with a mask on the part, and
// with the poses searched again from the maps so found. 32³ voxels of 12 Å, ±60°, white noise, SNR =
// var(signal)/var(noise) over the box; shifts within 2 voxels.
//   focused [particles of each] [SNR] [seeds] [structure] [x y z of the part in Å from the centre of mass] [its radius]
#include "tests/science/program.h"

#include <algorithm>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/density.h"
#include "tests/support/synthetic_particles.h"

using namespace tessera;

namespace {

constexpr int64_t box = 32;
constexpr double voxel_A = 12;

struct Request {
  int each = 60, seeds = 3;
  double snr = 0.02, radius_A = 50;
  std::string structure = "builtin:ribosome";
  Vec3 part_A{0, 0, 80};
};

Volume<float> ball(Vec3 centre_A, double radius_A, double edge_A) {
  Volume<float> out(Shape3::cube(box));
  const Grid grid{out.shape(), voxel_A, {}};
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i)
        out[i] = static_cast<float>(cosine_edge(
            (grid.position_A(static_cast<double>(z), static_cast<double>(y), static_cast<double>(x)) - centre_A).norm(),
            radius_A, radius_A + edge_A));
  return out;
}

class Data {
 public:
  Data(const Request& request, uint64_t seed) : request_(request), seed_(seed) {
    DensityOptions options;
    options.box = box;
    options.voxel_size_A = voxel_A;
    options.resolution_A = 2 * voxel_A;
    options.allow_outside = true;
    maps_[0] = maps_[1] = density_of(load_structure(request.structure), options).map.voxels;
    mask_ = ball(request.part_A, request.radius_A, 2 * voxel_A);
    const Volume<float> part = ball(request.part_A, request.radius_A, voxel_A);
    for (int64_t i = 0; i < part.size(); ++i) maps_[1][i] *= 1 - part[i];
    variance_ = statistics(maps_[0]).variance;
    source_.count = 2 * request.each;
    source_.box = box;
    source_.voxel_size_A = voxel_A;
    source_.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    for (int i = 0; i < source_.count; ++i) poses_.push_back({synthetic::random_pose(seed, i, 2)});
    source_.load = [this](int64_t i) {
      const Volume<float> map = transformed_map(maps_[i % 2], poses_[i].pose);
      // The same noise for both.
      const double snr = request_.snr * statistics(map).variance / variance_;
      return synthetic::noisy(map, source_.weights[0], snr, seed_, i);
    };
  }

  // Share of particles in the right class, in per cent, and the maps.
  double classify(const AverageGiven& given, bool fixed, ExecContext& context, std::vector<Volume<float>>* maps) const {
    AverageOptions options;
    options.classes = 2;
    options.fixed_poses = fixed;
    options.align.max_shift_voxels = 3;
    ParticleStack stack(source_, stack_mask_radius(box, voxel_A, options), context);
    const AverageResult result = average_particles(stack, options, context, nullptr, nullptr, given);
    int64_t first = 0;
    for (int64_t i = 0; i < source_.count; ++i) first += result.state.assignments[i].poses[0].class_index == i % 2;
    if (maps)
      for (const AverageMaps& one : result.maps) maps->push_back(one.map);
    return 100.0 * static_cast<double>(std::max(first, source_.count - first)) / static_cast<double>(source_.count);
  }
  const std::vector<WeightedPose>& poses() const { return poses_; }
  const Volume<float>& mask() const { return mask_; }
  std::vector<Volume<float>> truth() const { return {maps_[0], maps_[1]}; }

 private:
  Request request_;
  uint64_t seed_;
  Volume<float> maps_[2], mask_;
  double variance_ = 1;
  ParticleSource source_;
  std::vector<WeightedPose> poses_;
};

int run(const std::vector<std::string>& words) {
  Request request;
  if (!words.empty()) request.each = std::stoi(words[0]);
  if (words.size() > 1) request.snr = std::stod(words[1]);
  if (words.size() > 2) request.seeds = std::stoi(words[2]);
  if (words.size() > 3) request.structure = words[3];
  if (words.size() > 6) request.part_A = {std::stod(words[4]), std::stod(words[5]), std::stod(words[6])};
  if (words.size() > 7) request.radius_A = std::stod(words[7]);
  fmt::print("{}, {} of each, SNR {}: particles in the right class, %\n", request.structure, request.each, request.snr);
  fmt::print(
      "| seed | no mask | mask | mask, the true maps to start from | mask, poses searched again "
      "|\n|---|---|---|---|---|\n");
  Threads threads;
  LocalComm comm;
  SilentSink sink;
  for (int seed = 1; seed <= request.seeds; ++seed) {
    ExecContext context{threads, comm, sink, static_cast<uint64_t>(seed)};
    const Data data(request, seed);
    std::vector<Volume<float>> found;
    const double plain = data.classify({{}, data.poses(), {}}, true, context, nullptr);
    const double masked = data.classify({{}, data.poses(), data.mask()}, true, context, &found);
    const double known = data.classify({data.truth(), data.poses(), data.mask()}, true, context, nullptr);
    const double again = data.classify({found, {}, data.mask()}, false, context, nullptr);
    fmt::print("| {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", seed, plain, masked, known, again);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return science::run_program(argc, argv, run);
}
