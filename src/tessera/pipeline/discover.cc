// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/discover.h"

#include <algorithm>
#include <map>
#include <set>

#include "tessera/base/describe.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/compare.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/run_lock.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

void validate(const DiscoverRequest& request) {
  Faults faults;
  require_particle_list(faults, request.particles);
  request.cluster.add_faults(faults);
  if (request.cluster.features != "linear" && request.cluster.features != "penultimate")
    faults.add(fmt::format("--features {}: linear or penultimate", request.cluster.features));
  request.train.add_faults(faults);
  request.fresh.add_faults(faults);
  if (!(request.test > 0 && request.test < 1)) faults.add(fmt::format("--test {}: between 0 and 1", request.test));
  if (!(request.success_A > 0)) faults.add(fmt::format("--success {}: above 0", request.success_A));
  if (request.output.empty()) faults.add("--output is missing; name the folder of the results");
  faults.raise<UserError>("discover");
}

// The particles of which the cluster, or class, holds the greatest share of `wanted`; at least `least` of them.
struct Enriched {
  int group = 0;
  int64_t size = 0, wanted = 0;
};
Enriched most_enriched(const std::vector<int>& groups, const std::vector<char>& wanted, int64_t least) {
  std::map<int, Enriched> counts;
  for (size_t i = 0; i < groups.size(); ++i) {
    Enriched& one = counts[groups[i]];
    one.group = groups[i];
    ++one.size;
    one.wanted += wanted[i];
  }
  Enriched best;
  for (const int64_t floor : {least, int64_t{1}}) {
    for (const auto& [group, one] : counts)
      if (one.wanted >= floor && one.wanted * std::max<int64_t>(1, best.size) > best.wanted * one.size) best = one;
    if (best.size > 0) break;
  }
  return best;
}

// Mann and Whitney's statistic over all pairs; ties count half.
double area_under_curve(const std::vector<double>& scores, const std::vector<char>& wanted) {
  std::vector<double> of_others;
  for (size_t i = 0; i < scores.size(); ++i)
    if (!wanted[i]) of_others.push_back(scores[i]);
  std::sort(of_others.begin(), of_others.end());
  double sum = 0, count = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!wanted[i]) continue;
    const auto [low, high] = std::equal_range(of_others.begin(), of_others.end(), scores[i]);
    sum += static_cast<double>(low - of_others.begin()) + 0.5 * static_cast<double>(high - low);
    count += 1;
  }
  return count > 0 && !of_others.empty() ? sum / (count * static_cast<double>(of_others.size())) : 0.5;
}

class Discoverer {
 public:
  Discoverer(const DiscoverRequest& request, ExecContext& context)
      : request_(request),
        context_(context),
        particles_(read_labelled_particles(request.particles, {}, request.allow_empty_classes)) {
    for (size_t k = 0; k < particles_.classes.size(); ++k) {
      const int number = particles_.classes[k].number;
      const bool asked =
          request.leave_out.empty() || std::count(request.leave_out.begin(), request.leave_out.end(), number);
      if (asked && (!request.leave_out.empty() || has_density(number))) left_out_.push_back(static_cast<int>(k));
    }
    Faults faults;
    for (const int number : request.leave_out) {
      const bool there = std::any_of(particles_.classes.begin(), particles_.classes.end(),
                                     [&](const ModelClass& c) { return c.number == number; });
      if (!there)
        faults.add(fmt::format("--leave-out {}: there is no such class", number));
      else if (!has_density(number))
        faults.add(fmt::format("--leave-out {}: {} is missing or empty", number, truth_map(number).string()));
    }
    if (particles_.classes.size() < 3) faults.add("leaving one class out needs at least three classes");
    if (left_out_.empty() && faults.empty()) faults.add("no class has a map truth_N.mrc beside the list");
    faults.raise<UserError>("discover");
    nlohmann::ordered_json options = options_json(request);
    for (const char* name : {"resume", "output", "leave-out"}) options.erase(name);
    identity_ = options.dump() + file_checksum(request.particles) + std::to_string(context.seed);
  }

  DiscoverOutcome run() {
    DiscoverOutcome outcome;
    outcome.folder = request_.output;
    outcome.success_A = request_.success_A;
    split_ = split_by_class(particles_.labels, 0, request_.test, context_.seed);
    write_list(split_.test, -1, fs::path(request_.output) / "test.star");
    for (const int left_out : left_out_) {
      throw_if_stopped(context_, "--resume goes on");
      outcome.classes.push_back(one(left_out));
      const Discovery& last = outcome.classes.back();
      context_.sink.message(
          Severity::info, fmt::format("class {} ({}): {}, {:.0f} Å; cluster {} has {} of it among {}",
                                      last.class_number, last.name, last.found ? "found" : "not found", last.fsc_half_A,
                                      last.cluster, last.of_class, last.cluster_size));
    }
    return outcome;
  }
  const LabelledParticles& particles() const { return particles_; }

 private:
  fs::path truth_map(int number) const {
    return fs::path(request_.particles).parent_path() / fmt::format("truth_{}.mrc", number);
  }
  bool has_density(int number) const {
    if (!fs::exists(truth_map(number))) return false;
    const Map map = read_mrc(truth_map(number));
    return std::any_of(map.voxels.begin(), map.voxels.end(), [](float v) { return v != 0; });
  }

  void write_list(const std::vector<int64_t>& items, int without, const fs::path& path) const {
    ParticleSet list = particles_.set;
    list.particles.clear();
    for (const int64_t i : items)
      if (particles_.labels[i] != without) list.particles.push_back(particles_.set.particles[i]);
    make_names_absolute(list);
    write_particles(path, list);
  }

  Discovery one(int left_out) {
    const ModelClass& of = particles_.classes[left_out];
    const fs::path folder = fs::path(request_.output) / fmt::format("class_{}", of.number);
    prepare_folder(folder);
    if (request_.resume)
      if (auto done = finished(folder / "result.json")) return *done;
    write_list(split_.training, left_out, folder / "training.star");
    train(folder, of);
    Discovery out;
    out.class_number = of.number;
    out.name = of.name;
    const std::string list = (fs::path(request_.output) / "test.star").string(), model = (folder / "model").string();
    const ParticleSet test = read_particles(list);
    std::vector<char> wanted;
    for (const Particle& particle : test.particles) wanted.push_back(particle.class_number == of.number);
    const NetworkResult applied = apply_network(model, list, 64, request_.device, false, context_);
    out.open_set_auc = area_under_curve(applied.open_set_score, wanted);
    SubdivideRequest subdivide;
    subdivide.model = model;
    subdivide.particles = list;
    subdivide.cluster = request_.cluster;
    subdivide.device = request_.device;
    subdivide.output = (folder / "subdivision").string();
    run_subdivide(subdivide, context_);
    judge(folder, wanted, test, out);
    write_text_file(folder / "result.json",
                    nlohmann::ordered_json{{"identity", identity_}, {"result", out.json()}}.dump(1) + "\n");
    return out;
  }

  void train(const fs::path& folder, const ModelClass& of) {
    TrainRequest train;
    train.particles = (folder / "training.star").string();
    train.network = request_.network;
    train.dropout = request_.dropout;
    train.train = request_.train;
    train.fresh = request_.fresh;
    train.allow_empty_classes = true;
    train.device = request_.device;
    train.resume = request_.resume;
    train.output = (folder / "model").string();
    for (const ModelClass& c : particles_.classes) {
      train.class_names.resize(std::max<size_t>(train.class_names.size(), static_cast<size_t>(c.number)));
      train.class_names[c.number - 1] = c.name;
    }
    context_.sink.message(Severity::info, fmt::format("leaving out class {} ({})", of.number, of.name));
    run_train(train, context_);
  }

  // The most enriched cluster, its averages, and the most enriched of these against the truth.
  void judge(const fs::path& folder, const std::vector<char>& wanted, const ParticleSet& test, Discovery& out) {
    const ParticleSet clustered = read_particles(folder / "subdivision" / "particles.star");
    std::vector<int> clusters;
    for (const Particle& particle : clustered.particles) clusters.push_back(particle.class_number);
    const Enriched cluster = most_enriched(clusters, wanted, 5);
    out.cluster = cluster.group;
    out.cluster_size = cluster.size;
    out.of_class = cluster.wanted;
    if (cluster.size < 4) return;  // too few to average
    average_cluster(folder / "subdivision" / fmt::format("cluster_{:03}.star", cluster.group), folder / "average",
                    context_);
    const ParticleSet averaged = read_particles(folder / "average" / "particles.star");
    std::set<std::string> keys;
    for (size_t i = 0; i < test.particles.size(); ++i)
      if (wanted[i]) keys.insert(file_key(test, test.particles[i].image));
    std::vector<int> found;
    std::vector<char> of_class;
    for (const Particle& particle : averaged.particles) {
      found.push_back(particle.class_number);
      of_class.push_back(keys.contains(file_key(averaged, particle.image)));
    }
    const Enriched best = most_enriched(found, of_class, 2);
    if (best.group < 1) return;
    out.found_class = best.group;
    out.found_size = best.size;
    out.found_of_class = best.wanted;
    CompareRequest compare;
    compare.map = (folder / "average" / fmt::format("class_{}.mrc", best.group)).string();
    compare.reference = truth_map(out.class_number).string();
    const CompareOutcome judged = run_compare(compare, context_);
    out.fsc_half_A = judged.comparison.same_hand.fsc_half_A;
    out.correlation = judged.comparison.same_hand.correlation_masked;
    out.found = out.fsc_half_A <= request_.success_A;
  }

  std::optional<Discovery> finished(const fs::path& path) const {
    if (!fs::exists(path)) return std::nullopt;
    try {
      const auto json = nlohmann::json::parse(read_text_file(path));
      if (json.at("identity") != identity_)
        throw UserError(path.string() +
                        ": made with other particles or options than these; repeat them, or start without "
                        "--resume");
      const auto& r = json.at("result");
      Discovery out;
      out.class_number = r.at("class");
      out.name = r.at("name");
      out.cluster = r.at("cluster");
      out.cluster_size = r.at("cluster_size");
      out.of_class = r.at("cluster_of_class");
      out.found_class = r.at("average_class");
      out.found_size = r.at("average_size");
      out.found_of_class = r.at("average_of_class");
      out.fsc_half_A = r.at("fsc_0.5_A");
      out.correlation = r.at("correlation");
      out.open_set_auc = r.at("open_set_auc");
      out.found = r.at("found");
      return out;
    } catch (const nlohmann::json::exception& error) {
      throw IoError(fmt::format("{}: damaged ({}); remove it, or start without --resume", path.string(), error.what()));
    }
  }

  const DiscoverRequest& request_;
  ExecContext& context_;
  LabelledParticles particles_;
  std::vector<int> left_out_;  // indices into particles_.classes
  Split split_;
  std::string identity_;
};

}  // namespace

nlohmann::ordered_json Discovery::json() const {
  return {{"class", class_number},
          {"name", name},
          {"found", found},
          {"fsc_0.5_A", fsc_half_A},
          {"correlation", correlation},
          {"cluster", cluster},
          {"cluster_size", cluster_size},
          {"cluster_of_class", of_class},
          {"average_class", found_class},
          {"average_size", found_size},
          {"average_of_class", found_of_class},
          {"open_set_auc", open_set_auc}};
}

int64_t DiscoverOutcome::found() const {
  return std::count_if(classes.begin(), classes.end(), [](const Discovery& one) { return one.found; });
}

nlohmann::ordered_json DiscoverOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const Discovery& one : classes) list.push_back(one.json());
  return {{"folder", folder},
          {"success_A", success_A},
          {"left_out", classes.size()},
          {"found", found()},
          {"classes", list}};
}

DiscoverOutcome run_discover(const DiscoverRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("discover", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  Discoverer discoverer(request, context);
  prepare_folder(request.output);
  const RunLock lock(request.output);
  DiscoverOutcome outcome = discoverer.run();
  write_text_file(fs::path(request.output) / "results.json", outcome.json().dump(1) + "\n");
  discoverer.particles().record_inputs(record);
  record.set_result("discovery", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
