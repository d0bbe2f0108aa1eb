// SPDX-License-Identifier: GPL-3.0-or-later
// Where the images of a list are looked for, how their names are written, and the check of their headers.
#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CheckImages : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    set_.directory = folder_;
    set_.optics = {{"one", 8, 2, 300, 2.7, 0.1, {}}, {"two", 0, 4, 300, 2.7, 0.1, {}}};
    fs::create_directories(path("sub"));
  }
  void map(const std::string& name, Shape3 shape, double voxel_size_A) const {
    write_mrc(path(name), {Volume<float>(shape), voxel_size_A, {}});
  }
  Particle& add(const std::string& image, int group = 0, const std::string& weight = "") {
    Particle& p = set_.particles.emplace_back();
    p.image = image;
    p.optics_group = group;
    p.weight = weight;
    return p;
  }
  std::string refusal(const ImageCheckOptions& options = {}) const {
    return test::message_of<IoError>([&] { check_images(set_, options); });
  }
  ParticleSet set_;
};

TEST_F(CheckImages, SoundSetPasses) {
  map("sub/a.mrc", Shape3::cube(8), 2);
  map("b.mrc", Shape3::cube(12), 4.03);  // within 1 %
  map("c.mrc", Shape3::cube(12), 4);
  map("wedge.mrc", Shape3::cube(8), 1);
  map("wedge12.mrc", Shape3::cube(12), 1);
  add("sub/a.mrc", 0, "wedge.mrc");
  add("b.mrc", 1, "wedge12.mrc");
  add(path("c.mrc").string(), 1, "wedge12.mrc");
  EXPECT_NO_THROW(check_images(set_));
}

TEST_F(CheckImages, EveryMissingOneIsListed) {
  for (int i = 0; i < 12; ++i) {
    const std::string name = "sub/p" + std::to_string(i) + ".mrc";
    if (i % 3 != 0) map(name, Shape3::cube(8), 2);
    add(name, 0, "no-wedge.mrc");
  }
  const std::string message = refusal();
  for (int i = 0; i < 12; ++i) {
    const auto name = HasSubstr(path("sub/p" + std::to_string(i) + ".mrc").string());
    EXPECT_EQ(testing::Value(message, name), i % 3 == 0) << i << message;
  }
  EXPECT_THAT(message, AllOf(HasSubstr("particle 1:"), HasSubstr("particle 10:"), HasSubstr("No such file")));
  EXPECT_EQ(message.find("no-wedge.mrc"), message.rfind("no-wedge.mrc")) << "a shared weight is named once";
  EXPECT_THAT(refusal({.weights = false}), Not(HasSubstr("no-wedge.mrc")));
}

TEST_F(CheckImages, HundredsOfMissingOnesAreAllNamed) {
  for (int i = 0; i < 500; ++i) add("p" + std::to_string(i) + ".mrc");
  const std::string message = refusal();
  for (int i = 0; i < 500; ++i) EXPECT_THAT(message, HasSubstr("/p" + std::to_string(i) + ".mrc"));
}

TEST_F(CheckImages, BoxesAndVoxelSizes) {
  map("good.mrc", Shape3::cube(8), 2);
  map("box.mrc", Shape3::cube(10), 2);
  map("flat.mrc", {7, 8, 8}, 2);
  map("size.mrc", Shape3::cube(8), 2.1);
  map("first.mrc", Shape3::cube(6), 4);
  map("second.mrc", Shape3::cube(7), 4);
  put("text.mrc", "no map");
  for (const char* name : {"good.mrc", "box.mrc", "flat.mrc", "size.mrc", "text.mrc"}) add(name);
  add("first.mrc", 1);
  add("second.mrc", 1);
  EXPECT_THAT(refusal(), AllOf(Not(HasSubstr("good.mrc")), HasSubstr("particle 2 (box.mrc): box of 10 voxels"),
                               HasSubstr("particle 3 (flat.mrc): is 8×8×7 voxels"),
                               HasSubstr("particle 4 (size.mrc): voxel size 2.1 Å in the file, 2 Å in the STAR"),
                               HasSubstr("text.mrc"), Not(HasSubstr("first.mrc")),
                               HasSubstr("particle 7 (second.mrc): box of 7 voxels where its optics group has 6")));
  const std::string loose = refusal({.weights = true, .voxel_size_tolerance = 0.1});
  EXPECT_THAT(loose, Not(HasSubstr("size.mrc")));
}

TEST_F(CheckImages, WeightsHaveTheBoxOfEveryImageTheyServe) {
  map("a.mrc", Shape3::cube(8), 2);
  map("b.mrc", Shape3::cube(12), 4);
  map("cube.mrc", Shape3::cube(8), 1);
  map("half.mrc", {8, 8, 5}, 1);
  add("a.mrc", 0, "cube.mrc");
  add("a.mrc", 0, "half.mrc");
  add("b.mrc", 1, "cube.mrc");  // of another group: sound for the first, not for this one
  EXPECT_THAT(refusal(), AllOf(Not(HasSubstr("particle 1")), HasSubstr("weight half.mrc is 5×8×8 voxels, not 8³"),
                               HasSubstr("particle 3 (b.mrc): its weight cube.mrc is 8×8×8 voxels, not 12³")));
}

TEST_F(CheckImages, NamesAreLookedUpBesideTheListThenHereThenAbove) {
  const fs::path here = fs::current_path();
  fs::create_directories(path("project"));
  map("sub/a.mrc", Shape3::cube(8), 2);
  map("project/b.mrc", Shape3::cube(8), 2);
  map("project/a.mrc", Shape3::cube(8), 2);
  fs::create_directories(path("relion/Class3D/job001"));
  fs::create_directories(path("relion/images"));
  map("relion/images/c.mrc", Shape3::cube(8), 2);
  set_.directory = path("sub");
  fs::current_path(path("project"));
  EXPECT_EQ(resolve(set_, "a.mrc"), path("sub/a.mrc")) << "beside the list first";
  EXPECT_EQ(resolve(set_, "b.mrc"), "b.mrc") << "then the working directory, as RELION's projects";
  EXPECT_EQ(resolve(set_, "none.mrc"), path("sub/none.mrc"));
  EXPECT_EQ(resolve(set_, "images/c.mrc"), path("sub/images/c.mrc"));
  EXPECT_EQ(resolve(set_, "/x/y.mrc"), "/x/y.mrc");
  for (const char* folder : {"relion/Class3D/job001", "relion/Class3D/job001/"}) {
    set_.directory = path(folder);
    EXPECT_EQ(resolve(set_, "images/c.mrc"), fs::absolute(path("relion/images/c.mrc")))
        << "then above the list, as RELION writes it";
  }
  fs::current_path(here);
}

TEST_F(CheckImages, WrittenNamesStayValidFromAnotherFolder) {
  map("sub/a.mrc", Shape3::cube(8), 2);
  fs::create_directories(path("out"));
  add("sub/a.mrc");
  add("missing.mrc");
  write_particles(path("list.star"), set_);
  write_particles(path("out/list.star"), set_);
  const ParticleSet same = read_particles(path("list.star")), other = read_particles(path("out/list.star"));
  EXPECT_EQ(same.particles[0].image, "sub/a.mrc") << "below the list: relative, so that the folder can be moved";
  EXPECT_EQ(other.particles[0].image, fs::canonical(path("sub/a.mrc")).string());
  EXPECT_EQ(other.particles[1].image, "missing.mrc");
  EXPECT_TRUE(fs::equivalent(resolve(other, other.particles[0].image), path("sub/a.mrc")));
}

}  // namespace
}  // namespace tessera
