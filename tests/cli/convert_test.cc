// SPDX-License-Identifier: GPL-3.0-or-later
// tessera convert: between formats and back, folders of subtomograms, and what is refused.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "tessera/io/em.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Convert : public CliTest {
 protected:
  Result convert(std::vector<std::string> words) const {
    words.insert(words.begin(), "convert");
    words.push_back("--quiet");
    return run(words);
  }
  // Three subtomograms of 16³ at 8 Å in `folder`, and particles.star with poses.
  void make_list() {
    fs::create_directories(path("sub"));
    set_.optics = {{"one", 16, 8.0, 300, 2.7, 0.1, {}}};
    Random random(1, "convert test");
    for (int i = 1; i <= 3; ++i) {
      Map map{Volume<float>(Shape3::cube(16)), 8.0, {}};
      for (float& v : map.voxels) v = static_cast<float>(random.normal());
      Particle& p = set_.particles.emplace_back();
      p.image = "sub/particle_" + std::to_string(i) + ".mrc";
      write_mrc(path(p.image), map);
      p.particle_from_ref = Rotation::random(random);
      p.shift_A = {4.0 * i, -2, 1};
      p.coordinate = Vec3{10.0 * i, 20, 30};
      p.class_number = i;
      p.half = 1 + i % 2;
      p.micrograph = "TS_3.mrc";
    }
    set_.directory = folder_;
    write_particles(path("particles.star"), set_);
  }
  void expect_same_poses(const ParticleSet& other) const {
    ASSERT_EQ(other.particles.size(), set_.particles.size());
    for (size_t i = 0; i < set_.particles.size(); ++i) {
      const Particle &p = set_.particles[i], &q = other.particles[i];
      EXPECT_LT(angle_between(p.particle_from_ref, q.particle_from_ref), 1e-5);
      EXPECT_LT((p.shift_A - q.shift_A).norm(), 1e-4);
      EXPECT_LT((*p.coordinate - *q.coordinate).norm(), 1e-4);
      EXPECT_EQ(p.class_number, q.class_number);
    }
  }
  ParticleSet set_;
};

TEST_F(Convert, MapsThereAndBack) {
  make_list();
  ASSERT_EQ(convert({"sub/particle_1.mrc", "map.em"}).exit_code, 0);
  const Result back = convert({"map.em", "map.mrc", "--json"});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  EXPECT_EQ(back.json()["kind"], "map");
  const Map a = read_mrc(path("sub/particle_1.mrc")), b = read_mrc(path("map.mrc"));
  EXPECT_TRUE(std::equal(a.voxels.begin(), a.voxels.end(), b.voxels.begin()));
  EXPECT_EQ(b.voxel_size_A, 8);
  Map unstated = a;
  unstated.voxel_size_A = 0;
  write_em(path("unstated.em"), unstated);
  const Result refused = convert({"unstated.em", "map.mrc"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("unstated.em"), HasSubstr("--voxel-size")));
  ASSERT_EQ(convert({"unstated.em", "map.mrc", "--voxel-size", "5"}).exit_code, 0);
  EXPECT_EQ(read_mrc(path("map.mrc")).voxel_size_A, 5);
}

TEST_F(Convert, ListsWithTheirImagesThereAndBack) {
  make_list();
  for (const std::string list : {"list.tbl", "list.em"}) {
    const std::string images = "data_" + list;
    const Result there = convert({"particles.star", list, "--write-images", images, "--json"});
    ASSERT_EQ(there.exit_code, 0) << there.err;
    EXPECT_THAT(there.json()["left_out"].dump(), HasSubstr("rlnRandomSubset"));
    EXPECT_THAT(files(images), ElementsAre("particle_000001.em", "particle_000002.em", "particle_000003.em"));
    std::vector<std::string> words = {list, "back_" + list + "/back.star", "--images", images, "--tilt-range", "-50",
                                      "60"};
    if (list == "list.em") words.insert(words.end(), {"--voxel-size", "8"});
    const Result back = convert(words);
    ASSERT_EQ(back.exit_code, 0) << back.err;
    const ParticleSet out = read_particles(path("back_" + list + "/back.star"));
    check_images(out);
    expect_same_poses(out);
    EXPECT_EQ(out.particles[0].image, "subtomograms/particle_000001.mrc");
    EXPECT_EQ(out.particles[0].weight, "back_wedge.mrc");
    const Map a = read_mrc(path("sub/particle_2.mrc")), b = read_mrc(resolve(out, out.particles[1].image));
    EXPECT_TRUE(std::equal(a.voxels.begin(), a.voxels.end(), b.voxels.begin()));
  }
}

TEST_F(Convert, PlacesForExtraction) {
  make_list();
  ASSERT_EQ(convert({"particles.star", "points.ndjson"}).exit_code, 0);
  const Result places = convert({"points.ndjson", "picks.star", "--voxel-size", "8"});
  ASSERT_EQ(places.exit_code, 0) << places.err;
  const ParticleSet picks = read_picks(path("picks.star"));
  EXPECT_LT((*picks.particles[1].coordinate - Vec3{21, 19.75, 30.125}).norm(), 1e-5) << "shifts are joined to places";
  ASSERT_EQ(convert({"particles.star", "list.tbl", "--first-voxel", "1"}).exit_code, 0);
  ASSERT_EQ(convert({"list.tbl", "copy.star"}).exit_code, 0);
  EXPECT_EQ(*read_picks(path("copy.star")).particles[0].coordinate, (Vec3{11, 21, 31}));
  EXPECT_THAT(convert({"list.tbl", "again.tbl", "--images", "sub"}).err, HasSubstr("--images is for"));
}

TEST_F(Convert, AFolderOfSubtomogramsBecomesAList) {
  make_list();
  const Result result = convert({"sub", "list.star", "--tilt-range", "-60", "60", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json()["particles"], 3);
  const ParticleSet list = read_particles(path("list.star"));
  check_images(list);
  EXPECT_EQ(list.optics[0].box, 16);
  EXPECT_EQ(list.particles[2].image, "sub/particle_3.mrc");
  EXPECT_EQ(list.particles[2].weight, "list_wedge.mrc");
  // Such a folder given where a list is wanted: the message is the command.
  const Result direct = run({"average", "sub", "--output", "average", "--quiet"});
  EXPECT_EQ(direct.exit_code, 2);
  EXPECT_THAT(direct.err, HasSubstr("tessera convert sub particles.star --tilt-range -60 60"));
  write_mrc(path("sub/other.mrc"), {Volume<float>(Shape3::cube(12)), 8.0, {}});
  const Result mixed = convert({"sub", "mixed.star"});
  EXPECT_EQ(mixed.exit_code, 3);
  EXPECT_THAT(mixed.err, HasSubstr("particle_1.mrc"));
  EXPECT_FALSE(fs::exists(path("mixed.star")));
}

TEST_F(Convert, DarkSubtomogramsAreCopiedBright) {
  make_list();
  const std::string before = text_of(path("sub/particle_2.mrc"));
  const Result result = convert({"sub", "list.star", "--contrast", "dark", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json()["images_written"], 3);
  const ParticleSet list = read_particles(path("list.star"));
  EXPECT_EQ(list.particles[1].image, "list_bright/particle_000002.mrc");
  const Map dark = read_mrc(path("sub/particle_2.mrc")), bright = read_mrc(resolve(list, list.particles[1].image));
  EXPECT_TRUE(std::equal(dark.voxels.begin(), dark.voxels.end(), bright.voxels.begin(),
                         [](float a, float b) { return a == -b; }));
  EXPECT_EQ(bright.voxel_size_A, 8);
  EXPECT_EQ(text_of(path("sub/particle_2.mrc")), before);
  EXPECT_THAT(convert({"particles.star", "list.tbl", "--contrast", "dark"}).err, HasSubstr("--contrast dark is for"));
  EXPECT_THAT(convert({"sub", "list.star", "--contrast", "grey"}).err,
              HasSubstr("--contrast must be one of bright, dark"));
}

TEST_F(Convert, ANameWithoutEndingIsARelionProject) {
  make_list();
  fs::copy(path("sub/particle_1.mrc"), path("class_1.mrc"));
  const Result result = convert({"particles.star", "project", "--tilt-range", "-60", "60", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json()["references"], 1);
  EXPECT_THAT(files("project"),
              testing::IsSupersetOf({".gui_projectdir", ".Nodes/3/Import/job001/particles.star",
                                     ".Nodes/6/Import/job002/class_1.mrc", "Import/job001/RELION_JOB_EXIT_SUCCESS",
                                     "Import/job001/job.star", "particles_wedge.mrc", "run.json"}));
  const ParticleSet list = read_particles(path("project/Import/job001/particles.star"));
  check_images(list);
  expect_same_poses(list);
  EXPECT_EQ(list.particles[0].weight, "particles_wedge.mrc") << "named from the folder of the project";
  EXPECT_EQ(text_of(path("project/Import/job002/class_1.mrc")), text_of(path("class_1.mrc")));
  EXPECT_THAT(text_of(path("project/default_pipeline.star")),
              AllOf(HasSubstr("_rlnPipeLineJobCounter 3"), HasSubstr("Import/job002/class_1.mrc 6")));
  ASSERT_EQ(convert({"particles.star", "project"}).exit_code, 0) << "its own may be made anew";
  std::ofstream(path("project/default_pipeline.star"), std::ios::app) << "Class3D/job003/ None 9 2\n";
  const Result worked = convert({"particles.star", "project"});
  EXPECT_EQ(worked.exit_code, 2);
  EXPECT_THAT(worked.err, AllOf(HasSubstr("RELION has worked"), HasSubstr("Class3D/job003/")));
  EXPECT_THAT(convert({"sub/particle_1.mrc", "other"}).err, HasSubstr("would be a list"));
  ASSERT_EQ(convert({"particles.star", "points.ndjson"}).exit_code, 0);
  EXPECT_THAT(convert({"points.ndjson", "other", "--voxel-size", "8"}).err, HasSubstr("needs subtomograms"));
}

TEST_F(Convert, RefusesWhatDoesNotGoTogether) {
  make_list();
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"particles.star", "map.mrc"}, "is a list, map.mrc would be a map"},
      {{"sub/particle_1.mrc", "list.star"}, "is a map, list.star would be a list"},
      {{"particles.star", "list.xyz"}, "OUTPUT list.xyz: its ending names no format"},
      {{"gone.star", "list.tbl"}, "gone.star: no such file"},
      {{"particles.star", "particles.star"}, "INPUT and OUTPUT are one file"},
      {{"particles.star"}, "OUTPUT is missing"},
      {{"particles.star", "a.tbl", "--first-voxel", "2", "--center", "left"}, "--first-voxel 2"},
      {{"sub", "points.json"}, "tells none"}};
  for (const auto& [words, text] : cases) {
    const Result result = convert(words);
    EXPECT_EQ(result.exit_code, 2) << text;
    EXPECT_THAT(result.err, HasSubstr(text));
  }
  EXPECT_THAT(convert({"particles.star", "a.tbl", "--first-voxel", "2", "--center", "left"}).err, HasSubstr("center"));
}

TEST_F(Convert, DamagedListsAndMissingImages) {
  make_list();
  ASSERT_EQ(convert({"particles.star", "list.tbl", "--write-images", "data"}).exit_code, 0);
  const std::string row = text_of(path("list.tbl"));
  std::ofstream(path("short.tbl")) << row.substr(0, row.find('\n') - 8) << "\n" << row;
  const Result columns = convert({"short.tbl", "a.star"});
  EXPECT_EQ(columns.exit_code, 3);
  EXPECT_THAT(columns.err, HasSubstr("line 2 has 36 columns"));
  fs::resize_file(path("data/particle_000002.em"), 2000);
  fs::remove(path("data/particle_000003.em"));
  const Result missing = convert({"list.tbl", "a.star", "--images", "data"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("particle 3 has no image"));
  std::ofstream(path("data/particle_000003.em")) << "x";
  EXPECT_THAT(convert({"list.tbl", "a.star", "--images", "data"}).err, HasSubstr("truncated"));
  ASSERT_EQ(convert({"particles.star", "list.em"}).exit_code, 0);
  EXPECT_THAT(convert({"list.em", "a.star"}).err, HasSubstr("--voxel-size"));
  fs::resize_file(path("list.em"), 600);
  EXPECT_THAT(convert({"list.em", "a.star"}).err, HasSubstr("truncated"));
  EXPECT_FALSE(fs::exists(path("a.star")));
}

TEST_F(Convert, TheAverageOfAConvertedListIsTheSame) {
  // An asymmetric particle at random poses: through Dynamo's table and images and back, the average at the poses of the
  // list must be the same map; turned wrongly it would not be.
  ASSERT_EQ(
      run({"simulate", "particles", "--structure", "builtin:claw", "--copies", "8", "--box", "24", "--voxel-size", "16",
           "--resolution", "50", "--noise-free", "--no-ctf", "--max-shift", "1", "--quiet", "--output", "data"})
          .exit_code,
      0);
  ASSERT_EQ(convert({"data/truth.star", "dynamo/list.tbl", "--write-images", "dynamo/data"}).exit_code, 0);
  ASSERT_EQ(
      convert({"dynamo/list.tbl", "back/list.star", "--images", "dynamo/data", "--tilt-range", "-60", "60"}).exit_code,
      0);
  const auto average = [&](const std::string& list, const std::string& output) {
    return run({"average", list, "--poses", list, "--quiet", "--output", output});
  };
  ASSERT_EQ(average("data/truth.star", "one").exit_code, 0);
  const Result second = average("back/list.star", "two");
  ASSERT_EQ(second.exit_code, 0) << second.err;
  const Result compared = run({"compare", "two/class_1.mrc", "one/class_1.mrc", "--no-fit", "--json", "--quiet"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_GT(compared.json()["correlation_box"].get<double>(), 0.99);
}

}  // namespace
}  // namespace tessera::cli_test
