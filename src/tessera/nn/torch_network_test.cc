// SPDX-License-Identifier: GPL-3.0-or-later
// The networks against their published sizes, their gradients against finite differences. Linked with LibTorch itself.
#include <torch/torch.h>

#include <gtest/gtest.h>

#include "tessera/base/random.h"
#include "tessera/nn/torch_architectures.h"
#include "tessera/nn/torch_entry.h"

extern "C" tessera::Network* tessera_make_network(const tessera::NetworkOptions& options);

namespace tessera {
namespace {

std::unique_ptr<Network> made(const NetworkOptions& options) {
  return std::unique_ptr<Network>(tessera_make_network(options));
}

NetworkOptions published(const std::string& network, int classes = 23) {
  NetworkOptions options;
  options.network = network;
  options.classes = classes;
  return options;
}

std::vector<float> noise(int64_t count, uint64_t item) {
  Random random(3, "network test", item);
  std::vector<float> out(count);
  for (float& value : out) value = static_cast<float>(random.normal());
  return out;
}

// METHODS of [S]: 127,120 parameters in convolutions and 18,079,863 in the dense layer; 33.24 M; 0.92 and 3.18 GMAC.
TEST(TorchNetwork, HasThePublishedSize) {
  const auto inception = made(published("inception3d"));
  EXPECT_EQ(inception->parameter_count(), 127120 + 18079863);
  EXPECT_NEAR(inception->multiply_adds() / 1e9, 0.92, 0.005);
  const auto dsrf = made(published("dsrf3d"));
  EXPECT_EQ(dsrf->parameter_count(), 896 + 27680 + 55360 + 110656 + 32768512 + 262656 + 11799);
  EXPECT_NEAR(dsrf->multiply_adds() / 1e9, 3.18, 0.005);
  const auto residual = made(published("residual3d"));
  EXPECT_GT(residual->parameter_count(), 500000);
  EXPECT_LT(residual->parameter_count(), 3000000);
  EXPECT_LE(residual->multiply_adds() / 1e9, 0.4);
}

// [P] 4.2: 0.896 M parameters. Layer by layer, as docs/theory/segmentation.md lists them.
TEST(TorchNetwork, ThatLabelsVoxelsHasThePublishedSize) {
  const int64_t down = 896 + 27680 + 55360 + 110656 + 221312 + 442496, up = 16512 + 8320 + 8256 + 2112 + 2080;
  for (const int classes : {2, 10, 21}) {
    NetworkOptions options = published("edssn3d", classes);
    const auto network = made(options);
    EXPECT_EQ(network->parameter_count(), down + up + 33 * classes);
    // 27·32, 27·32² at 40³; 27·32·64, 27·64² at 20³; 27·64·128, 27·128² at 10³; back: 5³, 10³, 20³ and 40³.
    EXPECT_EQ(network->multiply_adds(), int64_t{64000} * (864 + 27648 + 32 * classes) +
                                            int64_t{8000} * (55296 + 110592 + 2048 + 2048) +
                                            1000 * (221184 + 442368 + 8192 + 8192) + 125 * 16384);
    options.network = "edssn3d-full";
    EXPECT_EQ(made(options)->parameter_count(), down + up + 33 * classes + 2 * 1056);
  }
  EXPECT_NEAR(static_cast<double>(down + up + 33 * 10) / 1e6, 0.896, 0.0005);
}

TEST(TorchNetwork, ThatLabelsVoxelsGivesEachAnAnswer) {
  for (const std::string& name : segmentation_network_names()) {
    NetworkOptions options = published(name, 3);
    options.box = 16;
    options.width = 0.25;
    const auto network = made(options);
    const std::vector<float> image = noise(16 * 24 * 32, 1);
    const std::vector<float> found = network->probabilities(image.data(), {16, 24, 32});
    ASSERT_EQ(found.size(), image.size() * 3);
    const int64_t count = std::ssize(image);
    bool blocks_of_eight = true;
    for (int64_t v = 0; v < count; ++v) {
      EXPECT_NEAR(found[v] + found[count + v] + found[2 * count + v], 1, 1e-5);
      const int64_t z = v / (24 * 32), y = v / 32 % 24, x = v % 32;
      blocks_of_eight = blocks_of_eight && found[v] == found[((z & ~1) * 24 + (y & ~1)) * 32 + (x & ~1)];
    }
    EXPECT_EQ(blocks_of_eight, name == "edssn3d") << "the published one has no skip at full resolution";
    EXPECT_THROW(network->probabilities(image.data(), {16, 24, 31}), InternalError);
    EXPECT_EQ(network->evaluate(noise(2 * 4096, 2).data(), 2).linear.size(), 2u * 3 * 4096);
  }
  NetworkOptions odd = published("edssn3d", 3);
  odd.box = 20;
  Faults faults;
  odd.add_faults(faults);
  EXPECT_EQ(faults.size(), 1u);
  EXPECT_THROW(made(published("residual3d", 3))->probabilities(noise(512, 1).data(), {8, 8, 8}), InternalError);
}

// A ball brighter than what surrounds it; where it is not known (−1), nothing may be learnt from it.
TEST(TorchNetwork, ThatLabelsVoxelsLearnsWhatIsKnown) {
  NetworkOptions options = published("edssn3d-full", 2);
  options.box = 16;
  options.width = 0.25;
  std::vector<float> image = noise(4096, 4);
  std::vector<int> labels(4096), hidden(4096, -1);
  for (int v = 0; v < 4096; ++v) {
    const int z = v / 256 - 8, y = v / 16 % 16 - 8, x = v % 16 - 8;
    labels[v] = z * z + y * y + x * x < 25;
    image[v] += static_cast<float>(2 * labels[v]);
    if (z < 0) hidden[v] = labels[v];
  }
  const auto learn = [&](const std::vector<int>& known) {
    const auto network = made(options);
    network->set_optimiser({"adam", 0.9, 0});
    StepResult last;
    for (uint64_t i = 0; i < 40; ++i) last = network->step(image.data(), known.data(), 1, 0.005, 0, i);
    return last.correct;
  };
  EXPECT_GT(learn(labels), 4096 * 95 / 100);
  const double half = learn(hidden);
  EXPECT_GT(half, 2048 * 95 / 100);
  EXPECT_LE(half, 2048) << "what is not known is never right";
}

// Layer by layer, as docs/theory/picking.md lists them.
TEST(TorchNetwork, ThatFindsCentresIsSmall) {
  const auto network = made(published("unet3d", 4));
  const int64_t convolutions = 432 + 6912 + 13824 + 27648 + 55296 + 4096 + 96 * 32 + 27648 + 48 * 16 + 6912,
                norms = 2 * (4 * 16 + 4 * 32 + 2 * 64);
  EXPECT_EQ(network->parameter_count(), convolutions + norms + 17 * 4);
  EXPECT_LE(network->parameter_count(), 500000);
  EXPECT_EQ(network->multiply_adds(), int64_t{64000} * (432 + 6912 + 768 + 6912 + 64) +
                                          int64_t{8000} * (13824 + 27648 + 3072 + 27648) + 1000 * (55296 + 4096));
}

// The loss against its definition, voxel by voxel; what is not known counts nothing.
TEST(CentreLoss, IsItsDefinition) {
  constexpr int maps = 3, voxels = 8;
  const std::vector<float> linear = noise(maps * voxels, 7);
  std::vector<float> heat(maps * voxels);
  double place = 0, sum = 0, known = 0, wrong = 0;
  for (int v = 0; v < voxels; ++v) {
    const double own[] = {v % 4 / 4.0, v % 3 / 4.0}, t = std::max(own[0], own[1]);
    for (int map = 0; map < maps; ++map)
      heat[map * voxels + v] = v == 4 ? -1 : static_cast<float>(map == 0 ? t : own[map - 1]);
    if (v == 4) continue;
    const double h = 1 / (1 + std::exp(-linear[v]));
    place -= (t - h) * (t - h) * (t * std::log(h) + (1 - t) * std::log(1 - h));
    sum += t;
    known += 1;
    const double first = std::exp(linear[voxels + v]), second = std::exp(linear[2 * voxels + v]);
    if (t > 0)
      wrong -= t * (own[0] * std::log(first / (first + second)) + own[1] * std::log(second / (first + second))) /
               (own[0] + own[1]);
  }
  const auto tensor = [&](const std::vector<float>& values) {
    return torch::from_blob(const_cast<float*>(values.data()), {1, maps, 2, 2, 2});
  };
  const double expected = place / (sum + heat_floor * known) + class_weight * wrong / sum;
  EXPECT_NEAR(centre_loss(tensor(linear), tensor(heat)).item<double>(), expected, 1e-5 * expected);
}

// Balls in noise, bright and dark: heat rises at both, and each is of its own class. Heat not known teaches nothing.
TEST(TorchNetwork, ThatFindsCentresLearnsThem) {
  NetworkOptions options = published("unet3d", 3);
  options.box = 16;
  options.width = 0.25;
  constexpr int n = 2, maps = 3, box = 16, voxels = box * box * box;
  std::vector<float> images = noise(n * voxels, 8), heat(n * maps * voxels), unknown(heat.size(), -1);
  for (int i = 0; i < n; ++i)
    for (int v = 0; v < voxels; ++v) {
      const int z = v / 256 - 8, y = v / 16 % 16 - 8, x = v % 16;
      float* at = heat.data() + i * maps * voxels + v;
      for (int kind = 0; kind < 2; ++kind) {
        const int dx = x - (kind == 0 ? 4 : 11), square = z * z + y * y + dx * dx;
        if (square < 9) images[i * voxels + v] += kind == 0 ? 3 : -3;
        at[(1 + kind) * voxels] = std::exp(-static_cast<float>(square) / 8);
      }
      at[0] = std::max(at[voxels], at[2 * voxels]);
    }
  const auto network = made(options);
  network->set_optimiser({"adam", 0.9, 0});
  StepResult first, last;
  for (int i = 0; i < 60; ++i) {
    last = network->step_heat(images.data(), heat.data(), n, 0.01);
    if (i == 0) first = last;
  }
  EXPECT_EQ(last.known, 1);
  EXPECT_LT(last.loss, 0.3 * first.loss);
  EXPECT_GT(last.correct, 0.75);
  const StepResult nothing = network->step_heat(images.data(), unknown.data(), n, 0.01);
  EXPECT_EQ(nothing.loss, 0);
  EXPECT_EQ(nothing.known, 0);
  const std::vector<float> found = network->probabilities(images.data(), {box, box, box});
  ASSERT_EQ(found.size(), size_t{maps} * voxels);
  for (const float h : found) EXPECT_TRUE(h >= 0 && h <= 1);
  const auto kind_at = [&](int x) {
    const int v = (8 * box + 8) * box + x;
    return found[2 * voxels + v] > found[voxels + v];
  };
  EXPECT_FALSE(kind_at(4));
  EXPECT_TRUE(kind_at(11));
  EXPECT_THROW(made(published("edssn3d", 2))->step_heat(images.data(), heat.data(), 1, 0.01), InternalError);
}

TEST(TorchNetwork, GivesOneOutputPerClassAtOddBoxes) {
  for (const std::string& name : network_names())
    for (const int box : {smallest_box(name), 13, 20}) {
      NetworkOptions options = published(name, 5);
      options.box = box;
      options.width = 0.25;
      const auto network = made(options);
      const NetworkOutputs out = network->evaluate(noise(3LL * box * box * box, 1).data(), 3);
      EXPECT_EQ(out.linear.size(), 15u) << name << box;
      EXPECT_EQ(out.features.size(), size_t(3 * network->feature_count())) << name << box;
      for (const float value : out.linear) EXPECT_TRUE(std::isfinite(value)) << name << box;
    }
}

// Central differences of the loss in double precision against back-propagation, for weights spread over every layer.
// A kink of a ReLU or of a maximum within the step spoils a difference; the step of 1e-7 makes that rare, and none of
// the weights drawn meets one. Batch normalisation is in training mode, dropout draws the same mask.
TEST(TorchNetwork, GradientsAreDifferences) {
  std::vector<std::string> names = network_names();
  for (const auto& more : {segmentation_network_names(), centre_network_names()})
    names.insert(names.end(), more.begin(), more.end());
  for (const std::string& name : names) {
    NetworkOptions options = published(name, 3);
    options.box = answers_voxels(name) ? 16 : 12;
    options.width = 0.125;
    options.doubles = true;
    options.dropout = 0.3;
    const auto module = make_architecture(options);
    module->train();
    const int64_t n = answers_voxels(name) ? 1 : 4, box = options.box, voxels = box * box * box;
    std::vector<float> values = noise(n * voxels, 2);
    const auto images = torch::from_blob(values.data(), {n, 1, box, box, box}).to(torch::kDouble);
    const auto labels = labels_voxels(name) ? torch::arange(n * voxels, torch::kLong)
                                                  .remainder(7)
                                                  .sub(1)
                                                  .clamp_max(2)
                                                  .reshape({n, box, box, box})  // −1: not known
                                            : torch::tensor({0, 1, 2, 1}, torch::kLong);
    std::vector<float> heats = noise(3 * n * voxels, 6);  // a sixth is negative: not known
    for (float& heat : heats) heat = heat < -1 ? -1 : std::abs(heat) / 5;
    const auto heat = torch::from_blob(heats.data(), {n, 3, box, box, box}).to(torch::kDouble);
    const auto loss = [&] {
      torch::manual_seed(5);
      if (finds_centres(name)) return centre_loss(module->run(images).first, heat);
      return torch::nn::functional::cross_entropy(module->run(images).first, labels,
                                                  torch::nn::functional::CrossEntropyFuncOptions().ignore_index(-1));
    };
    loss().backward();
    torch::NoGradGuard no_gradient;
    Random random(4, "gradient test");
    constexpr double step = 1e-7;
    for (const auto& item : module->named_parameters()) {
      auto weights = item.value().flatten();
      const auto gradient = item.value().grad().flatten();
      for (int k = 0; k < 4; ++k) {
        const auto at = static_cast<int64_t>(random.below(weights.numel()));
        const double before = weights[at].item<double>();
        weights[at] = before + step;
        const double above = loss().item<double>();
        weights[at] = before - step;
        const double below = loss().item<double>();
        weights[at] = before;
        const double expected = (above - below) / (2 * step), found = gradient[at].item<double>();
        EXPECT_NEAR(found, expected, 1e-7 + 1e-5 * std::abs(expected)) << name << " " << item.key() << " " << at;
      }
    }
  }
}

// Floats take another way through the layers than doubles do, in oneDNN's blocks.
TEST(TorchNetwork, FloatsInBlocksDoAsDoublesDo) {
  for (const std::string& name : network_names())
    for (const int box : {smallest_box(name) + 1, 16}) {
      NetworkOptions options = published(name, 3);
      options.box = box;
      options.width = 0.5;
      options.dropout = 0;
      const int64_t n = 5;
      const std::vector<float> images = noise(n * box * box * box, 7);
      const std::vector<int> labels = {0, 1, 2, 1, 0};
      const auto floats = made(options);
      options.doubles = true;
      const auto doubles = made(options);
      doubles->set_state(floats->state());
      const NetworkOutputs a = floats->evaluate(images.data(), n), b = doubles->evaluate(images.data(), n);
      for (size_t i = 0; i < a.linear.size(); ++i) EXPECT_NEAR(a.linear[i], b.linear[i], 2e-5) << name << box;
      for (size_t i = 0; i < a.features.size(); ++i) EXPECT_NEAR(a.features[i], b.features[i], 2e-5) << name << box;
      for (const auto& network : {floats.get(), doubles.get()}) {
        network->set_optimiser({"sgd", 0.9, 0});
        network->step(images.data(), labels.data(), n, 0.1, 0, 1);
      }
      const auto after_floats = floats->state(), after_doubles = doubles->state();
      for (size_t i = 0; i < after_floats.size(); ++i)
        for (size_t k = 0; k < after_floats[i].values.size(); ++k)
          ASSERT_NEAR(after_floats[i].values[k], after_doubles[i].values[k], 2e-5)
              << name << box << after_floats[i].name << k;
    }
}

TEST(Smoothing, IsTwoMeans) {
  for (const int edge : {5, 8}) {
    const auto images = torch::rand({2, 3, edge, edge + 1, edge + 2});
    const auto expected = torch::avg_pool3d(torch::avg_pool3d(images, 3, 1, 1), 2, 2);
    EXPECT_TRUE(torch::allclose(smooth_and_halve(images), expected, 1e-5, 1e-6)) << edge;
  }
}

TEST(TorchNetwork, LearnsAndResumesToTheSameBits) {
  for (const std::string method : {"sgd", "adam"}) {
    NetworkOptions options = published("residual3d", 2);
    options.box = 12;
    options.width = 0.25;
    const int64_t n = 8, voxels = 12 * 12 * 12;
    std::vector<float> images = noise(n * voxels, 3);
    std::vector<int> labels(n);
    for (int64_t i = 0; i < n; ++i) {
      labels[i] = static_cast<int>(i % 2);
      for (int64_t v = 0; v < voxels / 2; ++v) images[i * voxels + v] += static_cast<float>(labels[i]);
    }
    const double rate = method == "adam" ? 0.003 : 0.03;
    const auto train = [&](Network& network, uint64_t from, uint64_t to) {
      double loss = 0;
      for (uint64_t i = from; i < to; ++i) loss = network.step(images.data(), labels.data(), n, rate, 0, i).loss;
      return loss;
    };
    const auto whole = made(options);
    whole->set_optimiser({method, 0.9, 1e-3});
    const double first = train(*whole, 0, 1);
    train(*whole, 1, 6);
    const auto saved = whole->state(), moments = whole->optimiser_state();
    const double last = train(*whole, 6, 15);
    EXPECT_LT(last, 0.3 * first) << method;

    options.seed = 99;
    const auto resumed = made(options);
    resumed->set_optimiser({method, 0.9, 1e-3});
    resumed->set_state(saved);
    resumed->set_optimiser_state(moments);
    train(*resumed, 6, 15);
    const auto a = whole->state(), b = resumed->state();
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].values, b[i].values) << method << a[i].name;
  }
}

TEST(TorchNetwork, TheSameSeedGivesTheSameWeights) {
  NetworkOptions options = published("inception3d", 4);
  options.box = 12;
  const auto a = made(options)->state(), b = made(options)->state();
  options.seed = 2;
  const auto c = made(options)->state();
  EXPECT_EQ(a[0].values, b[0].values);
  EXPECT_NE(a[0].values, c[0].values);
}

TEST(TorchNetwork, RefusesTheStateOfAnotherAndAMissingDevice) {
  NetworkOptions options = published("dsrf3d", 2);
  options.box = 8;
  const auto network = made(options);
  auto state = network->state();
  state[0].shape[0] += 1;
  EXPECT_THROW(network->set_state(state), InternalError);
  state.pop_back();
  EXPECT_THROW(network->set_state(state), InternalError);
  if (torch::cuda::is_available()) GTEST_SKIP() << "there is a CUDA device";
  options.device = "cuda";
  EXPECT_THROW(made(options), UserError);
}

}  // namespace
}  // namespace tessera
