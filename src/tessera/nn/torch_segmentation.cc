// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/torch.h>

#include "tessera/nn/torch_architectures.h"

namespace tessera {
namespace {

using torch::Tensor;
using torch::nn::Conv3d;
using torch::nn::Conv3dOptions;

Tensor half(const Tensor& x) {
  return torch::max_pool3d(x, 2, 2);
}

Tensor twice(const Tensor& x) {
  return torch::upsample_nearest3d(x, {x.size(2) * 2, x.size(3) * 2, x.size(4) * 2});
}

// [P] 4.2: three levels of two convolutions and a maximum, then back by doubling, each time with the pooled maps of
// that level added through a linear 1³ convolution. The last doubling has nothing added, so that the published network
// gives each 2³ voxels one answer; `full_` adds the maps that were never pooled.
struct Edssn3D : Architecture {
  explicit Edssn3D(const NetworkOptions& o) : full_(o.network == "edssn3d-full") {
    const int a = scaled(32, o.width), b = scaled(64, o.width), c = scaled(128, o.width);
    const auto conv = [&](const char* name, int from, int to, int size) {
      return register_module(name, Conv3d(Conv3dOptions(from, to, size).padding(size / 2)));
    };
    down0_first_ = conv("down0_first", 1, a, 3);
    down0_second_ = conv("down0_second", a, a, 3);
    down1_first_ = conv("down1_first", a, b, 3);
    down1_second_ = conv("down1_second", b, b, 3);
    down2_first_ = conv("down2_first", b, c, 3);
    down2_second_ = conv("down2_second", c, c, 3);
    bottom_ = conv("up3", c, c, 1);
    skip2_ = conv("up2_skip", b, c, 1);
    merge2_ = conv("up2_merge", c, b, 1);
    skip1_ = conv("up1_skip", a, b, 1);
    merge1_ = conv("up1_merge", b, a, 1);
    if (full_) {
      skip0_ = conv("up0_skip", a, a, 1);
      merge0_ = conv("up0_merge", a, a, 1);
    }
    last_ = conv("up0_last", a, o.classes, 1);
    answers_voxels = true;
    start_glorot(*this);
  }
  std::pair<Tensor, Tensor> run(const Tensor& images) override {
    const Tensor whole = torch::relu(down0_second_(torch::relu(down0_first_(images))));
    const Tensor pool1 = half(whole);
    const Tensor pool2 = half(torch::relu(down1_second_(torch::relu(down1_first_(pool1)))));
    const Tensor pool3 = half(torch::relu(down2_second_(torch::relu(down2_first_(pool2)))));
    Tensor x = twice(torch::relu(bottom_(pool3))) + skip2_(pool2);
    x = twice(torch::relu(merge2_(x))) + skip1_(pool1);
    x = twice(torch::relu(merge1_(x)));
    if (full_) x = torch::relu(merge0_(x + skip0_(whole)));
    return {last_(x), Tensor()};
  }
  // The digit of a name is the number of halvings before the layer.
  int64_t output_edge(const std::string& weight, int64_t box) const override {
    return box >> (weight.at(weight.find_first_of("0123")) - '0');
  }
  bool full_;
  Conv3d down0_first_{nullptr}, down0_second_{nullptr}, down1_first_{nullptr}, down1_second_{nullptr},
      down2_first_{nullptr}, down2_second_{nullptr}, bottom_{nullptr}, skip2_{nullptr}, merge2_{nullptr},
      skip1_{nullptr}, merge1_{nullptr}, skip0_{nullptr}, merge0_{nullptr}, last_{nullptr};
};

}  // namespace

std::shared_ptr<Architecture> make_segmentation(const NetworkOptions& options) {
  return std::make_shared<Edssn3D>(options);
}

}  // namespace tessera
