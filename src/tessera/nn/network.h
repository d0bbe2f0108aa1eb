// SPDX-License-Identifier: GPL-3.0-or-later
// Convolutional networks that tell the class of a subtomogram, that of every voxel of a tomogram, or where the centres
// of particles are. The interface knows nothing of LibTorch: what does lives in a library of its own, loaded when the
// first network is made, so that all else starts without it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/base/shape.h"

namespace tessera {

// inception3d, dsrf3d: Xu et al. 2017 ([S] 2.2), layers as in docs/theory/subdivision.md; Glorot-uniform weights,
// biases 0. residual3d: smoothing to half the edge, a strided convolution, residual blocks of 32 and 128 channels,
// means and maxima over the box; 0.63 M parameters, 0.13 GMAC at 40³. edssn3d, edssn3d-full label voxels: the network
// of [P] 4.2, and the same with a skip connection at full resolution (docs/theory/segmentation.md). unet3d finds
// centres: heat maps of all particles and of each class (docs/theory/picking.md); 0.15 M parameters.
struct NetworkOptions {
  std::string network = "residual3d";
  int box = 40;                // voxels of the cubic input
  int classes = 2;             // L, the linear outputs; of networks that find centres, heat maps
  double dropout = -1;         // probability that a unit is dropped before the last layer; -1: the network's own
  double width = 1;            // times the published numbers of channels
  bool doubles = false;        // double precision, for the test of gradients
  std::string device = "cpu";  // or "cuda"
  int threads = 1;
  uint64_t seed = 1;

  void add_faults(Faults& faults) const;
};
std::vector<std::string> network_names();               // those that tell the class of a box
std::vector<std::string> segmentation_network_names();  // those that tell the class of every voxel
bool labels_voxels(const std::string& network);
std::vector<std::string> centre_network_names();  // those that find the centres of particles
inline bool finds_centres(const std::string& network) {
  return network == "unet3d";
}
// How many heat maps there are of so many kinds of centres: one of all of them before one of each.
constexpr int heat_maps_of(size_t kinds) {
  return static_cast<int>(kinds) + 1;
}
// NetworkOptions::classes of a network that tells so many classes.
inline int outputs_of(const std::string& network, size_t classes) {
  return finds_centres(network) ? heat_maps_of(classes) : static_cast<int>(classes);
}
// Either: an answer for every voxel, of boxes of any shape.
inline bool answers_voxels(const std::string& network) {
  return labels_voxels(network) || finds_centres(network);
}
// Edges of what a network that answers for voxels takes are multiples of this.
inline constexpr int segmentation_grid = 8;
// Of a block cut out on that grid, so many voxels along each face would be answered otherwise by its surroundings.
inline constexpr int segmentation_reach = 16;
// The network's own: 0.3 for inception3d ([S]: "a unit was retained with probability 70 %"; its public code drops 70
// %), 0 for dsrf3d, 0.2 for residual3d.
inline double default_dropout(const std::string& network) {
  return network == "inception3d" ? 0.3 : network == "residual3d" ? 0.2 : 0.0;
}
// Smallest box that leaves something after every layer.
int smallest_box(const std::string& network);

struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
  int64_t count() const;
};

struct OptimiserOptions {
  std::string method = "sgd";  // sgd (Nesterov momentum) or adam (decoupled weight decay)
  double momentum = 0.9;
  double weight_decay = 0;
};

struct NetworkOutputs {
  std::vector<float> linear;  // n × classes (× box³ where voxels are answered for): before the softmax ([S] Eq. 3) or,
                              // of heat maps, before the logistic function
  std::vector<float> features;  // n × feature_count: what the last layer sees; of inception3d its means over the box;
                                // nothing where voxels are answered for
};

// centre_loss counts per unit of heat and so much for every voxel, that cubes without particles count too.
inline constexpr double heat_floor = 1e-3;
// What the class counts in centre_loss: about as much, in gradients, as the place.
inline constexpr double class_weight = 0.2;

struct StepResult {
  double loss = 0;     // of the batch: mean cross-entropy, or centre_loss
  double correct = 0;  // labels found, dropout in force; of heat maps, the agreement (nn/training.h) of the batch
  double known = 0;    // labels not −1; of heat maps 1 if there is any heat
};

// Not thread-safe. On a CPU the same calls give the same bits for the same number of threads.
class Network {
 public:
  virtual ~Network() = default;
  virtual int64_t parameter_count() const = 0;
  virtual int feature_count() const = 0;
  // Multiply-adds of one forward pass of one box, in convolutions and dense layers.
  virtual int64_t multiply_adds() const = 0;

  // Weights and buffers. set_state: InternalError unless names and shapes are those of state().
  virtual std::vector<NamedTensor> state() const = 0;
  virtual void set_state(const std::vector<NamedTensor>& state) = 0;

  // images: n × box³ of mean 0 and variance 1. No dropout; running means of normalisation.
  virtual NetworkOutputs evaluate(const float* images, int64_t n) = 0;
  // Of a network that answers for voxels: probabilities or heat maps (0 to 1), classes × shape, of one image of any
  // shape (multiples of segmentation_grid). Others: InternalError.
  virtual std::vector<float> probabilities(const float* image, Shape3 shape) = 0;

  virtual void set_optimiser(const OptimiserOptions& options) = 0;
  // One update at that rate; labels from 0, one for each image or n × box³ of them, of which negative ones are left out
  // of the loss. `draw` seeds the dropout of this step. smoothing: share of the target
  // probability spread over all classes. NumericalError when the loss is not finite.
  virtual StepResult step(const float* images, const int* labels, int64_t n, double rate, double smoothing,
                          uint64_t draw) = 0;
  // The same of a network that finds centres: heat maps n × classes × box³, of which negative voxels are left out of
  // the loss (docs/theory/picking.md).
  virtual StepResult step_heat(const float* images, const float* heat, int64_t n, double rate) = 0;
  // Moments and counts of the optimiser: empty before the first step.
  virtual std::vector<NamedTensor> optimiser_state() const = 0;
  virtual void set_optimiser_state(const std::vector<NamedTensor>& state) = 0;
};

// Fresh random weights. UserError: options out of range, LibTorch absent, --device cuda without one.
std::unique_ptr<Network> make_network(const NetworkOptions& options);

// Floating-point operations a second of a product of two 2048² matrices by the library that the networks use: the best
// of five, the yardstick of bench/networks. UserError as make_network.
double matrix_product_rate(int threads, const std::string& device);

// Whether the library that holds the networks can be loaded; where not, `reason` tells why and what to do.
bool networks_available(std::string* reason = nullptr);

}  // namespace tessera
