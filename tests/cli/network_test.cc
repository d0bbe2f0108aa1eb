// SPDX-License-Identifier: GPL-3.0-or-later
// tessera train and classify, on small simulated sets.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <limits>

#include "tessera/io/mrc.h"
#include "tessera/io/npy.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class Networks : public CliTest {
 protected:
  NoLeakSearch no_leak_search_;
  void SetUp() override {
    CliTest::SetUp();
    if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
    const Result made = run(three_classes(24));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  Result train(const std::vector<std::string>& more, const std::string& output = "model",
               const std::string& list = "data/truth.star") const {
    std::vector<std::string> words = {"train",   list, "--width", "0.25",   "--threads", "1",
                                      "--batch", "8",  "--quiet", "--json", "--output",  output};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  void rewrite(const std::string& name, const std::function<void(ParticleSet&)>& change) const {
    ParticleSet set = read_particles(path("data/truth.star"));
    change(set);
    write_particles(path("data") / name, set);
  }
};

TEST_F(Networks, LearnClassifyAndAreJudged) {
  const Result trained = train({"--epochs", "12", "--test", "0.25"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const auto json = trained.json();
  EXPECT_EQ(json.at("test"), 18);
  EXPECT_EQ(json.at("classes")[0].at("name"), "claw") << "as run.json beside the list tells";
  EXPECT_GE(json.at("test_accuracy").get<double>(), 0.8) << "a third would be chance";
  for (const char* name : {"model", "model.run.json", "model.learning.json", "model.learning.png", "model.learning.svg",
                           "model.checkpoint", "model.test.star"})
    EXPECT_TRUE(fs::exists(path(name))) << name;

  const Result found = run({"classify", "model", "model.test.star", "--features", "--output", "found", "--json"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const ParticleSet list = read_particles(path("found/particles.star"));
  ASSERT_EQ(list.particles.size(), 18u);
  EXPECT_THAT(list.extra_columns, Contains("tesseraOpenSetScore"));
  for (const Particle& particle : list.particles) {
    EXPECT_GT(particle.probability, 1.0 / 3 - 1e-9);
    EXPECT_LE(particle.probability, 1);
  }
  const FloatTable outputs = read_npy(path("found/outputs.npy")), features = read_npy(path("found/features.npy"));
  EXPECT_EQ(outputs.rows, 18);
  EXPECT_EQ(outputs.columns, 3);
  EXPECT_EQ(features.rows, 18);

  const Result judged = run({"evaluate", "classes", "found/particles.star", "model.test.star", "--json"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  EXPECT_NEAR(judged.json().at("same_number").get<double>(), json.at("test_accuracy").get<double>(), 1e-9);
  EXPECT_LE(judged.json().at("same_number_interval")[0], judged.json().at("same_number"));
  EXPECT_GE(judged.json().at("same_number_interval")[1], judged.json().at("same_number"));
}

TEST_F(Networks, ResumedTrainingIsTheSameToTheBit) {
  ASSERT_EQ(train({"--epochs", "3"}, "whole").exit_code, 0);
  ASSERT_EQ(train({"--epochs", "3"}, "again").exit_code, 0);
  // The head of the file tells seconds, which differ.
  const auto weights = [&](const std::string& name) {
    const std::string bytes = text_of(path(name));
    return bytes.substr(bytes.size() - 20000);
  };
  EXPECT_EQ(weights("whole"), weights("again")) << "the same seed";
  RunLimits limits;
  limits.signal_when_exists = "part.checkpoint";
  const Result stopped = run({"train", "data/truth.star", "--width", "0.25", "--threads", "1", "--batch", "8",
                              "--quiet", "--json", "--epochs", "3", "--output", "part"},
                             limits);
  EXPECT_FALSE(stopped.exit_code == 0 && !fs::exists(path("part")));
  EXPECT_TRUE(stopped.exit_code == 130 || stopped.exit_code == 0) << stopped.err;  // it may have been done already
  ASSERT_EQ(train({"--epochs", "3", "--resume"}, "part").exit_code, 0);
  EXPECT_EQ(weights("part"), weights("whole"));
  const Result other = train({"--epochs", "4", "--resume"}, "part");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("other particles or options"));
}

TEST_F(Networks, TrainOnFreshParticles) {
  const Result trained = train({"--fresh",
                                "data",
                                "--fresh-poses",
                                "4",
                                "--fresh-uses",
                                "2",
                                "--fresh-noises",
                                "4",
                                "--fresh-snr",
                                "1",
                                "4",
                                "--fresh-tilt",
                                "40",
                                "60",
                                "--fresh-defocus",
                                "4",
                                "6",
                                "--epochs",
                                "8",
                                "--test",
                                "0.5"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.json().at("training"), 3 * 4 * 2);
  EXPECT_EQ(trained.json().at("validation"), 36) << "what is not for test";
  EXPECT_GE(trained.json().at("test_accuracy").get<double>(), 0.6);
  const Result lost = train({"--fresh", "nowhere"});
  EXPECT_EQ(lost.exit_code, 3);
  EXPECT_THAT(lost.err, HasSubstr("nowhere/run.json"));
}

TEST_F(Networks, RefuseUnfitLists) {
  const auto refused = [&](const std::string& name, int code, const auto& what) {
    const Result result = train({"--epochs", "1"}, "model", "data/" + name);
    EXPECT_EQ(result.exit_code, code) << name << result.err;
    EXPECT_THAT(result.err, what) << name;
    EXPECT_FALSE(fs::exists(path("model"))) << name;
  };
  rewrite("one.star", [](ParticleSet& set) {
    for (Particle& particle : set.particles) particle.class_number = 1;
  });
  refused("one.star", 2, AllOf(HasSubstr("class 1"), HasSubstr("two classes")));
  rewrite("gap.star", [](ParticleSet& set) {
    for (Particle& particle : set.particles)
      if (particle.class_number == 2) particle.class_number = 1;
  });
  refused("gap.star", 2, AllOf(HasSubstr("class 2 (proteasome) has no particle"), HasSubstr("--allow-empty-classes")));
  EXPECT_EQ(train({"--epochs", "1", "--allow-empty-classes"}, "gap", "data/gap.star").exit_code, 0);
  rewrite("labels.star", [](ParticleSet& set) { set.particles[3].class_number = set.particles[5].class_number = 0; });
  const ParticleSet set = read_particles(path("data/truth.star"));
  refused("labels.star", 3,
          AllOf(HasSubstr("labels are missing"), HasSubstr(set.particles[3].image.substr(4)),
                HasSubstr(set.particles[5].image.substr(4))));
  refused("particles.star", 3, HasSubstr("truth.star"));

  Map map = read_mrc(path("data") / set.particles[0].image);
  const Map sound = map;
  map.voxels[77] = std::numeric_limits<float>::quiet_NaN();
  write_mrc(path("data") / set.particles[0].image, map);
  refused("truth.star", 3, AllOf(HasSubstr("NaN"), HasSubstr(set.particles[0].image.substr(4))));
  write_mrc(path("data") / set.particles[0].image, {Volume<float>(Shape3::cube(16), 2.0f), 24, {}});
  refused("truth.star", 3, HasSubstr("same value"));
  write_mrc(path("data") / set.particles[0].image, {Volume<float>(Shape3::cube(18), 2.0f), 24, {}});
  refused("truth.star", 3, HasSubstr("18"));
  write_mrc(path("data") / set.particles[0].image, sound);

  const Result options = train({"--network", "resnet", "--validation", "0.6", "--test", "0.5", "--rate", "-1"});
  EXPECT_EQ(options.exit_code, 2);
  EXPECT_THAT(options.err, AllOf(HasSubstr("resnet"), HasSubstr("--validation"), HasSubstr("--rate")));
  const Result device = train({"--device", "cuda", "--epochs", "1"});
  if (device.exit_code != 0) {
    EXPECT_EQ(device.exit_code, 2);
    EXPECT_THAT(device.err, HasSubstr("--device cuda"));
  }
}

TEST_F(Networks, RefuseModelsAndListsThatDoNotFit) {
  ASSERT_EQ(train({"--epochs", "1"}).exit_code, 0);
  ASSERT_EQ(run({"simulate", "particles", "--structure", "builtin:claw", "--copies", "2", "--box", "20", "--voxel-size",
                 "20", "--resolution", "40", "--tilt-step", "20", "--output", "other", "--quiet"})
                .exit_code,
            0);
  const auto classify = [&](const std::string& model, const std::string& list) {
    return run({"classify", model, list, "--output", "found", "--quiet"});
  };
  const Result box = classify("model", "other/particles.star");
  EXPECT_EQ(box.exit_code, 2);
  EXPECT_THAT(box.err, AllOf(HasSubstr("20³"), HasSubstr("16³"), HasSubstr("20 Å"), HasSubstr("24 Å")));
  const std::string sound = text_of(path("model"));
  std::ofstream(path("short"), std::ios::binary) << sound.substr(0, sound.size() - 1000);
  const Result truncated = classify("short", "data/particles.star");
  EXPECT_EQ(truncated.exit_code, 3);
  EXPECT_THAT(truncated.err, HasSubstr("truncated"));
  const Result foreign = classify("data/wedge.mrc", "data/particles.star");
  EXPECT_EQ(foreign.exit_code, 3);
  EXPECT_THAT(foreign.err, HasSubstr("not a model of Tessera"));
  const Result checkpoint = classify("model.checkpoint", "data/particles.star");
  EXPECT_THAT(checkpoint.err, HasSubstr("a training checkpoint, where a model is needed"));
  std::string other = sound;
  other.replace(other.find("residual3d"), 10, "residual9d");
  std::ofstream(path("renamed"), std::ios::binary) << other;
  EXPECT_THAT(classify("renamed", "data/particles.star").err, HasSubstr("residual9d"));
  EXPECT_FALSE(fs::exists(path("found/particles.star")));
  EXPECT_EQ(classify("none", "data/particles.star").exit_code, 2);
  EXPECT_EQ(classify("model", "data/particles.star").exit_code, 0) << "no labels are needed";
}

// The model that comes with the program knows the built-in structures by their places in `density --list-builtins`.
TEST_F(CliTest, BuiltinModelKnowsBuiltinStructures) {
  const NoLeakSearch no_leak_search;
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  ASSERT_EQ(run({"simulate",
                 "particles",
                 "--structure",
                 "builtin:ribosome",
                 "builtin:ferritin",
                 "--copies",
                 "6",
                 "--box",
                 "40",
                 "--voxel-size",
                 "10",
                 "--resolution",
                 "20",
                 "--snr",
                 "0.3",
                 "--defocus",
                 "5",
                 "--cs",
                 "2",
                 "--output",
                 "data",
                 "--quiet"})
                .exit_code,
            0);
  const Result found = run({"classify", "builtin", "data/particles.star", "--output", "found", "--quiet"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  const ParticleSet truth = read_particles(path("data/truth.star")),
                    list = read_particles(path("found/particles.star"));
  int right = 0;
  for (size_t i = 0; i < list.particles.size(); ++i)
    right += list.particles[i].class_number == (truth.particles[i].class_number == 1 ? 18 : 5);
  EXPECT_GE(right, 10) << "of 12; one in nineteen would be chance";
}

}  // namespace
}  // namespace tessera::cli_test
