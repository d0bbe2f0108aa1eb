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
// A kink of a ReLU or of a maximum within the step spoils a difference; the step of 1e-6 makes that rare, and none of
// the weights drawn meets one. Batch normalisation is in training mode, dropout draws the same mask.
TEST(TorchNetwork, GradientsAreDifferences) {
  for (const std::string& name : network_names()) {
    NetworkOptions options = published(name, 3);
    options.box = 12;
    options.width = 0.125;
    options.doubles = true;
    options.dropout = 0.3;
    const auto module = make_architecture(options);
    module->train();
    const int64_t n = 4, voxels = 12 * 12 * 12;
    std::vector<float> values = noise(n * voxels, 2);
    const auto images = torch::from_blob(values.data(), {n, 1, 12, 12, 12}).to(torch::kDouble);
    const auto labels = torch::tensor({0, 1, 2, 1}, torch::kLong);
    const auto loss = [&] {
      torch::manual_seed(5);
      return torch::nn::functional::cross_entropy(module->run(images).first, labels);
    };
    loss().backward();
    torch::NoGradGuard no_gradient;
    Random random(4, "gradient test");
    constexpr double step = 1e-6;
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
