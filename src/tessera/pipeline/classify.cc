// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/classify.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/describe.h"
#include "tessera/base/stopwatch.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/npy.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/pipeline/pending_folder.h"

namespace tessera {
namespace {

void validate(const ClassifyRequest& request) {
  Faults faults;
  require_readable(faults, "model", model_file(request.model));
  require_particle_list(faults, request.particles);
  require_one_of("device", request.device, {"cpu", "cuda"}, faults);
  if (request.batch < 1 || request.batch > 65536) faults.add(fmt::format("--batch {}: 1 to 65536", request.batch));
  if (request.output.empty()) faults.add("--output is missing; name the folder of the results");
  faults.raise<UserError>("classify");
}

void require_fit(const Model& model, const BoxedParticles& particles, const std::string& source) {
  Faults faults;
  if (labels_voxels(model.network.network))
    faults.add(model.network.network + " tells the classes of voxels, not of particles: use it with tessera segment");
  else if (finds_centres(model.network.network))
    faults.add(model.network.network + " finds particles: use it with tessera pick --method unet");
  else if (particles.box != model.network.box)
    faults.add(fmt::format("boxes of {}³ voxels; it was trained for {}³: extract or simulate that size, or train anew",
                           particles.box, model.network.box));
  if (std::abs(particles.voxel_size_A / model.voxel_size_A - 1) > 0.01)
    faults.add(fmt::format("voxels of {:g} Å; it was trained for {:g} Å: rescale the tomogram, or train anew",
                           particles.voxel_size_A, model.voxel_size_A));
  faults.raise<UserError>(fmt::format("{} does not fit {}", source, particles.star.string()));
}

double probability_of(const float* linear, int classes, int found) {
  double sum = 0;
  for (int k = 0; k < classes; ++k) sum += std::exp(static_cast<double>(linear[k]) - linear[found]);
  return 1 / sum;
}

}  // namespace

void set_extra_column(ParticleSet& set, const std::string& name, const std::vector<std::string>& values) {
  auto column = std::find(set.extra_columns.begin(), set.extra_columns.end(), name);
  const auto place = static_cast<size_t>(column - set.extra_columns.begin());
  if (column == set.extra_columns.end()) set.extra_columns.push_back(name);
  for (size_t i = 0; i < set.particles.size(); ++i) {
    set.particles[i].extra.resize(set.extra_columns.size());
    set.particles[i].extra[place] = values[i];
  }
}

void make_names_absolute(ParticleSet& set) {
  for (Particle& particle : set.particles) {
    particle.image = std::filesystem::absolute(resolve(set, particle.image));
    if (!particle.weight.empty()) particle.weight = std::filesystem::absolute(resolve(set, particle.weight));
  }
}

NetworkResult apply_network(const std::string& model, const std::string& particles, int64_t batch,
                            const std::string& device, bool features, ExecContext& context) {
  NetworkResult out;
  out.model = read_model(model_file(model));
  out.particles = read_boxed_particles(particles);
  require_fit(out.model, out.particles, model);
  const auto network = network_of(out.model, device, context.threads.count(), model_file(model).string());
  const std::vector<int64_t> all = out.particles.all();
  const FileExamples source(out.particles.files(all), std::vector<int>(all.size(), -1), out.particles.box, {});
  const Stopwatch watch;
  out.predictions = predict(*network, source, batch, "classifying", features, context);
  out.seconds_per_particle = watch.seconds() / static_cast<double>(all.size());
  const int classes = out.model.network.classes;
  for (size_t i = 0; i < all.size(); ++i) {
    const float* linear = out.predictions.linear.data() + i * static_cast<size_t>(classes);
    out.probability.push_back(probability_of(linear, classes, out.predictions.found[i]));
    out.open_set_score.push_back(out.model.open_set.score(linear));
  }
  return out;
}

nlohmann::ordered_json ClassifyOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (size_t k = 0; k < classes.size(); ++k)
    list.push_back({{"number", classes[k].number}, {"name", classes[k].name}, {"particles", counts[k]}});
  return {{"folder", folder},
          {"particles", particles},
          {"mean_probability", mean_probability},
          {"unlike_training", unlike},
          {"seconds_per_particle", seconds_per_particle},
          {"classes", list}};
}

ClassifyOutcome run_classify(const ClassifyRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("classify", command_line);
  record.set_options(options_json(request));
  record.set_threads(context.threads.count());
  record.set_ranks(context.comm.size());
  StepTimer applying(record, "network");
  NetworkResult result =
      apply_network(request.model, request.particles, request.batch, request.device, request.features, context);
  applying.stop();
  ClassifyOutcome outcome;
  outcome.folder = request.output;
  outcome.classes = result.model.classes;
  outcome.counts.resize(result.model.classes.size());
  outcome.seconds_per_particle = result.seconds_per_particle;
  ParticleSet& set = result.particles.set;
  outcome.particles = std::ssize(set.particles);
  std::vector<std::string> scores;
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const int found = result.predictions.found[i];
    set.particles[i].class_number = result.model.classes[found].number;
    set.particles[i].probability = result.probability[i];
    scores.push_back(fmt::format("{:.4f}", result.open_set_score[i]));
    ++outcome.counts[found];
    outcome.unlike += result.open_set_score[i] > 0.99;
    outcome.mean_probability += result.probability[i] / static_cast<double>(set.particles.size());
  }
  set_extra_column(set, "tesseraOpenSetScore", scores);
  make_names_absolute(set);

  if (context.comm.rank() != 0) return outcome;
  PendingFolder pending(request.output);
  write_particles(pending.path() / "particles.star", set);
  const int64_t n = outcome.particles;
  write_npy(pending.path() / "outputs.npy", {n, std::ssize(result.predictions.linear) / n, result.predictions.linear});
  if (request.features)
    write_npy(pending.path() / "features.npy",
              {n, std::ssize(result.predictions.features) / n, result.predictions.features});
  write_text_file(pending.path() / "classes.json", outcome.json().at("classes").dump(1) + "\n");
  record.add_input(model_file(request.model));
  result.particles.record_inputs(record);
  record.set_result("classification", outcome.json());
  record.write(pending.path() / "run.json");
  pending.commit();
  return outcome;
}

}  // namespace tessera
