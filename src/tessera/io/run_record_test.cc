// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/run_record.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <thread>

#include "tessera/base/errors.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class RunRecordTest : public test::ScratchFolder {
 protected:
  json written(const RunRecord& record) const {
    record.write(path("run.json"));
    return json::parse(bytes_of(path("run.json")));
  }
};

TEST_F(RunRecordTest, HoldsAllThatIsNeededToRepeatTheRun) {
  put("in.star", "some list");
  RunRecord record("average", {"tessera", "average", "in.star"});
  record.set_options({{"classes", 3}, {"method", "faml"}, {"tilt_range_deg", {-60, 60}}});
  record.set_seed(std::numeric_limits<uint64_t>::max());
  record.set_threads(2);
  record.set_ranks(7);
  record.add_input(path("in.star"));
  record.add_output("out/class_1.mrc");
  record.add_timing("expectation", 1.5);
  record.add_timing("maximisation", 0.25);
  record.add_timing("expectation", 2);
  record.set_result("resolution_A", 12.5);
  const json run = written(record);
  EXPECT_EQ(run.at("program"), "tessera");
  EXPECT_EQ(run.at("version"), tessera_version());
  EXPECT_EQ(run.at("verb"), "average");
  EXPECT_EQ(run.at("command_line"), json({"tessera", "average", "in.star"}));
  EXPECT_EQ(run.at("options").at("tilt_range_deg"), json({-60, 60}));
  EXPECT_EQ(run.at("seed").get<uint64_t>(), std::numeric_limits<uint64_t>::max()) << "64 bits, not a double";
  EXPECT_EQ(run.at("threads"), 2);
  EXPECT_EQ(run.at("ranks"), 7);
  EXPECT_EQ(run.at("inputs").at(0).at("path"), path("in.star").string());
  EXPECT_EQ(run.at("inputs").at(0).at("bytes"), 9);
  EXPECT_EQ(run.at("inputs").at(0).at("checksum"), file_checksum(path("in.star")));
  EXPECT_EQ(run.at("outputs"), json({"out/class_1.mrc"}));
  EXPECT_EQ(run.at("timings_s").at("expectation"), 3.5);
  EXPECT_EQ(run.at("timings_s").at("maximisation"), 0.25);
  EXPECT_EQ(run.at("results").at("resolution_A"), 12.5);
  EXPECT_GT(run.at("peak_memory_bytes").get<int64_t>(), 1 << 20);
  EXPECT_GE(run.at("elapsed_s").get<double>(), 0);
  EXPECT_THAT(
      run.at("started").get<std::string>(),
      testing::MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9][0-9][0-9]Z"));
}

TEST_F(RunRecordTest, StringsAreEscaped) {
  const std::string awkward = "quote\" back\\slash\nnew line\ttab \x01 Å";
  RunRecord record(awkward, {awkward, "not UTF-8: \xff\xfe"});
  record.set_options({{awkward, awkward}});
  record.add_output(awkward);
  record.set_result("nan", std::numeric_limits<double>::quiet_NaN());
  const json run = written(record);
  EXPECT_EQ(run.at("verb"), awkward);
  EXPECT_EQ(run.at("options").at(awkward), awkward);
  EXPECT_EQ(run.at("outputs").at(0), awkward);
  EXPECT_THAT(run.at("command_line").at(1).get<std::string>(), HasSubstr("not UTF-8: "));
  EXPECT_TRUE(run.at("results").at("nan").is_null()) << "JSON has no NaN";
}

TEST_F(RunRecordTest, EmptyRecordHasAllMembers) {
  const json run = written(RunRecord("fetch", {}));
  for (const char* name : {"options", "timings_s", "results"}) EXPECT_TRUE(run.at(name).is_object()) << name;
  for (const char* name : {"command_line", "inputs", "outputs"}) EXPECT_TRUE(run.at(name).is_array()) << name;
  EXPECT_EQ(bytes_of(path("run.json")).back(), '\n');
}

TEST_F(RunRecordTest, ChecksumIsFnv1a) {
  // Vectors of the authors' page (isthe.com/chongo/tech/comp/fnv).
  EXPECT_EQ(file_checksum(put("empty", "")), "fnv1a64:cbf29ce484222325");
  EXPECT_EQ(file_checksum(put("a", "a")), "fnv1a64:af63dc4c8601ec8c");
  EXPECT_EQ(file_checksum(put("foobar", "foobar")), "fnv1a64:85944171f73967e8");
  std::string large(1000000, 'x');
  const std::string before = file_checksum(put("large", large));
  for (const size_t place : {size_t{0}, size_t{262143}, size_t{262144}, size_t{999999}}) {
    std::string other = large;
    other[place] = 'y';
    EXPECT_NE(file_checksum(put("other", other)), before) << place;
  }
  EXPECT_THAT(test::message_of<IoError>([&] { file_checksum(path("none")); }), HasSubstr("none"));
  EXPECT_THROW(file_checksum(folder_), IoError);
}

TEST_F(RunRecordTest, ManyInputsAsOne) {
  const auto a = put("a", "aaaa"), b = put("b", "bb"), none = path("none");
  const auto entry = [&](const std::vector<std::filesystem::path>& paths) {
    RunRecord record("average", {});
    record.add_inputs("subtomograms", paths);
    return json(record.json().at("inputs").at(0));
  };
  const json one = entry({a, b});
  EXPECT_EQ(one.at("files"), 2);
  EXPECT_EQ(one.at("bytes"), 6);
  EXPECT_EQ(one, entry({a, b}));
  EXPECT_NE(one.at("checksum"), entry({b, a}).at("checksum")) << "order counts";
  put("b", "bc");
  EXPECT_NE(one.at("checksum"), entry({a, b}).at("checksum"));
  EXPECT_THAT(test::message_of<IoError>([&] { entry({a, none}); }), HasSubstr("none"));
}

TEST_F(RunRecordTest, StepTimerAddsOnce) {
  RunRecord record("average", {});
  double first = 0;
  {
    StepTimer timer(record, "step");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    first = timer.stop();
    EXPECT_EQ(timer.stop(), first);
  }
  EXPECT_GE(first, 0.005);
  EXPECT_EQ(record.json().at("timings_s").at("step"), first);
  { StepTimer timer(record, "step"); }
  EXPECT_GT(record.json().at("timings_s").at("step"), first);
}

TEST_F(RunRecordTest, OrderOfStepsIsThatOfTheRun) {
  RunRecord record("average", {});
  for (const char* step : {"read", "align", "average", "align"}) record.add_timing(step, 1);
  std::vector<std::string> names;
  const auto run = record.json();
  for (const auto& [name, seconds] : run.at("timings_s").items()) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("read", "align", "average"));
}

TEST_F(RunRecordTest, FullDiskLeavesNothing) {
  RunRecord record("average", {std::string(20000, 'x')});
  const auto message = test::message_on_full_disk<IoError>(4096, [&] { record.write(path("run.json")); });
  EXPECT_THAT(message, HasSubstr("run.json"));
  EXPECT_THAT(entries(), testing::IsEmpty());
}

}  // namespace
}  // namespace tessera
