// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/invariant_features.h"

#include <cmath>
#include <mutex>

#include "tessera/base/errors.h"
#include "tessera/so3/sphere_transform.h"

namespace tessera {
namespace {

float interpolated(const std::vector<float>& box, int64_t edge, double z, double y, double x) {
  const auto z0 = static_cast<int64_t>(std::floor(z)), y0 = static_cast<int64_t>(std::floor(y)),
             x0 = static_cast<int64_t>(std::floor(x));
  const double fz = z - static_cast<double>(z0), fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0);
  double sum = 0;
  for (int64_t dz = 0; dz < 2; ++dz)
    for (int64_t dy = 0; dy < 2; ++dy)
      for (int64_t dx = 0; dx < 2; ++dx) {
        const int64_t at = ((z0 + dz) * edge + y0 + dy) * edge + x0 + dx;
        if (z0 + dz < 0 || y0 + dy < 0 || x0 + dx < 0 || z0 + dz >= edge || y0 + dy >= edge || x0 + dx >= edge)
          continue;
        sum += (dz ? fz : 1 - fz) * (dy ? fy : 1 - fy) * (dx ? fx : 1 - fx) * box[at];
      }
  return static_cast<float>(sum);
}

}  // namespace

Points invariant_features(const ExampleSource& source, const InvariantOptions& options, ExecContext& context) {
  const int64_t edge = source.box(), n = source.size();
  const double outer = options.outer_radius * static_cast<double>(edge) / 2;
  const int shells = static_cast<int>(std::floor(outer / options.shell_spacing));
  if (shells < 1 || options.bandwidth < 1) throw UserError("rotation-invariant features: no shell fits the box");
  const SphereTransform transform(options.bandwidth, shells);
  Points out{n, int64_t{shells} * options.bandwidth, {}};
  out.values.resize(static_cast<size_t>(n * out.dimensions));
  Progress progress(context.sink, "rotation-invariant features", n);
  std::mutex lock;
  context.threads.for_each(n, [&](int64_t i, int) {
    if (context.stop_requested()) throw Interrupted("stopped while computing features");
    std::vector<float> box(static_cast<size_t>(edge * edge * edge));
    source.load(i, 0, box.data());
    std::vector<float> samples(static_cast<size_t>(shells) * transform.samples_per_shell());
    size_t at = 0;
    const auto centre = static_cast<double>(edge / 2);
    for (int s = 0; s < shells; ++s)
      for (int a = 0; a < transform.latitudes(); ++a)
        for (int b = 0; b < transform.longitudes(); ++b) {
          const Vec3 p = transform.direction(a, b) * (options.shell_spacing * (s + 1));
          samples[at++] = interpolated(box, edge, centre + p.z, centre + p.y, centre + p.x);
        }
    ShellHarmonics harmonics(options.bandwidth, shells);
    SphereTransform::Workspace work;
    transform.analyse(samples.data(), harmonics, work);
    for (int s = 0; s < shells; ++s)
      for (int l = 0; l < options.bandwidth; ++l) {
        double power = std::norm(harmonics.row(l, 0)[s]);
        for (int m = 1; m <= l; ++m) power += 2 * std::norm(harmonics.row(l, m)[s]);
        out.row(i)[s * options.bandwidth + l] = static_cast<float>(std::sqrt(power));
      }
    const std::lock_guard guard(lock);
    progress.advance();
  });
  return out;
}

}  // namespace tessera
