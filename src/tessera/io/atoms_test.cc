// SPDX-License-Identifier: GPL-3.0-or-later
// Small structures written here, whose atoms are known.
#include "tessera/io/atoms.h"

#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// One line of the PDB format; `name` as in columns 13–16, `element` as in 77–78.
std::string pdb_atom(const std::string& name, const std::string& residue, char chain, int number, double x,
                     const std::string& element, char altloc = ' ', const std::string& record = "ATOM  ") {
  return fmt::format("{}    1 {:<4}{}{:>3} {}{:>4}    {:8.3f}{:8.3f}{:8.3f}{:6.2f}{:6.2f}      {:<4}{:>2}\n", record,
                     name, altloc, residue, chain, number, x, 2.0, 3.0, 0.5, 17.25, "", element);
}

std::string biomt(int number, double x_shift, const char* record = "REMARK 350   BIOMT") {
  return fmt::format(
      "{0}1 {1:>3}  1.000000  0.000000  0.000000 {2:>14.5f}\n"
      "{0}2 {1:>3}  0.000000  1.000000  0.000000        0.00000\n"
      "{0}3 {1:>3}  0.000000  0.000000  1.000000        0.00000\n",
      record, number, x_shift);
}

const std::string biomolecule = "REMARK 350 BIOMOLECULE: ", chains = "REMARK 350 APPLY THE FOLLOWING TO CHAINS: ";

const std::string cif_text =
    "data_TEST\nloop_\n_pdbx_struct_assembly.id\n_pdbx_struct_assembly.details\n"
    "1 author_and_software_defined_assembly\n2 software_defined_assembly\n"
    "loop_\n_pdbx_struct_assembly_gen.assembly_id\n_pdbx_struct_assembly_gen.oper_expression\n"
    "_pdbx_struct_assembly_gen.asym_id_list\n1 1,2 A,B\n2 1 B\n"
    "loop_\n_pdbx_struct_oper_list.id\n_pdbx_struct_oper_list.type\n"
    "_pdbx_struct_oper_list.matrix[1][1]\n_pdbx_struct_oper_list.matrix[1][2]\n_pdbx_struct_oper_list.matrix[1][3]\n"
    "_pdbx_struct_oper_list.vector[1]\n"
    "_pdbx_struct_oper_list.matrix[2][1]\n_pdbx_struct_oper_list.matrix[2][2]\n_pdbx_struct_oper_list.matrix[2][3]\n"
    "_pdbx_struct_oper_list.vector[2]\n"
    "_pdbx_struct_oper_list.matrix[3][1]\n_pdbx_struct_oper_list.matrix[3][2]\n_pdbx_struct_oper_list.matrix[3][3]\n"
    "_pdbx_struct_oper_list.vector[3]\n"
    "1 identity 1 0 0 0 0 1 0 0 0 0 1 0\n2 other 1 0 0 40 0 1 0 0 0 0 1 0\n"
    "loop_\n_atom_site.group_PDB\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n"
    "_atom_site.label_alt_id\n_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n"
    "_atom_site.label_seq_id\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n_atom_site.occupancy\n"
    "_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n"
    "ATOM 1 C CA . ALA A 1 1 1.5 2 3 1 20 1 A\n"
    "ATOM 2 N N . ALA B 1 1 2.5 2 3 1 20 1 B\n"
    "HETATM 3 O O . HOH C 2 . 3.5 2 3 1 20 1 A\n"
    "ATOM 4 C CB . ALA A 1 1 ? ? ? 1 20 1 A\n";

class AtomsTest : public test::ScratchFolder {
 protected:
  AtomicModel read(const std::string& text, const AtomSelection& selection = {},
                   const std::string& name = "in.pdb") const {
    return read_atoms(put(name, text), selection);
  }
  std::string refusal(const std::string& text) const {
    const auto file = put("bad.pdb", text);
    const std::string message = test::message_of<IoError>([&] { read_atoms(file); });
    EXPECT_THAT(message, HasSubstr("bad.pdb"));
    return message;
  }
  static std::vector<double> places(const AtomicModel& model) {
    std::vector<double> out;
    for (const Atom& atom : model.atoms) out.push_back(atom.position_A.x);
    return out;
  }
  static std::vector<int> elements(const AtomicModel& model) {
    std::vector<int> out;
    for (const Atom& atom : model.atoms) out.push_back(atom.atomic_number);
    return out;
  }
};

TEST_F(AtomsTest, OneAtomWithAllItsNumbers) {
  const AtomicModel model = read(pdb_atom(" CA ", "ALA", 'A', 1, -11.125, "C"), {}, "1abc.pdb");
  ASSERT_EQ(model.atoms.size(), 1u);
  EXPECT_EQ(model.atoms[0].position_A, (Vec3{-11.125, 2, 3}));
  EXPECT_EQ(model.atoms[0].atomic_number, 6);
  EXPECT_NEAR(model.atoms[0].mass, 12.011, 1e-3);
  EXPECT_FLOAT_EQ(model.atoms[0].occupancy, 0.5f);
  EXPECT_FLOAT_EQ(model.atoms[0].b_factor_A2, 17.25f);
  EXPECT_EQ(model.name, "1abc");
  EXPECT_EQ(model.chain_count, 1);
  EXPECT_THAT(model.notes, IsEmpty());
}

TEST_F(AtomsTest, ChainsByName) {
  const std::string text = pdb_atom(" CA ", "ALA", 'A', 1, 1, "C") + pdb_atom(" CA ", "ALA", 'B', 1, 2, "C") +
                           pdb_atom(" CA ", "ALA", 'C', 1, 3, "C");
  EXPECT_THAT(places(read(text, {.chains = {"C", "A"}})), ElementsAre(1, 3));
  EXPECT_THAT(test::message_of<IoError>([&] {
                read(text, {.chains = {"A", "X"}});
              }),
              AllOf(HasSubstr("no chain X"), HasSubstr("A, B, C")));
}

TEST_F(AtomsTest, HydrogensAndWaters) {
  const std::string text = pdb_atom(" N  ", "ALA", 'A', 1, 1, "N") + pdb_atom(" H  ", "ALA", 'A', 1, 2, "H") +
                           pdb_atom("1HB ", "ALA", 'A', 1, 3, "") + pdb_atom(" D  ", "ALA", 'A', 1, 4, "D") +
                           pdb_atom(" O  ", "HOH", 'W', 9, 5, "O", ' ', "HETATM") +
                           pdb_atom(" O  ", "DOD", 'W', 10, 6, "O", ' ', "HETATM");
  const AtomicModel plain = read(text);
  EXPECT_THAT(places(plain), ElementsAre(1));
  EXPECT_EQ(plain.chain_count, 1) << "a chain of waters alone is none";
  EXPECT_THAT(plain.notes, AllOf(Contains("3 hydrogen atoms left out"), Contains("2 atoms of water left out")));
  EXPECT_THAT(places(read(text, {.hydrogens = true})), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(places(read(text, {.waters = true})), ElementsAre(1, 5, 6));
  EXPECT_THAT(elements(read(text, {.hydrogens = true})), ElementsAre(7, 1, 1, 1));
}

TEST_F(AtomsTest, FirstOfAlternatives) {
  const std::string text = pdb_atom(" N  ", "SER", 'A', 1, 1, "N") + pdb_atom(" CA ", "SER", 'A', 1, 2, "C", 'A') +
                           pdb_atom(" CA ", "SER", 'A', 1, 3, "C", 'B') + pdb_atom(" CB ", "SER", 'A', 1, 4, "C", 'B') +
                           // residue 2 is a serine or a threonine
                           pdb_atom(" CA ", "SER", 'A', 2, 5, "C", 'A') + pdb_atom(" CA ", "THR", 'A', 2, 6, "C", 'B') +
                           pdb_atom(" CG2", "THR", 'A', 2, 7, "C", 'B') + pdb_atom(" CA ", "GLY", 'A', 3, 8, "C");
  const AtomicModel model = read(text);
  EXPECT_THAT(places(model), ElementsAre(1, 2, 4, 5, 8));
  EXPECT_THAT(model.notes, ElementsAre("3 atoms at alternative locations left out"));
  // Residues of one number without altloc (careless numbering) are all kept.
  EXPECT_THAT(places(read(pdb_atom(" CA ", "ALA", 'A', 1, 1, "C") + pdb_atom(" CA ", "GLY", 'A', 1, 2, "C"))),
              ElementsAre(1, 2));
}

TEST_F(AtomsTest, ElementFromTheNameWhereTheColumnFails) {
  struct Case {
    std::string name, residue, element;
    int expected;
  };
  const Case cases[] = {
      {" CA ", "ALA", "", 6},    {"CA  ", "ALA", "", 6},    {"CA  ", "LEU", "CA", 6},  {" CD1", "TYR", "", 6},
      {"CD  ", "GLU", "", 6},    {"NE  ", "ARG", "", 7},    {"ND1 ", "HIS", "", 7},    {"OE1 ", "GLU", "", 8},
      {"SG  ", "CYS", "", 16},   {"SD  ", "MET", "12", 16}, {" P  ", "  U", "8", 15},  {"OP1 ", "  G", "", 8},
      {"C5' ", " DA", "", 6},    {"O5' ", "  A", "Q9", 8},  {"SE  ", "MSE", "", 34},   {"FE  ", "HEM", "", 26},
      {"FE  ", "HEM", "??", 26}, {" NA ", "HEM", "", 7},    {"ZN  ", "XXX", "Q1", 30}, {" C1 ", "NAG", "ZZ", 6},
      {" N  ", "GLY", "N", 7},   {"CL1 ", "LIG", "QQ", 17}};
  for (const Case& c : cases) {
    // A second atom, so that the residue is no single ion.
    const AtomicModel model =
        read(pdb_atom(c.name, c.residue, 'A', 1, 1, c.element) + pdb_atom(" C9 ", c.residue, 'A', 1, 2, "C"));
    EXPECT_EQ(model.atoms.at(0).atomic_number, c.expected) << c.name << c.residue << " '" << c.element << "'";
  }
  for (const Case& c : {Case{"CA  ", " CA", "", 20}, {" CA ", " CA", "XX", 20}, {"MG  ", " MG", "1", 12}}) {
    const AtomicModel model = read(pdb_atom(c.name, c.residue, 'A', 1, 1, c.element, ' ', "HETATM"));
    EXPECT_EQ(model.atoms.at(0).atomic_number, c.expected) << "ion " << c.residue;
  }
  const AtomicModel strange = read(pdb_atom(" Q1 ", "ALA", 'A', 1, 1, "") + pdb_atom(" CA ", "ALA", 'A', 1, 2, "C"));
  EXPECT_EQ(strange.atoms.size(), 2u);
  EXPECT_THAT(strange.notes, ElementsAre("1 atoms of unknown element are taken for carbon"));
}

TEST_F(AtomsTest, HydrogensWithoutElementColumn) {
  for (const char* name : {" H  ", "1HB ", " HB1", "HG11", "HG  ", "HE21", "HO5'", " D1 "})
    EXPECT_THAT(places(read(pdb_atom(" CA ", "VAL", 'A', 1, 1, "") + pdb_atom(name, "VAL", 'A', 1, 2, ""))),
                ElementsAre(1))
        << name;
}

TEST_F(AtomsTest, AssemblyOneByDefault) {
  const std::string atoms = pdb_atom(" CA ", "ALA", 'A', 1, 1, "C") + pdb_atom(" CA ", "ALA", 'B', 1, 2, "C") +
                            pdb_atom(" CA ", "ALA", 'C', 1, 3, "C");
  const std::string one = biomolecule + "1\nREMARK 350 AUTHOR DETERMINED BIOLOGICAL UNIT: TETRAMERIC\n" + chains +
                          "A, B\n" + biomt(1, 0) + biomt(2, 100);
  const std::string two = biomolecule + "2\n" + chains + "C\n" + biomt(1, 0);
  const AtomicModel model = read(one + two + atoms);
  EXPECT_THAT(places(model), ElementsAre(1, 2, 101, 102));
  EXPECT_EQ(model.chain_count, 4);
  EXPECT_THAT(model.notes, ElementsAre("biological assembly 1 of 2 (stated by the authors), by 2 operators"));
  EXPECT_THAT(places(read(two + one + atoms)), ElementsAre(1, 2, 101, 102)) << "1 wherever it stands";
  EXPECT_THAT(places(read(one + atoms, {.assembly = false})), ElementsAre(1, 2, 3));
  // A dimer of chain C on a symmetry axis: two chain lists under one assembly, atoms that coincide counted once.
  const std::string split =
      biomolecule + "1\n" + chains + "A\n" + biomt(1, 0) + biomt(2, 50) + chains + "C\n" + biomt(1, 0) + biomt(2, 0);
  EXPECT_THAT(places(read(split + atoms)), ElementsAre(1, 51, 3));
  const AtomicModel foreign = read(biomolecule + "1\n" + chains + "X, Y\n" + biomt(1, 0) + atoms);
  EXPECT_THAT(places(foreign), ElementsAre(1, 2, 3));
  EXPECT_THAT(foreign.notes, ElementsAre(HasSubstr("names no chain of the file")));
}

TEST_F(AtomsTest, CopiesOnAnAxisAreOneAtom) {
  const std::string both = biomolecule + "1\n" + chains + "A\n" + biomt(1, 0) + biomt(2, 0.1);
  const AtomicModel model = read(both + pdb_atom("ZN  ", " ZN", 'A', 1, 0.95, "ZN", ' ', "HETATM"));
  EXPECT_THAT(places(model), ElementsAre(0.95)) << "across a border of the search cells";
  EXPECT_FLOAT_EQ(model.atoms.at(0).occupancy, 1);
  // Beyond 0.2 Å they are two; a stray atom at the edge of the format costs no memory.
  const std::string apart = biomolecule + "1\n" + chains + "A\n" + biomt(1, 0) + biomt(2, 0.3);
  EXPECT_EQ(read(apart + pdb_atom("ZN  ", " ZN", 'A', 1, 0.95, "ZN") + pdb_atom("ZN  ", " ZN", 'A', 2, 9999, "ZN"))
                .atoms.size(),
            4u);
}

TEST_F(AtomsTest, BareBiomtRecords) {
  const std::string atoms = pdb_atom(" CA ", "ALA", 'A', 1, 1, "C");
  for (const std::string& head : {std::string(), biomolecule + "1\n", chains + "A\n", "REMARK 350\n" + chains + "A\n"})
    EXPECT_THAT(places(read(head + biomt(1, 0) + biomt(2, 10) + biomt(3, 20) + atoms)), ElementsAre(1, 11, 21)) << head;
}

TEST_F(AtomsTest, MtrixOnlyWhereThereIsNoAssembly) {
  const std::string atoms = pdb_atom(" CA ", "ALA", 'A', 1, 1, "C");
  const auto mtrix = [](int number, double shift, bool given) {
    std::string text;
    for (int i = 1; i <= 3; ++i)
      text += fmt::format("MTRIX{} {:>3}{:10.6f}{:10.6f}{:10.6f}     {:10.5f}    {}\n", i, number, i == 1 ? 1.0 : 0.0,
                          i == 2 ? 1.0 : 0.0, i == 3 ? 1.0 : 0.0, i == 1 ? shift : 0.0, given ? 1 : ' ');
    return text;
  };
  const std::string both = mtrix(1, 0, true) + mtrix(2, 30, false);
  const AtomicModel model = read(both + atoms);
  EXPECT_THAT(places(model), ElementsAre(1, 31));
  EXPECT_EQ(model.chain_count, 2);
  EXPECT_THAT(model.notes, ElementsAre(HasSubstr("MTRIX")));
  EXPECT_THAT(places(read(both + atoms, {.assembly = false})), ElementsAre(1));
  EXPECT_THAT(places(read(mtrix(1, 0, true) + mtrix(2, 30, true) + atoms)), ElementsAre(1)) << "given: already there";
  EXPECT_THAT(places(read(biomolecule + "1\n" + chains + "A\n" + biomt(1, 0) + biomt(2, 7) + both + atoms)),
              ElementsAre(1, 8));
}

TEST_F(AtomsTest, ModelsAreAnEnsembleOrCopies) {
  const std::string text = "MODEL        1\n" + pdb_atom(" CA ", "ALA", 'A', 1, 1, "C") + "ENDMDL\nMODEL        2\n" +
                           pdb_atom(" CA ", "ALA", 'A', 1, 2, "C") + "ENDMDL\nEND\n";
  const AtomicModel ensemble = read(text);
  EXPECT_THAT(places(ensemble), ElementsAre(1));
  EXPECT_THAT(ensemble.notes, ElementsAre("the first of 2 models is used"));
  const AtomicModel copies = read(text, {}, "1abc.pdb1");
  EXPECT_THAT(places(copies), ElementsAre(1, 2));
  EXPECT_EQ(copies.chain_count, 2);
  EXPECT_EQ(copies.name, "1abc");
  EXPECT_THAT(places(read(text, {.assembly = false}, "1abc.pdb1")), ElementsAre(1));
}

TEST_F(AtomsTest, MmcifPlainAndGzip) {
  for (const bool gzip : {false, true}) {
    // Format by content: the name says PDB.
    const auto file = gzip ? path("2xyz.pdb.gz") : put("2xyz.pdb", cif_text);
    if (gzip) test::write_gzip(file, cif_text);
    const AtomicModel model = read_atoms(file);
    EXPECT_THAT(places(model), ElementsAre(1.5, 2.5, 41.5, 42.5));
    EXPECT_EQ(model.chain_count, 4);
    EXPECT_EQ(model.name, "2xyz");
    EXPECT_THAT(model.notes, AllOf(Contains("biological assembly 1 of 2 (stated by the authors), by 2 operators"),
                                   Contains("1 atoms without coordinates left out")));
  }
  EXPECT_THAT(places(read(cif_text, {.assembly = false, .waters = true}, "a.cif")),
              testing::UnorderedElementsAre(1.5, 2.5, 3.5));
}

TEST_F(AtomsTest, ProductsOfOperators) {
  std::string text = cif_text;
  text.replace(text.find("1 1,2 A,B"), 9, "1 (1,2)(2,3) A");
  text.replace(text.find("2 other"), 7, "3 other -1 0 0 7 0 -1 0 0 0 0 1 0\n2 other");
  // x → x, x + 40 after x → x + 40, 7 − x.
  EXPECT_THAT(places(read(text, {}, "a.cif")), testing::UnorderedElementsAre(41.5, 81.5, 5.5, 45.5));
}

TEST_F(AtomsTest, OperatorsMustBeRotationsAndShifts) {
  const auto with = [](const std::string& numbers) {
    std::string text = cif_text;
    const std::string sound = "2 other 1 0 0 40 0 1 0 0 0 0 1 0";
    return text.replace(text.find(sound), sound.size(), "2 other " + numbers);
  };
  for (const char* numbers : {"1 0 0 ? 0 1 0 0 0 0 1 0", "1 0 0 1e300 0 1 0 0 0 0 1 0", "1e400 0 0 0 0 1 0 0 0 0 1 0",
                              "2 0 0 40 0 1 0 0 0 0 1 0", "1 0.1 0 40 0 1 0 0 0 0 1 0", "-1 0 0 7 0 1 0 0 0 0 1 0"}) {
    EXPECT_THAT(refusal(with(numbers)), AllOf(HasSubstr("operator 2"), HasSubstr("--no-assembly"))) << numbers;
    EXPECT_EQ(read(with(numbers), {.assembly = false}).atoms.size(), 2u) << numbers;
  }
  EXPECT_EQ(read(with("0.999 0 0 40 0 1 0 0 0 0 1 0")).atoms.size(), 4u) << "rounded";
  const std::string mtrix =
      "MTRIX1   2  2.000000  0.000000  0.000000        0.00000\nMTRIX2   2  0.000000  1.000000  0.000000        "
      "0.00000\n"
      "MTRIX3   2  0.000000  0.000000  1.000000        0.00000\n";
  EXPECT_THAT(refusal(mtrix + pdb_atom(" CA ", "ALA", 'A', 1, 1, "C")), HasSubstr("MTRIX record 2"));
}

// As entry 7at1 has it: a three-fold axis of a hexagonal cell.
TEST_F(AtomsTest, OperatorsInFractionsOfTheUnitCell) {
  const std::string records = biomolecule + "1\n" + chains + "A\n" + biomt(1, 0) +
                              "REMARK 350   BIOMT1   2   0.00000  -1.00000   0.00000        1.00000\n"
                              "REMARK 350   BIOMT2   2   1.00000  -1.00000   0.00000        0.00000\n"
                              "REMARK 350   BIOMT3   2   0.00000   0.00000   1.00000        0.00000\n";
  const std::string cell = "CRYST1  100.000  100.000   80.000  90.00  90.00 120.00 P 3           3\n";
  const AtomicModel model = read(records + cell + pdb_atom(" CA ", "ALA", 'A', 1, 10, "C"));
  ASSERT_EQ(model.atoms.size(), 2u);
  EXPECT_THAT(model.notes, Contains(HasSubstr("fractions of the unit cell")));
  // 120 degrees about z, then along a by its length.
  const Vec3 at = model.atoms[1].position_A;
  const double half = std::sqrt(0.75);
  EXPECT_NEAR(at.x, -0.5 * 10 - half * 2 + 100, 1e-3);
  EXPECT_NEAR(at.y, half * 10 - 0.5 * 2, 1e-3);
  EXPECT_NEAR(at.z, 3, 1e-9);
  EXPECT_THAT(refusal(records + pdb_atom(" CA ", "ALA", 'A', 1, 10, "C")), HasSubstr("operator 2")) << "no cell";
}

TEST_F(AtomsTest, CopiesThatTheFileHoldsAlready) {
  const std::string second = "ATOM    917" + pdb_atom(" CA ", "ALA", 'B', 1, 31.05, "C").substr(11);
  const std::string atoms = pdb_atom(" CA ", "ALA", 'A', 1, 1, "C") + second;
  EXPECT_THAT(places(read(biomolecule + "1\n" + chains + "A, B\n" + biomt(1, 0) + biomt(2, 30) + atoms)),
              ElementsAre(1, 31.05, 61.05));
}

TEST_F(AtomsTest, NoStructureNoAtoms) {
  EXPECT_THAT(refusal(""), HasSubstr("a PDB or mmCIF file is needed"));
  EXPECT_THAT(refusal("HEADER    NOTHING\nEND\n"), HasSubstr("holds no atoms"));
  EXPECT_THAT(refusal("<html><body>Not found</body></html>"), HasSubstr("holds no atoms"));
  EXPECT_THAT(refusal(cif_text.substr(0, cif_text.find("ATOM 1"))), HasSubstr("bad.pdb"));
  EXPECT_THAT(refusal(pdb_atom(" O  ", "HOH", 'A', 1, 1, "O") + pdb_atom(" H  ", "ALA", 'A', 2, 1, "H")),
              AllOf(HasSubstr("no atoms left"), HasSubstr("1 hydrogens"), HasSubstr("1 of water")));
  EXPECT_THAT(refusal("ATOM      1  CA  ALA A   1      11.1\n"), HasSubstr("not a readable structure"));
  EXPECT_THAT(refusal(cif_text.substr(0, cif_text.size() - 30)), HasSubstr("bad.pdb")) << "cut within a row";
  EXPECT_THAT(test::message_of<IoError>([&] { read_atoms(path("none.pdb")); }), HasSubstr("no such file"));
  EXPECT_THAT(test::message_of<IoError>([&] { read_atoms(folder_); }), HasSubstr("folder"));
}

TEST_F(AtomsTest, BrokenGzip) {
  std::string text;
  for (int i = 1; i < 3000; ++i) text += pdb_atom(" CA ", "ALA", 'A', i, i * 0.37, "C");
  test::write_gzip(path("whole.gz"), text);
  const std::string whole = bytes_of(path("whole.gz"));
  EXPECT_EQ(read_atoms(path("whole.gz")).atoms.size(), 2999u);
  for (const size_t bytes : {whole.size() / 2, whole.size() - 8, whole.size() - 1})
    EXPECT_THAT(refusal(whole.substr(0, bytes)), HasSubstr("broken gzip")) << bytes << " of " << whole.size();
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 0x55;
  EXPECT_THAT(refusal(flipped), HasSubstr("broken gzip"));
}

}  // namespace
}  // namespace tessera
