// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/torch.h>

#include <cmath>

#include "tessera/nn/torch_architectures.h"

namespace tessera {
namespace {

using torch::Tensor;
using torch::nn::BatchNorm3d;
using torch::nn::Conv3d;
using torch::nn::Conv3dOptions;

// A convolution, normalised over the batch (at inference by means that are fixed, so that blocks agree with the whole).
struct NormalisedConv : torch::nn::Module {
  NormalisedConv(int from, int to, int size) {
    conv_ = register_module("conv", Conv3d(Conv3dOptions(from, to, size).padding(size / 2).bias(false)));
    norm_ = register_module("norm", BatchNorm3d(to));
  }
  Tensor forward(const Tensor& x) { return torch::relu(norm_(conv_(x))); }
  Conv3d conv_{nullptr};
  BatchNorm3d norm_{nullptr};
};

// Ours, after Çiçek et al. 2016: three levels, joined at each by what was there before the maximum. What an output
// voxel depends on is that of edssn3d (segmentation_reach).
struct Unet3D : Architecture {
  explicit Unet3D(const NetworkOptions& o) {
    const int a = scaled(16, o.width), b = scaled(32, o.width), c = scaled(64, o.width);
    const auto conv = [&](const char* name, int from, int to, int size) {
      return register_module(name, std::make_shared<NormalisedConv>(from, to, size));
    };
    down0_first_ = conv("down0_first", 1, a, 3);
    down0_second_ = conv("down0_second", a, a, 3);
    down1_first_ = conv("down1_first", a, b, 3);
    down1_second_ = conv("down1_second", b, b, 3);
    bottom_first_ = conv("bottom2_first", b, c, 3);
    bottom_second_ = conv("bottom2_second", c, c, 1);
    up1_first_ = conv("up1_first", b + c, b, 1);
    up1_second_ = conv("up1_second", b, b, 3);
    up0_first_ = conv("up0_first", a + b, a, 1);
    up0_second_ = conv("up0_second", a, a, 3);
    last_ = register_module("last0", Conv3d(Conv3dOptions(a, o.classes, 1)));
    answers_voxels = true;
    torch::NoGradGuard no_gradient;
    for (const auto& parameter : parameters())
      if (parameter.dim() == 5) torch::nn::init::kaiming_normal_(parameter, 0.0, torch::kFanOut, torch::kReLU);
    start_glorot(*last_);
    constexpr double expected = 0.01;  // heat everywhere, before anything is learnt
    last_->bias.fill_(std::log(expected / (1 - expected)));
  }
  std::pair<Tensor, Tensor> run(const Tensor& images) override {
    const Tensor whole = down0_second_->forward(down0_first_->forward(images));
    const Tensor half = down1_second_->forward(down1_first_->forward(torch::max_pool3d(whole, 2, 2)));
    Tensor x = bottom_second_->forward(bottom_first_->forward(torch::max_pool3d(half, 2, 2)));
    x = up1_second_->forward(up1_first_->forward(joined(x, half)));
    x = up0_second_->forward(up0_first_->forward(joined(x, whole)));
    return {last_(x), Tensor()};
  }
  // The digit of a name is the number of halvings before the layer.
  int64_t output_edge(const std::string& weight, int64_t box) const override {
    return box >> (weight.at(weight.find_first_of("012")) - '0');
  }

 private:
  static Tensor joined(const Tensor& coarse, const Tensor& fine) {
    return torch::cat({torch::upsample_nearest3d(coarse, {fine.size(2), fine.size(3), fine.size(4)}), fine}, 1);
  }
  std::shared_ptr<NormalisedConv> down0_first_, down0_second_, down1_first_, down1_second_, bottom_first_,
      bottom_second_, up1_first_, up1_second_, up0_first_, up0_second_;
  Conv3d last_{nullptr};
};

}  // namespace

std::shared_ptr<Architecture> make_unet(const NetworkOptions& options) {
  return std::make_shared<Unet3D>(options);
}

// Places: Li et al. 2020, "Generalized focal loss", Eq. 5 with β = 2, per unit of heat. Classes: cross-entropy where
// there is heat.
Tensor centre_loss(const Tensor& linear, const Tensor& heat) {
  const Tensor all = linear.select(1, 0), known = heat.select(1, 0).ge(0).to(linear.dtype());
  const Tensor target = heat.clamp_min(0), there = target.select(1, 0);
  const Tensor missed = (torch::sigmoid(all) - there).square();
  const Tensor entropy = torch::binary_cross_entropy_with_logits(all, there, {}, {}, at::Reduction::None);
  const Tensor place = (missed * entropy * known).sum() / (there.sum() + heat_floor * known.sum() + 1e-6);
  const int64_t classes = heat.size(1) - 1;
  const Tensor of_class = target.narrow(1, 1, classes), sum = of_class.sum(1, true).clamp_min(1e-6);
  const Tensor wrong = -(of_class / sum * torch::log_softmax(linear.narrow(1, 1, classes), 1)).sum(1);
  return place + class_weight * (there * wrong).sum() / (there.sum() + 1e-6);
}

}  // namespace tessera
