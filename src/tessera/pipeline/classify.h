// SPDX-License-Identifier: GPL-3.0-or-later
// tessera classify: the class of every particle by a trained network.
#pragma once

#include "tessera/nn/training.h"
#include "tessera/pipeline/labelled_particles.h"

namespace tessera {

struct ClassifyRequest {
  std::string model, particles;
  bool features = false;
  int batch = 64;
  std::string device = "cpu";
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"model", "file", "A model that `tessera train` wrote, or builtin (docs/subdivision.md)", "Arguments"},
          model);
    visit(Option{"particles", "file.star", "Particle list (RELION 3.1 subtomogram STAR file)", "Arguments"}, particles);
    visit(Option{"features", "", "Write what the last layer sees to features.npy as well (one row for each particle)",
                 "Output"},
          features);
    visit(Option{"batch", "", "Subtomograms in one pass of the network", "Network"}, batch);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", "Network"}, device);
    visit(Option{"output", "folder", "Where the results go; made if missing", "Output"}, output);
  }
};

// A network applied to a list.
struct NetworkResult {
  BoxedParticles particles;
  Model model;
  Predictions predictions;             // labels −1
  std::vector<double> probability;     // of the class found: softmax of the linear outputs
  std::vector<double> open_set_score;  // nn/model.h
  double seconds_per_particle = 0;     // reading included
};
// UserError: a box or voxel size (1 %) other than those the model was trained for. IoError as the readers.
NetworkResult apply_network(const std::string& model, const std::string& particles, int64_t batch,
                            const std::string& device, bool features, ExecContext& context);

struct ClassifyOutcome {
  std::string folder;
  int64_t particles = 0;
  std::vector<ModelClass> classes;
  std::vector<int64_t> counts;  // of particles found in each class
  double mean_probability = 0, seconds_per_particle = 0;
  int64_t unlike = 0;  // open-set score above 0.99: the class was perhaps not in training
  nlohmann::ordered_json json() const;
};

// Writes into request.output: particles.star (rlnClassNumber the class found, rlnMaxValueProbDistribution its
// probability, tesseraOpenSetScore), outputs.npy (particles × classes, the linear outputs), features.npy (on request),
// classes.json (number and name of each output), run.json.
ClassifyOutcome run_classify(const ClassifyRequest& request, ExecContext& context,
                             const CommandLine& command_line = {});

// The list with `value` in the column `name` of its extra columns, which is added if missing.
void set_extra_column(ParticleSet& set, const std::string& name, const std::vector<std::string>& values);

// Names of images and weights as absolute paths: the list may then lie anywhere.
void make_names_absolute(ParticleSet& set);

}  // namespace tessera
