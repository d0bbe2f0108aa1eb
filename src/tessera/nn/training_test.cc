// SPDX-License-Identifier: GPL-3.0-or-later
// Training against a network that needs no LibTorch: logistic regression, whose gradient is written here; heat maps
// against those of unet3d.
#include "tessera/nn/training.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>

#include "tessera/nn/batch_reader.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

constexpr int box = 4, voxels = box * box * box, classes = 3;

// Classes differ in one voxel each.
class Toy : public ExampleSource {
 public:
  explicit Toy(int64_t size, double contrast = 6, int64_t bad = -1) : size_(size), contrast_(contrast), bad_(bad) {}
  int64_t size() const override { return size_; }
  int box() const override { return tessera::box; }
  int label(int64_t i) const override { return static_cast<int>(i % classes); }
  void load(int64_t i, uint64_t epoch, float* to) const override {
    if (i == bad_) throw IoError("bad.mrc: broken");
    Random random(1, "toy", static_cast<uint64_t>(i) + 1000 * epoch);
    for (int v = 0; v < voxels; ++v) to[v] = static_cast<float>(random.normal());
    to[label(i)] += static_cast<float>(contrast_);
    normalise_box(to, voxels);
    ++loads;
  }
  mutable std::atomic<int> loads{0};

 private:
  int64_t size_;
  double contrast_;
  int64_t bad_;
};

class Logistic : public Network {
 public:
  int64_t parameter_count() const override { return classes * voxels; }
  int feature_count() const override { return voxels; }
  int64_t multiply_adds() const override { return parameter_count(); }
  std::vector<NamedTensor> state() const override { return {{"w", {classes, voxels}, weights_}}; }
  void set_state(const std::vector<NamedTensor>& state) override { weights_ = state.at(0).values; }
  NetworkOutputs evaluate(const float* images, int64_t n) override {
    NetworkOutputs out;
    for (int64_t i = 0; i < n; ++i)
      for (int k = 0; k < classes; ++k) {
        double sum = 0;
        for (int v = 0; v < voxels; ++v) sum += weights_[k * voxels + v] * images[i * voxels + v];
        out.linear.push_back(static_cast<float>(sum));
      }
    out.features.assign(images, images + n * voxels);
    return out;
  }
  std::vector<float> probabilities(const float*, Shape3) override { throw InternalError("it tells classes of boxes"); }
  void set_optimiser(const OptimiserOptions&) override { updates_ = 0; }
  StepResult step(const float* images, const int* labels, int64_t n, double rate, double, uint64_t) override {
    const NetworkOutputs made = evaluate(images, n);
    StepResult out;
    for (int64_t i = 0; i < n; ++i) {
      const float* linear = made.linear.data() + i * classes;
      double sum = 0;
      for (int k = 0; k < classes; ++k) sum += std::exp(linear[k]);
      out.loss += (std::log(sum) - linear[labels[i]]) / static_cast<double>(n);
      out.correct += std::max_element(linear, linear + classes) - linear == labels[i];
      out.known += 1;
      for (int k = 0; k < classes; ++k) {
        const double error = std::exp(linear[k]) / sum - (k == labels[i]);
        for (int v = 0; v < voxels; ++v)
          weights_[k * voxels + v] -=
              static_cast<float>(rate * error * images[i * voxels + v] / static_cast<double>(n));
      }
    }
    ++updates_;
    return out;
  }
  StepResult step_heat(const float*, const float*, int64_t, double) override {
    throw InternalError("it has no heat maps");
  }
  std::vector<NamedTensor> optimiser_state() const override {
    return {{"updates", {1}, {static_cast<float>(updates_)}}};
  }
  void set_optimiser_state(const std::vector<NamedTensor>& state) override {
    updates_ = static_cast<int>(state.at(0).values.at(0));
  }

 private:
  std::vector<float> weights_ = std::vector<float>(classes * voxels);
  int updates_ = 0;
};

TrainOptions toy_options() {
  TrainOptions options = TrainOptions().resolved("dsrf3d");
  options.epochs = 6;
  options.batch = 8;
  options.rate = 0.5;
  return options;
}

TEST(Training, LearnsAndReports) {
  test::Workers workers(1);
  Logistic network;
  Toy training(60), validation(30);
  std::vector<int> epochs;
  const TrainState state = train_network(network, training, &validation, toy_options(), workers.context,
                                         [&](const TrainState& now) { epochs.push_back(now.epoch); });
  EXPECT_THAT(epochs, testing::ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(state.updates, 6 * 8) << "60 examples are 8 batches of at most 8";
  EXPECT_LT(state.history.back().train_loss, 0.5 * state.history.front().train_loss);
  EXPECT_GT(*state.history.back().validation_accuracy, 0.95);
  EXPECT_EQ(training.loads, 6 * 60) << "every example once an epoch";
  EXPECT_EQ(state.stop_reason, "all epochs done");
  EXPECT_EQ(network.state()[0].values, state.best[0].values);
  const EpochReport& best = state.history[state.best_epoch - 1];
  for (const EpochReport& other : state.history) EXPECT_LE(*other.validation_accuracy, *best.validation_accuracy);
}

TEST(Training, ResumedIsTheSameAsUninterrupted) {
  test::Workers workers(1);
  Toy training(40), validation(12);
  Logistic whole;
  std::vector<TrainState> states;
  const TrainState end = train_network(whole, training, &validation, toy_options(), workers.context,
                                       [&](const TrainState& now) { states.push_back(now); });
  Logistic resumed;
  const TrainState again = train_network(
      resumed, training, &validation, toy_options(), workers.context, [](const TrainState&) {}, &states[2]);
  EXPECT_EQ(again.weights[0].values, end.weights[0].values);
  EXPECT_EQ(again.best_epoch, end.best_epoch);
  EXPECT_EQ(again.history.size(), end.history.size());
}

TEST(Training, StopsEarlyAndKeepsTheBest) {
  test::Workers workers(1);
  Logistic network;
  Toy training(30), validation(30, 0);  // nothing to learn there
  TrainOptions options = toy_options();
  options.epochs = 50;
  options.patience = 3;
  const TrainState state =
      train_network(network, training, &validation, options, workers.context, [](const TrainState&) {});
  EXPECT_THAT(state.stop_reason, testing::HasSubstr("3 epochs"));
  EXPECT_EQ(state.epoch, state.best_epoch + 3);
}

TEST(Training, StopsBetweenUpdatesAndPassesErrorsOn) {
  test::Workers workers(1);
  Logistic network;
  std::atomic<bool> stop{true};
  workers.context.stop = &stop;
  Toy sound(20);
  EXPECT_THROW(train_network(network, sound, nullptr, toy_options(), workers.context, [](const TrainState&) {}),
               Interrupted);
  stop = false;
  Toy bad(20, 6, 13);
  EXPECT_THROW(train_network(network, bad, nullptr, toy_options(), workers.context, [](const TrainState&) {}), IoError);
}

TEST(Training, RatesFollowTheirSchedule) {
  TrainOptions paper = TrainOptions().resolved("inception3d"), ours = TrainOptions().resolved("residual3d");
  EXPECT_EQ(paper.epochs, 20);
  EXPECT_EQ(paper.batch, 64);
  EXPECT_DOUBLE_EQ(rate_at(paper, 0, 100), 0.01);
  EXPECT_DOUBLE_EQ(rate_at(paper, 1000000, 2000000), 0.005);
  EXPECT_NEAR(rate_at(ours, 0, 1001), 0.04 * 0.002, 1e-12);
  EXPECT_NEAR(rate_at(ours, 250, 1001), 0.002, 1e-12);
  EXPECT_NEAR(rate_at(ours, 1000, 1001), 1e-3 * 0.002, 1e-12);
  for (int i = 251; i < 1000; ++i) EXPECT_LT(rate_at(ours, i, 1001), rate_at(ours, i - 1, 1001));
}

TEST(BatchReader, GivesEveryItemOnceInOrder) {
  Toy source(23);
  std::vector<int64_t> order;
  for (int64_t i = 22; i >= 0; --i) order.push_back(i);
  BatchReader reader(source, order, 5, 0);
  Batch batch;
  std::vector<int64_t> seen;
  while (reader.next(batch)) {
    for (const int64_t item : batch.items) seen.push_back(item);
    std::vector<float> alone(voxels);
    source.load(batch.items[0], 0, alone.data());
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), batch.images.begin()));
  }
  EXPECT_EQ(seen, order);
  EXPECT_FALSE(reader.next(batch));
}

TEST(BatchReader, LeavesNoneAlone) {
  Toy source(11);
  std::vector<int64_t> order(11);
  BatchReader reader(source, order, 5, 0);
  Batch batch;
  std::vector<int64_t> sizes;
  while (reader.next(batch)) sizes.push_back(batch.size());
  EXPECT_THAT(sizes, testing::ElementsAre(5, 6));
}

TEST(BatchReader, MayBeLeftEarly) {
  Toy source(1000);
  std::vector<int64_t> order(1000);
  BatchReader reader(source, order, 10, 0);
  Batch batch;
  EXPECT_TRUE(reader.next(batch));
}

TEST(Examples, HalfTurnsAreTurnsNotMirrors) {
  std::vector<float> from(voxels), once(voxels), twice(voxels);
  for (int v = 0; v < voxels; ++v) from[v] = static_cast<float>(v * v % 97);
  const auto at = [](int z, int y, int x) { return (z * box + y) * box + x; };
  for (const HalfTurn turn : {HalfTurn::x, HalfTurn::y, HalfTurn::z}) {
    turn_box(from.data(), box, turn, once.data());
    turn_box(once.data(), box, turn, twice.data());
    EXPECT_EQ(twice, from);
    EXPECT_EQ(once[at(2, 2, 2)], from[at(2, 2, 2)]) << "the centre stays";
  }
  turn_box(from.data(), box, HalfTurn::y, once.data());
  EXPECT_EQ(once[at(3, 1, 1)], from[at(1, 1, 3)]) << "about y: x and z change sign about the centre";
  std::vector<float> xy(voxels), z(voxels);
  turn_box(once.data(), box, HalfTurn::x, xy.data());
  turn_box(from.data(), box, HalfTurn::z, z.data());
  EXPECT_EQ(xy, z) << "two half turns make the third; mirrors would not";
  shift_box(from.data(), box, {1, 0, -1}, once.data());
  EXPECT_EQ(once[at(0, 2, 3)], from[at(1, 2, 2)]);
}

TEST(Examples, AWedgeAllowsTheTurnsThatKeepIt) {
  Volume<float> symmetric(Shape3::cube(16)), leaning(Shape3::cube(16));
  for (int64_t z = 0; z < 16; ++z)
    for (int64_t y = 0; y < 16; ++y)
      for (int64_t x = 0; x < 16; ++x) {
        if (x == 0 || z == 0) continue;  // beyond Nyquist's frequency nothing is observed
        const int64_t kx = x - 8, kz = z - 8;
        symmetric(z, y, x) = std::abs(kz) <= std::abs(kx);
        leaning(z, y, x) = kz * kx >= 0 ? std::abs(kz) <= 2 * std::abs(kx) : 3 * std::abs(kz) <= std::abs(kx);
      }
  EXPECT_EQ(allowed_turns(symmetric).size(), 4u);
  EXPECT_THAT(allowed_turns(leaning), testing::ElementsAre(HalfTurn::none, HalfTurn::y));
}

TEST(Examples, NormalisedHasMeanZeroAndVarianceOne) {
  std::vector<float> values = {1, 2, 3, 6};
  ASSERT_TRUE(normalise_box(values.data(), 4));
  double sum = 0, square = 0;
  for (const float v : values) sum += v, square += v * v;
  EXPECT_NEAR(sum, 0, 1e-6);
  EXPECT_NEAR(square, 4, 1e-5);
  std::vector<float> constant(8, 3.0f);
  EXPECT_FALSE(normalise_box(constant.data(), 8));
}

std::vector<float> noise(int64_t count, uint64_t item) {
  Random random(3, "training test", item);
  std::vector<float> out(static_cast<size_t>(count));
  for (float& value : out) value = static_cast<float>(random.normal());
  return out;
}

// Images of noise with heat of noise, of which a part is not known and one class is not there.
struct NoisyHeat : ExampleSource {
  int64_t size() const override { return 3; }
  int box() const override { return 8; }
  int label(int64_t) const override { return 0; }
  int heat_maps() const override { return 4; }
  void load_heat(int64_t i, uint64_t, float* to) const override {
    const std::vector<float> random = noise(2 * voxels, 20 + static_cast<uint64_t>(i));
    for (int64_t v = 0; v < voxels; ++v) {
      const bool known = random[v] > -1;
      for (int map = 1; map < 3; ++map)
        to[map * voxels + v] = known ? std::clamp(random[(map - 1) * voxels + v] / 3, 0.0f, 1.0f) : -1;
      to[3 * voxels + v] = known ? 0 : -1;
      to[v] = std::max(to[voxels + v], to[2 * voxels + v]);
    }
  }
  void load(int64_t i, uint64_t, float* to) const override {
    const std::vector<float> image = noise(voxels, 30 + static_cast<uint64_t>(i));
    std::copy(image.begin(), image.end(), to);
  }
  static constexpr int64_t voxels = 512;
};

double correlation(const std::vector<std::pair<double, double>>& pairs) {
  const auto n = static_cast<double>(pairs.size());
  double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
  for (const auto& [x, y] : pairs) a += x / n, b += y / n;
  for (const auto& [x, y] : pairs) aa += (x - a) * (x - a), bb += (y - b) * (y - b), ab += (x - a) * (y - b);
  return ab / std::sqrt(aa * bb);
}

// Over all items, whatever the batch; the loss of one batch is the network's own.
TEST(HeatAgreement, IsThatOfAllKnownVoxels) {
  if (!networks_available()) GTEST_SKIP() << "built without LibTorch";
  const NoisyHeat source;
  NetworkOptions options;
  options.network = "unet3d";
  options.classes = 4;
  options.box = 8;
  const auto network = make_network(options);
  std::vector<float> images, heats;
  for (int64_t i = 0; i < 3; ++i) {
    std::vector<float> image(512), heat(4 * 512);
    source.load(i, 0, image.data());
    source.load_heat(i, 0, heat.data());
    images.insert(images.end(), image.begin(), image.end());
    heats.insert(heats.end(), heat.begin(), heat.end());
  }
  const std::vector<float> linear = network->evaluate(images.data(), 3).linear;
  std::vector<std::pair<double, double>> pairs;
  double there = 0, right = 0;
  for (size_t i = 0; i < 3; ++i)
    for (size_t v = 4 * i * 512; v < (4 * i + 1) * 512; ++v) {
      if (heats[v] < 0) continue;
      pairs.emplace_back(heats[v], 1 / (1 + std::exp(-linear[v])));
      const auto best = [&](const std::vector<float>& of) {
        return std::max({std::pair{of[v + 512], 2}, std::pair{of[v + 1024], 1}, std::pair{of[v + 1536], 0}}).second;
      };
      there += heats[v];
      if (best(linear) == best(heats)) right += heats[v];
    }
  const double expected = (correlation(pairs) + right / there) / 2;
  test::Workers workers(1);
  for (const int64_t batch : {1, 2, 3})
    EXPECT_NEAR(judge(*network, source, batch, workers.context).accuracy, expected, 1e-5) << batch;
  EXPECT_GT(judge(*network, source, 3, workers.context).loss, 0.5 * class_weight) << "nothing is learnt yet";
  network->set_optimiser({"adam", 0.9, 0});
  const StepResult step = network->step_heat(images.data(), heats.data(), 3, 0.001);
  EXPECT_EQ(step.known, 1);
  EXPECT_LT(step.correct, 0.7) << "normalised over the batch, so not the same; of noise";
}

}  // namespace
}  // namespace tessera
