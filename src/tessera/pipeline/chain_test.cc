// SPDX-License-Identifier: GPL-3.0-or-later
// A pipeline of two invented verbs: "make" writes its text, "join" writes its two inputs one after the other.
#include "tessera/pipeline/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/io/atomic_file.h"
#include "tessera/pipeline/chain_record.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ChainTest : public test::ScratchFolder {
 protected:
  ChainTest() {
    verbs_["make"] = verb({{Option{"text", "", "", "Words"}, false, false, ""},
                           {Option{"loud", "", "", "Words"}, false, true, false},
                           {Option{"output", "file.txt", "", "Output"}, false, false, ""}});
    verbs_["join"] = verb({{Option{"first", "file", "", "Arguments"}, true, false, ""},
                           {Option{"second", "file", "", "Arguments"}, true, false, ""},
                           {Option{"resume", "", "", "Output"}, false, true, false},
                           {Option{"output", "folder", "", "Output"}, false, false, ""}});
  }
  void SetUp() override {
    ScratchFolder::SetUp();
    write("given.txt", "given");
  }

  // Reads words as the program does, in miniature: positionals first, then --name value.
  static std::vector<ChainOption> parse(std::vector<ChainOption> options, const std::vector<std::string>& words) {
    size_t at = 0;
    for (ChainOption& option : options)
      if (option.positional && at < words.size() && !words[at].starts_with("--")) option.value = words[at++];
    while (at < words.size()) {
      const std::string name = words[at++].substr(2);
      for (ChainOption& option : options) {
        if (option.option.name == name) option.value = option.flag ? "true" : words[at++];
      }
    }
    return options;
  }

  ChainVerb verb(std::vector<ChainOption> described) {
    ChainVerb out;
    out.options = [described](const std::vector<std::string>& words) { return parse(described, words); };
    out.run = [this, described](const std::vector<std::string>& words, Sink&, Comm&) -> nlohmann::ordered_json {
      std::map<std::string, std::string> value;
      for (const ChainOption& option : parse(described, words))
        if (option.value.is_string()) value[option.option.name] = option.value;
      ran_.push_back(std::filesystem::path(value["output"]).stem());
      resumed_ = value["resume"] == "true";
      if (value.contains("text")) {
        if (value["text"] == "stop") throw Interrupted("stopped");
        write_text_file(value["output"], value["text"]);
        return {{"length", value["text"].size()}};
      }
      std::filesystem::create_directories(value["output"]);
      if (stop_join_) {
        write_text_file(value["output"] + "/checkpoint.json", "{}");
        throw Interrupted("stopped");
      }
      write_text_file(value["output"] + "/joined", read_text_file(value["first"]) + read_text_file(value["second"]));
      write_text_file(value["output"] + "/run.json", std::to_string(++clock_));  // differs in every run
      return nullptr;
    };
    return out;
  }

  void write(const std::string& name, const std::string& text) const { put(name, text); }
  std::string read(const std::string& name) const { return bytes_of(path(name)); }

  ChainOutcome run(const std::string& file, ChainRequest request = {}) {
    write("chain.toml", file);
    request.pipeline = (path("chain.toml")).string();
    ran_.clear();
    return run_chain(request, verbs_, context_);
  }
  std::string faults_of(const std::string& file, const ChainRequest& request = {}) {
    try {
      run(file, request);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  static constexpr const char* two_steps = R"(output = "out"
[[step]]
verb = "make"
name = "a"
text = "A"
[[step]]
verb = "join"
first = "@a"
second = "given.txt"
[[step]]
verb = "join"
name = "again"
first = "@join/joined"
second = "given.txt"
)";
  std::string with_text(const std::string& text) const {
    std::string out = two_steps;
    return out.replace(out.find("\"A\""), 3, '"' + text + '"');
  }

  Threads threads_{1};
  LocalComm comm_;
  SilentSink sink_;
  ExecContext context_{threads_, comm_, sink_};
  ChainVerbs verbs_;
  std::vector<std::string> ran_;
  bool resumed_ = false, stop_join_ = false;
  int clock_ = 0;
};

TEST_F(ChainTest, StepsSeeWhatEarlierOnesMade) {
  const ChainOutcome outcome = run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("a", "join", "again"));
  EXPECT_EQ(read("out/a.txt"), "A");
  EXPECT_EQ(read("out/again/joined"), "Agivengiven");
  EXPECT_EQ(outcome.steps[0].result.at("length"), 1);
  EXPECT_THAT(read("out/run.json"), HasSubstr("\"verb\": \"join\""));
}

TEST_F(ChainTest, NothingRunsTwiceUntilSomethingChanges) {
  run(two_steps);
  run(two_steps);
  EXPECT_THAT(ran_, IsEmpty());
  std::filesystem::last_write_time(path("given.txt"), std::filesystem::file_time_type::clock::now());
  run(two_steps);
  EXPECT_THAT(ran_, IsEmpty()) << "a new time of the same content changes nothing";
  write("given.txt", "GIVEN");
  run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("join", "again"));
  run(with_text("B"));
  EXPECT_THAT(ran_, ElementsAre("a", "join", "again"));
  EXPECT_EQ(read("out/again/joined"), "BGIVENGIVEN");
}

TEST_F(ChainTest, StepsAfterAnUnchangedResultRest) {
  run(two_steps);
  std::filesystem::remove(path("out/join/joined"));  // made again with the same content
  run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("join"));
  write("out/again/joined", "edited");
  run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("again"));
}

TEST_F(ChainTest, FromAndDryRun) {
  ChainOutcome outcome = run(two_steps, {.pipeline = "", .from = "", .dry_run = true, .output = ""});
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(path("out")));
  for (const ChainStepOutcome& step : outcome.steps) EXPECT_EQ(step.state, "would run");
  run(two_steps);
  outcome = run(with_text("C"), {.pipeline = "", .from = "", .dry_run = true, .output = ""});
  EXPECT_EQ(outcome.steps[0].reason, "text changed");
  EXPECT_EQ(outcome.steps[1].reason, "after a.txt");
  run(two_steps, {.pipeline = "", .from = "join", .dry_run = false, .output = ""});
  EXPECT_THAT(ran_, ElementsAre("join", "again"));
}

TEST_F(ChainTest, AStoppedStepGoesOnFromItsCheckpoint) {
  stop_join_ = true;
  EXPECT_THROW(run(two_steps), Interrupted);
  stop_join_ = false;
  run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("join", "again"));
  stop_join_ = true;
  write("given.txt", "other");
  EXPECT_THROW(run(two_steps), Interrupted);
  stop_join_ = false;
  write("given.txt", "yet another");
  ran_.clear();
  run(two_steps);
  EXPECT_FALSE(resumed_) << "the checkpoint was of other input";
}

TEST_F(ChainTest, AllFaultsAtOnceAndNothingRuns) {
  const std::string faults = faults_of(R"(outptu = "x"
[[step]]
verb = "mkae"
[[step]]
verb = "make"
txt = "A"
resume = true
[[step]]
verb = "make"
loud = 3
text = { a = 1 }
[[step]]
verb = "join"
first = "@maek"
second = "absent.txt"
[[step]]
text = "no verb"
name = "a b"
)",
                                       {.pipeline = "", .from = "jion", .dry_run = false, .output = ""});
  for (const char* fault :
       {"unknown key outptu; did you mean output?", "no output", "unknown verb 'mkae'; did you mean make?",
        "no option txt; did you mean text?", "resume belongs to tessera run", "two steps are called make",
        "loud: true or false", "text: a number, a text or a list", "no earlier step is called maek; did you mean make?",
        "absent.txt: no such file", "step 5: no verb", "--from jion: no step is called so; did you mean join?"})
    EXPECT_THAT(faults, HasSubstr(fault));
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(path("x")));
  EXPECT_THAT(faults_of(""), HasSubstr("no steps"));
  EXPECT_THROW(run("output = ["), IoError);
}

TEST_F(ChainTest, ABrokenRecordOnlyCostsARun) {
  run(two_steps);
  write("out/join.step.json", "{\"format\": \"tessera step 1\", \"verb\": 7}");
  run(two_steps);
  EXPECT_THAT(ran_, ElementsAre("join"));
}

TEST_F(ChainTest, KnownContentIsNotReadAgain) {
  const auto file = put("x", "content");
  FileContents known = contents_of({file}, {});
  known.begin()->second.checksum = "trusted";
  EXPECT_EQ(contents_of({file}, known).begin()->second.checksum, "trusted");
  known.begin()->second.stamp -= 1;
  EXPECT_NE(contents_of({file}, known).begin()->second.checksum, "trusted");
}

}  // namespace
}  // namespace tessera
