// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/simulate_tomogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/describe.h"
#include "tessera/base/units.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mdoc.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/parallel/memory.h"
#include "tessera/pipeline/pending_folder.h"
#include "tessera/pipeline/tomogram_preview.h"
#include "tessera/simulate/ground_truth.h"
#include "tessera/simulate/tilt_series.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

nlohmann::ordered_json finite(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

void validate(const SimulateTomogramRequest& request) {
  Faults faults;
  if (request.scene.empty()) faults.add("no scene given; name the folder that tessera pack wrote");
  if (request.output.empty()) faults.add("--output is missing; name the folder of the tomogram");
  request.specimen.add_faults(faults);
  request.tilts.add_faults(faults);
  request.reconstruction.add_faults(faults);
  faults.raise<UserError>("simulate tomogram");
}

// One run: what its steps hand to each other.
class TomogramRun {
 public:
  TomogramRun(const SimulateTomogramRequest& request, ExecContext& context, const CommandLine& command_line)
      : request_(request),
        context_(context),
        options_(request.tilts.resolved()),
        scene_(read_scene(request.scene)),
        record_("simulate tomogram", command_line) {
    Faults faults;
    files_ = locate_structures(scene_, request.specimen, faults);
    faults.raise<IoError>("simulate tomogram");
    check_resources();
    describe_run();
  }

  SimulateTomogramOutcome run() {
    PendingFolder pending(request_.output);
    folder_ = pending.path();
    draw();
    set_noise();
    record_images();
    reconstruct();
    write_truth();
    write_png(folder_ / "preview.png", preview_picture(panels_));
    record_.set_result("tomogram", outcome_.json());
    record_.write(folder_ / "run.json");
    pending.commit();
    return std::move(outcome_);
  }

 private:
  Map as_map(Volume<float> voxels) const { return {std::move(voxels), scene_.voxel_size_A, {}}; }

  void check_resources() const {
    const double volume = 4.0 * static_cast<double>(scene_.shape().count());
    const double images =
        4.0 * static_cast<double>(scene_.shape().y * scene_.shape().x) * static_cast<double>(options_.tilts().size());
    const double memory = 2 * volume + images + 0.5e9, available = available_memory_bytes();
    if (memory > available)
      throw UserError(
          fmt::format("the scene has {} × {} × {} voxels: {:.1f} GB are needed, {:.1f} GB are available; "
                      "pack with larger voxels or a smaller box",
                      scene_.shape().x, scene_.shape().y, scene_.shape().z, memory / 1e9, available / 1e9));
    prepare_folder(request_.output);
    require_free_space(request_.output, (request_.write_density ? 4 : 3) * volume + images + 1e6);
  }

  void describe_run() {
    record_.set_options(options_json(request_));
    record_.set_seed(context_.seed);
    record_.set_threads(context_.threads.count());
    const std::filesystem::path scene = request_.scene;
    record_.add_input(std::filesystem::is_directory(scene) ? scene / "scene.json" : scene);
    for (const std::string& file : files_)
      if (!file.empty() && !file.starts_with("builtin:")) record_.add_input(file);
    const Shape3 shape = scene_.shape();
    outcome_.folder = request_.output;
    outcome_.physics = options_.physics;
    outcome_.noise = options_.noise;
    outcome_.reconstruction = request_.reconstruction.method;
    outcome_.shape = {shape.x, shape.y, shape.z};
    outcome_.voxel_size_A = scene_.voxel_size_A;
    if (scene_.bodies.empty() && scene_.filaments.empty() && scene_.membranes.empty())
      context_.sink.message(Severity::warning, "the scene holds no particle, filament or membrane: a tomogram of ice");
  }

  void draw() {
    StepTimer density_timer(record_, "densities");
    species_ = make_species_densities(scene_, files_, request_.specimen, context_);
    density_timer.stop();
    beads_ = place_gold_beads(scene_, request_.specimen.gold_beads, request_.specimen.gold_diameter_A, context_.seed);
    if (static_cast<int>(beads_.size()) < request_.specimen.gold_beads)
      context_.sink.message(Severity::warning, fmt::format("{} of {} gold beads found a place on the faces of the box",
                                                           beads_.size(), request_.specimen.gold_beads));
    numbers_ = number_instances(scene_, beads_.size());
    labels_ = label_scene(scene_, numbers_);
    StepTimer timer(record_, "draw");
    SceneVolumes drawn =
        draw_scene(scene_, species_, beads_,
                   {request_.specimen.resolution(scene_.voxel_size_A), request_.specimen.kernel}, context_);
    potential_ = std::move(drawn.potential);
    timer.stop();
    StepTimer writing(record_, "write masks");
    write_masks(std::move(drawn.instances));
    if (request_.write_density) {
      Map density = as_map(std::move(potential_));
      write_mrc(folder_ / "density.mrc", density, {.label = "specimen"});
      potential_ = std::move(density.voxels);
    }
  }

  void write_masks(Volume<float> instances) {
    instance_voxels_.assign(static_cast<size_t>(numbers_.count()) + 1, 0);
    for (const float value : instances) ++instance_voxels_[static_cast<size_t>(value)];
    label_voxels_.assign(labels_.names.size() + 1, 0);
    for (size_t i = 0; i < instance_voxels_.size(); ++i) label_voxels_[labels_.of_instance[i]] += instance_voxels_[i];
    outcome_.occupied = 1 - static_cast<double>(instance_voxels_[0]) / static_cast<double>(instances.size());
    outcome_.instances = numbers_.count();
    outcome_.gold_beads = numbers_.beads;
    Map map = as_map(std::move(instances));
    write_mrc(folder_ / "instances.mrc", map, {.label = "instances, see instances.star"});
    instances_to_labels(map.voxels, labels_);
    write_mrc(folder_ / "labels.mrc", map, {.label = "labels, see labels.star"});
    const int64_t middle = scene_.shape().z / 2;
    panels_.push_back({"SPECIMEN (XY)", plane_of(potential_, middle), false});
    panels_.push_back({"LABELS (XY)", plane_of(map.voxels, middle), true});
  }

  SpecimenScale scale() const {
    // The situs kernel measures mass; protein has 3.37 V of contrast at 0.81 Da/Å³.
    const double volts = request_.specimen.kernel == "situs"
                             ? material_densities("potential").protein / material_densities("situs").protein
                             : 1.0;
    return {scene_.voxel_size_A, volts};
  }

  // The signal the SNR refers to: the mean over all bodies, or without any the projection along z.
  double reference_signal() {
    const std::vector<double> variances = projection_variances(scene_, species_, options_.tilts(), context_);
    double sum = 0;
    for (size_t s = 0; s < species_.size(); ++s) {
      const SceneSpecies& species = scene_.species[s];
      const int64_t bodies = std::count_if(scene_.bodies.begin(), scene_.bodies.end(), [&](const SceneBody& body) {
        return body.species == static_cast<int32_t>(s);
      });
      outcome_.species.push_back({species.name, bodies, species_[s].map.voxels.shape().x, label_voxels_[s + 1],
                                  variances[s], std::numeric_limits<double>::quiet_NaN()});
      sum += variances[s] * static_cast<double>(bodies);
    }
    if (!scene_.bodies.empty()) {
      outcome_.snr_note = "var(particle)/var(noise) over each particle's own box of the projections, before CTF";
      return sum / static_cast<double>(scene_.bodies.size());
    }
    outcome_.snr_note = "no particles: var(specimen)/var(noise) over the whole projection along z, before CTF";
    const Shape3 shape = potential_.shape();
    Volume<float> flat({1, shape.y, shape.x}, 0.0f);
    for (int64_t z = 0; z < shape.z; ++z)
      for (int64_t i = 0; i < flat.size(); ++i) flat[i] += potential_[z * flat.size() + i];
    return statistics(flat).variance;
  }

  void set_noise() {
    StepTimer timer(record_, "measure signal");
    tilts_ = plan_tilts(options_, scene_.box_A[2], context_.seed);
    for (const Tilt& tilt : tilts_) outcome_.tilts_deg.push_back(tilt.angle / degree);
    const double signal = reference_signal();
    if (options_.noise == "gaussian") {
      if (!(signal > 0)) throw UserError("the scene has nothing whose signal an SNR could refer to; use --noise none");
      outcome_.noise_sigma = std::sqrt(signal / *options_.snr);
    } else if (options_.noise == "poisson") {
      double sum = 0;
      for (const Tilt& tilt : tilts_) sum += std::pow(counting_noise_sigma(tilt, options_, scale()), 2);
      outcome_.noise_sigma = std::sqrt(sum / static_cast<double>(tilts_.size()));
    }
    const double variance = outcome_.noise_sigma * outcome_.noise_sigma;
    outcome_.snr = signal / variance;
    for (TomogramSpecies& species : outcome_.species)
      if (species.bodies > 0) species.snr = species.signal_variance / variance;
  }

  void record_images() {
    StepTimer timer(record_, "tilt series");
    series_ = record_tilt_series(potential_, scale(), tilts_, options_, outcome_.noise_sigma, context_);
    potential_ = Volume<float>();
    timer.stop();
    StepTimer writing(record_, "write tilt series");
    const Shape3 shape = series_.images.shape();
    Map stack = as_map(std::move(series_.images));
    write_mrc(folder_ / "tilt_series.mrc", stack, {.label = "simulated tilt series", .is_stack = true});
    series_.images = std::move(stack.voxels);
    Mdoc mdoc{"tilt_series.mrc", shape.x, shape.y, scene_.voxel_size_A, options_.voltage_kV, {}};
    size_t flattest = 0;
    for (size_t j = 0; j < tilts_.size(); ++j) {
      const Tilt& tilt = tilts_[j];
      const Statistics values = statistics(plane_of(series_.images, static_cast<int64_t>(j)));
      mdoc.sections.push_back({tilt.angle / degree, tilt.exposure_before, tilt.exposure, tilt.defocus_um, tilt.order,
                               values.minimum, values.maximum, static_cast<float>(values.mean)});
      if (std::abs(tilt.angle) < std::abs(tilts_[flattest].angle)) flattest = j;
    }
    write_text_file(folder_ / "tilt_series.mdoc", format_mdoc(mdoc));
    write_text_file(folder_ / "tilts.tlt", format_tilt_angles(outcome_.tilts_deg));
    panels_.push_back({fmt::format("IMAGE AT {:.0f}°", outcome_.tilts_deg[flattest]),
                       plane_of(series_.images, static_cast<int64_t>(flattest)), false});
  }

  void reconstruct() {
    StepTimer timer(record_, "reconstruction");
    correct_tilt_series(series_, scale(), options_,
                        {request_.reconstruction.phase_flip, request_.reconstruction.dose_weighting}, context_);
    std::vector<double> angles;
    for (const Tilt& tilt : tilts_) angles.push_back(tilt.angle);
    ReconstructionReport report;
    Map tomogram = as_map(
        reconstruct_tomogram(series_.images, angles, scene_.shape().z, request_.reconstruction, context_, &report));
    outcome_.sirt_residuals = report.residuals;
    series_.images = Volume<float>();
    timer.stop();
    StepTimer writing(record_, "write tomogram");
    write_mrc(folder_ / "tomogram.mrc", tomogram, {.label = "simulated tomogram"});
    panels_.push_back({"TOMOGRAM (XY)", plane_of(tomogram.voxels, scene_.shape().z / 2), false});
    panels_.push_back({"TOMOGRAM (XZ)", side_of(tomogram.voxels, scene_.shape().y / 2), false});
  }

  void write_table(const char* name, StarTable table) const {
    if (table.rows() == 0) return;
    StarDocument document;
    document.tables.push_back(std::move(table));
    write_star(folder_ / name, document);
  }

  void write_truth() {
    StepTimer timer(record_, "write truth");
    const TruthContext truth{scene_, numbers_, labels_, species_, options_};
    write_particles(folder_ / "truth.star", truth_particles(truth));
    write_table("labels.star", label_table(truth, label_voxels_));
    write_table("instances.star", instance_table(truth, beads_, instance_voxels_));
    write_table("filaments.star", filament_table(scene_));
    write_table("membranes.star", membrane_table(scene_));
    write_table("tilts_truth.star", tilt_table(tilts_));
    write_scene(folder_ / "scene.json", scene_);
    if (request_.truth_maps)
      for (size_t s = 0; s < species_.size(); ++s)
        write_mrc(folder_ / fmt::format("truth_{}.mrc", s + 1), species_[s].map,
                  {.label = "density of " + scene_.species[s].name});
    for (const char* name :
         {"tomogram.mrc", "tilt_series.mrc", "tilt_series.mdoc", "tilts.tlt", "truth.star", "labels.mrc", "labels.star",
          "instances.mrc", "instances.star", "tilts_truth.star", "scene.json", "preview.png"})
      record_.add_output(std::filesystem::path(request_.output) / name);
  }

  const SimulateTomogramRequest& request_;
  ExecContext& context_;
  TiltSeriesOptions options_;
  Scene scene_;
  RunRecord record_;
  std::vector<std::string> files_;
  std::filesystem::path folder_;
  std::vector<SpeciesDensity> species_;
  std::vector<GoldBead> beads_;
  InstanceNumbers numbers_;
  LabelNames labels_;
  std::vector<int64_t> instance_voxels_, label_voxels_;
  Volume<float> potential_;
  std::vector<Tilt> tilts_;
  TiltSeries series_;
  std::vector<PreviewPanel> panels_;
  SimulateTomogramOutcome outcome_;
};

}  // namespace

nlohmann::ordered_json SimulateTomogramOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const TomogramSpecies& s : species)
    list.push_back({{"name", s.name},
                    {"bodies", s.bodies},
                    {"box", s.box},
                    {"voxels", s.voxels},
                    {"signal_variance", s.signal_variance},
                    {"snr", finite(s.snr)}});
  return {{"folder", folder},
          {"shape", shape},
          {"voxel_size_A", voxel_size_A},
          {"physics", physics},
          {"noise", noise},
          {"tilts", tilts_deg.size()},
          {"noise_sigma", noise_sigma},
          {"snr", finite(snr)},
          {"snr_definition", snr_note},
          {"occupied", occupied},
          {"instances", instances},
          {"gold_beads", gold_beads},
          {"reconstruction", reconstruction},
          {"sirt_residuals", sirt_residuals},
          {"species", list}};
}

SimulateTomogramOutcome run_simulate_tomogram(const SimulateTomogramRequest& request, ExecContext& context,
                                              const CommandLine& command_line) {
  validate(request);
  return TomogramRun(request, context, command_line).run();
}

}  // namespace tessera
