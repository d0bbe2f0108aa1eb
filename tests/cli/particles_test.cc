// SPDX-License-Identifier: GPL-3.0-or-later
// What averaging and aligning make of particle lists with faults, of several tilt groups, of little memory and of
// references on other grids.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/optics/wedge.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"
#include "tests/cli/run_program.h"
#include "tests/support/synthetic_particles.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t box = 24;
constexpr double voxel_A = 8;

// Twelve particles of three tilt groups, two of them asymmetric, one with a CTF and multiplied by it.
class ParticleLists : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    const WedgeRange ranges[3] = {
        {-60 * degree, 60 * degree}, {-65 * degree, 40 * degree}, {-30 * degree, 70 * degree}};
    for (int g = 0; g < 3; ++g) {
      Volume<float> h = wedge_mask(box, ranges[g], false);
      if (g == 2)
        for (int64_t i = 0; i < h.size(); ++i) {
          const double z = static_cast<double>(i / (box * box) - box / 2),
                       y = static_cast<double>(i / box % box - box / 2), x = static_cast<double>(i % box - box / 2);
          h[i] *= static_cast<float>(std::cos(0.012 * (x * x + y * y + z * z)));
        }
      weights_.push_back(FourierWeight::from_volume(h));
      write_mrc(path(weight_name(g)), {h, voxel_A, {}});
    }
    truth_.optics = {{"plain", box, voxel_A, 300, 2.7, 0.1, {}}, {"multiplied", box, voxel_A, 300, 2.7, 0.1, {}, true}};
    truth_.directory = folder_;
    for (int i = 0; i < 12; ++i) {
      const int g = i % 3;
      const Pose pose = synthetic::random_pose(1, i, 1.5);
      Volume<float> image = synthetic::particle(phantom_, box, pose, weights_[g], 4, 1, i);
      if (g == 2) {
        HalfSpectrum spectrum = centred_spectrum(image);
        for (int64_t k = 0; k < spectrum.size(); ++k) spectrum.data()[k] *= weights_[g].half()[k];
        image = centred_volume(std::move(spectrum));
      }
      Particle& particle = truth_.particles.emplace_back();
      particle.image = fmt::format("p{}.mrc", i);
      particle.weight = weight_name(g);
      particle.optics_group = g == 2 ? 1 : 0;
      particle.particle_from_ref = pose.particle_from_ref;
      particle.shift_A = pose.shift_voxels * voxel_A;
      particle.class_number = 1;
      write_mrc(path(particle.image), {image, voxel_A, {}});
    }
    write_particles(path("truth.star"), truth_);
    list_ = truth_;
    for (Particle& particle : list_.particles) {
      particle.particle_from_ref = {};
      particle.shift_A = {};
    }
    write_particles(path("particles.star"), list_);
    write_mrc(path("truth.mrc"), {synthetic::render(phantom_, box, {}), voxel_A, {}});
  }
  static std::string weight_name(int group) { return fmt::format("wedge{}.mrc", group); }

  Result average(std::vector<std::string> more) const {
    std::vector<std::string> words = {
        "average", "particles.star", "--start", "particles",   "--starts", "1",        "--start-iterations",
        "1",       "--iterations",   "1",       "--max-shift", "2",        "--output", "out"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Result align(std::vector<std::string> more) const {
    std::vector<std::string> words = {"align", "particles.star", "--max-shift", "2", "--output", "aligned.star"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  void expect_true_poses() const {
    const ParticleSet found = read_particles(path("aligned.star"));
    ASSERT_EQ(found.particles.size(), 12u);
    for (size_t i = 0; i < 12; ++i) {
      EXPECT_LT(angle_between(found.particles[i].particle_from_ref, truth_.particles[i].particle_from_ref), 6 * degree);
      EXPECT_LT((found.particles[i].shift_A - truth_.particles[i].shift_A).norm(), 0.6 * voxel_A);
    }
  }
  void expect_structure(const std::string& map) const {
    const Volume<float> found = read_mrc(path(map)).voxels, truth = read_mrc(path("truth.mrc")).voxels;
    EXPECT_GT(masked_correlation(found, truth, soft_sphere(truth.shape(), 8, 2)), 0.95);
  }

  synthetic::Phantom phantom_ = synthetic::make_phantom(5, 30, 31, 1.6);
  std::vector<FourierWeight> weights_;
  ParticleSet truth_, list_;
};

TEST_F(ParticleLists, OfSeveralTiltGroupsAverageAndAlign) {
  const Result averaged = average({"--poses", "truth.star"});
  ASSERT_EQ(averaged.exit_code, 0) << averaged.err;
  EXPECT_THAT(averaged.err, HasSubstr("3 Fourier weights"));
  expect_structure("out/class_1.mrc");
  EXPECT_TRUE(read_particles(path("out/particles.star")).optics.at(1).ctf_premultiplied) << "kept for the next program";
  const Result aligned = align({"--reference", "truth.mrc"});
  ASSERT_EQ(aligned.exit_code, 0) << aligned.err;
  expect_true_poses();
  // A copy of a weight for every particle is no new group.
  for (int i = 0; i < 12; ++i) {
    list_.particles[i].weight = fmt::format("copy{}.mrc", i);
    fs::copy_file(path(weight_name(i % 3)), path(list_.particles[i].weight));
  }
  write_particles(path("particles.star"), list_);
  const std::string before = text_of(path("out/class_1.mrc"));
  const Result copied = average({"--poses", "truth.star"});
  EXPECT_THAT(copied.err, HasSubstr("3 Fourier weights"));
  EXPECT_EQ(text_of(path("out/class_1.mrc")), before);
}

TEST_F(ParticleLists, ReferencesOfOtherGridsAreRescaledOnRequest) {
  synthetic::Phantom fine = phantom_;  // the same structure on voxels of 5 Å in a box of 44
  for (Vec3& centre : fine.centres) centre = centre * (voxel_A / 5);
  fine.sigma *= voxel_A / 5;
  write_mrc(path("fine.mrc"), {synthetic::render(fine, 44, {}), 5, {}});
  const Result refused = align({"--reference", "fine.mrc"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("fine.mrc"), HasSubstr("44"), HasSubstr("--rescale-reference")));
  const Result aligned = align({"--reference", "fine.mrc", "--rescale-reference"});
  ASSERT_EQ(aligned.exit_code, 0) << aligned.err;
  expect_true_poses();
  const Result started = average({"--reference", "fine.mrc", "--rescale-reference", "--mask-diameter", "130"});
  ASSERT_EQ(started.exit_code, 0) << started.err;
  expect_structure("out/class_1.mrc");
}

TEST_F(ParticleLists, BadParticlesAreSkippedByName) {
  fs::resize_file(path("p2.mrc"), 2000);
  fs::remove(path("p7.mrc"));
  write_mrc(path("p4.mrc"), {Volume<float>(Shape3::cube(box), 1.0f), voxel_A, {}});
  const float nan = std::nanf("");
  std::fstream(path("p9.mrc"), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(1024 + 400)
      .write(reinterpret_cast<const char*>(&nan), 4);
  const Result refused = average({"--poses", "truth.star"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("p2.mrc"), HasSubstr("p7.mrc")));
  const Result skipped = average({"--poses", "truth.star", "--skip-bad", "--json"});
  ASSERT_EQ(skipped.exit_code, 0) << skipped.err;
  for (const char* name : {"p2.mrc", "p4.mrc", "p7.mrc", "p9.mrc"}) EXPECT_THAT(skipped.err, HasSubstr(name));
  EXPECT_EQ(skipped.json().at("particles"), 8);
  EXPECT_THAT(skipped.json().at("skipped").get<std::vector<std::string>>(),
              testing::UnorderedElementsAre("p2.mrc", "p4.mrc", "p7.mrc", "p9.mrc"));
  const ParticleSet out = read_particles(path("out/particles.star"));
  ASSERT_EQ(out.particles.size(), 8u);
  EXPECT_EQ(fs::path(out.particles[2].image).filename(), "p3.mrc");
  EXPECT_LT(angle_between(out.particles[2].particle_from_ref, truth_.particles[3].particle_from_ref), 1e-3);
  expect_structure("out/class_1.mrc");
}

TEST_F(ParticleLists, AllAlikeOrFewerThanClassesAreRefused) {
  const Result classes = average({"--classes", "13"});
  EXPECT_EQ(classes.exit_code, 2);
  EXPECT_THAT(classes.err, AllOf(HasSubstr("--classes 13"), HasSubstr("12 particles")));
  for (int i = 1; i < 12; ++i)
    fs::copy_file(path("p0.mrc"), path(fmt::format("p{}.mrc", i)), fs::copy_options::overwrite_existing);
  const Result alike = average({});
  EXPECT_EQ(alike.exit_code, 2);
  EXPECT_THAT(alike.err, HasSubstr("all 12 particles hold the same voxels"));
}

// A soft ball of radius 6 voxels at `centre` (voxels from the middle).
Volume<float> ball(Vec3 centre) {
  Volume<float> out(Shape3::cube(box));
  for (int64_t i = 0; i < out.size(); ++i) {
    const Vec3 p{static_cast<double>(i % box - box / 2), static_cast<double>(i / box % box - box / 2),
                 static_cast<double>(i / (box * box) - box / 2)};
    out[i] = static_cast<float>(cosine_edge((p - centre).norm(), 6, 9));
  }
  return out;
}

TEST_F(ParticleLists, FixedPosesAreWrittenAsTheyWereRead) {
  write_mrc(path("ball.mrc"), {ball({}), voxel_A, {}});
  const Result result = run({"average", "truth.star", "--fixed-poses", "--classes", "2", "--mask", "ball.mrc",
                             "--starts", "1", "--iterations", "2", "--output", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const ParticleSet before = read_particles(path("truth.star")), after = read_particles(path("out/particles.star"));
  for (size_t i = 0; i < before.particles.size(); ++i) {
    const Rotation &a = before.particles[i].particle_from_ref, &b = after.particles[i].particle_from_ref;
    EXPECT_TRUE(a.w() == b.w() && a.x() == b.x() && a.y() == b.y() && a.z() == b.z()) << i;
    EXPECT_EQ(before.particles[i].shift_A, after.particles[i].shift_A) << i;
  }
  EXPECT_TRUE(fs::exists(path("out/fsc_class_2.png")));
  EXPECT_TRUE(fs::exists(path("out/fsc_class_2.svg")));
  const Result none = average({"--fixed-poses"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_THAT(none.err, AllOf(HasSubstr("particles.star"), HasSubstr("no poses to keep")));
}

TEST_F(ParticleLists, UnfitMasksAreRefused) {
  Volume<float> large = ball({});
  for (float& v : large) v *= 3;
  write_mrc(path("large.mrc"), {large, voxel_A, {}});
  write_mrc(path("side.mrc"), {ball({0, 4, 0}), voxel_A, {}});
  write_mrc(path("small.mrc"), {Volume<float>(Shape3::cube(12), 1.0f), voxel_A, {}});
  const auto refuse = [&](const std::string& mask, int code, const std::string& why,
                          std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--poses", "truth.star", "--mask", mask});
    const Result result = average(more);
    EXPECT_EQ(result.exit_code, code) << mask;
    EXPECT_THAT(result.err, HasSubstr(why)) << mask;
  };
  refuse("large.mrc", 2, "from 0 (outside) to 1 (inside)");
  refuse("small.mrc", 3, "the particles have 24");
  refuse("side.mrc", 2, "not symmetric under C3", {"--symmetry", "C3"});
  const Result adrift = average({"--mask", "side.mrc"});
  EXPECT_EQ(adrift.exit_code, 2);
  EXPECT_THAT(adrift.err, HasSubstr("may lie any way round"));
}

TEST_F(ParticleLists, SymmetryIsToldAndDoubted) {
  const Result result = average({"--poses", "truth.star", "--symmetry", "D3", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto told = result.json().at("symmetry").at(0);
  EXPECT_EQ(told.at("group"), "D3");
  EXPECT_LT(told.at("first_agreement"), 0.6);
  EXPECT_THAT(result.err, HasSubstr("nothing says it has the symmetry D3"));
  for (const auto& [value, why] : {std::pair{"E7", "not a point group"}, {"C0", "not a point group"}}) {
    const Result refused = average({"--symmetry", value});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr(why));
  }
  const Result two = average({"--symmetry", "C3", "C2"});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_THAT(two.err, HasSubstr("2 symmetries for 1 classes"));
  // Aligned to a map made symmetric, equivalent poses are as good: right modulo the group.
  const Result aligned = align({"--reference", "truth.mrc", "--symmetry", "C1"});
  ASSERT_EQ(aligned.exit_code, 0) << aligned.err;
  expect_true_poses();
}

TEST_F(ParticleLists, ThePosteriorIsWrittenOnRequest) {
  const Result result = average({"--posterior", "--posterior-floor", "0"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const StarDocument document = read_star(path("out/posterior.star"));
  const StarTable* table = document.find("posterior");
  ASSERT_TRUE(table);
  const ParticleSet best = read_particles(path("out/particles.star"));
  const auto value = [&](int64_t row, const char* column) { return std::stod(table->at(row, *table->find(column))); };
  std::vector<double> sum(12), largest(12);
  for (int64_t row = 0; row < table->rows(); ++row) {
    const auto i = static_cast<size_t>(value(row, "tesseraParticleNumber")) - 1;
    ASSERT_LT(i, 12u);
    const double probability = value(row, "tesseraProbability");
    sum[i] += probability;
    if (probability <= largest[i]) continue;
    largest[i] = probability;
    const Rotation rotation =
        Rotation::from_relion({value(row, "rlnAngleRot"), value(row, "rlnAngleTilt"), value(row, "rlnAnglePsi")});
    EXPECT_LT(angle_between(rotation, best.particles[i].particle_from_ref), 1e-6);
    EXPECT_NEAR(value(row, "rlnOriginXAngst"), -best.particles[i].shift_A.x, 2e-6);
    EXPECT_EQ(table->at(row, *table->find("rlnImageName")), truth_.particles[i].image);
  }
  EXPECT_GT(table->rows(), 12);
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(sum[i], 1, 1e-6);
    EXPECT_NEAR(largest[i], best.particles[i].probability, 1e-6);
  }
}

TEST_F(ParticleLists, TheResolutionIsJudgedWithinTheMask) {
  ASSERT_EQ(average({"--poses", "truth.star"}).exit_code, 0);
  const auto json = nlohmann::json::parse(text_of(path("out/convergence.json")));
  const auto& judged = json.at("classes").at(0).at("fsc");
  const auto curve = [&](const char* name) { return judged.at(name).get<std::vector<double>>(); };
  const auto corrected = curve("corrected"), masked = curve("masked"), randomised = curve("randomised");
  ASSERT_EQ(corrected.size(), 13u);
  EXPECT_EQ(curve("unmasked").size(), 13u);
  const auto from = judged.at("randomised_from_shell").get<size_t>();
  for (size_t s = 0; s < corrected.size(); ++s) {
    const double noise = std::max(0.0, randomised[s]);
    EXPECT_NEAR(corrected[s], s < from + 2 ? masked[s] : (masked[s] - noise) / (1 - noise), 1e-9) << s;
  }
  EXPECT_NEAR(json.at("resolution_A").get<double>(), fsc_resolution_A(corrected, 0.143, box, voxel_A), 1e-9);
}

TEST_F(ParticleLists, LittleMemoryChangesNoBit) {
  ASSERT_EQ(average({}).exit_code, 0);
  const std::string map = text_of(path("out/class_1.mrc")), poses = text_of(path("out/particles.star"));
  fs::remove_all(path("out"));
  const Result told = average({"--memory", "0.001"});
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, AllOf(HasSubstr("--memory allows 0.001 GB"), HasSubstr("takes 0.")));
  // What the message asks for, and room for a few particles of 70 kB.
  const auto at = told.err.find("takes ");
  const double need = std::stod(told.err.substr(at + 6));
  const Result little = average({"--memory", fmt::format("{:.6f}", need + 0.0003)});
  ASSERT_EQ(little.exit_code, 0) << little.err;
  EXPECT_THAT(little.err, HasSubstr("are read again in every iteration"));
  EXPECT_EQ(text_of(path("out/class_1.mrc")), map);
  EXPECT_EQ(text_of(path("out/particles.star")), poses);
}

}  // namespace
}  // namespace tessera::cli_test
