// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/symmetry.h"

#include <gtest/gtest.h>

#include "tessera/align/compare.h"
#include "tessera/base/errors.h"
#include "tessera/so3/point_group.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

struct Context {
  Threads threads{2};
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink};
};

// A cloud repeated by the group about its standard axes, then turned and moved.
synthetic::Phantom repeated(const std::string& group, Vec3 away, const Pose& pose, double sigma = 1.2) {
  // Few copies need more of a shape, or any axis across two blobs is as good.
  const bool few = point_group(group).size() < 4;
  const auto one = synthetic::make_phantom(few ? 4 : 1.5, few ? 6 : 3, 24, sigma);
  synthetic::Phantom out;
  out.sigma = sigma;
  for (const Rotation& g : point_group(group))
    for (const Vec3& p : one.centres)
      out.centres.push_back(pose.particle_from_ref * (g * (p + away)) + pose.shift_voxels);
  return out;
}

TEST(Symmetry, IsFoundOffAxisAndOffCentre) {
  Context c;
  const Rotation tilt = Rotation::from_vector({0.4, -0.7, 0.2});
  const Volume<float> map = synthetic::render(repeated("C5", {5.5, 0, 0}, {tilt, {1, -1, 0.5}}), 32, {});
  const auto five = find_symmetry(map, "C5", {}, c.context), four = find_symmetry(map, "C4", {}, c.context);
  EXPECT_GT(five.correlation, 0.99);
  EXPECT_LT(four.correlation, five.correlation - 0.2);
  EXPECT_GT(std::abs(five.axis.dot(tilt * Vec3{0, 0, 1})), 0.999);
  EXPECT_THROW(find_symmetry(map, "K3", {}, c.context), UserError);
  EXPECT_THROW(find_symmetry(map, "C1", {}, c.context), UserError);
}

// Turned at random and off the centre, each group is recovered within a degree and a fifth of a voxel, and the map
// moved as told lies in the standard axes.
TEST(Symmetry, AxesOfEveryGroupAreRecovered) {
  Context c;
  int item = 0;
  for (const char* name : {"C2", "C7", "D7", "T", "O", "I"}) {
    const Pose pose = synthetic::random_pose(5, ++item, 1.5);
    const Volume<float> map = synthetic::render(repeated(name, {6, 2.5, 4}, pose, 1.1), 32, {});
    const auto group = point_group(name);
    const SymmetryFit fit = find_symmetry(map, name, {9, {}}, c.context);
    EXPECT_GT(fit.correlation, 0.98) << name;
    // Every true element must map the found frame onto itself: standard ∘ (true element) ∘ standard⁻¹ is an element.
    for (const Rotation& g : group) {
      const Rotation in_map = pose.particle_from_ref * g * pose.particle_from_ref.inverse();
      const Rotation moved =
          fit.standard_from_map.particle_from_ref * in_map * fit.standard_from_map.particle_from_ref.inverse();
      double nearest = pi;
      for (const Rotation& h : group) nearest = std::min(nearest, angle_between(h, moved));
      EXPECT_LT(nearest, 1.5 * degree) << name;  // a turn by 180° moves twice as far as its axis
    }
    const Volume<float> standard = transformed_map(map, fit.standard_from_map);
    EXPECT_GT(symmetry_score(standard, group), 0.97) << name;
    EXPECT_LT(symmetry_score(map, group), 0.9) << name;
  }
}

TEST(Symmetry, OfAMapWithoutIsLow) {
  Context c;
  const Volume<float> map = synthetic::render(synthetic::make_phantom(9, 12, 3), 32, {});
  for (const char* name : {"C3", "D2", "O"})
    EXPECT_LT(find_symmetry(map, name, {9, {}}, c.context).correlation, 0.8) << name;
}

TEST(Symmetry, TheMeanOfTurnedCopiesIsInvariant) {
  const Volume<float> map = synthetic::render(synthetic::make_phantom(8, 12, 3), 32, {});
  for (const char* name : {"C3", "D7", "T", "O", "I"}) {
    const auto group = point_group(name);
    const Volume<float> mean = symmetrised(map, group);
    EXPECT_LT(symmetry_score(map, group), 0.9) << name;
    EXPECT_GT(symmetry_score(mean, group), 0.995) << name;  // what interpolating twice leaves
  }
}

// Noise that the halves do not share lowers the correlation of the map with its copies, and not the agreement.
TEST(Symmetry, AgreementOfHalvesDoesNotDependOnNoise) {
  const auto group = point_group("D2");
  const Volume<float> clean = synthetic::render(repeated("D2", {5, 2, 3}, {}, 1.5), 32, {}),
                      other = synthetic::render(synthetic::make_phantom(8, 30, 3), 32, {});
  const FourierWeight everything = FourierWeight::uniform(32);
  const auto agreement = [&](const Volume<float>& map) {
    return symmetry_agreement(synthetic::noisy(map, everything, 0.5, 1, 1),
                              synthetic::noisy(map, everything, 0.5, 1, 2), group, 2, 8);
  };
  EXPECT_NEAR(agreement(clean), 1, 0.1);
  EXPECT_LT(agreement(other), 0.4);
}

TEST(Symmetry, AnglesAreLeastOverTheGroup) {
  const auto group = point_group("O");
  const Rotation a = Rotation::from_vector({0.3, 1, -0.2}), small = Rotation::from_vector({0.02, 0.01, -0.02});
  for (const Rotation& g : group) {
    EXPECT_NEAR(angle_between_modulo(a * g, small * a, group), 0.03, 1e-6);
    EXPECT_NEAR(angle_between_modulo(small * a, a * g, group), 0.03, 1e-6);
  }
}

}  // namespace
}  // namespace tessera
