// SPDX-License-Identifier: GPL-3.0-or-later
// What template matching costs: the scan of a tomogram of 200 × 200 × 100 voxels with one template over the rotations
// of a 12.85° grid, a sample of which is timed by processor time on one core, on its own voxels and on those twice as
// large; operations and the floor beside it.
//   matching [rotations timed]
#include <cmath>
#include <cstdlib>

#include "bench/machine_peak.h"
#include "tessera/base/units.h"
#include "tessera/pick/template_scan.h"
#include "tessera/so3/rotation_grid.h"
#include "tests/science/program.h"
#include "tests/support/workers.h"

using namespace tessera;

namespace {

double processor_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return science::processor_seconds(usage);
}

Volume<float> noise(Shape3 shape, uint64_t seed) {
  Volume<float> out(shape);
  Random random(seed, "matching bench", 0);
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

// A real transform: 2.5 n log₂ n; the product of two half spectra: 3 n; the comparison: 1 n.
double operations(const BlockLayout& layout) {
  const auto n = static_cast<double>(layout.block.count()), blocks = static_cast<double>(layout.count.count());
  return 2.5 * n * std::log2(n) * (1 + blocks) + 4 * n * blocks;
}

void scan(double ratio, double radius_voxels, size_t timed, const bench::MachinePeak& peak) {
  const auto size = [ratio](double n) { return static_cast<int64_t>(std::ceil(n / ratio)); };
  const Volume<float> volume = noise({size(100), size(200), size(200)}, 1);
  const double radius = radius_voxels / ratio;
  const SearchTemplate pattern(noise(Shape3::cube(2 * static_cast<int64_t>(radius) + 8), 2), radius,
                               [](Vec3) { return 1.0; });
  std::vector<Rotation> rotations = rotation_grid(12.85 * degree);
  const auto all = static_cast<double>(rotations.size());
  rotations.resize(std::min(rotations.size(), timed));
  const BlockLayout layout = plan_blocks(volume.shape(), pattern.box());
  test::Workers workers(1);
  scan_template(volume, pattern, {Rotation()}, layout, workers.context);
  const double begun = processor_now();
  scan_template(volume, pattern, rotations, layout, workers.context);
  const double seconds = (processor_now() - begun) / static_cast<double>(rotations.size());
  fmt::print("{:>5g} {:>4}×{}×{} {:>6}×{}×{} {:>6} {:>9.2f} {:>9.1f} {:>8.1f} {:>10.0f} {:>9.0f} {:>7.1f}\n", ratio,
             volume.shape().x, volume.shape().y, volume.shape().z, layout.block.x, layout.block.y, layout.block.z,
             layout.count.count(), 1e3 * seconds, 1e-6 * operations(layout), 1e-9 * operations(layout) / seconds,
             all * seconds, 0.5 * all * seconds, all * operations(layout) / peak.flops_per_second);
}

}  // namespace

int main(int argc, char** argv) {
  return science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    const auto timed = static_cast<size_t>(words.empty() ? 50 : std::max(1, std::atoi(words[0].c_str())));
    const bench::MachinePeak peak = bench::measure_peak();
    fmt::print("one core: {:.0f} G operations/s\n", 1e-9 * peak.flops_per_second);
    fmt::print("voxel      volume         block blocks ms/rotation M operations G/s  7000: core-s 2 cores/s floor/s\n");
    scan(1, 15.6, timed, peak);
    scan(2, 15.6, timed, peak);
    return 0;
  });
}
