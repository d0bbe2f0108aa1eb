// SPDX-License-Identifier: GPL-3.0-or-later
// [F] Eq. 10–15 together: expectation–maximisation at fixed candidates and volumes climbs the likelihood of Eq. 9.
// Candidates turn by the rotations of a cube and shift by whole voxels, so that no interpolation blurs the equations.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "tessera/average/imputation.h"
#include "tessera/average/shift_prior.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

using Complex = std::complex<double>;

// The 24 rotations that carry axes to axes.
std::vector<Rotation> cube_rotations() {
  std::vector<Rotation> out;
  for (const Vec3 z : {Vec3{0, 0, 0}, Vec3{pi / 2, 0, 0}, Vec3{pi, 0, 0}, Vec3{-pi / 2, 0, 0}, Vec3{0, pi / 2, 0},
                       Vec3{0, -pi / 2, 0}})
    for (int i = 0; i < 4; ++i) out.push_back(Rotation::from_vector(z) * Rotation::about_axis({0, 0, 1}, i * pi / 2));
  return out;
}

class FixedCandidates {
 public:
  static constexpr int64_t box = 12, band = 5;
  static constexpr int classes = 2, particles = 10, candidates = 4;

  explicit FixedCandidates(uint64_t seed) {
    for (int64_t z = -band; z <= band; ++z)
      for (int64_t y = -band; y <= band; ++y)
        for (int64_t x = -band; x <= band; ++x)
          if (z * z + y * y + x * x <= band * band) sphere_.push_back({double(x), double(y), double(z)});
    for (const Vec3& k : sphere_) observed_ += wedge(k);
    const auto turns = cube_rotations();
    Random random(seed, "candidates");
    for (int i = 0; i < particles; ++i) {
      const synthetic::Phantom phantom = synthetic::make_phantom(3, 8 + 4 * (i % classes), 60 + i % classes, 1);
      for (int k = 0; k < classes; ++k)
        for (int c = 0; c < candidates; ++c)
          candidates_[i].push_back({{turns[random.below(24)], whole_shift(random)}, random.uniform(0.05, 0.4), k});
      particles_.push_back(centred_spectrum(synthetic::noisy(
          synthetic::render(phantom, box, candidates_[i][i % classes * candidates].pose), everything_, 0.5, seed, i)));
    }
    for (int k = 0; k < classes; ++k) {
      Volume<float> start(Shape3::cube(box));
      for (float& v : start) v = static_cast<float>(random.normal());
      averages.push_back(centred_spectrum(start));
    }
  }

  // Eq. 14–15 into `posterior`; returns log L, Eq. 9.
  double expectation(std::vector<std::vector<WeightedPose>>& posterior, double& residual) const {
    double log_l = 0;
    residual = 0;
    posterior.assign(particles, {});
    for (int i = 0; i < particles; ++i) {
      std::vector<double> left, joint;
      double largest = -1e300, sum = 0;
      for (const WeightedPose& c : candidates_[i]) {
        left.push_back(square_difference(i, c));
        joint.push_back(std::log(alpha[c.class_index] * c.probability) +
                        shift_log_prior(c.pose.shift_voxels, deviation) - left.back() / (2 * variance) -
                        observed_ / 2 * std::log(variance));
        largest = std::max(largest, joint.back());
      }
      for (const double value : joint) sum += std::exp(value - largest);
      log_l += largest + std::log(sum);
      for (size_t c = 0; c < joint.size(); ++c) {
        posterior[i].push_back(candidates_[i][c]);
        posterior[i].back().probability = std::exp(joint[c] - largest) / sum;
        residual += posterior[i].back().probability * left[c];
      }
    }
    return log_l;
  }
  double log_likelihood() const {
    std::vector<std::vector<WeightedPose>> posterior;
    double residual = 0;
    return expectation(posterior, residual);
  }

  // Eq. 10–13. Returns log L before the step.
  double iterate() {
    std::vector<std::vector<WeightedPose>> posterior;
    double residual = 0;
    const double log_l = expectation(posterior, residual);
    std::vector<double> total(classes);
    std::vector<Accumulator> sums(classes, Accumulator(box));
    for (int i = 0; i < particles; ++i)
      for (const WeightedPose& p : posterior[i]) {
        total[p.class_index] += p.probability;
        add(sums[p.class_index], i, p);
      }
    for (int k = 0; k < classes; ++k) {
      impute(sums[k], total[k], 1, averages[k], band);
      averages[k] = solve(sums[k], std::vector<double>(box, 0.0), band);
      alpha[k] = total[k] / particles;
    }
    variance =
        imputed_variance(residual, particles * observed_, particles * static_cast<double>(sphere_.size()), variance);
    deviation = shift_deviation(posterior, 0.1);
    return log_l;
  }

  std::vector<HalfSpectrum> averages;
  double alpha[classes] = {0.5, 0.5}, variance = 1e4, deviation = box;

 private:
  static Vec3 whole_shift(Random& random) {
    const auto one = [&] { return static_cast<double>(random.below(5)) - 2; };
    const double x = one(), y = one();
    return {x, y, one()};
  }
  static Complex at(const HalfSpectrum& spectrum, Vec3 k) {
    int64_t x = std::lround(k.x), y = std::lround(k.y), z = std::lround(k.z);
    const bool mirrored = x < 0;
    if (mirrored) x = -x, y = -y, z = -z;
    const Complex value = spectrum(wrapped_index(z, box), wrapped_index(y, box), x);
    return mirrored ? std::conj(value) : value;
  }
  static double wedge(Vec3 k) { return std::abs(std::lround(k.z)) <= 2 * std::abs(std::lround(k.x)) ? 1 : 0; }
  static Complex phase(Vec3 k, Vec3 shift) { return std::polar(1.0, 2 * pi * k.dot(shift) / box); }

  double square_difference(int i, const WeightedPose& c) const {
    const Mat3 back = c.pose.particle_from_ref.inverse().matrix();
    double out = 0;
    for (const Vec3& k : sphere_)
      if (wedge(k) > 0)
        out += std::norm(at(particles_[i], k) -
                         at(averages[c.class_index], back * k) * std::conj(phase(k, c.pose.shift_voxels)));
    return out;
  }
  void add(Accumulator& sums, int i, const WeightedPose& p) const {
    const Mat3 turn = p.pose.particle_from_ref.matrix();
    for (const Vec3& k : sphere_) {
      const Vec3 there = turn * k;
      if (k.x < 0 || wedge(there) == 0) continue;
      const auto index = sums.numerator.index(wrapped_index(std::lround(k.z), box),
                                              wrapped_index(std::lround(k.y), box), std::lround(k.x));
      sums.numerator.data()[index] +=
          std::complex<float>(p.probability * at(particles_[i], there) * phase(there, p.pose.shift_voxels));
      sums.weight[index] += static_cast<float>(p.probability);
    }
  }

  FourierWeight everything_ = FourierWeight::uniform(box);
  std::vector<Vec3> sphere_;
  double observed_ = 0;
  std::vector<HalfSpectrum> particles_;
  std::vector<WeightedPose> candidates_[particles];  // probability: the volume ṽ
};

TEST(PaperEm, NeverLowersTheLikelihood) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    FixedCandidates em(seed);
    double last = em.iterate();
    const double first = last;
    for (int i = 0; i < 40; ++i) {
      const double now = em.iterate();
      // Averages are kept in single precision: 6·10⁻⁸ of Σ|X|²/2σ², which is about 2000.
      EXPECT_GT(now, last - 1e-3) << "seed " << seed << ", iteration " << i;
      last = now;
    }
    EXPECT_GT(last, first + 100) << "seed " << seed;
  }
}

// Where it comes to rest is a maximum: each of the equations finds its parameter without bias.
TEST(PaperEm, RestsAtAMaximum) {
  FixedCandidates em(3);
  for (int i = 0; i < 300; ++i) em.iterate();
  const double top = em.log_likelihood();
  const auto lower = [&](const char* what, auto&& change) {
    FixedCandidates moved = em;
    change(moved);
    EXPECT_LT(moved.log_likelihood(), top - 1e-4) << what;
  };
  for (const double sign : {-1.0, 1.0}) {
    lower("variance", [&](FixedCandidates& m) { m.variance *= 1 + 0.01 * sign; });
    lower("deviation", [&](FixedCandidates& m) { m.deviation *= 1 + 0.03 * sign; });
    lower("alpha", [&](FixedCandidates& m) {
      m.alpha[0] += 0.03 * sign;
      m.alpha[1] -= 0.03 * sign;
    });
    for (int k = 0; k < FixedCandidates::classes; ++k)
      lower("average", [&](FixedCandidates& m) {
        for (auto& a : m.averages[k]) a *= static_cast<float>(1 + 0.02 * sign);
      });
  }
}

}  // namespace
}  // namespace tessera
