// SPDX-License-Identifier: GPL-3.0-or-later
// tessera subdivide and discover, on small simulated sets.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tessera/io/npy.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Subdivide : public CliTest {
 protected:
  NoLeakSearch no_leak_search_;
  void SetUp() override {
    CliTest::SetUp();
    const Result made = run(three_classes(20));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
};

TEST_F(Subdivide, ByFeaturesThatNeedNoNetwork) {
  for (const std::string features : {"invariant", "pose"}) {
    const Result result = run({"subdivide", "none", "data/truth.star", "--features", features, "--clusters", "5",
                               "--output", features, "--json", "--quiet"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto json = result.json();
    EXPECT_EQ(json.at("clusters").size(), 5u);
    EXPECT_GT(json.at("purity").get<double>(), 0.5) << features << ": a third would be chance";
    const ParticleSet list = read_particles(path(features) / "particles.star");
    int64_t total = 0;
    for (int c = 1; c <= 5; ++c) {
      const ParticleSet one = read_particles(path(features) / ("cluster_00" + std::to_string(c) + ".star"));
      EXPECT_EQ(std::ssize(one.particles), json.at("clusters")[c - 1].at("size").get<int64_t>());
      for (const Particle& particle : one.particles) EXPECT_TRUE(fs::exists(particle.image));
      total += std::ssize(one.particles);
    }
    EXPECT_EQ(total, 60);
    EXPECT_EQ(read_npy(path(features) / "features.npy").rows, 60);
    EXPECT_EQ(read_npy(path(features) / "map.npy").columns, 2);
    for (const char* name : {"map.png", "map.svg", "sizes.png", "clusters.json", "run.json"})
      EXPECT_TRUE(fs::exists(path(features) / name)) << name;
  }
  const Result mixture = run({"subdivide", "none", "data/truth.star", "--features", "invariant", "--method", "mixture",
                              "--clusters", "8", "--no-map", "--output", "mixture", "--json", "--quiet"});
  ASSERT_EQ(mixture.exit_code, 0) << mixture.err;
  EXPECT_LE(mixture.json().at("clusters").size(), 8u);
}

TEST_F(Subdivide, RefusesMoreClustersThanParticles) {
  const Result many = run({"subdivide", "none", "data/truth.star", "--features", "invariant", "--output", "out"});
  EXPECT_EQ(many.exit_code, 2);
  EXPECT_THAT(many.err, AllOf(HasSubstr("--clusters 100"), HasSubstr("60 particles")));
  const Result options = run({"subdivide", "absent", "data/truth.star", "--features", "colour", "--method", "x",
                              "--clusters", "0", "--output", "out"});
  EXPECT_EQ(options.exit_code, 2);
  EXPECT_THAT(options.err, AllOf(HasSubstr("colour"), HasSubstr("--method"), HasSubstr("--clusters 0")));
  const Result model = run({"subdivide", "absent", "data/truth.star", "--clusters", "3", "--output", "out"});
  EXPECT_EQ(model.exit_code, 2);
  EXPECT_THAT(model.err, HasSubstr("absent: no such file"));
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(Subdivide, ByANetwork) {
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  ASSERT_EQ(run({"train", "data/truth.star", "--width", "0.25", "--threads", "1", "--batch", "8", "--epochs", "6",
                 "--output", "model", "--quiet"})
                .exit_code,
            0);
  const Result result = run({"subdivide", "model", "data/truth.star", "--clusters", "3", "--features", "penultimate",
                             "--average", "--average-least", "61", "--output", "out", "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GT(result.json().at("purity").get<double>(), 0.5);
  EXPECT_FALSE(result.json().at("clusters")[0].contains("average")) << "smaller than --average-least";
}

TEST_F(Subdivide, DiscoversAClassLeftOutAndGoesOn) {
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  const std::vector<std::string> words = {"discover",    "data/truth.star",
                                          "--leave-out", "1",
                                          "--clusters",  "3",
                                          "--epochs",    "6",
                                          "--batch",     "8",
                                          "--success",   "150",
                                          "--threads",   "2",
                                          "--output",    "out",
                                          "--json",      "--quiet"};
  const Result first = run(words);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto found = first.json().at("classes")[0];
  EXPECT_EQ(found.at("name"), "claw");
  EXPECT_GE(found.at("cluster_of_class").get<int>(), 5);
  EXPECT_GT(found.at("fsc_0.5_A").get<double>(), 0);
  EXPECT_TRUE(fs::exists(path("out/class_1/average/class_1.mrc")));
  const auto written = fs::last_write_time(path("out/class_1/model"));
  std::vector<std::string> resumed = words;
  resumed.push_back("--resume");
  const Result again = run(resumed);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.json().at("classes"), first.json().at("classes"));
  EXPECT_EQ(fs::last_write_time(path("out/class_1/model")), written) << "not trained again";
  const Result wrong = run({"discover", "data/truth.star", "--leave-out", "3", "9", "--output", "none"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("--leave-out 3"), HasSubstr("--leave-out 9")));
}

}  // namespace
}  // namespace tessera::cli_test
