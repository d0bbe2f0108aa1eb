// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/simulate_particles.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "tessera/base/describe.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/pending_folder.h"
#include "tessera/pipeline/subtomogram_names.h"
#include "tessera/simulate/builtin.h"

namespace tessera {
namespace {

nlohmann::ordered_json finite(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

void validate(const SimulateParticlesRequest& request) {
  Faults faults;
  if (request.structures.empty()) faults.add("--structure is missing; name PDB or mmCIF files, or builtin:NAME");
  for (const std::string& structure : request.structures) check_structure(faults, structure);
  if (request.copies.size() != 1 && request.copies.size() != request.structures.size())
    faults.add(fmt::format("--copies has {} numbers for {} structures; give one, or one each", request.copies.size(),
                           request.structures.size()));
  for (const int copies : request.copies)
    if (copies < 1) faults.add(fmt::format("--copies {}: at least 1", copies));
  if (request.empty < 0) faults.add(fmt::format("--empty {}: not fewer than none", request.empty));
  if (request.output.empty()) faults.add("--output is missing; name the folder of the data set");
  request.density.add_faults(faults);
  request.imaging.add_faults(faults);
  faults.raise<UserError>("simulate particles");
}

// All densities; structures that do not fit are reported together.
std::vector<SimulatedStructure> make_densities(const SimulateParticlesRequest& request, ExecContext& context,
                                               std::vector<SimulatedClass>& classes) {
  std::vector<SimulatedStructure> structures;
  Faults faults;
  for (size_t i = 0; i < request.structures.size(); ++i) {
    const int64_t copies = request.copies[request.copies.size() == 1 ? 0 : i];
    const AtomicModel model = load_structure(request.structures[i], request.selection.selection());
    for (const std::string& note : model.notes) context.sink.message(Severity::info, note);
    try {
      DensityResult density = density_of(model, request.density);
      for (const std::string& note : density.notes) context.sink.message(Severity::info, note);
      classes.push_back({request.structures[i],
                         fmt::format("truth_{}.mrc", i + 1),
                         copies,
                         density.mass_Da / 1000,
                         density.diameter_A,
                         {}});
      structures.push_back({std::move(density.map), copies});
    } catch (const UserError& error) {
      faults.add(error.what());
    }
  }
  faults.raise<UserError>("simulate particles");
  if (request.empty > 0) {
    const Shape3 shape = Shape3::cube(request.density.box);
    classes.push_back({"empty", fmt::format("truth_{}.mrc", structures.size() + 1), request.empty, 0, 0, {}});
    structures.push_back({Map{Volume<float>(shape, 0.0f), request.density.voxel_size_A, {}}, request.empty});
  }
  return structures;
}

// The list without poses; truth adds them.
ParticleSet empty_list(const SimulateParticlesRequest& request, int64_t count, const std::filesystem::path& folder) {
  ParticleSet set;
  const ImagingOptions& imaging = request.imaging;
  set.optics.push_back({"opticsGroup1",
                        request.density.box,
                        request.density.voxel_size_A,
                        imaging.voltage_kV,
                        imaging.cs_mm,
                        imaging.amplitude_contrast,
                        {}});
  set.particles.resize(count);
  set.directory = folder;
  for (int64_t i = 0; i < count; ++i) {
    set.particles[i].image = subtomogram_name(i);
    set.particles[i].weight = "wedge.mrc";
  }
  return set;
}

// What is told of a particle's truth between ranks.
struct PosedParticle {
  int64_t index = 0;
  int class_number = 0;
  Rotation particle_from_ref;
  Vec3 shift_voxels;
};

// The text of rank 0, on every rank.
std::string text_of_first(const std::string& mine, Comm& comm) {
  const auto all = comm.gather(std::span<const char>(mine));
  return {all[0].begin(), all[0].end()};
}

}  // namespace

nlohmann::ordered_json SimulateParticlesOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const SimulatedClass& c : classes)
    list.push_back({{"structure", c.structure},
                    {"truth_map", c.truth_map},
                    {"copies", c.copies},
                    {"mass_kDa", c.mass_kDa},
                    {"diameter_A", c.diameter_A},
                    {"snr", finite(c.report.snr)},
                    {"projection_snr", finite(c.report.projection_snr)},
                    {"frank_al_ali_snr", finite(c.report.frank_al_ali_snr)},
                    {"noise_sigma", c.report.noise_sigma}});
  return {{"folder", folder},
          {"particles", particles},
          {"box", box},
          {"voxel_size_A", voxel_size_A},
          {"tilts", tilts_deg.size()},
          {"snr_definition", snr_definition},
          {"noise_free", noise_free},
          {"snr", finite(snr)},
          {"frank_al_ali_snr", finite(frank_al_ali_snr)},
          {"classes", list}};
}

SimulateParticlesOutcome run_simulate_particles(const SimulateParticlesRequest& request, ExecContext& context,
                                                const CommandLine& command_line) {
  validate(request);
  SimulateParticlesOutcome outcome;
  outcome.folder = request.output;
  outcome.box = request.density.box;
  outcome.voxel_size_A = request.density.voxel_size_A;
  outcome.snr_definition = request.imaging.snr_definition;
  outcome.noise_free = request.imaging.noise_free;
  RunRecord record("simulate particles", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.set_ranks(context.comm.size());
  for (const std::string& structure : request.structures) record_structure(record, structure);

  StepTimer density_timer(record, "densities");
  const auto structures = make_densities(request, context, outcome.classes);
  density_timer.stop();
  for (const SimulatedStructure& structure : structures) outcome.particles += structure.copies;
  const double bytes = 4.0 * std::pow(request.density.box, 3) + 1024;
  std::optional<PendingFolder> pending;
  if (context.comm.rank() == 0) {
    pending.emplace(request.output);
    require_free_space(request.output, bytes * static_cast<double>(outcome.particles + 1 + structures.size()));
    pending->subfolder("subtomograms");
  }
  const std::filesystem::path folder = text_of_first(pending ? pending->path().string() : "", context.comm);

  ParticleSet set = empty_list(request, outcome.particles, folder);
  ParticleSet truth = set;
  StepTimer imaging_timer(record, "imaging");
  Progress progress(context.sink, "simulating particles", outcome.particles);
  std::vector<PosedParticle> made_here;
  std::mutex progress_lock;
  const auto finished = [&](const SimulatedParticle& made) {
    write_mrc(folder / truth.particles[made.index].image, {made.subtomogram, outcome.voxel_size_A, {}},
              {.label = "simulated subtomogram"});
    const std::lock_guard lock(progress_lock);
    made_here.push_back({made.index, made.class_number, made.particle_from_ref, made.shift_voxels});
    progress.advance(context.comm.size());
  };
  const SimulationReport report = simulate_particles(structures, request.imaging, context, finished);
  for (const auto& of_rank : context.comm.gather(std::span<const PosedParticle>(made_here)))
    for (const PosedParticle& made : of_rank) {
      Particle& particle = truth.particles[made.index];
      particle.class_number = made.class_number;
      particle.particle_from_ref = made.particle_from_ref;
      particle.shift_A = made.shift_voxels * outcome.voxel_size_A;
    }
  imaging_timer.stop();

  for (size_t i = 0; i < structures.size(); ++i) outcome.classes[i].report = report.classes.at(i);
  outcome.snr = report.snr;
  outcome.frank_al_ali_snr = report.frank_al_ali_snr;
  outcome.tilts_deg = report.tilts_deg;
  if (context.comm.rank() != 0) return outcome;
  StepTimer writing(record, "write");
  write_mrc(folder / "wedge.mrc", {report.weight, outcome.voxel_size_A, {}},
            {.label = "Fourier weight, DC at the centre voxel"});
  for (size_t i = 0; i < structures.size(); ++i) {
    write_mrc(folder / outcome.classes[i].truth_map, structures[i].density,
              {.label = "true density of class " + std::to_string(i + 1)});
  }
  write_particles(folder / "particles.star", set);
  write_particles(folder / "truth.star", truth);
  writing.stop();
  for (const char* name : {"particles.star", "truth.star", "wedge.mrc", "subtomograms"})
    record.add_output(std::filesystem::path(request.output) / name);
  record.set_result("simulation", outcome.json());
  record.write(folder / "run.json");
  pending->commit();
  remove_surplus_subtomograms(request.output, outcome.particles);
  return outcome;
}

}  // namespace tessera
