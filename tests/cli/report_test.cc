// SPDX-License-Identifier: GPL-3.0-or-later
// Pages of a small pipeline's results: everything they name is there, nothing is asked of a network; served, and ended.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Report : public CliTest {
 protected:
  void make_results() const {
    const Result made =
        run({"simulate", "particles", "--structure", "builtin:claw", "--copies", "4", "--box", "16", "--voxel-size",
             "18", "--resolution", "36", "--max-shift", "1", "--snr", "2", "--output", "results/data"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    ASSERT_EQ(run({"average", "results/data/particles.star", "--iterations", "2", "--start", "random", "--no-recentre",
                   "--output", "results/average"})
                  .exit_code,
              0);
    ASSERT_EQ(run({"compare", "results/average/class_1.mrc", "builtin:claw", "--output", "results/fit"}).exit_code, 0);
  }
  nlohmann::json data(const std::string& report) const {
    std::string text = text_of(path(report) / "data.js");
    text = text.substr(text.find('{'));
    return nlohmann::json::parse(text.substr(0, text.rfind(';')));
  }
};

TEST_F(Report, ShowsAveragesFitsAndEveryOption) {
  make_results();
  const Result result = run({"report", "results", "--output", "pages", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json().at("runs"), 3);
  EXPECT_EQ(result.json().at("maps"), 1);
  EXPECT_THAT(result.json().at("notes"), IsEmpty());
  const auto report = data("pages");
  EXPECT_EQ(report.at("title"), "results");
  ASSERT_EQ(report.at("runs").size(), 3u);
  EXPECT_EQ(report.at("runs").at(1).at("name"), "average");
  EXPECT_EQ(report.at("runs").at(1).at("options").at("iterations"), 2);
  const auto average = report.at("averages").at(0), one = average.at("classes").at(0);
  EXPECT_EQ(average.at("views").size(), 4u);
  EXPECT_GT(one.at("level"), one.at("least"));
  EXPECT_LT(one.at("level"), one.at("most"));
  EXPECT_EQ(one.at("fit").at("run"), "fit");
  for (const std::string& name :
       {std::string("index.html"), std::string("report.js"), std::string("report.css"), std::string("view3d.js"),
        "maps/" + one.at("map").get<std::string>() + ".js", "models/" + one.at("map").get<std::string>() + ".pdb",
        one.at("slices").get<std::string>()})
    EXPECT_THAT(files("pages"), Contains(name));
  for (const auto& figure : report.at("figures")) EXPECT_THAT(files("pages"), Contains(figure.get<std::string>()));
  EXPECT_THAT(text_of(path("pages/average.cxc")), HasSubstr("open models/a1_class_1.pdb id 101"));
  EXPECT_FALSE(fs::exists(path("pages/average_placed.cxc"))) << "these particles come from no tomogram";
  const std::string page = text_of(path("pages/index.html"));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

// The atoms lie where the map is dense: the mean of the map over them is far above that over the box.
TEST_F(Report, TheFittedModelLiesInTheMap) {
  make_results();
  ASSERT_EQ(run({"report", "results", "--output", "pages"}).exit_code, 0);
  std::istringstream pdb(text_of(path("pages/models/a1_class_1.pdb")));
  double sum[3] = {0, 0, 0};
  int atoms = 0;
  for (std::string line; std::getline(pdb, line);) {
    if (!line.starts_with("HETATM")) continue;
    ++atoms;
    for (int axis = 0; axis < 3; ++axis) {
      const double at = std::stod(line.substr(30 + 8 * axis, 8));
      EXPECT_GT(at, 0);
      EXPECT_LT(at, 16 * 18);
      sum[axis] += at;
    }
  }
  ASSERT_GT(atoms, 1000);
  for (const double total : sum) EXPECT_NEAR(total / atoms, 8 * 18, 54) << "near voxel n/2, within the fit's shift";
}

// What a snapshot of Mol* says of its transforms of one kind.
std::vector<nlohmann::json> transforms(const fs::path& molj, const std::string& kind) {
  std::vector<nlohmann::json> out;
  const auto snapshot = nlohmann::json::parse(text_of(molj)).at("entries").at(0).at("snapshot");
  for (const auto& transform : snapshot.at("data").at("tree").at("transforms"))
    if (transform.at("transformer") == "ms-plugin." + kind) out.push_back(transform.at("params"));
  return out;
}

// The centre of each copy lies at the particle's coordinate and shift, and it is turned as the particle.
TEST_F(Report, ScenesPlaceEachAverageInTheTomogram) {
  make_results();
  const fs::path list = path("results/average/particles.star");
  ParticleSet set = read_particles(list);
  for (size_t i = 0; i < set.particles.size(); ++i) {
    set.particles[i].coordinate = Vec3{10.5 + static_cast<double>(i), 20, 30};
    set.particles[i].micrograph = i < 3 ? "one.mrc" : "another.mrc";
  }
  write_particles(list, set);
  ASSERT_EQ(run({"report", "results", "--output", "pages"}).exit_code, 0);
  EXPECT_EQ(transforms(path("pages/average.molj"), "volume-representation-3d").size(), 1u);
  EXPECT_EQ(transforms(path("pages/average.molj"), "structure-representation-3d").size(), 1u);
  const auto placed = transforms(path("pages/average_placed.molj"), "volume-transform");
  ASSERT_EQ(placed.size(), 3u) << "those of the first tomogram";
  for (size_t i = 0; i < placed.size(); ++i) {
    const Particle& particle = set.particles[i];
    const auto columns = placed[i].at("transform").at("params").at("data").get<std::vector<double>>();
    ASSERT_EQ(columns.size(), 16u);
    const Mat3 turn = particle.particle_from_ref.matrix();
    const Vec3 centre = *particle.coordinate * 18 + particle.shift_A;
    const double wanted[3] = {centre.x, centre.y, centre.z};
    for (size_t row = 0; row < 3; ++row) {
      double at = columns[12 + row];
      for (size_t column = 0; column < 3; ++column) {
        EXPECT_NEAR(columns[4 * column + row], turn.m[row][column], 1e-5);
        at += columns[4 * column + row] * 8 * 18;
      }
      EXPECT_NEAR(at, wanted[row], 1e-3);
    }
  }
  EXPECT_THAT(text_of(path("pages/average_placed.cxc")), AllOf(HasSubstr("models #3,"), Not(HasSubstr("models #4,"))));
}

TEST_F(Report, ResultsMayMoveAndLoseFiles) {
  make_results();
  fs::rename(path("results"), path("elsewhere"));
  fs::remove(path("elsewhere/data/particles.star"));
  Result result = run({"report", "elsewhere", "--output", "pages", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(data("pages").at("averages").at(0).at("classes").at(0).at("fit").at("run"), "fit") << "found again";
  fs::remove(path("elsewhere/average/class_1.mrc"));
  result = run({"report", "elsewhere", "--output", "pages2", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.json().at("notes").dump(), HasSubstr("class_1.mrc"));
}

TEST_F(Report, RefusesWhatIsNoResult) {
  const Result result = run({"report", "absent", "--slices", "0"});
  EXPECT_EQ(result.exit_code, 2);
  for (const char* fault : {"absent: no such folder", "--output is missing", "--slices"})
    EXPECT_THAT(result.err, HasSubstr(fault));
  fs::create_directories(path("empty"));
  EXPECT_THAT(run({"report", "empty", "--output", "pages"}).err, HasSubstr("no run.json"));
  EXPECT_FALSE(fs::exists(path("pages")));
}

TEST_F(Report, ViewMakesThePagesServesThemAndEnds) {
  make_results();
  const Result result = run({"view", "results", "--port", "0"}, {.signal_after_s = 3});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Open http://localhost:"));
  EXPECT_THAT(files("results/report"), Contains("index.html"));
  EXPECT_EQ(run({"view", "absent"}).exit_code, 2);
}

}  // namespace
}  // namespace tessera::cli_test
