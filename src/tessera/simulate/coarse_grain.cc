// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/coarse_grain.h"

#include <algorithm>

#include "tessera/simulate/k_means.h"

namespace tessera {

void CoarseGrainOptions::add_faults(Faults& faults) const {
  if (atoms_per_ball < 1) faults.add(fmt::format("--atoms-per-ball {}: at least 1", atoms_per_ball));
  if (least_balls < 1) faults.add(fmt::format("--least-balls {}: at least 1", least_balls));
  if (restarts < 1) faults.add(fmt::format("--restarts {}: at least 1", restarts));
  if (start != "k-means++" && start != "random")
    faults.add(fmt::format("--start must be k-means++ or random; \"{}\" was given", start));
}

CoarseModel coarse_grain(const AtomicModel& model, const CoarseGrainOptions& options, uint64_t seed, Threads& threads) {
  Faults faults;
  options.add_faults(faults);
  faults.raise<UserError>("the structure cannot be coarse-grained");
  CoarseModel out;
  out.name = model.name;
  std::vector<Vec3> points;
  double mass = 0;
  for (const Atom& atom : model.atoms) {
    if (atom.atomic_number == 1) continue;
    points.push_back(atom.position_A);
    out.centre_of_mass_A += atom.position_A * atom.mass;
    mass += atom.mass;
  }
  out.atoms = static_cast<int64_t>(points.size());
  const int64_t k =
      std::max<int64_t>(options.least_balls, (out.atoms + options.atoms_per_ball - 1) / options.atoms_per_ball);
  if (out.atoms < k)
    throw UserError(
        fmt::format("\"{}\" has {} heavy atoms, too few for {} balls; lower --least-balls", model.name, out.atoms, k));
  out.centre_of_mass_A = out.centre_of_mass_A * (1 / mass);
  out.mass_kDa = mass / 1000;
  for (Vec3& point : points) {
    point = point - out.centre_of_mass_A;
    out.radius_A = std::max(out.radius_A, point.norm());
  }
  const KMeans clusters =
      k_means(points, {static_cast<int>(k), options.restarts, 300, options.start == "k-means++"}, seed, threads);
  out.atoms_of_ball.resize(k);
  for (const Vec3& centre : clusters.centres) out.balls.push_back({centre, 0});
  for (size_t i = 0; i < points.size(); ++i) {
    Ball& ball = out.balls[clusters.cluster[i]];
    ball.radius_A = std::max(ball.radius_A, (points[i] - ball.centre_A).norm());
    ++out.atoms_of_ball[clusters.cluster[i]];
  }
  out.single = enclosing_ball(points);
  out.surface = std::make_shared<MolecularSurface>(model, SurfaceOptions{});
  out.volumes = {out.surface->volume_A3(), union_volume_A3(out.balls), volume_A3(out.single)};
  return out;
}

}  // namespace tessera
