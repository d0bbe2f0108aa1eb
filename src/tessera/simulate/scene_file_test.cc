// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene_file.h"

#include <gmock/gmock.h>

#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SceneFile : public test::ScratchFolder {
 protected:
  SceneRequest read(const std::string& text) const { return read_scene_file(put("scene.toml", text)); }
  std::string refusal(const std::string& text) const {
    try {
      read(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "not refused";
  }
};

const std::string head = "box_A = [1200, 1200.5, 600]\nvoxel_size_A = 10\n";
const std::string chaperonin = "[[species]]\nstructure = \"builtin:chaperonin\"\n";

TEST_F(SceneFile, SaysWhatItHolds) {
  put("a.pdb.gz", "x");
  const SceneRequest request = read(head +
                                    "seed = 3\nmode = \"paper\"\n[packing]\nsteps = 10\n"
                                    "[[species]]\nstructure = \"a.pdb.gz\"\ncopies = 20\n" +
                                    chaperonin +
                                    "volume_percent = 1.5\nmembrane = \"lid\"\n"
                                    "[[filament]]\nballs = 9\n[[filament]]\nname = \"actin\"\nspacing_A = 55\n"
                                    "structure = \"builtin:chaperonin\"\nrise_A = 27.5\ntwist_deg = -166.7\n"
                                    "[[membrane]]\nname = \"lid\"\nballs = [8, 7]\n"
                                    "[[membrane]]\nshape = \"vesicle\"\nradius_A = 200\n");
  EXPECT_EQ(request.box_A, (std::array<double, 3>{1200, 1200.5, 600}));
  EXPECT_EQ(request.seed, 3u);
  EXPECT_EQ(request.mode, "paper");
  EXPECT_EQ(request.packing.at("steps"), 10);
  ASSERT_EQ(request.species.size(), 2u);
  EXPECT_EQ(request.species[0].structure, path("a.pdb.gz").string()) << "relative to the scene file";
  EXPECT_EQ(request.species[0].name, "a");
  EXPECT_EQ(request.species[0].copies, 20);
  EXPECT_EQ(request.species[1].name, "chaperonin");
  EXPECT_EQ(request.species[1].volume_percent, 1.5);
  EXPECT_EQ(request.filaments[0].length_A(), 320);
  EXPECT_EQ(request.filaments[1].name, "actin");
  EXPECT_EQ(request.filaments[1].length_A(), 440);
  EXPECT_EQ(request.membranes[0].balls, (std::array<int64_t, 2>{8, 7}));
  EXPECT_EQ(request.membranes[1].name, "membrane2");
}

TEST_F(SceneFile, EveryFaultIsNamedAtOnce) {
  EXPECT_THAT(refusal(head + chaperonin + "copies = 0\n" + chaperonin + chaperonin +
                      "volume_percent = 101\n[[species]]\nstructure = \"none.pdb\"\ncopies = 1\n"
                      "[[species]]\nstructure = \"builtin:chaperonim\"\ncopies = 1\n"
                      "[[membrane]]\nballs = [20, 8]\n[[membrane]]\nshape = \"vesicle\"\nradius_A = 300\n"
                      "[[filament]]\nballs = 100\n"),
              AllOf(HasSubstr("species[0] (chaperonin).copies is 0"), HasSubstr("species[1] (chaperonin) has 0 of"),
                    HasSubstr("volume_percent is 101"), HasSubstr("none.pdb"), HasSubstr("did you mean chaperonin?"),
                    HasSubstr("larger than the box"), HasSubstr("vesicle 680 Å wide"), HasSubstr("4000 Å long")));
}

TEST_F(SceneFile, WrongKeysAndValues) {
  EXPECT_THAT(refusal(head + chaperonin + "copie = 3\n"),
              HasSubstr("species[0].copie is unknown; did you mean copies?"));
  EXPECT_THAT(refusal(head + chaperonin + "copies = \"three\"\n"), HasSubstr("species[0].copies must be a number"));
  EXPECT_THAT(refusal(head + chaperonin + "copies = 2.5\n"), HasSubstr("species[0].copies must be a whole number"));
  EXPECT_THAT(refusal(head + chaperonin + "copies = 1\nvolume_percent = 3\n"), HasSubstr("has 2 of copies"));
  EXPECT_THAT(refusal(head), HasSubstr("nothing to pack"));
  EXPECT_THAT(refusal("voxel_size_A = 10\n" + chaperonin + "copies = 1\n"), HasSubstr("box_A is missing"));
  EXPECT_THAT(refusal("box_A = [10, 20]\nvoxel_size_A = 10\n"), HasSubstr("box_A must have 3 numbers"));
  EXPECT_THAT(refusal("box_A = [10, 20, nan]\nvoxel_size_A = -1\n"),
              AllOf(HasSubstr("voxel_size_A is -1"), HasSubstr("nan")));
  EXPECT_THAT(refusal(head + chaperonin + "volume_percent = 60\n" + chaperonin + "volume_percent = 60\n"),
              HasSubstr("120 %"));
  EXPECT_THAT(refusal(head + chaperonin + "copies = 1\nmembrane = \"lid\"\n"), HasSubstr("no membrane named"));
  EXPECT_THAT(refusal("box_A = [10,\n20 30]\n"), HasSubstr("line 2"));
  EXPECT_THROW(read_scene_file(path("missing.toml")), IoError);
}

TEST(RequestedCopies, CopiesConcentrationAndShare) {
  SpeciesRequest species;
  species.copies = 7;
  EXPECT_EQ(requested_copies(species, 1e9, 1e6), 7);
  species.copies.reset();
  species.concentration_mM = 1;
  EXPECT_EQ(requested_copies(species, 1e9, 1e6), 602) << "1 mM is 0.602 molecules in 10⁶ Å³";
  species.concentration_mM.reset();
  species.volume_percent = 30;
  EXPECT_EQ(requested_copies(species, 1e9, 1e6), 300);
  EXPECT_EQ(requested_copies(species, 1e5, 1e6), 1) << "at least one";
}

}  // namespace
}  // namespace tessera
