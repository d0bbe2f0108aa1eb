// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "tessera/base/random.h"
#include "tessera/io/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::HasSubstr;

using ModelFile = test::ScratchFolder;

Model small_model() {
  Model model;
  model.network.network = "dsrf3d";
  model.network.box = 12;
  model.network.dropout = 0;
  model.voxel_size_A = 9.2;
  model.classes = {{1, "one"}, {4, "four"}, {2, "two \"quoted\""}};
  model.training = {{"seed", 7}};
  Random random(1, "model test");
  for (const char* name : {"a", "b"}) {
    NamedTensor tensor{name, {2, 3}, {}};
    for (int i = 0; i < 6; ++i) tensor.values.push_back(static_cast<float>(random.normal()));
    model.weights.push_back(tensor);
  }
  std::vector<float> linear;
  std::vector<int> labels;
  for (int i = 0; i < 90; ++i) {
    labels.push_back(i % 3);
    for (int k = 0; k < 3; ++k) linear.push_back(static_cast<float>(random.normal() + 8 * (k == i % 3)));
  }
  model.open_set = OpenSet(linear, labels, 3);
  return model;
}

std::string refusal(const std::filesystem::path& path) {
  try {
    read_model(path);
  } catch (const IoError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(ModelFile, ComesBackAsItWas) {
  const Model model = small_model();
  write_model(path("m"), model);
  const Model read = read_model(path("m"));
  EXPECT_EQ(read.network.network, "dsrf3d");
  EXPECT_EQ(read.network.box, 12);
  EXPECT_EQ(read.network.classes, 3);
  EXPECT_EQ(read.voxel_size_A, 9.2);
  EXPECT_EQ(read.classes[2].name, "two \"quoted\"");
  EXPECT_EQ(read.classes[1].number, 4);
  EXPECT_EQ(read.training.at("seed"), 7);
  ASSERT_EQ(read.weights.size(), 2u);
  EXPECT_EQ(read.weights[1].name, "b");
  EXPECT_EQ(read.weights[1].values, model.weights[1].values);
  const float known[] = {8, 0, 0}, unknown[] = {0, 0, 0};
  EXPECT_EQ(read.open_set.distance(known), model.open_set.distance(known));
  EXPECT_LT(read.open_set.score(known), 0.5);
  EXPECT_EQ(read.open_set.score(unknown), 1.0);
}

TEST_F(ModelFile, OfAPickerKeepsRadiiAndChances) {
  Model model = small_model();
  model.network.network = "unet3d";
  model.network.box = 16;
  model.normalisation = "tomogram";
  model.open_set = {};
  for (ModelClass& c : model.classes) c.radius_A = 10.0 * c.number;
  model.chance = {-0.5, 1.25, 0.375};
  write_model(path("m"), model);
  const Model read = read_model(path("m"));
  EXPECT_EQ(read.classes[1].radius_A, 40);
  EXPECT_EQ(read.chance.offset, -0.5);
  EXPECT_EQ(read.chance.slope, 1.25);
  EXPECT_EQ(read.chance.share, 0.375);
  model.classes[2].radius_A = -1;
  write_model(path("m"), model);
  EXPECT_THAT(refusal(path("m")), HasSubstr("radius of class 2"));
  model.classes[2].radius_A = 20;
  model.normalisation = "box";
  write_model(path("m"), model);
  EXPECT_THAT(refusal(path("m")), HasSubstr("normalisation"));
}

TEST_F(ModelFile, HalfPrecisionHasElevenBits) {
  const Model model = small_model();
  write_model(path("m"), model, true);
  const Model read = read_model(path("m"));
  for (int i = 0; i < 6; ++i)
    EXPECT_NEAR(read.weights[0].values[i], model.weights[0].values[i], std::abs(model.weights[0].values[i]) / 2048);
}

TEST_F(ModelFile, SaysWhatIsWrongWithAFile) {
  const auto file = path("m");
  write_model(file, small_model());
  const std::string sound = read_text_file(file);
  const auto with = [&](std::string bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    return refusal(file);
  };
  EXPECT_EQ(with(sound), "accepted");
  EXPECT_THAT(with("PK\x03\x04 a pickle"), HasSubstr("not a model of Tessera"));
  EXPECT_THAT(with(""), HasSubstr("not a model of Tessera"));
  for (const size_t length : {size_t{9}, size_t{20}, size_t{100}, sound.size() - 1})
    EXPECT_THAT(with(sound.substr(0, length)), HasSubstr("truncated")) << length;
  EXPECT_THAT(with(sound + "x"), HasSubstr("damaged"));
  std::string other = sound;
  other[8] = 9;
  EXPECT_THAT(with(other), HasSubstr("layout version 9"));
  other = sound;
  other[sound.size() - 3] = static_cast<char>(other[sound.size() - 3] ^ 1);
  EXPECT_THAT(with(other), HasSubstr("checksum"));
  other = sound;
  other.replace(other.find("dsrf3d"), 6, "dsrf9d");
  EXPECT_THAT(with(other), HasSubstr("dsrf9d"));
  other = sound;
  other.replace(other.find("[\n    2,\n    3\n"), 14, "[\n9999999,999\n");
  EXPECT_NE(refusal(file), "accepted");
  EXPECT_THAT(with(other), HasSubstr("damaged"));
  TensorFile checkpoint;
  checkpoint.kind = "training checkpoint";
  write_tensor_file(file, checkpoint);
  EXPECT_THAT(refusal(file), HasSubstr("a training checkpoint, where a model is needed"));
  std::filesystem::remove(file);
  EXPECT_NE(refusal(file), "accepted");
}

TEST_F(ModelFile, RefusesNotFiniteWeights) {
  Model model = small_model();
  model.weights[1].values[2] = std::nanf("");
  write_model(path("m"), model);
  EXPECT_THAT(refusal(path("m")), HasSubstr("network.b holds NaN"));
}

TEST_F(ModelFile, WeightsOfAnotherNetworkAreSaidSo) {
  std::string reason;
  if (!networks_available(&reason)) GTEST_SKIP() << reason;
  try {
    network_of(small_model(), "cpu", 1, "m.tessera");
    FAIL() << "accepted";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("m.tessera"), HasSubstr("train again")));
  }
}

// Known classes score uniformly by construction; a class between them scores near 1.
TEST(OpenSet, TellsKnownFromUnknown) {
  Random random(2, "open set test");
  const auto draw = [&](int label, int n, std::vector<float>& linear, std::vector<int>& labels) {
    for (int i = 0; i < n; ++i) {
      labels.push_back(label);
      for (int k = 0; k < 4; ++k) linear.push_back(static_cast<float>(random.normal() * (1 + k) + 20 * (k == label)));
    }
  };
  std::vector<float> known, held_out, unknown;
  std::vector<int> labels, ignored;
  for (int c = 0; c < 4; ++c) draw(c, 200, known, labels);
  for (int c = 0; c < 4; ++c) draw(c, 100, held_out, ignored);
  draw(-1, 200, unknown, ignored);
  const OpenSet open_set(known, labels, 4);
  double mean = 0;
  for (int i = 0; i < 400; ++i) mean += open_set.score(held_out.data() + 4 * i) / 400;
  EXPECT_NEAR(mean, 0.5, 0.06) << "the mean of 400 uniform numbers, four standard deviations";
  double unknown_mean = 0;
  for (int i = 0; i < 200; ++i) unknown_mean += open_set.score(unknown.data() + 4 * i) / 200;
  EXPECT_GT(unknown_mean, 0.95) << "five standard deviations from the nearest class";
  EXPECT_EQ(OpenSet().score(known.data()), 0.5);
}

}  // namespace
}  // namespace tessera
