// SPDX-License-Identifier: GPL-3.0-or-later
// The program before any work: help, unknown words, JSON errors, unwritable standard output.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <iterator>
#include <sstream>

#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::HasSubstr;

const std::vector<std::vector<std::string>> verbs = {{"fetch"},
                                                     {"density"},
                                                     {"coarse-grain"},
                                                     {"pack"},
                                                     {"simulate", "particles"},
                                                     {"simulate", "tomogram"},
                                                     {"align"},
                                                     {"average"},
                                                     {"compare"},
                                                     {"evaluate", "classes"},
                                                     {"extract"},
                                                     {"pick"},
                                                     {"evaluate", "picks"},
                                                     {"evaluate", "segmentation"},
                                                     {"segment"},
                                                     {"train"},
                                                     {"classify"},
                                                     {"subdivide"},
                                                     {"discover"},
                                                     {"report"},
                                                     {"view"},
                                                     {"run"},
                                                     {"demo"}};

TEST_F(CliTest, HelpAndVersion) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{}, {"--help"}, {"-h"}, {"help"}}) {
    const Result result = run(words);
    EXPECT_EQ(result.exit_code, 0);
    for (const char* verb : {"fetch", "density", "simulate particles", "align", "average", "compare"})
      EXPECT_THAT(result.out, HasSubstr(std::string("\n  ") + verb));
    EXPECT_EQ(result.err, "");
  }
  EXPECT_THAT(run({"--version"}).out, testing::StartsWith("tessera "));
}

TEST_F(CliTest, EveryVerbHelpsAndSharesTheGlobalFlags) {
  for (std::vector<std::string> words : verbs) {
    words.push_back("--help");
    const Result result = run(words);
    EXPECT_EQ(result.exit_code, 0) << words[0];
    for (const char* flag : {"--threads", "--seed", "--output", "--json", "--quiet", "--config"})
      EXPECT_THAT(result.out, HasSubstr(flag)) << words[0];
  }
}

TEST_F(CliTest, UnknownVerbAndFlagOfferTheNearest) {
  const Result verb = run({"avarage"});
  EXPECT_EQ(verb.exit_code, 2);
  EXPECT_THAT(verb.err, HasSubstr("unknown verb 'avarage'; did you mean average?"));
  const Result half = run({"simulate"});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.err, HasSubstr("simulate particles"));
  const Result flag = run({"density", "builtin:ring", "--voxelsize", "6", "--output", "map.mrc"});
  EXPECT_EQ(flag.exit_code, 2);
  EXPECT_THAT(flag.err, HasSubstr("unknown flag --voxelsize; did you mean --voxel-size?"));
  EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(CliTest, JsonErrorsAreOneObjectOnStandardOutput) {
  const Result result = run({"density", "absent.pdb", "--json"});
  EXPECT_EQ(result.exit_code, 2);
  const auto json = result.json();
  EXPECT_EQ(json.at("exit_code"), 2);
  EXPECT_THAT(json.at("error").get<std::string>(), HasSubstr("absent.pdb: no such file"));
  EXPECT_THAT(json.at("error").get<std::string>(), HasSubstr("--output is missing")) << "all faults at once";
  EXPECT_THAT(result.err, HasSubstr("absent.pdb"));
}

TEST_F(CliTest, FullStandardOutput) {
  const Result result = run({"density", "--list-builtins"}, {.standard_output = "/dev/full"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("standard output: cannot be written"));
}

TEST_F(CliTest, ConfigurationFile) {
  std::ofstream(path("run.toml")) << "box = 32\nvoxel-sise = 8\n";
  const Result result = run({"density", "builtin:ring", "--config", "run.toml", "--output", "map.mrc"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("run.toml: unknown key voxel-sise; did you mean voxel-size?"));
}

// docs/cli holds the help of every verb; this keeps it from going stale. Remedy: make docs.
TEST_F(CliTest, DocumentedHelpIsCurrent) {
  const char* docs = std::getenv("TESSERA_CLI_DOCS");
  ASSERT_TRUE(docs);
  const bool rewrite = std::getenv("TESSERA_REWRITE_CLI_DOCS") != nullptr;
  for (std::vector<std::string> words : verbs) {
    std::string name = words[0];
    for (size_t i = 1; i < words.size(); ++i) name += "-" + words[i];
    words.push_back("--help");
    const Result result = run(words);
    const fs::path file = fs::path(docs) / (name + ".txt");
    if (rewrite) std::ofstream(file) << result.out;
    EXPECT_EQ(text_of(file), result.out) << file << " is not what tessera " << name << " --help says: run make docs";
  }
}

// Every command in README.md names a verb that exists and flags that it has.
TEST_F(CliTest, ReadmeCommandsExist) {
  const char* docs = std::getenv("TESSERA_CLI_DOCS");
  ASSERT_TRUE(docs);
  std::istringstream readme(text_of(fs::path(docs) / "../../README.md"));
  int commands = 0;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("tessera ")) continue;
    ++commands;
    std::istringstream text(line.substr(0, line.find('#')));
    std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
    const bool two_words = words.at(1) == "simulate";
    std::vector<std::string> help(words.begin() + 1, words.begin() + (two_words ? 3 : 2));
    help.push_back("--help");
    const Result result = run(help);
    EXPECT_EQ(result.exit_code, 0) << line;
    for (const std::string& word : words)
      if (word.starts_with("--")) {
        EXPECT_THAT(result.out, HasSubstr("\n  " + word)) << line;
      }
  }
  EXPECT_GE(commands, 5);
}

}  // namespace
}  // namespace tessera::cli_test
