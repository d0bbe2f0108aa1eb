// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/option_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tessera/base/describe.h"
#include "tessera/base/errors.h"
#include "tessera/cli/help_text.h"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// One field of every kind.
struct Sample {
  std::string input;
  std::vector<std::string> more;
  bool on = true, off = false;
  int count = 7;
  uint64_t seed = 1;
  double size_A = 6.5;
  std::string kernel = "situs", config;
  std::optional<double> limit_A;
  std::vector<double> weights;
  std::vector<int> copies{100};
  std::vector<std::string> structures;
  std::array<double, 2> range_deg{-60, 60};

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"input", "", "First file", "Arguments"}, input);
    visit(Option{"others", "", "Other files", "Arguments"}, more);
    visit(Option{"on", "", "Something usual", "Switches"}, on);
    visit(Option{"off", "", "Something unusual", "Switches"}, off);
    visit(Option{"count", "", "A number of things", "Numbers"}, count);
    visit(Option{"seed", "", "Seed", "Numbers"}, seed);
    visit(Option{"voxel-size", "Å", "Edge of a voxel", "Numbers"}, size_A);
    visit(Option{"kernel", "", "Kernel", "Words"}, kernel);
    visit(Option{"config", "file.toml", "Configuration", "Words"}, config);
    visit(Option{"limit", "Å", "Limit", "Numbers"}, limit_A);
    visit(Option{"weights", "", "Weights", "Numbers"}, weights);
    visit(Option{"copies", "", "Copies", "Numbers"}, copies);
    visit(Option{"structure", "file", "Structures", "Words"}, structures);
    visit(Option{"tilt-range", "degrees", "First and last tilt", "Numbers"}, range_deg);
  }
};

Sample parsed(const std::vector<std::string>& words) {
  Sample sample;
  OptionParser parser("sample", "A verb for tests");
  sample.describe(parser);
  parser.parse(words);
  return sample;
}

std::string fault_of(const std::vector<std::string>& words) {
  try {
    parsed(words);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) : path_(testing::TempDir() + "option_parser_test.toml") {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(OptionParser, KeepsDefaultsWithoutArguments) {
  EXPECT_EQ(options_json(parsed({})).dump(), options_json(Sample()).dump());
}

TEST(OptionParser, ReadsEveryKindOfField) {
  const Sample s = parsed({"in.mrc",
                           "--no-on",
                           "--off",
                           "--count",
                           "-3",
                           "--seed",
                           "18446744073709551615",
                           "--voxel-size=2.5e-1",
                           "--kernel",
                           "potential",
                           "--limit",
                           "12",
                           "--weights",
                           "-1",
                           "0.5",
                           "--copies",
                           "10",
                           "20",
                           "--structure",
                           "a.pdb",
                           "b.pdb",
                           "--tilt-range",
                           "-50",
                           "70"});
  EXPECT_EQ(s.input, "in.mrc");
  EXPECT_FALSE(s.on);
  EXPECT_TRUE(s.off);
  EXPECT_EQ(s.count, -3);
  EXPECT_EQ(s.seed, 18446744073709551615u);
  EXPECT_EQ(s.size_A, 0.25);
  EXPECT_EQ(s.kernel, "potential");
  EXPECT_EQ(s.limit_A, 12.0);
  EXPECT_THAT(s.weights, ElementsAre(-1, 0.5));
  EXPECT_THAT(s.copies, ElementsAre(10, 20));
  EXPECT_THAT(s.structures, ElementsAre("a.pdb", "b.pdb"));
  EXPECT_THAT(s.range_deg, ElementsAre(-50, 70));
}

TEST(OptionParser, FillsPositionalsInOrder) {
  const Sample s = parsed({"a", "--count", "2", "b", "c"});
  EXPECT_EQ(s.input, "a");
  EXPECT_THAT(s.more, ElementsAre("b", "c"));
}

TEST(OptionParser, LastOfRepeatedFlagsCounts) {
  const Sample s = parsed({"--count", "1", "--count", "2", "--no-on", "--on"});
  EXPECT_EQ(s.count, 2);
  EXPECT_TRUE(s.on);
}

// A preset changes fields after the first reading; what is given is assigned again and wins.
TEST(OptionParser, ReadAgainAssignsWhatIsGivenAndNothingElse) {
  Sample sample;
  OptionParser parser("sample", "A verb for tests");
  sample.describe(parser);
  const std::vector<std::string> words = {"--count", "3", "--no-on", "in.mrc", "--copies", "4", "5"};
  parser.parse(words);
  sample.count = 8;
  sample.on = true;
  sample.kernel = "potential";
  sample.copies = {1};
  parser.parse(words);
  EXPECT_EQ(sample.count, 3);
  EXPECT_FALSE(sample.on);
  EXPECT_EQ(sample.kernel, "potential");
  EXPECT_THAT(sample.copies, ElementsAre(4, 5));
  EXPECT_EQ(sample.input, "in.mrc");
  EXPECT_TRUE(sample.more.empty());
}

TEST(OptionParser, OffersTheNearestFlag) {
  EXPECT_THAT(fault_of({"--voxle-size", "6"}), HasSubstr("unknown flag --voxle-size; did you mean --voxel-size?"));
  EXPECT_THAT(fault_of({"--zzzzzzzzzzz"}), Not(HasSubstr("did you mean")));
}

TEST(OptionParser, ReportsEveryFaultAtOnce) {
  const std::string fault = fault_of({"--count", "3.5", "--voxel-size", "six", "--coun", "3", "--seed", "-1"});
  EXPECT_THAT(fault, HasSubstr("--count: '3.5' is not a whole number"));
  EXPECT_THAT(fault, HasSubstr("--voxel-size: 'six' is not a number"));
  EXPECT_THAT(fault, HasSubstr("unknown flag --coun; did you mean --count?"));
  EXPECT_THAT(fault, HasSubstr("--seed: '-1'"));
  EXPECT_THAT(fault, HasSubstr("4 problems"));
}

TEST(OptionParser, RefusesWhatIsNoFiniteNumberInRange) {
  for (const char* word : {"nan", "inf", "1e400", "", "0x10", "1,5", "6A"})
    EXPECT_NE(fault_of({"--voxel-size", word}), "") << word;
  EXPECT_THAT(fault_of({"--count", "99999999999"}), HasSubstr("out of range"));
}

TEST(OptionParser, MissingValueIsAFault) {
  EXPECT_NE(fault_of({"--count"}), "");
  EXPECT_NE(fault_of({"--tilt-range", "-60"}), "");
  EXPECT_THAT(fault_of({"--kernel", "--off"}), HasSubstr("--kernel needs a value, but --off follows"));
}

TEST(OptionParser, FileIsBetweenDefaultAndFlag) {
  const ConfigFile file(
      "# comment\ncount = 3\nvoxel-size = 4\non = false\nkernel = \"potential\"\n"
      "tilt-range = [-40, 40]\nstructure = [\"a.pdb\", \"b.pdb\"]\n");
  const Sample s = parsed({"--config", file.path(), "--voxel-size", "5"});
  EXPECT_EQ(s.count, 3);
  EXPECT_EQ(s.size_A, 5);
  EXPECT_FALSE(s.on);
  EXPECT_EQ(s.kernel, "potential");
  EXPECT_THAT(s.range_deg, ElementsAre(-40, 40));
  EXPECT_THAT(s.structures, ElementsAre("a.pdb", "b.pdb"));
  EXPECT_THAT(s.copies, ElementsAre(100));
}

TEST(OptionParser, FileMayHaveATableOfTheVerb) {
  const ConfigFile file("[sample]\ncount = 9\n");
  EXPECT_EQ(parsed({"--config", file.path()}).count, 9);
}

TEST(OptionParser, UnknownKeysAndBadValuesInFile) {
  const ConfigFile file("voxel_size = 4\ncount = \"many\"\n");
  const std::string fault = fault_of({"--config", file.path()});
  EXPECT_THAT(fault, HasSubstr("unknown key voxel_size; did you mean voxel-size?"));
  EXPECT_THAT(fault, HasSubstr("count 'many' is not a whole number"));
  EXPECT_THROW(parsed({"--config", file.path() + ".absent"}), IoError);
}

TEST(OptionParser, HelpNamesFlagsUnitsDefaultsAndGroups) {
  Sample sample;
  OptionParser parser("sample", "A verb for tests");
  sample.describe(parser);
  const std::string help = parser.help();
  for (const char* text : {"usage: tessera sample INPUT OTHERS ...", "Numbers:", "--voxel-size <Å>", "[default: 6.5]",
                           "--tilt-range <degrees> <degrees>", "[default: -60 60]", "--no-on", "--off", "Switches:"})
    EXPECT_THAT(help, HasSubstr(text));
  size_t start = 0;
  for (size_t end; (end = help.find('\n', start)) != std::string::npos; start = end + 1)
    EXPECT_LE(display_width(help.substr(start, end - start)), 100u);
}

TEST(HelpText, FoldsAtColumnsNotBytes) {
  EXPECT_EQ(display_width("Å³…"), 3u);
  EXPECT_EQ(folded("ab cd ef", 5, 2), "ab cd\n  ef");
  EXPECT_EQ(folded("ÅÅ ÅÅ Å", 5, 1), "ÅÅ ÅÅ\n Å");
}

}  // namespace
}  // namespace tessera
