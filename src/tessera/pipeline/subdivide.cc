// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/subdivide.h"

#include <algorithm>
#include <map>

#include "tessera/base/describe.h"
#include "tessera/base/partition.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/npy.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/average.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/pending_folder.h"
#include "tessera/report/chart.h"
#include "tessera/subdivide/invariant_features.h"
#include "tessera/subdivide/pose_normalisation.h"
#include "tessera/subdivide/tsne.h"

namespace tessera {
namespace {

bool needs_network(const std::string& features) {
  return features == "linear" || features == "penultimate";
}

void validate(const SubdivideRequest& request) {
  Faults faults;
  request.cluster.add_faults(faults);
  if (needs_network(request.cluster.features))
    require_readable(faults, "model", model_file(request.model));
  else if (request.model != "none")
    faults.add(fmt::format("--features {} needs no network: give none in place of {}", request.cluster.features,
                           request.model));
  require_particle_list(faults, request.particles);
  require_one_of("device", request.device, {"cpu", "cuda"}, faults);
  if (request.batch < 1 || request.batch > 65536) faults.add(fmt::format("--batch {}: 1 to 65536", request.batch));
  if (request.average_least < 4) faults.add(fmt::format("--average-least {}: at least 4", request.average_least));
  if (request.output.empty()) faults.add("--output is missing; name the folder of the results");
  faults.raise<UserError>("subdivide");
}

Points points_of(const std::vector<float>& values, int64_t count) {
  return {count, std::ssize(values) / count, values};
}

std::string cluster_name(int number) {
  return fmt::format("cluster_{:03}", number);
}

// Classes of the list, or nothing where any particle has none.
std::vector<int> classes_of(const ParticleSet& set) {
  std::vector<int> out;
  for (const Particle& particle : set.particles) out.push_back(particle.class_number);
  if (std::any_of(out.begin(), out.end(), [](int c) { return c < 1; })) out.clear();
  return out;
}

void judge(const Subdivision& found, const std::vector<int>& classes, SubdivideOutcome& outcome) {
  for (size_t c = 0; c < found.clusters.sizes.size(); ++c) {
    ClusterReport report;
    report.number = static_cast<int>(c) + 1;
    report.size = found.clusters.sizes[c];
    report.star = cluster_name(report.number) + ".star";
    std::map<int, int64_t> counts;
    for (size_t i = 0; i < classes.size(); ++i)
      if (found.clusters.cluster[i] == static_cast<int>(c)) ++counts[classes[i]];
    for (const auto& [number, count] : counts)
      if (count > report.of_common) {
        report.common_class = number;
        report.of_common = count;
      }
    outcome.clusters.push_back(report);
  }
  if (classes.empty()) return;
  int64_t pure = 0;
  for (const ClusterReport& report : outcome.clusters) pure += report.of_common;
  outcome.purity = static_cast<double>(pure) / static_cast<double>(classes.size());
  outcome.adjusted_rand_index = adjusted_rand_index(found.clusters.cluster, classes);
}

void draw_sizes(const SubdivideOutcome& outcome, const std::filesystem::path& stem) {
  Chart chart;
  chart.title = "cluster sizes";
  chart.x_label = "cluster";
  chart.y_label = "particles";
  chart.y_from_zero = true;
  ChartSeries series{"", {}, {}, {60, 120, 220}};
  for (const ClusterReport& report : outcome.clusters) {
    series.x.push_back(report.number);
    series.y.push_back(static_cast<double>(report.size));
  }
  chart.series = {series};
  write_chart(stem, chart);
}

void draw_map(const Points& map, const std::vector<int>& groups, const std::string& what,
              const std::filesystem::path& stem) {
  Chart chart;
  chart.title = fmt::format("t-SNE, coloured by {}", what);
  chart.axes = false;
  std::map<int, ChartSeries> series;
  for (int64_t i = 0; i < map.count; ++i) {
    ChartSeries& of = series[groups[i]];
    of.x.push_back(map.row(i)[0]);
    of.y.push_back(map.row(i)[1]);
  }
  int64_t index = 0;
  for (auto& [number, one] : series) {
    one.name = fmt::format("{} {}", what, number);
    one.points = true;
    one.colour = palette_colour(index++);
    chart.series.push_back(std::move(one));
  }
  write_chart(stem, chart);
}

}  // namespace

void ClusterRequest::add_faults(Faults& faults) const {
  require_one_of("features", features, {"linear", "penultimate", "invariant", "pose"}, faults);
  require_one_of("method", method, {"k-means", "mixture"}, faults);
  if (clusters < 1) faults.add(fmt::format("--clusters {}: at least 1", clusters));
  if (restarts < 1) faults.add(fmt::format("--restarts {}: at least 1", restarts));
}

Subdivision subdivide_particles(const std::string& model, const std::string& particles, const ClusterRequest& request,
                                int64_t batch, const std::string& device, ExecContext& context) {
  const auto count = std::ssize(read_particles(particles).particles);
  if (request.clusters > count)
    throw UserError(
        fmt::format("--clusters {}: {} lists {} particles, and there cannot be more clusters than particles",
                    request.clusters, particles, count));
  Subdivision out;
  if (needs_network(request.features)) {
    NetworkResult result = apply_network(model, particles, batch, device, request.features == "penultimate", context);
    out.particles = std::move(result.particles);
    out.features =
        points_of(request.features == "linear" ? result.predictions.linear : result.predictions.features, count);
  } else {
    out.particles = read_boxed_particles(particles);
    const auto all = out.particles.all();
    const FileExamples source(out.particles.files(all), std::vector<int>(all.size(), -1), out.particles.box, {});
    if (request.features == "invariant") {
      out.features = invariant_features(source, {}, context);
      standardise(out.features);
    } else {
      out.features = pose_normalised_boxes(source, {}, context);
    }
  }
  const ClusterOptions options{request.clusters, request.restarts, 300};
  out.clusters = request.method == "k-means"
                     ? k_means_clusters(out.features, options, context.seed, context.threads)
                     : best_mixture(out.features.dimensions > 64 ? principal_components(out.features, 32, context.seed)
                                                                 : out.features,
                                    options, context.seed, context.threads)
                           .clusters;
  return out;
}

void average_cluster(const std::filesystem::path& list, const std::filesystem::path& folder, ExecContext& context) {
  AverageRequest request;
  request.particles = list.string();
  request.average.classes = 3;
  request.average.iterations = 5;
  request.output = folder.string();
  run_average(request, context);
}

nlohmann::ordered_json SubdivideOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const ClusterReport& report : clusters) {
    nlohmann::ordered_json one = {{"cluster", report.number}, {"size", report.size}, {"list", report.star}};
    if (report.common_class > 0) {
      one["common_class"] = report.common_class;
      one["of_common_class"] = report.of_common;
    }
    if (!report.average.empty()) one["average"] = report.average;
    list.push_back(one);
  }
  nlohmann::ordered_json out = {{"folder", folder},         {"particles", particles}, {"features", features},
                                {"dimensions", dimensions}, {"method", method},       {"clusters", list}};
  if (purity) out["purity"] = *purity;
  if (adjusted_rand_index) out["adjusted_rand_index"] = *adjusted_rand_index;
  return out;
}

SubdivideOutcome run_subdivide(const SubdivideRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("subdivide", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  StepTimer subdividing(record, "features and clusters");
  const Subdivision found =
      subdivide_particles(request.model, request.particles, request.cluster, request.batch, request.device, context);
  subdividing.stop();
  SubdivideOutcome outcome;
  outcome.folder = request.output;
  outcome.features = request.cluster.features;
  outcome.method = request.cluster.method;
  outcome.particles = found.features.count;
  outcome.dimensions = found.features.dimensions;
  const std::vector<int> classes = classes_of(found.particles.set);
  judge(found, classes, outcome);

  PendingFolder pending(request.output);
  ParticleSet set = found.particles.set;
  make_names_absolute(set);
  for (size_t i = 0; i < set.particles.size(); ++i) set.particles[i].class_number = found.clusters.cluster[i] + 1;
  write_particles(pending.path() / "particles.star", set);
  for (const ClusterReport& report : outcome.clusters) {
    ParticleSet one = set;
    std::erase_if(one.particles, [&](const Particle& particle) { return particle.class_number != report.number; });
    write_particles(pending.path() / report.star, one);
  }
  write_npy(pending.path() / "features.npy", {found.features.count, found.features.dimensions, found.features.values});
  draw_sizes(outcome, pending.path() / "sizes");
  if (request.map && found.features.count >= 4) {
    StepTimer mapping(record, "map");
    const Points plane =
        tsne(found.features.dimensions > 64 ? principal_components(found.features, 32, context.seed) : found.features,
             {}, context);
    write_npy(pending.path() / "map.npy", {plane.count, 2, plane.values});
    std::vector<int> groups = classes;
    for (size_t i = 0; i < set.particles.size() && classes.empty(); ++i)
      groups.push_back(set.particles[i].class_number);
    draw_map(plane, groups, classes.empty() ? "cluster" : "class", pending.path() / "map");
  }
  pending.commit();
  for (ClusterReport& report : outcome.clusters) {
    if (!request.average || report.size < request.average_least) continue;
    StepTimer averaging(record, "averages");
    const auto folder = std::filesystem::path(request.output) / cluster_name(report.number);
    average_cluster(std::filesystem::path(request.output) / report.star, folder, context);
    report.average = cluster_name(report.number);
  }
  write_text_file(std::filesystem::path(request.output) / "clusters.json", outcome.json().dump(1) + "\n");
  if (needs_network(request.cluster.features)) record.add_input(model_file(request.model));
  found.particles.record_inputs(record);
  record.set_result("subdivision", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
