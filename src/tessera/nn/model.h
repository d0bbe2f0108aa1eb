// SPDX-License-Identifier: GPL-3.0-or-later
// A trained network with all that is needed to use it again: one file.
#pragma once

#include "tessera/base/hit_chance.h"
#include "tessera/nn/tensor_file.h"

namespace tessera {

struct ModelClass {
  int number = 0;  // rlnClassNumber of its particles, or the label of its voxels
  std::string name;
  double radius_A = 0;  // of networks that find centres: mean of the particles
};

// Tells particles of classes that were not trained on ("open set"). A particle's distance is the least Mahalanobis
// distance of its linear outputs to a class mean, with one covariance for all classes (Lee et al. 2018, "A simple
// unified framework for detecting out-of-distribution samples"); its score is the share of known particles, held out of
// training where some were, that lie nearer: about uniform for classes that are known, near 1 for others.
class OpenSet {
 public:
  OpenSet() = default;
  // linear: n × classes outputs of known particles with their labels (from 0). Ridge: 1e-3 of the mean variance.
  OpenSet(const std::vector<float>& linear, const std::vector<int>& labels, int classes);
  bool empty() const { return classes_ == 0; }
  double distance(const float* linear) const;
  // 0 … 1; 0.5 without a reference.
  double score(const float* linear) const;
  // Replaces the reference distances by those of other particles (n × classes).
  void calibrate(const std::vector<float>& linear);

  std::vector<NamedTensor> tensors() const;
  // What tensors() gave; empty where the file has none. IoError naming `source` where shapes do not fit.
  static OpenSet from(const TensorFile& file, int classes, const std::string& source);

 private:
  int classes_ = 0;
  std::vector<float> means_;      // class × output
  std::vector<float> whitening_;  // inverse Cholesky factor, lower, output × output
  std::vector<float> reference_;  // ascending distances
};

struct Model {
  NetworkOptions network;
  double voxel_size_A = 0;
  std::vector<ModelClass> classes;  // in the order of the outputs
  // box: each box to mean 0 and variance 1 (nn/examples.h); tomogram: the whole of it, where voxels are answered for
  std::string normalisation = "box";
  HitChance chance;                  // of networks that find centres: what the height of a peak is worth
  nlohmann::ordered_json training;   // options, history, data: for the reader
  std::vector<NamedTensor> weights;  // Network::state()
  OpenSet open_set;
};

// half: weights as float16, half the size.
void write_model(const std::filesystem::path& path, const Model& model, bool half = false);
// IoError as read_tensor_file; also where the header is incomplete, the network is not one of network_names() or the
// normalisation not known.
Model read_model(const std::filesystem::path& path);
// Networks that come with the program (beside it in the build tree's models/, installed in share/tessera/).
inline constexpr const char* builtin_classifier = "builtin.tessera";
inline constexpr const char* builtin_picker = "picker.tessera";
// Where a model is: the file of that name; of "builtin", where there is none, the one that comes with the program.
std::filesystem::path model_file(const std::string& name, const std::string& builtin = builtin_classifier);
// The network of a model, its weights in place. IoError naming `source` where they do not fit the network.
std::unique_ptr<Network> network_of(const Model& model, const std::string& device, int threads,
                                    const std::string& source);

}  // namespace tessera
