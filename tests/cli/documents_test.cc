// SPDX-License-Identifier: GPL-3.0-or-later
// What README.md and docs/ tell a user to type: all of it parses, and what is quick in README and quickstart is done as
// it stands there, in a folder with small files of the names that these pages use.
#include <gmock/gmock.h>

#include <cmath>
#include <iterator>
#include <map>
#include <sstream>

#include "tessera/base/errors.h"
#include "tessera/cli/session.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using Words = std::vector<std::string>;

// A stretch of a page: text, or what lies between two lines of ```.
struct Stretch {
  bool fenced = false;
  std::string language, text;
};

std::vector<Stretch> stretches(const fs::path& page) {
  std::vector<Stretch> out(1);
  std::istringstream lines(text_of(page));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```"))
      out.push_back({!out.back().fenced, line.substr(3), ""});
    else
      out.back().text += line + "\n";
  }
  return out;
}

// The lines of a shell, those that end in \ joined, comments left out.
std::vector<std::string> shell_lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  bool goes_on = false;
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, std::min(line.find(" #"), line.starts_with("#") ? 0 : line.size()));
    const bool joined = goes_on;
    goes_on = line.ends_with('\\');
    if (goes_on) line.pop_back();
    if (joined)
      out.back() += " " + line;
    else
      out.push_back(line);
  }
  return out;
}

// What stands between ` and ` in a text, also across lines.
std::vector<std::string> code_spans(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = text.find('`'); at != std::string::npos;) {
    const size_t end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    out.push_back(text.substr(at + 1, end - at - 1));
    at = text.find('`', end + 1);
  }
  return out;
}

// The words of a command of Tessera, its name first; nothing where the line is none. "tessera VERB …" stands for any.
Words command_words(const std::string& line) {
  std::string plain = line;  // [what may be left out]
  std::erase_if(plain, [](char c) { return c == '[' || c == ']'; });
  std::istringstream text(plain);
  Words words{std::istream_iterator<std::string>(text), {}};
  if (!words.empty() && words[0] == "mpirun")
    words.erase(words.begin(), std::find(words.begin(), words.end(), "tessera"));
  if (words.size() < 2 || words[0] != "tessera" || words[1] == "VERB" || words[1] == "…") return {};
  const auto ends = [](const std::string& word) { return word == "&" || word == "…" || word.starts_with('<'); };
  words.erase(std::find_if(words.begin(), words.end(), ends), words.end());
  return words;
}

// Every command on a page in the order in which it stands there.
std::vector<Words> commands_on(const fs::path& page) {
  std::vector<Words> out;
  for (const Stretch& stretch : stretches(page))
    for (const std::string& line : stretch.fenced ? shell_lines(stretch.text) : code_spans(stretch.text))
      if (const Words words = command_words(line); !words.empty()) out.push_back(words);
  return out;
}

std::vector<fs::path> pages() {
  std::vector<fs::path> out = {project() / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(project() / "docs"))
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

// What the program's own parser says against a command; nothing is run.
std::string faults_of(const Words& words) {
  VerbHost host;
  host.describe_only = true;
  try {
    run_verb(all_verbs(), words, &host);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Pages, EveryCommandParses) {
  int commands = 0;
  for (const fs::path& page : pages())
    for (const Words& words : commands_on(page)) {
      ++commands;
      EXPECT_EQ(faults_of(words), "") << page.lexically_relative(project());
      for (const std::string& word : words)
        if (word.starts_with("examples/")) {
          EXPECT_TRUE(fs::exists(project() / word)) << page << ": " << word;
        }
    }
  EXPECT_GT(commands, 100);
}

TEST(Pages, LinksLeadSomewhere) {
  int links = 0;
  for (const fs::path& page : pages())
    for (const Stretch& stretch : stretches(page)) {
      if (stretch.fenced) continue;
      for (size_t at = stretch.text.find("]("); at != std::string::npos; at = stretch.text.find("](", at + 1)) {
        const std::string link = stretch.text.substr(at + 2, stretch.text.find_first_of(")#", at) - at - 2);
        if (link.empty() || link.starts_with("http")) continue;
        ++links;
        EXPECT_TRUE(fs::exists(page.parent_path() / link)) << page.lexically_relative(project()) << ": " << link;
      }
    }
  EXPECT_GT(links, 100);
}

TEST(Pages, AChangedOptionIsNoticed) {
  EXPECT_THAT(faults_of({"tessera", "average", "particles.star", "--halfs"}), testing::HasSubstr("--halves"));
  EXPECT_THAT(faults_of({"tessera", "averages", "particles.star"}), testing::HasSubstr("average"));
  EXPECT_NE(faults_of({"tessera", "extract", "a.mrc", "picks.star", "--box", "large"}), "");
  EXPECT_EQ(command_words("tessera convert IN OUT <options of the row>"), (Words{"tessera", "convert", "IN", "OUT"}));
  EXPECT_EQ(shell_lines("tessera a b \\\n  c   # why\n#x\ny"), (Words{"tessera a b    c  ", "", "y"}));
}

// What is added to a command or a step, as later values win, so that a test can afford it.
const std::map<std::string, Words> shortened = {
    {"average", {"--start", "random", "--iterations", "1", "--class-starts", "0"}}};

class DoneAsWritten : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    std::ofstream(path("mine.pdb")) << small_structure();
    expect_done({"/usr/bin/gzip", "mine.pdb"});
    expect_done({binary(), "simulate", "particles",    "--structure", "mine.pdb.gz", "--copies", "8",
                 "--box",  "16",       "--voxel-size", "20",          "--snr",       "5",        "--max-shift",
                 "1",      "--quiet",  "--output",     "own",         "--tilt-step", "10",       "--resolution",
                 "40"});
    fs::rename(path("own/subtomograms"), path("FOLDER"));
    fs::create_directory_symlink("FOLDER", path("boxes"));
    std::ofstream(path("scene.toml")) << "box_A = [960, 960, 960]\nvoxel_size_A = 20\n[[species]]\n"
                                         "structure = \"builtin:chaperonin\"\ncopies = 6\n";
    expect_done({binary(), "pack", "scene.toml", "--output", "packed", "--quiet"});
    expect_done({binary(), "simulate", "tomogram", "packed", "--tilt-step", "10", "--contrast", "dark", "--output",
                 "imaged", "--quiet"});
    fs::rename(path("imaged/tomogram.mrc"), path("tomogram.mrc"));
    for (const char* name : {"t.tlt", "tomogram.tlt"}) fs::copy(path("imaged/tilts.tlt"), path(name));
  }

  void expect_done(const Words& words) const {
    const Result result = run_other(words);
    EXPECT_EQ(result.exit_code, 0) << testing::PrintToString(words) << "\n" << result.err;
  }

 private:
  // Two arms of alanine, of different length.
  static std::string small_structure() {
    std::string out;
    for (int i = 0; i < 150; ++i) {
      char line[100];
      const double along = i < 100 ? i : 0, aside = i < 100 ? 0 : i - 100;
      std::snprintf(line, sizeof line, "ATOM  %5d  CA  ALA A%4d    %8.3f%8.3f%8.3f  1.00 20.00           C\n", i + 1,
                    i + 1, along + 9 * std::cos(i), aside + 9 * std::sin(i), 9 * std::cos(0.3 * i));
      out += line;
    }
    return out + "END\n";
  }
};

TEST_F(DoneAsWritten, Readme) {
  const std::vector<std::string> quick = {"simulate", "convert", "average", "compare",
                                          "align",    "pick",    "extract", "report"};
  fs::create_directory_symlink("average", path("results"));
  std::vector<std::string> done;
  for (Words words : commands_on(project() / "README.md")) {
    if (std::find(quick.begin(), quick.end(), words[1]) == quick.end() || words.size() < 5)
      continue;                                                      // named in passing
    if (words[1] == "simulate" && words[2] == "tomogram") continue;  // of a crowded scene
    if (const auto added = shortened.find(words[1]); added != shortened.end())
      words.insert(words.end(), added->second.begin(), added->second.end());
    done.push_back(words[1]);
    words[0] = binary();
    words.push_back("--quiet");
    expect_done(words);
  }
  for (const std::string& verb : quick) EXPECT_THAT(done, testing::Contains(verb)) << "README does not show it";
}

// Each TOML block is mine.toml; one that names no output goes on with the one before.
TEST_F(DoneAsWritten, Quickstart) {
  expect_done({binary(), "convert", "FOLDER", "particles.star", "--tilt-range", "-60", "60", "--quiet"});
  std::string pipeline;
  int pipelines = 0;
  for (const Stretch& stretch : stretches(project() / "docs/quickstart.md")) {
    if (stretch.language != "toml") continue;
    ++pipelines;
    pipeline = stretch.text.starts_with("output") ? stretch.text : pipeline + stretch.text;
    std::string text = pipeline;
    for (size_t at = 0; (at = text.find("verb = \"average\"\n", at)) != std::string::npos; at += 17)
      text.insert(at + 17, "iterations = 1\nstart = \"random\"\nclass-starts = 0\n");
    std::ofstream(path("mine.toml")) << text;
    expect_done({binary(), "run", "mine.toml", "--dry-run", "--quiet"});
    expect_done({binary(), "run", "mine.toml", "--quiet"});
    EXPECT_TRUE(fs::exists(path("results/report/index.html")));
  }
  EXPECT_GE(pipelines, 4);
}

TEST_F(CliTest, MakeKnowsTheTargetsOfThePages) {
  int targets = 0;
  for (const char* page : {"README.md", "docs/quickstart.md"})
    for (const Stretch& stretch : stretches(project() / page))
      for (const std::string& line : stretch.fenced ? shell_lines(stretch.text) : code_spans(stretch.text)) {
        std::istringstream text(line);
        const Words words{std::istream_iterator<std::string>(text), {}};
        if (words.size() != 2 || words[0] != "make") continue;
        ++targets;
        const Result result = run_other({"/usr/bin/make", "-C", project().string(), "-n", words[1]});
        EXPECT_EQ(result.exit_code, 0) << page << ": " << line << "\n" << result.err;
      }
  EXPECT_GE(targets, 3);
}

}  // namespace
}  // namespace tessera::cli_test
