// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/builtin.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/simulate/density.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

double mass_Da(const AtomicModel& model) {
  double out = 0;
  for (const Atom& atom : model.atoms) out += atom.mass;
  return out;
}

TEST(Builtin, AreManyAndDifferent) {
  const auto all = builtin_structures();
  EXPECT_GE(all.size(), 12u);
  std::set<std::string> names, symmetries;
  for (const BuiltinInfo& info : all) {
    names.insert(info.name);
    symmetries.insert(info.symmetry);
    EXPECT_FALSE(info.title.empty());
  }
  EXPECT_EQ(names.size(), all.size());
  EXPECT_GE(symmetries.size(), 10u);
}

TEST(Builtin, HaveTheStatedMassAndComeOutTheSame) {
  for (const BuiltinInfo& info : builtin_structures()) {
    const AtomicModel model = make_builtin(info.name);
    // Heavy atoms are 93 % of averagine's mass; residues come in whole numbers per unit.
    EXPECT_NEAR(mass_Da(model) / (0.947 * info.mass_kDa * 1e3), 1, 0.03) << info.name;
    if (info.mass_kDa < 300) {
      const AtomicModel again = make_builtin(info.name);
      ASSERT_EQ(again.atoms.size(), model.atoms.size());
      for (size_t i = 0; i < model.atoms.size(); i += 97)
        EXPECT_EQ(again.atoms[i].position_A, model.atoms[i].position_A);
    }
  }
}

TEST(Builtin, SymmetryReproducesTheMap) {
  for (const char* name : {"chaperonin", "ferritin", "tetramer", "propeller", "tetrahedral-cage", "capsid"}) {
    const auto all = builtin_structures();
    const auto info = *std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.name == name; });
    const auto map = density_of(make_builtin(name), {48, 6, 20, "situs", false}).map.voxels;
    for (const Rotation& rotation : point_group(info.symmetry))
      EXPECT_GT(correlation(map, rotate_volume(map, rotation.matrix())), 0.98) << name;
  }
}

TEST(Builtin, ThoseWithoutSymmetryHaveNone) {
  for (const char* name : {"claw", "horseshoe", "crescent"}) {
    const auto map = density_of(make_builtin(name), {36, 6, 20, "situs", false}).map.voxels;
    for (const Vec3 axis : {Vec3{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})
      EXPECT_LT(correlation(map, rotate_volume(map, Rotation::about_axis(axis, pi).matrix())), 0.9) << name;
  }
}

// Protein is not a smooth solid: between 8 and 14 Å there is structure inside the particle, at the level of helices.
TEST(Builtin, DensityHasDetail) {
  const auto map = density_of(make_builtin("tetramer"), {64, 2.5, 8, "potential", false}).map.voxels;
  HalfSpectrum coarse = centred_spectrum(map);
  low_pass(coarse, 64 * 2.5 / 14, 2);
  const auto smooth = centred_volume(std::move(coarse));
  const float inside = 0.6f * statistics(smooth).maximum;
  double count = 0, mean = 0, detail = 0;
  for (int64_t i = 0; i < map.size(); ++i)
    if (smooth[i] > inside) {
      ++count;
      mean += smooth[i];
      detail += std::pow(map[i] - smooth[i], 2);
    }
  ASSERT_GT(count, 500);
  EXPECT_GT(std::sqrt(detail / count) / (mean / count), 0.1);
}

TEST(Builtin, UnknownNameNamesTheNearest) {
  try {
    load_structure("builtin:proteosome");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("proteasome"), std::string::npos) << error.what();
  }
  EXPECT_EQ(load_structure("builtin:dimer").name, "dimer");
}

TEST(Builtin, ANameMaySayWhichChains) {
  EXPECT_EQ(structure_file("builtin:dimer"), "");
  EXPECT_EQ(structure_file("a/b.pdb"), "a/b.pdb");
  EXPECT_EQ(structure_file("a/b.pdb#A,B"), "a/b.pdb");
  const auto file = std::filesystem::temp_directory_path() / fmt::format("tessera-chains-{}.pdb", getpid());
  {
    std::ofstream out(file);
    for (const char chain : {'A', 'B', 'C'})
      out << fmt::format("ATOM      1  CA  ALA {}   1    {:8.3f}{:8.3f}{:8.3f}  1.00 20.00           C\n", chain, 1.0,
                         2.0, 3.0 + chain);
  }
  EXPECT_EQ(load_structure(file.string()).atoms.size(), 3u);
  EXPECT_EQ(load_structure(file.string() + "#A,C").atoms.size(), 2u);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace tessera
