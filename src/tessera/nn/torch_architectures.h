// SPDX-License-Identifier: GPL-3.0-or-later
// The layers of the networks. For nn/torch_*.cc alone, which include torch/torch.h before.
#pragma once

#include <memory>
#include <utility>

#include "tessera/nn/network.h"

namespace tessera {

// forward: (n, 1, box, box, box) → linear outputs (n, classes) and features (n, feature_count).
struct Architecture : torch::nn::Module {
  virtual std::pair<torch::Tensor, torch::Tensor> run(const torch::Tensor& images) = 0;
  int features = 0;
};

// Weights drawn by torch's generator, seeded from options.seed.
std::shared_ptr<Architecture> make_architecture(const NetworkOptions& options);

}  // namespace tessera
