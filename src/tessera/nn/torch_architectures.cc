// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/torch.h>

#include <cmath>

#include "tessera/nn/torch_architectures.h"

namespace tessera {

int scaled(int channels, double width) {
  return std::max(1, static_cast<int>(std::lround(channels * width)));
}

void start_glorot(torch::nn::Module& module) {
  torch::NoGradGuard no_gradient;
  for (const auto& parameter : module.parameters())
    if (parameter.dim() > 1)
      torch::nn::init::xavier_uniform_(parameter);
    else
      torch::nn::init::zeros_(parameter);
}

// Along one axis after the other, by 1, 2, 2, 1 at stride 2.
torch::Tensor smooth_and_halve(const torch::Tensor& images) {
  torch::Tensor x = torch::constant_pad_nd(images, {1, 1, 1, 1, 1, 1});
  for (int axis = 2; axis < 5; ++axis) {
    const int64_t half = x.size(axis) / 2 - 1;
    const auto each_second = [&](int64_t from) { return x.slice(axis, from, from + 2 * half, 2); };
    x = (each_second(0) + each_second(3)).add_(each_second(1) + each_second(2), 2);
  }
  return x / 216;  // 3³ · 2³
}

namespace {

using torch::Tensor;
using torch::nn::Conv3d;
using torch::nn::Conv3dOptions;
using torch::nn::Linear;

// On a CPU oneDNN convolves, takes maxima and means in blocks of channels, a layout of its own. A network that stays in
// it does not reorder between layers, and LibTorch's own maxima and means are several times as slow.
Tensor in_blocks(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && at::globalContext().hasMKLDNN() ? x.to_mkldnn() : x;
}
Tensor as_array(const Tensor& x) {
  return x.is_mkldnn() ? x.to_dense() : x;
}

// The maximum of what is above zero: an eighth of the work the other way about.
Tensor max_pool_relu(const Tensor& x) {
  return torch::relu(torch::max_pool3d(x, 2, 2));
}

// [S] Fig. 1a.
struct Inception3D : Architecture {
  explicit Inception3D(const NetworkOptions& o) {
    const auto c = [&](int channels) { return scaled(channels, o.width); };
    const auto conv = [&](const char* name, int from, int to, int size, bool same) {
      return register_module(name, Conv3d(Conv3dOptions(from, to, size).padding(same ? size / 2 : 0)));
    };
    first_ = conv("first", 1, c(32), 5, false);
    one_ = conv("branch1", c(32), c(32), 1, true);
    three_reduce_ = conv("branch3_reduce", c(32), c(32), 1, true);
    three_ = conv("branch3", c(32), c(64), 3, true);
    five_reduce_ = conv("branch5_reduce", c(32), c(16), 1, true);
    five_ = conv("branch5", c(16), c(32), 5, true);
    pooled_ = conv("branch_pool", c(32), c(32), 1, true);
    const int64_t edge = (o.box - 4) / 2 - 1;
    features = c(32) + c(64) + c(32) + c(32);
    last_ = register_module("last", Linear(features * edge * edge * edge, o.classes));
    dropout_ = o.dropout;
    start_glorot(*this);
  }
  std::pair<Tensor, Tensor> run(const Tensor& images) override {
    const Tensor x = max_pool_relu(first_(in_blocks(images)));
    const Tensor high_end = in_blocks(torch::constant_pad_nd(as_array(x), {0, 1, 0, 1, 0, 1}, 0));  // x is ≥ 0
    const auto branch = [](const Tensor& convolved) { return as_array(torch::relu(convolved)); };
    const Tensor joined =
        torch::cat({branch(one_(x)), branch(three_(torch::relu(three_reduce_(x)))),
                    branch(five_(torch::relu(five_reduce_(x)))), branch(pooled_(torch::max_pool3d(high_end, 2, 1)))},
                   1);
    // Not in the blocks of the convolutions: the mean's gradient in those is slow.
    const Tensor pooled = as_array(torch::avg_pool3d(in_blocks(joined), 2, 1));
    const Tensor kept = torch::dropout(pooled.flatten(1), dropout_, is_training());
    return {last_(kept), pooled.mean({2, 3, 4})};
  }
  int64_t output_edge(const std::string& weight, int64_t box) const override {
    return weight.starts_with("first") ? box - 4 : (box - 4) / 2;
  }
  Conv3d first_{nullptr}, one_{nullptr}, three_reduce_{nullptr}, three_{nullptr}, five_reduce_{nullptr}, five_{nullptr},
      pooled_{nullptr};
  Linear last_{nullptr};
  double dropout_ = 0;
};

// [S] Fig. 1b.
struct Dsrf3D : Architecture {
  explicit Dsrf3D(const NetworkOptions& o) {
    const int a = scaled(32, o.width), b = scaled(64, o.width), dense = scaled(512, o.width);
    const auto conv = [&](const char* name, int from, int to) {
      return register_module(name, Conv3d(Conv3dOptions(from, to, 3).padding(1)));
    };
    conv1_ = conv("conv1", 1, a);
    conv2_ = conv("conv2", a, a);
    conv3_ = conv("conv3", a, b);
    conv4_ = conv("conv4", b, b);
    const int64_t edge = o.box / 2 / 2;
    dense1_ = register_module("dense1", Linear(b * edge * edge * edge, dense));
    dense2_ = register_module("dense2", Linear(dense, dense));
    last_ = register_module("last", Linear(dense, o.classes));
    features = dense;
    dropout_ = o.dropout;
    start_glorot(*this);
  }
  std::pair<Tensor, Tensor> run(const Tensor& images) override {
    Tensor x = max_pool_relu(conv2_(torch::relu(conv1_(in_blocks(images)))));
    x = as_array(max_pool_relu(conv4_(torch::relu(conv3_(x)))));
    x = torch::relu(dense2_(torch::relu(dense1_(x.flatten(1)))));
    return {last_(torch::dropout(x, dropout_, is_training())), x};
  }
  int64_t output_edge(const std::string& weight, int64_t box) const override {
    return weight.starts_with("conv1") || weight.starts_with("conv2") ? box : box / 2;
  }
  Conv3d conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr}, conv4_{nullptr};
  Linear dense1_{nullptr}, dense2_{nullptr}, last_{nullptr};
  double dropout_ = 0;
};

// He et al. 2016: two convolutions beside a shortcut, batch-normalised.
struct ResidualBlock : torch::nn::Module {
  ResidualBlock(int from, int to, int stride) {
    conv1_ = register_module("conv1", Conv3d(Conv3dOptions(from, to, 3).stride(stride).padding(1).bias(false)));
    conv2_ = register_module("conv2", Conv3d(Conv3dOptions(to, to, 3).padding(1).bias(false)));
    norm1_ = register_module("norm1", torch::nn::BatchNorm3d(to));
    norm2_ = register_module("norm2", torch::nn::BatchNorm3d(to));
    if (from != to || stride != 1)
      shortcut_ = register_module("shortcut", Conv3d(Conv3dOptions(from, to, 1).stride(stride).bias(false)));
  }
  Tensor forward(const Tensor& x) {
    const Tensor inner = norm2_(conv2_(torch::relu(norm1_(conv1_(x)))));
    return torch::relu(inner + (shortcut_ ? shortcut_(x) : x));
  }
  Conv3d conv1_{nullptr}, conv2_{nullptr}, shortcut_{nullptr};
  torch::nn::BatchNorm3d norm1_{nullptr}, norm2_{nullptr};
};

// Ours. A fixed smoothing to half the edge comes first: the signal of a noisy subtomogram lies in the band that is
// left, and a network that has to learn so takes far longer. Means and maxima over the last blocks forget where and how
// the particle lay; they are normalised, so that the last layer starts with outputs of order one.
struct Residual3D : Architecture {
  explicit Residual3D(const NetworkOptions& o) {
    const int a = scaled(32, o.width), b = scaled(128, o.width);
    stem_ = register_module("stem", Conv3d(Conv3dOptions(1, a, 5).stride(2).padding(2).bias(false)));
    stem_norm_ = register_module("stem_norm", torch::nn::BatchNorm3d(a));
    block1_ = register_module("block1", std::make_shared<ResidualBlock>(a, a, 1));
    block2_ = register_module("block2", std::make_shared<ResidualBlock>(a, b, 2));
    features = 2 * b;
    pooled_norm_ = register_module("pooled_norm", torch::nn::BatchNorm1d(features));
    last_ = register_module("last", Linear(features, o.classes));
    dropout_ = o.dropout;
    torch::NoGradGuard no_gradient;
    for (const auto& parameter : parameters())
      if (parameter.dim() == 5) torch::nn::init::kaiming_normal_(parameter, 0.0, torch::kFanOut, torch::kReLU);
    start_glorot(*last_);
  }
  std::pair<Tensor, Tensor> run(const Tensor& images) override {
    Tensor x = smooth_and_halve(images);
    x = x / (x.std({2, 3, 4}, false, true) + 1e-6);
    x = torch::relu(stem_norm_(stem_(x)));
    x = block2_->forward(block1_->forward(x));
    const Tensor pooled = pooled_norm_(torch::cat({x.mean({2, 3, 4}), x.amax({2, 3, 4})}, 1));
    return {last_(torch::dropout(pooled, dropout_, is_training())), pooled};
  }
  int64_t output_edge(const std::string& weight, int64_t box) const override {
    const int64_t stem = (box / 2 - 1) / 2 + 1;
    return weight.starts_with("block2") ? (stem - 1) / 2 + 1 : stem;
  }
  Conv3d stem_{nullptr};
  torch::nn::BatchNorm3d stem_norm_{nullptr};
  std::shared_ptr<ResidualBlock> block1_, block2_;
  torch::nn::BatchNorm1d pooled_norm_{nullptr};
  Linear last_{nullptr};
  double dropout_ = 0;
};

}  // namespace

std::shared_ptr<Architecture> make_architecture(const NetworkOptions& options) {
  NetworkOptions resolved = options;
  if (resolved.dropout < 0) resolved.dropout = default_dropout(options.network);
  torch::manual_seed(options.seed);
  std::shared_ptr<Architecture> made;
  if (options.network == "inception3d")
    made = std::make_shared<Inception3D>(resolved);
  else if (options.network == "dsrf3d")
    made = std::make_shared<Dsrf3D>(resolved);
  else if (options.network == "residual3d")
    made = std::make_shared<Residual3D>(resolved);
  else if (finds_centres(options.network))
    made = make_unet(resolved);
  else
    made = make_segmentation(resolved);
  if (options.doubles) made->to(torch::kDouble);
  return made;
}

}  // namespace tessera
