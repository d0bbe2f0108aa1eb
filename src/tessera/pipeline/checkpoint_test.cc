// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "tessera/io/atomic_file.h"
#include "tessera/pipeline/pending_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  void TearDown() override { fs::remove_all(path_); }
  fs::path path_;
};
using CheckpointTest = Folder;
using PendingFolderTest = Folder;

Checkpoint sample() {
  Checkpoint checkpoint;
  checkpoint.identity = "a";
  AverageState& state = checkpoint.state;
  state.iteration = 4;
  state.band_limit = 17;
  state.summed_shells = 23;
  state.classes = {{0.25, 20.1}, {0.75, 1.0 / 3}};
  state.noise_variance = {1.0 / 3, 2e-300, 7};
  state.shift_deviation = 1.0 / 7;
  Random random(1, "checkpoint test");
  for (const size_t folds : {1, 2}) {
    auto& references = state.references.emplace_back(folds, HalfSpectrum(Shape3::cube(2)));
    for (HalfSpectrum& one : references)
      for (auto& value : one) value = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
  }
  for (int i = 0; i < 3; ++i) {
    Assignment& a = state.assignments.emplace_back();
    for (int j = 0; j <= i; ++j)
      a.poses.push_back({{Rotation::random(random), {random.normal(), random.normal(), 0.1}},
                         1.0 / (i + 1),
                         j,
                         random.normal(),
                         1.5});
    a.log_likelihood = random.normal();
    a.correlation = random.normal();
  }
  state.start = {{"start 1", 17, 2, 9, 1.5, 0.25, 0.1, 200, 3.5}};
  state.reports.resize(2);
  state.reports[1].iteration = 2;
  state.reports[1].resolution_A = 21.25;
  state.reports[1].classes = {{0.25, 30, 0.9, 100, 0.5, 0.25, 3, {}},
                              {0.75, 21.25, 0.99, 101, 0.9, 0.8, 1.5, SymmetryStatus{0.9, 0.8, 0.7, true}}};
  state.classes[1].symmetry = SymmetryStatus{0.95, 1.01, 0.7, true};
  return checkpoint;
}

TEST_F(CheckpointTest, ComesBackAsItWas) {
  const Checkpoint before = sample();
  write_checkpoint(path_ / "c.cbor", before);
  const auto after = read_checkpoint(path_ / "c.cbor", "a");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->state.iteration, 4);
  EXPECT_EQ(after->state.band_limit, 17);
  EXPECT_EQ(after->state.summed_shells, 23);
  ASSERT_EQ(after->state.classes.size(), 2u);
  EXPECT_EQ(after->state.classes[0].mask_radius, 20.1);
  EXPECT_EQ(after->state.classes[1].prior, 0.75);
  EXPECT_FALSE(after->state.classes[0].symmetry);
  ASSERT_TRUE(after->state.classes[1].symmetry);
  EXPECT_EQ(after->state.classes[1].symmetry->agreement, 1.01);
  EXPECT_EQ(after->state.classes[1].symmetry->first_agreement, 0.7);
  EXPECT_TRUE(after->state.classes[1].symmetry->imposed);
  EXPECT_FALSE(after->state.reports[1].classes[0].symmetry);
  EXPECT_EQ(after->state.reports[1].classes[1].symmetry->score, 0.9);
  EXPECT_EQ(after->state.noise_variance, before.state.noise_variance);
  EXPECT_EQ(after->state.shift_deviation, before.state.shift_deviation);
  ASSERT_EQ(after->state.references.size(), 2u);
  for (size_t k = 0; k < 2; ++k) {
    ASSERT_EQ(after->state.references[k].size(), k + 1);
    for (size_t f = 0; f <= k; ++f) {
      const HalfSpectrum &a = before.state.references[k][f], &b = after->state.references[k][f];
      ASSERT_EQ(a.real_shape(), b.real_shape());
      EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin()));
    }
  }
  ASSERT_EQ(after->state.assignments.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const Assignment &a = before.state.assignments[i], &b = after->state.assignments[i];
    EXPECT_EQ(a.log_likelihood, b.log_likelihood);
    EXPECT_EQ(a.correlation, b.correlation);
    ASSERT_EQ(a.poses.size(), b.poses.size());
    for (size_t j = 0; j < a.poses.size(); ++j) {
      const Rotation &p = a.poses[j].pose.particle_from_ref, &q = b.poses[j].pose.particle_from_ref;
      EXPECT_TRUE(p.w() == q.w() && p.x() == q.x() && p.y() == q.y() && p.z() == q.z());
      EXPECT_EQ(a.poses[j].pose.shift_voxels, b.poses[j].pose.shift_voxels);
      EXPECT_EQ(a.poses[j].probability, b.poses[j].probability);
      EXPECT_EQ(a.poses[j].class_index, b.poses[j].class_index);
      EXPECT_EQ(a.poses[j].log_likelihood, b.poses[j].log_likelihood);
      EXPECT_EQ(a.poses[j].half_log_determinant, b.poses[j].half_log_determinant);
    }
  }
  EXPECT_EQ(start_json(after->state.start), start_json(before.state.start));
  ASSERT_EQ(after->state.reports.size(), 2u);
  EXPECT_EQ(report_json(after->state.reports[1]), report_json(before.state.reports[1]));
}

TEST_F(CheckpointTest, AbsentForeignAndDamagedFiles) {
  EXPECT_FALSE(read_checkpoint(path_ / "none.cbor", "a"));
  write_checkpoint(path_ / "c.cbor", sample());
  EXPECT_THROW(read_checkpoint(path_ / "c.cbor", "b"), UserError);
  const auto size = fs::file_size(path_ / "c.cbor");
  for (uintmax_t cut = 0; cut < size; cut += 7) {
    fs::resize_file(path_ / "c.cbor", cut);
    EXPECT_THROW(read_checkpoint(path_ / "c.cbor", "a"), IoError) << cut << " of " << size;
    write_checkpoint(path_ / "c.cbor", sample());
  }
}

// What the fuzzers begin with (tests/fuzz) must be taken, or they see no more than its refusal.
TEST_F(CheckpointTest, FuzzersBeginWithOneThatIsTaken) {
  const auto checkpoint = read_checkpoint(TESSERA_FUZZ_CORPUS "/checkpoint/small", "identity");
  ASSERT_TRUE(checkpoint);
  EXPECT_FALSE(checkpoint->state.start.empty());
  EXPECT_FALSE(checkpoint->state.reports.empty());
}

TEST_F(CheckpointTest, RefusesNumbersThatAreNoIntegers) {
  write_checkpoint(path_ / "c.cbor", sample());
  const std::string bytes = read_text_file(path_ / "c.cbor");
  const auto whole = nlohmann::ordered_json::from_cbor(bytes);
  for (const char* place : {"/state/iteration", "/state/band_limit", "/state/start/0/particles",
                            "/state/reports/0/iteration", "/state/assignments/0/poses/0/8"})
    for (const double number : {1e300, 0.5}) {
      auto json = whole;
      json.at(nlohmann::ordered_json::json_pointer(place)) = number;
      const auto damaged = nlohmann::ordered_json::to_cbor(json);
      write_text_file(path_ / "c.cbor", std::string(damaged.begin(), damaged.end()));
      EXPECT_THROW(read_checkpoint(path_ / "c.cbor", "a"), IoError) << place << " " << number;
    }
}

TEST_F(PendingFolderTest, AppearsOnlyAtCommit) {
  std::ofstream(path_ / "old.txt") << "old";
  {
    PendingFolder pending(path_);
    std::ofstream(pending.subfolder("sub") / "a.txt") << "a";
    EXPECT_FALSE(fs::exists(path_ / "sub"));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), {}), 1) << "nothing may stay of an abandoned one";
  PendingFolder pending(path_);
  std::ofstream(pending.subfolder("sub") / "a.txt") << "a";
  std::ofstream(pending.path() / "old.txt") << "newer";
  pending.commit();
  EXPECT_TRUE(fs::exists(path_ / "sub" / "a.txt"));
  EXPECT_EQ(fs::file_size(path_ / "old.txt"), 5u);
  EXPECT_FALSE(fs::exists(pending.path()));
}

TEST_F(PendingFolderTest, FolderThatIsAFileOrTooSmall) {
  std::ofstream(path_ / "file") << "x";
  EXPECT_THROW(PendingFolder(path_ / "file"), IoError);
  EXPECT_THROW(prepare_folder(path_ / "file" / "below"), IoError);
  EXPECT_THROW(prepare_folder_of(path_), UserError);
  EXPECT_THROW(require_free_space(path_, 1e18), IoError);
  EXPECT_NO_THROW(require_free_space(path_, 1));
}

TEST(RecordPath, LiesBesideTheResult) {
  EXPECT_EQ(record_path("no/such/map.mrc"), fs::path("no/such/map.run.json"));
  EXPECT_EQ(record_path(fs::temp_directory_path()), fs::temp_directory_path() / "run.json");
}

}  // namespace
}  // namespace tessera
