// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tessera/base/errors.h"
#include "tessera/cli/program.h"
#include "tessera/cli/terminal_sink.h"

namespace tessera {
namespace {

using testing::HasSubstr;

// What a sink wrote to a temporary stream.
class Stream {
 public:
  std::FILE* file() { return file_; }
  std::string text() {
    std::string out(static_cast<size_t>(std::ftell(file_)), ' ');
    std::rewind(file_);
    out.resize(std::fread(out.data(), 1, out.size(), file_));
    return out;
  }
  ~Stream() { std::fclose(file_); }

 private:
  std::FILE* file_ = std::tmpfile();
};

TEST(Tables, AlignByColumns) {
  EXPECT_EQ(aligned_table({{"Å", "1"}, {"long", "2"}}), "  Å     1\n  long  2\n");
  EXPECT_EQ(column_table({{"name", "n"}, {"a", "10"}, {"bb", "5"}}), "  name  n\n  a     10\n  bb     5\n");
}

TEST(ProgressText, RateAndTimeLeft) {
  EXPECT_EQ(progress_text(0, 10, 0), "0/10");
  EXPECT_EQ(progress_text(25, 100, 10), "25/100, 2.50/s, 0:30 left");
  EXPECT_EQ(progress_text(1, 7201, 1), "1/7201, 1.00/s, 2:00:00 left");
  EXPECT_EQ(progress_text(10, 10, 2), "10/10, 5.00/s, took 2.0 s");
}

TEST(ProgressText, BarFillsAndNeverOverflows) {
  EXPECT_EQ(progress_bar(0, 10, 4), "[....]");
  EXPECT_EQ(progress_bar(5, 10, 4), "[##..]");
  EXPECT_EQ(progress_bar(99, 10, 4), "[####]");
  EXPECT_EQ(progress_bar(0, 0, 4), "[....]");
}

TEST(TerminalSink, PlainLinesAreRareWithoutATerminal) {
  Stream stream;
  {
    TerminalSink sink(stream.file(), false, 3600);
    for (int i = 0; i < 1000; ++i) sink.progress("counting", i, 1000, 0.001 * i);
    sink.progress("counting", 1000, 1000, 2.0);
    sink.message(Severity::warning, "odd");
    sink.message(Severity::debug, "unseen");
  }
  EXPECT_EQ(stream.text(), "counting: 1000/1000, 500/s, took 2.0 s\nwarning: odd\n");
}

TEST(TerminalSink, BarIsClearedBeforeMessages) {
  Stream stream;
  {
    TerminalSink sink(stream.file(), true);
    sink.progress("work", 1, 2, 1);
    sink.message(Severity::info, "note");
  }
  EXPECT_THAT(stream.text(), HasSubstr("work [############............] 1/2, 1.00/s, 0:01 left\r\x1b[Knote\n"));
}

int fails_with_io(const Invocation&) {
  throw IoError("disk full");
}
int fails_with_memory(const Invocation&) {
  throw std::bad_alloc();
}
int aborts(const Invocation&) {
  std::abort();
}
int succeeds(const Invocation& call) {
  return call.arguments == std::vector<std::string>{"x"} ? 0 : 99;
}

int run(std::vector<std::string> words) {
  static constexpr Verb verbs[] = {{"io", fails_with_io, ""},
                                   {"memory", fails_with_memory, ""},
                                   {"abort", aborts, ""},
                                   {"two words", succeeds, ""},
                                   {"one", succeeds, ""}};
  words.insert(words.begin(), "tessera");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return run_program(verbs, static_cast<int>(argv.size()), argv.data());
}

TEST(ProgramDeathTest, AnAbortOfALibraryIsExplained) {
  EXPECT_EXIT(run({"abort"}), testing::ExitedWithCode(70), "a library ended the program");
}

TEST(Program, ExitCodesAndVerbsOfTwoWords) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"io"}), 3);
  EXPECT_EQ(run({"memory"}), 4);
  EXPECT_EQ(run({"two", "words", "x"}), 0);
  EXPECT_EQ(run({"one", "x"}), 0);
  EXPECT_EQ(run({"two"}), 2);
  EXPECT_EQ(run({"onne"}), 2);
  EXPECT_EQ(run({}), 0);
  const std::string errors = testing::internal::GetCapturedStderr();
  EXPECT_THAT(errors, HasSubstr("disk full"));
  EXPECT_THAT(errors, HasSubstr("did you mean one?"));
  EXPECT_THAT(errors, HasSubstr("'two' needs a second word: two words"));
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("usage: tessera VERB"));
}

TEST(Program, JsonErrorsAreOneObject) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"io", "--json"}), 3);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "{\n  \"error\": \"disk full\",\n  \"exit_code\": 3\n}\n");
}

}  // namespace
}  // namespace tessera
