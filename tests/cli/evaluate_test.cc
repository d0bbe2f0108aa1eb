// SPDX-License-Identifier: GPL-3.0-or-later
// tessera evaluate classes, on lists written here.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::HasSubstr;

class EvaluateClasses : public CliTest {
 protected:
  // A list in `folder` of data/particle_<i>.mrc, one for each class given.
  void write(const std::string& folder, const std::string& name, const std::vector<int>& classes, int first = 0) {
    fs::create_directories(path("data"));
    fs::create_directories(path(folder));
    ParticleSet set;
    set.optics.push_back({"one", 32, 5.0, 300, 2.7, 0.1, {}});
    set.directory = path(folder);
    for (size_t i = 0; i < classes.size(); ++i) {
      const fs::path image = path("data/particle_" + std::to_string(i + first) + ".mrc");
      std::ofstream(image) << "seen by its name alone";
      Particle particle;
      particle.image = image;
      particle.class_number = classes[i];
      set.particles.push_back(particle);
    }
    write_particles(path(folder) / name, set);
  }
  Result evaluate(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"evaluate", "classes", "found/particles.star", "data/truth.star", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(EvaluateClasses, ScoresListsOfDifferentFolders) {
  write("data", "truth.star", {1, 1, 1, 2, 2, 2, 2, 3});
  write("found", "particles.star", {2, 2, 1, 1, 1, 1, 1, 4});
  const Result result = evaluate({"--output", "judged"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = result.json();
  EXPECT_EQ(json.at("particles"), 8);
  EXPECT_EQ(json.at("misclassified"), 1);
  EXPECT_DOUBLE_EQ(json.at("accuracy"), 7.0 / 8);
  EXPECT_EQ(json.at("classes")[1].at("found_class"), 1);
  EXPECT_DOUBLE_EQ(json.at("classes")[1].at("precision"), 0.8);
  EXPECT_EQ(json.at("contingency").at("counts"), nlohmann::json::parse("[[1,4,0],[2,0,0],[0,0,1]]"));
  EXPECT_EQ(nlohmann::json::parse(text_of(path("judged/run.json"))).at("results").at("evaluation"), json);
  const Result table = run({"evaluate", "classes", "found/particles.star", "data/truth.star"});
  EXPECT_THAT(table.out, HasSubstr("1 of 8 misclassified"));
}

TEST_F(EvaluateClasses, NamesParticlesOfOneListAlone) {
  write("data", "truth.star", {1, 1, 2, 2});
  write("found", "particles.star", {1, 2, 2}, 1);
  const Result result = evaluate();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("particle_0.mrc of data/truth.star is not in found/particles.star"));
  const Result allowed = evaluate({"--allow-missing"});
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_EQ(allowed.json().at("missing"), 1);
  EXPECT_EQ(allowed.json().at("misclassified"), 0);
  write("found", "particles.star", {1, 2, 2, 2, 1}, 1);
  const Result surplus = evaluate({"--allow-missing"});
  EXPECT_EQ(surplus.exit_code, 3);
  EXPECT_THAT(surplus.err, HasSubstr("particle_4.mrc"));
  EXPECT_THAT(surplus.err, HasSubstr("particle_5.mrc"));
}

TEST_F(EvaluateClasses, WantsAClassForEveryParticle) {
  write("data", "truth.star", {1, 1, 2});
  write("found", "particles.star", {1, 0, 2});
  const Result result = evaluate({"--output", "judged"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("particle_1.mrc has no class"));
  EXPECT_FALSE(fs::exists(path("judged")));
  EXPECT_EQ(run({"evaluate", "classes", "found/particles.star"}).exit_code, 2);
  EXPECT_EQ(run({"evaluate", "classes", "none.star", "data/truth.star"}).exit_code, 2);
}

}  // namespace
}  // namespace tessera::cli_test
