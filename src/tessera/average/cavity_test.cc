// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/cavity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 20;
constexpr int degrees = 4, shells = 3;
constexpr double ridge = 0.6;

// Noisy particles of one phantom, and averages iterated from one another until they rest.
class Ensemble {
 public:
  explicit Ensemble(double snr) {
    const synthetic::Phantom phantom = synthetic::make_phantom(4.5, 20, 3, 1.6);
    std::vector<double> power(box / 2 + 1), components(power.size());
    for (int i = 0; i < count; ++i) {
      const Volume<float> volume =
          synthetic::particle(phantom, box, synthetic::random_pose(1, i, 0), everywhere_, snr, 1, i);
      const HalfSpectrum spectrum = centred_spectrum(volume);
      for_each_frequency(spectrum, [&](int64_t at, int64_t z, int64_t y, int64_t x) {
        const auto s = static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x))));
        if (s >= power.size()) return;
        power[s] += std::norm(spectrum.data()[at]);
        ++components[s];
      });
      samples_.push_back(search_.sample_particle(PaddedSpectrum(volume, shells + 1), everywhere_));
    }
    for (size_t s = 0; s < power.size(); ++s) power[s] /= std::max(1.0, components[s]);
    model_ = std::make_unique<MarginalModel>(search_, std::vector<const FourierWeight*>{&everywhere_}, power);
  }

  // One E- and M-step of all particles but `left_out`.
  ShellHarmonics iterate(const ShellHarmonics& map, int left_out = -1) {
    own.assign(count, model_->no_sums());
    total = model_->no_sums();
    const std::vector<MarginalModel::Reference> references{model_->reference(map)};
    MarginalModel::Workspace work;
    effective_poses = 0;
    for (int i = 0; i < count; ++i) {
      if (i == left_out) continue;
      std::vector<MarginalSums> sums{model_->no_sums()};
      effective_poses += model_->expect(samples_[i], 0, references, {0}, {}, &sums, work).effective_poses / count;
      own[i] = std::move(sums[0]);
      total.add(own[i]);
    }
    return solve(total);
  }
  ShellHarmonics rest(ShellHarmonics map, int iterations, int left_out = -1) {
    for (int i = 0; i < iterations; ++i) map = iterate(map, left_out);
    return map;
  }
  ShellHarmonics solve(const MarginalSums& sums) const {
    std::vector<double> ridges = model_->shell_mean(sums.weight);
    for (double& r : ridges) r *= ridge;
    return model_->solve(sums, ridges);
  }
  CavityResponse response() const {
    std::vector<double> kept(degrees * shells), whole(kept.size());
    for (int i = 0; i < count; ++i) {
      RotationSearch::Workspace work;
      search_.shifted_harmonics(samples_[i], 0, work.harmonics, work);
      const auto own_power = degree_powers(search_.correlator().restore(own[i].numerator)),
                 power = degree_powers(work.harmonics);
      for (size_t at = 0; at < kept.size(); ++at) {
        kept[at] += own_power[at];
        whole[at] += power[at];
      }
    }
    return CavityResponse(total, degrees, kept, whole);
  }
  double evidence(int i, const ShellHarmonics& map) const {
    MarginalModel::Workspace work;
    return model_->expect(samples_[i], 0, {model_->reference(map)}, {0}, {}, nullptr, work).log_evidence;
  }
  ShellHarmonics first() {
    RotationSearch::Workspace work;
    search_.shifted_harmonics(samples_[0], 0, work.harmonics, work);
    for (auto& v : work.harmonics.values) v *= 0.3f;
    return work.harmonics;
  }

  static constexpr int count = 96;
  std::vector<MarginalSums> own;
  MarginalSums total;
  double effective_poses = 0;

 private:
  RotationSearch search_{box, degrees, shells, {{0, 0, 0}}};
  FourierWeight everywhere_ = FourierWeight::uniform(box);
  std::vector<SphereSamples> samples_;
  std::unique_ptr<MarginalModel> model_;
};

// Against averages iterated on without the particle: with its share alone left out, a particle still recognises itself
// in the average. The correction takes out a part of that and never more than all of it (a quarter here; the answer
// of the softest modes, which these self-consistent averages have, is stronger than that to white noise).
TEST(Cavity, TakesOutWhatTheOthersKeptOfAParticle) {
  Ensemble ensemble(0.01);
  const ShellHarmonics all = ensemble.rest(ensemble.first(), 300);
  ensemble.iterate(all);
  const auto sums = ensemble.total;
  const auto own = ensemble.own;
  const CavityResponse response = ensemble.response();
  ASSERT_GT(ensemble.effective_poses, 20);
  double by_share = 0, by_response = 0;
  for (int i = 2; i < Ensemble::count; i += 24) {
    MarginalSums others = sums;
    others.add(own[i], -1);
    const ShellHarmonics left = ensemble.solve(others);
    ShellHarmonics without = left;
    response.leave_out(all, ridge, without);
    const double truth = ensemble.evidence(i, ensemble.rest(left, 200, i));
    EXPECT_LT(ensemble.evidence(i, without), ensemble.evidence(i, left)) << i;
    EXPECT_LT(ensemble.evidence(i, left), ensemble.evidence(i, all)) << i;
    by_share += ensemble.evidence(i, left) - truth;
    by_response += ensemble.evidence(i, without) - truth;
  }
  EXPECT_GT(by_response, 0);
  EXPECT_LT(by_response, 0.85 * by_share);
}

// Where every pose is certain the share is all there is to leave out; where none is, it counts (1+κ)/κ times; in
// between, degree by degree, (1+κ)/(q+κ) times.
TEST(Cavity, LimitsOfCertaintyAndIgnorance) {
  const So3Correlator correlator(degrees);
  Random random(1, "cavity limits");
  ShellHarmonics all(degrees, shells), left(degrees, shells);
  for (auto* map : {&all, &left})
    for (int l = 0; l < degrees; ++l)
      for (int m = 0; m <= l; ++m)
        for (int s = 0; s < shells; ++s)
          map->row(l, m)[s] = {static_cast<float>(random.normal()), m == 0 ? 0 : static_cast<float>(random.normal())};
  MarginalSums total{correlator.empty(shells), correlator.empty(shells), {}};
  total.retained.resize(correlator.retained_size());
  size_t start = 0;
  for (int l = 0; l < degrees; ++l) {
    const int orders = 2 * l + 1;
    for (int n = 0; n < orders; ++n) total.retained[start + n * orders + n] = 3;
    start += static_cast<size_t>(orders) * orders;
  }
  const std::vector<double> particles(degrees * shells, 5);
  for (const double kept : {0.0, 0.25, 1.0}) {
    const CavityResponse response(total, degrees, std::vector<double>(particles.size(), 5 * kept), particles);
    ShellHarmonics without = left;
    response.leave_out(all, ridge, without);
    const auto gain = static_cast<float>((1 + ridge) / (kept + ridge));
    for (size_t i = 0; i < all.values.size(); ++i) {
      const auto expected = all.values[i] - gain * (all.values[i] - left.values[i]);
      EXPECT_LT(std::abs(without.values[i] - expected), 1e-4) << kept << " " << i;
    }
  }
}

}  // namespace
}  // namespace tessera
