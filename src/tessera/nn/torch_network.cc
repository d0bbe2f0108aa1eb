// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/torch.h>

#include <ATen/autocast_mode.h>

#include <cmath>
#include <limits>

#include "tessera/base/stopwatch.h"
#include "tessera/nn/torch_architectures.h"
#include "tessera/nn/torch_entry.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tessera {
namespace {

using torch::Tensor;

// Half precision in convolutions and products while it lives, on a GPU; bfloat16 needs no scaling of the loss.
class MixedPrecision {
 public:
  explicit MixedPrecision(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(true);
  }
  ~MixedPrecision() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_enabled(false);
  }
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool on_;
};

NamedTensor named(const std::string& name, const Tensor& tensor) {
  const Tensor values = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  NamedTensor out{name, tensor.sizes().vec(), {}};
  out.values.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
  return out;
}

void assign(const Tensor& target, const NamedTensor& from, const std::string& name) {
  if (from.name != name || from.shape != target.sizes().vec())
    throw InternalError(fmt::format("tensor \"{}\" where \"{}\" is expected, or of another shape", from.name, name));
  const auto options = torch::TensorOptions().dtype(torch::kFloat);
  target.copy_(torch::from_blob(const_cast<float*>(from.values.data()), from.shape, options));
}

// LibTorch takes memory for the output of each layer and frees it soon after. glibc gives such large pieces back to the
// kernel, which zeroes them anew each time: half of the time of inference.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

// LibTorch's products are those of the system's BLAS, whose threads at::set_num_threads leaves alone where it is
// OpenBLAS.
void use_threads(int threads) {
  at::set_num_threads(std::max(1, threads));
  if (void* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(set)(std::max(1, threads));
}

// Reported by LibTorch's own exceptions, whose first line says what happened.
template <typename Body>
auto translated(Body&& body) {
  try {
    return body();
  } catch (const c10::OutOfMemoryError&) {
    throw UserError("the GPU has not enough memory for a batch; give a smaller --batch");
  } catch (const c10::Error& error) {
    throw InternalError(std::string("LibTorch: ") + error.what_without_backtrace());
  }
}

class TorchNetwork : public Network {
 public:
  explicit TorchNetwork(const NetworkOptions& options) : options_(options), device_(torch::kCPU) {
    use_threads(options.threads);
    at::globalContext().setBenchmarkCuDNN(false);
    if (options.device == "cuda") {
      if (!torch::cuda::is_available())
        throw UserError(
            "--device cuda: LibTorch finds no CUDA device here (Debian's LibTorch is for CPUs alone: build with one "
            "for "
            "CUDA, -DCMAKE_PREFIX_PATH=libtorch); leave --device out to compute on the CPU");
      device_ = torch::Device(torch::kCUDA);
    }
    module_ = make_architecture(options);
    module_->to(device_);
    module_->eval();
  }

  int64_t parameter_count() const override {
    int64_t count = 0;
    for (const auto& parameter : module_->parameters()) count += parameter.numel();
    return count;
  }
  int feature_count() const override { return module_->features; }
  int64_t multiply_adds() const override;

  std::vector<NamedTensor> state() const override {
    std::vector<NamedTensor> out;
    for (const auto& item : module_->named_parameters()) out.push_back(named(item.key(), item.value()));
    for (const auto& item : module_->named_buffers()) out.push_back(named(item.key(), item.value()));
    return out;
  }
  void set_state(const std::vector<NamedTensor>& state) override {
    torch::NoGradGuard no_gradient;
    const auto parameters = module_->named_parameters(), buffers = module_->named_buffers();
    if (state.size() != parameters.size() + buffers.size())
      throw InternalError(
          fmt::format("{} tensors for a network of {}", state.size(), parameters.size() + buffers.size()));
    size_t at = 0;
    for (const auto* items : {&parameters, &buffers})
      for (const auto& item : *items) assign(item.value(), state[at++], item.key());
  }

  NetworkOutputs evaluate(const float* images, int64_t n) override {
    return translated([&] {
      torch::InferenceMode no_gradient;
      module_->eval();
      const MixedPrecision mixed(device_.is_cuda());
      const auto [linear, features] = module_->run(batch(images, n));
      NetworkOutputs out{named("", linear).values, {}};
      if (features.defined()) out.features = named("", features).values;
      return out;
    });
  }
  std::vector<float> probabilities(const float* image, Shape3 shape) override {
    const int64_t odd = (shape.z | shape.y | shape.x) % segmentation_grid;
    if (!module_->answers_voxels || odd != 0 || shape.count() == 0)
      throw InternalError(
          fmt::format("{} cannot answer for {}×{}×{} voxels", options_.network, shape.x, shape.y, shape.z));
    return translated([&] {
      torch::InferenceMode no_gradient;
      module_->eval();
      const MixedPrecision mixed(device_.is_cuda());
      const Tensor linear = module_->run(images_of(image, {1, 1, shape.z, shape.y, shape.x})).first.to(torch::kFloat);
      return named("", finds_centres(options_.network) ? torch::sigmoid(linear) : torch::softmax(linear, 1)).values;
    });
  }

  void set_optimiser(const OptimiserOptions& options) override {
    optimiser_options_ = options;
    moments_.clear();
    for (const auto& parameter : module_->parameters())
      for (int k = 0; k < (options.method == "adam" ? 2 : 1); ++k) moments_.push_back(torch::zeros_like(parameter));
    updates_ = 0;
  }

  StepResult step(const float* images, const int* labels, int64_t n, double rate, double smoothing,
                  uint64_t draw) override {
    return translated([&] {
      const int64_t box = options_.box;
      const auto shape = module_->answers_voxels ? std::vector<int64_t>{n, box, box, box} : std::vector<int64_t>{n};
      const Tensor target = torch::from_blob(const_cast<int*>(labels), shape, torch::TensorOptions().dtype(torch::kInt))
                                .to(torch::kLong)
                                .to(device_);
      const Tensor linear = outputs_in_training(images, n, draw);
      const double loss =
          descend(torch::nn::functional::cross_entropy(
                      linear, target,
                      torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(smoothing).ignore_index(-1)),
                  rate);
      return StepResult{loss, linear.argmax(1).eq(target).sum().item<double>(), target.ge(0).sum().item<double>()};
    });
  }
  StepResult step_heat(const float* images, const float* heat, int64_t n, double rate) override {
    if (!finds_centres(options_.network)) throw InternalError(options_.network + " has no heat maps");
    return translated([&] {
      const int64_t box = options_.box;
      const Tensor target = images_of(heat, {n, options_.classes, box, box, box});
      const Tensor linear = outputs_in_training(images, n, 0);
      const double loss = descend(centre_loss(linear, target), rate);
      torch::NoGradGuard no_gradient;
      const Tensor all = target.select(1, 0), known = all.ge(0).to(torch::kFloat), there = all.clamp_min(0);
      const double heat_there = there.sum().item<double>();
      if (heat_there == 0) return StepResult{loss, 0, 0};
      const auto about_mean = [&](const Tensor& values) {
        return (values - (values * known).sum() / known.sum()) * known;
      };
      const Tensor of_heat = about_mean(all), found = about_mean(torch::sigmoid(linear.select(1, 0).to(torch::kFloat)));
      const Tensor correlation = (of_heat * found).sum() / (of_heat.square().sum() * found.square().sum()).sqrt();
      const auto kinds = [&](const Tensor& maps) { return maps.narrow(1, 1, options_.classes - 1).argmax(1); };
      const Tensor right = (there * kinds(linear).eq(kinds(target))).sum();
      return StepResult{loss, (correlation.item<double>() + right.item<double>() / heat_there) / 2, 1};
    });
  }

  std::vector<NamedTensor> optimiser_state() const override {
    std::vector<NamedTensor> out;
    for (size_t i = 0; i < moments_.size(); ++i) out.push_back(named("moment." + std::to_string(i), moments_[i]));
    out.push_back({"updates", {1}, {static_cast<float>(updates_)}});
    return out;
  }
  void set_optimiser_state(const std::vector<NamedTensor>& state) override {
    torch::NoGradGuard no_gradient;
    if (state.size() != moments_.size() + 1) throw InternalError("the state is of another optimiser");
    for (size_t i = 0; i < moments_.size(); ++i) assign(moments_[i], state[i], "moment." + std::to_string(i));
    updates_ = std::llround(state.back().values.at(0));
  }

 private:
  Tensor outputs_in_training(const float* images, int64_t n, uint64_t draw) {
    torch::manual_seed(draw);
    module_->train();
    module_->zero_grad();
    const MixedPrecision mixed(device_.is_cuda());
    const Tensor linear = module_->run(batch(images, n)).first;
    return options_.doubles ? linear : linear.to(torch::kFloat);
  }
  // One update; the value of the loss.
  double descend(const Tensor& loss, double rate) {
    const auto value = loss.item<double>();
    if (!std::isfinite(value))
      throw NumericalError(fmt::format("the loss is {} after {} updates; lower --rate", value, updates_));
    loss.backward();
    update(rate);
    return value;
  }
  Tensor batch(const float* images, int64_t n) const {
    const int64_t box = options_.box;
    return images_of(images, {n, 1, box, box, box});
  }
  Tensor images_of(const float* values, const std::vector<int64_t>& shape) const {
    Tensor out = torch::from_blob(const_cast<float*>(values), shape, torch::kFloat);
    if (options_.doubles) out = out.to(torch::kDouble);
    return out.to(device_);
  }

  // Keras' SGD with Nesterov momentum, v ← μv − ηg, w ← w + μv − ηg; or AdamW (Loshchilov & Hutter 2019).
  void update(double rate) {
    torch::NoGradGuard no_gradient;
    ++updates_;
    size_t at = 0;
    for (auto& weight : module_->parameters()) {
      const Tensor gradient = weight.grad();
      const double decay = weight.dim() > 1 ? rate * optimiser_options_.weight_decay : 0;
      if (optimiser_options_.method == "adam") {
        constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
        Tensor &mean = moments_[at], &square = moments_[at + 1];
        mean.mul_(beta1).add_(gradient, 1 - beta1);
        square.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        const double count = static_cast<double>(updates_);
        const double scale = std::sqrt(1 - std::pow(beta2, count)) / (1 - std::pow(beta1, count));
        weight.mul_(1 - decay).addcdiv_(mean, square.sqrt().add_(epsilon), -rate * scale);
        at += 2;
      } else {
        Tensor& speed = moments_[at++];
        speed.mul_(optimiser_options_.momentum).add_(gradient, -rate);
        weight.mul_(1 - decay).add_(speed, optimiser_options_.momentum).add_(gradient, -rate);
      }
    }
  }

  NetworkOptions options_;
  torch::Device device_;
  std::shared_ptr<Architecture> module_;
  OptimiserOptions optimiser_options_;
  std::vector<Tensor> moments_;
  int64_t updates_ = 0;
};

// A dense layer multiplies once per weight; a convolution once per weight and voxel of its output.
int64_t TorchNetwork::multiply_adds() const {
  int64_t total = 0;
  for (const auto& item : module_->named_parameters()) {
    const Tensor& weight = item.value();
    const int64_t edge = weight.dim() == 5 ? module_->output_edge(item.key(), options_.box) : 1;
    if (weight.dim() == 2 || weight.dim() == 5) total += weight.numel() * edge * edge * edge;
  }
  return total;
}

}  // namespace
}  // namespace tessera

extern "C" tessera::Network* tessera_make_network(const tessera::NetworkOptions& options) {
  tessera::keep_freed_memory();
  return tessera::translated([&] { return new tessera::TorchNetwork(options); });
}

extern "C" double tessera_matrix_product_rate(int threads, const char* device) {
  return tessera::translated([&] {
    torch::InferenceMode no_gradient;
    tessera::use_threads(threads);
    const torch::Device place(device);
    const auto a = torch::rand({2048, 2048}, place), b = torch::rand({2048, 2048}, place);
    double least = 1e30;
    for (int i = 0; i < 5; ++i) {
      const tessera::Stopwatch watch;
      torch::mm(a, b).sum().item<float>();  // the sum waits for a GPU
      least = std::min(least, watch.seconds());
    }
    return 2.0 * 2048 * 2048 * 2048 / least;
  });
}
