// SPDX-License-Identifier: GPL-3.0-or-later
// The layers of the networks. For nn/torch_*.cc alone, which include torch/torch.h before.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tessera/nn/network.h"

namespace tessera {

// run: (n, 1, box, box, box) → linear outputs (n, classes) and features (n, feature_count); of networks that
// answer for voxels (n, 1, z, y, x) → (n, classes, z, y, x) and nothing.
struct Architecture : torch::nn::Module {
  virtual std::pair<torch::Tensor, torch::Tensor> run(const torch::Tensor& images) = 0;
  // Edge of the output of the layer that holds this weight, for boxes of that edge: for counting multiply-adds.
  virtual int64_t output_edge(const std::string& weight, int64_t box) const = 0;
  int features = 0;
  bool answers_voxels = false;
};

// Glorot & Bengio 2010 for weights, zero for biases, as Keras starts layers.
void start_glorot(torch::nn::Module& module);

// Weights drawn by torch's generator, seeded from options.seed.
std::shared_ptr<Architecture> make_architecture(const NetworkOptions& options);
// One of centre_network_names(): torch_unet.cc.
std::shared_ptr<Architecture> make_unet(const NetworkOptions& options);
// Of linear outputs and heat maps of one shape, the latter negative where not known (docs/theory/picking.md).
torch::Tensor centre_loss(const torch::Tensor& linear, const torch::Tensor& heat);
// One of segmentation_network_names(): torch_segmentation.cc.
std::shared_ptr<Architecture> make_segmentation(const NetworkOptions& options);
// Mean over 3³ voxels, zeros outside, then over 2³ at stride 2: (n, c, z, y, x) → half of each edge, rounded down.
torch::Tensor smooth_and_halve(const torch::Tensor& images);
// Channels at that width, at least one.
int scaled(int channels, double width);

}  // namespace tessera
