// SPDX-License-Identifier: GPL-3.0-or-later
// Structures of the Protein Data Bank against counts made here, column by column, without the reader's library. They
// are looked for in TESSERA_DATA/structures.
#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "tessera/io/atoms.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class RealStructures : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("TESSERA_DATA");
    if (!data) GTEST_SKIP() << "TESSERA_DATA names no folder of structures";
    folder_ = fs::path(data) / "structures";
    if (!fs::exists(folder_)) GTEST_SKIP() << folder_ << " does not exist";
  }
  // The file, or a skipped test.
  fs::path file(const std::string& name) const { return folder_ / name; }

  static std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    const gzFile in = gzopen(path.c_str(), "rb");
    char line[512];
    while (in && gzgets(in, line, sizeof line)) lines.emplace_back(line);
    if (in) gzclose(in);
    return lines;
  }
  fs::path folder_;
};

struct Count {
  int64_t atoms = 0;
  std::set<std::string> chains;
  std::map<char, int64_t> first_letters;
};

// Heavy atoms outside water of the first model of a PDB file, first alternatives only.
Count count_pdb(const std::vector<std::string>& lines) {
  Count count;
  std::set<std::string> alternatives;
  for (const std::string& line : lines) {
    if (line.starts_with("ENDMDL")) break;
    if (!line.starts_with("ATOM  ") && !line.starts_with("HETATM")) continue;
    const std::string residue = line.substr(17, 3), name = line.substr(12, 4);
    const char first = name[name.find_first_not_of(" 0123456789")];
    const bool stated = line.size() > 77 && std::isalpha(static_cast<unsigned char>(line[77])) && line[76] == ' ';
    const char element = stated ? line[77] : first;
    if (residue == "HOH" || element == 'H' || element == 'D') continue;
    // Chain, number and insertion code; the residue's name only of atoms without alternatives.
    if (line[16] != ' ' && !alternatives.insert(line.substr(21, 6) + name).second) continue;
    ++count.atoms;
    ++count.first_letters[first];
    count.chains.insert(line.substr(21, 1));
  }
  return count;
}

TEST_F(RealStructures, AsymmetricUnitsAreCompleted) {
  const auto groel = file("groel_asymmetric_unit_1oel.pdb.gz");
  if (!fs::exists(groel)) GTEST_SKIP() << groel << " does not exist";
  const auto lines = lines_of(groel);
  const Count unit = count_pdb(lines);
  const auto operators = std::count_if(lines.begin(), lines.end(),
                                       [](const std::string& line) { return line.starts_with("REMARK 350   BIOMT1"); });
  ASSERT_EQ(unit.chains.size(), 7u);
  ASSERT_EQ(operators, 2);
  const AtomicModel whole = read_atoms(groel), asymmetric = read_atoms(groel, {.assembly = false});
  EXPECT_EQ(whole.chain_count, 14);
  EXPECT_EQ(asymmetric.chain_count, 7);
  EXPECT_EQ(static_cast<int64_t>(asymmetric.atoms.size()), unit.atoms);
  EXPECT_EQ(whole.atoms.size(), 2 * asymmetric.atoms.size());
  // The prepared assembly of the same entry: as many atoms, of the same radius of gyration.
  const AtomicModel prepared = read_atoms(file("groel_1oel.pdb.gz"));
  EXPECT_EQ(prepared.atoms.size(), whole.atoms.size());
  const auto gyration_A = [](const AtomicModel& model) {
    Vec3 mean;
    double square = 0;
    for (const Atom& atom : model.atoms) mean = mean + atom.position_A * (1.0 / model.atoms.size());
    for (const Atom& atom : model.atoms) square += (atom.position_A - mean).dot(atom.position_A - mean);
    return std::sqrt(square / static_cast<double>(model.atoms.size()));
  };
  EXPECT_NEAR(gyration_A(prepared), gyration_A(whole), 0.01);
}

// As the Protein Quaternary Structure server wrote it: all twelve chains, and the operators that made them of four, in
// fractions of the unit cell.
TEST_F(RealStructures, CopiesThatTheFileHoldsAlready) {
  const auto atcase = file("atcase_7at1.pdb.gz");
  if (!fs::exists(atcase)) GTEST_SKIP() << atcase << " does not exist";
  const AtomicModel whole = read_atoms(atcase), file = read_atoms(atcase, {.assembly = false});
  EXPECT_EQ(whole.atoms.size(), file.atoms.size());
  EXPECT_EQ(whole.chain_count, 12);
}

TEST_F(RealStructures, EnolaseOctamerFromMmcif) {
  const auto enolase = file("enolase_asymmetric_unit_1w6t.cif.gz");
  if (!fs::exists(enolase)) GTEST_SKIP() << enolase << " does not exist";
  const AtomicModel whole = read_atoms(enolase), unit = read_atoms(enolase, {.assembly = false});
  EXPECT_EQ(unit.chain_count, 2);
  EXPECT_EQ(whole.chain_count, 8);
  EXPECT_EQ(whole.atoms.size(), 4 * unit.atoms.size());
}

TEST_F(RealStructures, RibosomeWhoseElementColumnHoldsJunk) {
  const auto ribosome = file("ribosome70s.pdb.gz");
  if (!fs::exists(ribosome)) GTEST_SKIP() << ribosome << " does not exist";
  const Count count = count_pdb(lines_of(ribosome));
  const AtomicModel model = read_atoms(ribosome);
  std::map<int, int64_t> elements;
  for (const Atom& atom : model.atoms) ++elements[atom.atomic_number];
  EXPECT_EQ(static_cast<int64_t>(model.atoms.size()), count.atoms);
  // Protein and RNA: names begin with their elements.
  EXPECT_EQ(elements[6], count.first_letters.at('C'));
  EXPECT_EQ(elements[7], count.first_letters.at('N'));
  EXPECT_EQ(elements[8], count.first_letters.at('O'));
  EXPECT_EQ(elements[15], count.first_letters.at('P'));
  EXPECT_EQ(elements[16], count.first_letters.at('S'));
}

TEST_F(RealStructures, EveryFileIsRead) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".pdb") == std::string::npos && name.find(".cif") == std::string::npos) continue;
    ++files;
    const AtomicModel unit = read_atoms(entry.path(), {.assembly = false}), whole = read_atoms(entry.path());
    EXPECT_GE(whole.chain_count, 1) << name;
    EXPECT_GT(whole.atoms.size(), 100u) << name;
    int64_t unusual = 0;
    for (const Atom& atom : whole.atoms)
      unusual += atom.atomic_number != 6 && atom.atomic_number != 7 && atom.atomic_number != 8 &&
                 atom.atomic_number != 15 && atom.atomic_number != 16;
    EXPECT_LT(unusual, 0.01 * whole.atoms.size()) << name << ": more than ions and ligands have";
    if (name.find(".pdb") == std::string::npos) continue;
    EXPECT_EQ(static_cast<int64_t>(unit.atoms.size()), count_pdb(lines_of(entry.path())).atoms) << name;
  }
  EXPECT_GT(files, 0) << "no structures in " << folder_;
}

}  // namespace
}  // namespace tessera
