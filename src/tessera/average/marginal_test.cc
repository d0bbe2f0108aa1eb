// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/marginal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tessera/average/averager.h"
#include "tessera/average/marginal_start.h"
#include "tessera/average/shell_mask.h"
#include "tessera/base/units.h"
#include "tessera/volume/masks.h"
#include "tests/reference/spherical_harmonics.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 24;

using reference::value_at;

// One particle on a small grid, two classes.
struct Case {
  Case() {
    weights.push_back(&wedge);
    const Pose pose = synthetic::random_pose(1, 0, 1.5);
    particle = search.sample_particle(
        PaddedSpectrum(synthetic::particle(phantom, box, pose, wedge, 0.5, 1, 0), search.shells() + 1), wedge);
    for (const auto& other : {phantom, synthetic::make_phantom(5.5, 40, 32, 1.6)}) {
      const PaddedSpectrum map(synthetic::render(other, box, {}), search.shells() + 1);
      search.shifted_harmonics(search.sample_particle(map, FourierWeight::uniform(box)), 0, maps.emplace_back(), work);
    }
  }
  RotationSearch search{box, 6, 4, translation_ball(2, 1.2)};
  FourierWeight wedge = FourierWeight::from_volume(synthetic::wedge(box, 60));
  synthetic::Phantom phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  std::vector<const FourierWeight*> weights;
  std::vector<double> noise = std::vector<double>(box / 2 + 1, 1e5);
  SphereSamples particle;
  std::vector<ShellHarmonics> maps;
  RotationSearch::Workspace work;
};

// Posterior, evidence and sums against loops over classes, translations and rotations in double precision.
TEST(Marginal, ExpectationIsTheSumOverTheGrid) {
  Case c;
  const MarginalModel model(c.search, c.weights, c.noise);
  std::vector<MarginalModel::Reference> references;
  for (const ShellHarmonics& map : c.maps) references.push_back(model.reference(map));
  const std::vector<double> log_prior{std::log(0.3), std::log(0.7)};
  std::vector<MarginalSums> sums(2, model.no_sums());
  MarginalModel::Workspace work;
  const auto said = model.expect(c.particle, 0, references, log_prior, {}, &sums, work);

  const So3Correlator& correlator = c.search.correlator();
  const auto translations = c.search.translations().size();
  const Vec3 point = Vec3{0.6, -0.48, 0.64};
  double total = 0, entropy = 0;
  std::vector<double> share(2), numerator(2), weight(2);
  AlignedVector<float> scores(correlator.grid_size());
  const ShellHarmonics seen = c.search.weight_harmonics(c.wedge);
  std::vector<double> all;
  for (int k = 0; k < 2; ++k)
    for (size_t t = 0; t < translations; ++t) {
      ShellHarmonics shifted;
      c.search.shifted_harmonics(c.particle, static_cast<int>(t), shifted, c.work);
      correlator.correlate(shifted, references[k].map, model.shell_weight(), scores.data(), c.work.correlate);
      for (int64_t i = 0; i < correlator.grid_size(); ++i) {
        const double g = correlator.quadrature(i) / static_cast<double>(translations) *
                         std::exp(log_prior[k] + scores[i] - references[k].half_power[0][i] - said.log_evidence);
        const double uniform = 1.0 / static_cast<double>(correlator.grid_size() * translations);
        total += g;
        share[k] += g;
        entropy -= g * std::log(g / (correlator.quadrature(i) / translations) * uniform);
        if (g < 1e-9 * total) continue;  // cannot be seen in the sums
        const Vec3 u = correlator.rotation(i) * point;
        numerator[k] += g * value_at(shifted, 2, u);
        weight[k] += g * value_at(seen, 2, u);
      }
    }
  EXPECT_NEAR(total, 1, 1e-3) << "the evidence";
  EXPECT_NEAR(std::log(said.effective_poses), entropy / total + std::log(total), 1e-2);
  for (int k = 0; k < 2; ++k) {
    EXPECT_NEAR(said.class_probability[k], share[k] / total, 1e-4) << k;
    const double scale = std::abs(numerator[0] / total) + std::abs(numerator[1] / total);
    EXPECT_NEAR(value_at(correlator.restore(sums[k].numerator), 2, point), numerator[k] / total, 2e-3 * scale) << k;
    EXPECT_NEAR(value_at(correlator.restore(sums[k].weight), 2, point), weight[k] / total, 2e-3) << k;
  }
}

// The posterior of some translations is that of all, of which the others' share is taken away.
TEST(Marginal, SomeTranslationsAreConditionedOn) {
  Case c;
  const MarginalModel model(c.search, c.weights, std::vector<double>(box / 2 + 1, 3e5));
  std::vector<MarginalModel::Reference> references;
  for (const ShellHarmonics& map : c.maps) references.push_back(model.reference(map));
  std::vector<MarginalSums> sums(2, model.no_sums());
  MarginalModel::Workspace work;
  const auto whole = model.expect(c.particle, 0, references, {0, 0}, {}, &sums, work);
  const auto translations = static_cast<int>(c.search.translations().size());
  double total = 0;
  for (const double p : whole.translation_probability) total += p;
  EXPECT_NEAR(total, 1, 1e-5);
  std::vector<int> some;
  double share = 0;
  for (int t = 1; t < translations; t += 2) {
    some.push_back(t);
    share += whole.translation_probability[t];
  }
  const auto part = model.expect(c.particle, 0, references, {0, 0}, some, &sums, work);
  EXPECT_NEAR(part.log_evidence, whole.log_evidence + std::log(share), 1e-4);
  EXPECT_EQ(part.best_translation % 2, 1);
  for (int t = 0; t < translations; ++t)
    EXPECT_NEAR(part.translation_probability[t], t % 2 == 1 ? whole.translation_probability[t] / share : 0, 1e-5) << t;
  // Looked at apart, each adds its share to the sums.
  std::vector<MarginalSums> of_all(2, model.no_sums()), of_others = of_all;
  model.expect(c.particle, 0, references, {0, 0}, {}, &of_all, work);
  std::vector<int> others;
  for (int t = 0; t < translations; t += 2) others.push_back(t);
  model.expect(c.particle, 0, references, {0, 0}, others, &of_others, work);
  for (int k = 0; k < 2; ++k)
    for (size_t i = 0; i < of_all[k].numerator.re.size(); ++i)
      EXPECT_NEAR(share * sums[k].numerator.re[i] + (1 - share) * of_others[k].numerator.re[i],
                  of_all[k].numerator.re[i], 1e-3 * (1 + std::abs(of_all[k].numerator.re[i])))
          << k << " " << i;
}

TEST(Marginal, AClassOfNoPriorIsAsIfItWereNotThere) {
  Case c;
  const MarginalModel model(c.search, c.weights, std::vector<double>(box / 2 + 1, 3e5));
  std::vector<MarginalModel::Reference> references;
  for (const ShellHarmonics& map : c.maps) references.push_back(model.reference(map));
  const double none = -std::numeric_limits<double>::infinity();
  std::vector<MarginalSums> of_one(1, model.no_sums()), of_both(2, model.no_sums());
  MarginalModel::Workspace work;
  const auto alone = model.expect(c.particle, 0, {references[1]}, {0}, {}, &of_one, work);
  model.expect(c.particle, 0, references, {0, 0}, {}, &of_both, work);  // leaves a posterior of the first class
  const auto said = model.expect(c.particle, 0, references, {none, 0}, {}, &of_both, work);
  EXPECT_EQ(said.log_evidence, alone.log_evidence);
  EXPECT_EQ(said.class_probability, (std::vector<double>{0, 1}));
  EXPECT_EQ(said.translation_probability, alone.translation_probability);
  EXPECT_EQ(of_both[1].numerator.re, of_one[0].numerator.re);
  for (const float v : of_both[0].numerator.re) EXPECT_EQ(v, 0);
  Random random(1, "draws");
  for (const WeightedPose& p : model.draw(said, 50, random, work)) EXPECT_EQ(p.class_index, 1);
}

// Poses drawn carry the probabilities of classes and translations, but for the rounding to one of `count` draws.
TEST(Marginal, DrawsFollowThePosterior) {
  Case c;
  const MarginalModel model(c.search, c.weights, std::vector<double>(box / 2 + 1, 3e5));  // a wide posterior
  std::vector<MarginalModel::Reference> references;
  for (const ShellHarmonics& map : c.maps) references.push_back(model.reference(map));
  std::vector<MarginalSums> sums(2, model.no_sums());
  MarginalModel::Workspace work;
  const auto said = model.expect(c.particle, 0, references, {0, 0}, {}, &sums, work);
  ASSERT_GT(said.effective_poses, 50);
  constexpr int count = 400;
  Random random(1, "draws");
  const auto poses = model.draw(said, count, random, work);
  double total = 0, second = 0;
  for (const WeightedPose& p : poses) {
    total += p.probability;
    if (p.class_index == 1) second += p.probability;
  }
  EXPECT_NEAR(total, 1, 1e-9);
  EXPECT_NEAR(second, said.class_probability[1], 3.0 / count);
  EXPECT_LT(angle_between(poses.front().pose.particle_from_ref, c.search.correlator().rotation(said.best_rotation)),
            1e-6);
  // Of the translations looked at, those far out here, only.
  const std::vector<int> looked_at{3, 5, 8};
  const auto part = model.expect(c.particle, 0, references, {0, 0}, looked_at, nullptr, work);
  std::vector<double> drawn(c.search.translations().size());
  for (const WeightedPose& p : model.draw(part, count, random, work)) {
    const auto at = std::find(c.search.translations().begin(), c.search.translations().end(), p.pose.shift_voxels);
    drawn[at - c.search.translations().begin()] += p.probability;
  }
  for (size_t t = 0; t < drawn.size(); ++t) EXPECT_NEAR(drawn[t], part.translation_probability[t], 5.0 / count) << t;
}

TEST(ShellMask, IsTheMaskInRealSpace) {
  const int64_t n = 32;
  const RotationSearch search(n, 14, 10, {{0, 0, 0}});
  const auto harmonics = [&](const Volume<float>& map) {
    RotationSearch::Workspace work;
    ShellHarmonics out;
    search.shifted_harmonics(search.sample_particle(PaddedSpectrum(map, 11), FourierWeight::uniform(n)), 0, out, work);
    return out;
  };
  const Volume<float> map = synthetic::render(synthetic::make_phantom(8, 30, 5, 2.2), n, {});
  Volume<float> masked = soft_sphere(map.shape(), 5, 4);
  for (int64_t i = 0; i < map.size(); ++i) masked[i] *= map[i];
  const ShellHarmonics expected = harmonics(masked), before = harmonics(map);
  ShellHarmonics found = before;
  ShellMask(n, 14, 10, 5, 4).apply(found);
  double difference = 0, power = 0, change = 0;
  for (int l = 0; l < 14; ++l)
    for (int m = 0; m <= l; ++m)
      for (int s = 0; s < 8; ++s) {  // the last shells want what lies beyond them
        const double weight = (m == 0 ? 1 : 2) * (s + 1.0) * (s + 1.0);
        difference += weight * std::norm(found.row(l, m)[s] - expected.row(l, m)[s]);
        power += weight * std::norm(expected.row(l, m)[s]);
        change += weight * std::norm(before.row(l, m)[s] - expected.row(l, m)[s]);
      }
  EXPECT_LT(difference, 3e-3 * power);  // two interpolations of 3 % at most
  EXPECT_GT(change, 0.05 * power) << "a mask that does nothing tests nothing";
}

TEST(RadialProduct, IsTheMeanOverSpheres) {
  const int64_t n = 32;
  const RotationSearch search(n, 14, 12, {{0, 0, 0}});
  RotationSearch::Workspace work;
  ShellHarmonics map;
  Volume<float> ball(Shape3::cube(n));
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x, ++i)
        ball[i] = static_cast<float>(
            std::exp(-static_cast<double>((z - 16) * (z - 16) + (y - 16) * (y - 16) + (x - 16) * (x - 16)) / 18));
  search.shifted_harmonics(search.sample_particle(PaddedSpectrum(ball, 13), FourierWeight::uniform(n)), 0, map, work);
  const auto product = radial_product(map, map, n);
  for (int r = 0; r < 8; ++r) EXPECT_NEAR(product[r], std::exp(-r * r / 9.0), 0.02) << r;
}

TEST(MarginalStart, FindsTheStructure) {
  ParticleSource source;
  source.count = 40;
  source.box = box;
  source.voxel_size_A = 10;
  source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
  const synthetic::Phantom phantom = synthetic::make_phantom(5.5, 40, 31, 1.6);
  std::vector<WeightedPose> truth;
  for (int i = 0; i < source.count; ++i) truth.push_back({synthetic::random_pose(1, i, 1.5)});
  source.load = [&](int64_t i) {
    return synthetic::particle(phantom, box, truth[i].pose, source.weights[0], 0.3, 1, static_cast<uint64_t>(i));
  };
  AverageOptions options;
  options.align.max_shift_voxels = 2;
  options.iterations = 1;
  std::vector<Volume<float>> maps;
  for (const int count : {1, 2}) {
    Threads threads(count);
    LocalComm comm;
    SilentSink sink;
    ExecContext context{threads, comm, sink, 7};
    ParticleStack stack(source, stack_mask_radius(box, 10, options), context);
    StartLog log;
    const AverageState state =
        marginal_start(stack, stack.all(), options, 8, log, context, nullptr, {.degrees = 12}).state;
    std::vector<Assignment> rival = state.assignments;
    for (int i = 0; i < source.count; ++i) rival[i].poses = {{synthetic::random_pose(2, i, 1.5)}};
    const auto against = [&] {
      return marginal_start(stack, stack.all(), options, 8, log, context, &rival, {.degrees = 12});
    };
    EXPECT_TRUE(count == 2 || !against().beaten) << "by random poses";
    // Pairs of particles against the truth: the rotation that carries one's pose to the other's.
    int agree = 0, pairs = 0;
    for (int a = 0; a < source.count; ++a)
      for (int b = 0; b < a; ++b, ++pairs) {
        const auto found = [&](int i) { return state.assignments[i].poses.front().pose.particle_from_ref; };
        const Rotation expected = truth[a].pose.particle_from_ref * truth[b].pose.particle_from_ref.inverse();
        agree += angle_between(found(a) * found(b).inverse(), expected) < 30 * degree;
      }
    EXPECT_GT(agree, 0.8 * pairs);  // by chance 1 %
    Accumulator sums(box);
    for (int64_t i = 0; i < source.count; ++i)
      for (const WeightedPose& p : state.assignments[i].poses)
        sums.add(stack.padded(i, box / 2), stack.weight(i), p.pose, p.probability, 0, box);
    maps.push_back(solved_map(sums, {{}, std::vector<double>(box / 2 + 1, 1.0), 1}, box / 2));
  }
  for (int64_t i = 0; i < maps[0].size(); ++i) ASSERT_EQ(maps[0][i], maps[1][i]) << "another number of threads";
}

}  // namespace
}  // namespace tessera
