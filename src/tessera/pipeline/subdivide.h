// SPDX-License-Identifier: GPL-3.0-or-later
// tessera subdivide: a mixed list into clusters of like particles.
#pragma once

#include "tessera/pipeline/classify.h"
#include "tessera/subdivide/clusters.h"

namespace tessera {

struct ClusterRequest {
  std::string features = "linear";
  std::string method = "k-means";
  int clusters = 100;
  int restarts = 10;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"features", "",
               "linear: the outputs before the softmax, as published; penultimate: what the last layer sees; without a "
               "network (MODEL is then \"none\"): invariant (rotation-invariant features) or pose (boxes in a standard "
               "pose)",
               "Subdivision"},
        features);
    visit(Option{"method", "", "k-means, or mixture (of Gaussians; as many as the BIC favours, at most --clusters)",
                 "Subdivision"},
          method);
    visit(Option{"clusters", "", "Number of clusters", "Subdivision"}, clusters);
    visit(Option{"restarts", "", "Starts of k-means; the best is kept", "Subdivision"}, restarts);
  }
  void add_faults(Faults& faults) const;
};

struct SubdivideRequest {
  std::string model, particles;
  ClusterRequest cluster;
  bool map = true;
  bool average = false;
  int average_least = 20;
  int batch = 64;
  std::string device = "cpu";
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"model", "file", "A model that `tessera train` wrote, builtin, or none", "Arguments"}, model);
    visit(Option{"particles", "file.star",
                 "Particle list (RELION 3.1 subtomogram STAR file); classes in it are used to judge, not to subdivide",
                 "Arguments"},
          particles);
    cluster.describe(visit);
    visit(Option{"map", "", "Draw the map of features in the plane (t-SNE)", "Output"}, map);
    visit(Option{"average", "", "Average each cluster, reference-free: 3 classes, 5 iterations", "Averages"}, average);
    visit(Option{"average-least", "particles", "Leave smaller clusters unaveraged", "Averages"}, average_least);
    visit(Option{"batch", "", "Subtomograms in one pass of the network", "Network"}, batch);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", "Network"}, device);
    visit(Option{"output", "folder", "Where the results go; made if missing", "Output"}, output);
  }
};

struct ClusterReport {
  int number = 0;  // from 1, by falling size
  int64_t size = 0;
  int common_class = 0;       // commonest class of the list in it; 0: the list has none
  int64_t of_common = 0;      // particles of that
  std::string star, average;  // files; average: folder, empty where none was made
};

struct SubdivideOutcome {
  std::string folder, features, method;
  int64_t particles = 0, dimensions = 0;
  std::vector<ClusterReport> clusters;
  std::optional<double> purity, adjusted_rand_index;  // where the list has classes
  nlohmann::ordered_json json() const;
};

// Features of a list and the clusters they fall into.
struct Subdivision {
  BoxedParticles particles;
  Points features;
  Clusters clusters;
};
// UserError: more clusters than particles (before anything is computed); as apply_network.
Subdivision subdivide_particles(const std::string& model, const std::string& particles, const ClusterRequest& request,
                                int64_t batch, const std::string& device, ExecContext& context);

// Reference-free averages of one cluster's list in three classes by five iterations, as [S] 3.3.
void average_cluster(const std::filesystem::path& list, const std::filesystem::path& folder, ExecContext& context);

// Writes into request.output: particles.star (rlnClassNumber the cluster), cluster_001.star …, clusters.json,
// features.npy, sizes.png and .svg (the distribution of sizes), map.png, map.svg and map.npy (t-SNE), run.json; with
// averages cluster_001/ … as `tessera average` leaves them.
SubdivideOutcome run_subdivide(const SubdivideRequest& request, ExecContext& context,
                               const CommandLine& command_line = {});

}  // namespace tessera
