// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/extract.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/describe.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/pending_folder.h"
#include "tessera/pipeline/subtomogram_names.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace {

void validate(const ExtractRequest& request) {
  Faults faults;
  require_readable(faults, "tomogram", request.tomogram);
  require_readable(faults, "picks", request.picks);
  if (request.output.empty()) faults.add("--output is missing; name the folder of the set");
  if (request.voxel_size_A && !(*request.voxel_size_A > 0))
    faults.add(fmt::format("--voxel-size {:g}: above 0", *request.voxel_size_A));
  request.extraction.add_faults(faults);
  check_transfer(faults, request.transfer);
  faults.raise<UserError>("extract");
}

// One place of the list.
struct Place {
  int64_t row = 0;  // in the list, from 0
  Vec3 centre;      // voxels of the tomogram
};

// Removes a column that the extraction writes itself, with its values.
template <typename Row>
void drop_column(std::vector<std::string>& columns, const char* name, std::vector<Row>& rows) {
  const auto at = std::find(columns.begin(), columns.end(), name) - columns.begin();
  if (at == std::ssize(columns)) return;
  columns.erase(columns.begin() + at);
  for (Row& row : rows)
    if (at < std::ssize(row.extra)) row.extra.erase(row.extra.begin() + at);
}

class Extraction {
 public:
  Extraction(const ExtractRequest& request, ExecContext& context)
      : request_(request),
        context_(context),
        picks_(read_picks(request.picks)),
        opened_(open_tomogram(request.tomogram, request.voxel_size_A, context.sink)) {
    drop_column(picks_.extra_columns, "tesseraOutside", picks_.particles);  // of an earlier extraction
    outcome_.folder = request.output;
    outcome_.box = request.extraction.box;
    outcome_.voxel_size_A = opened_.tomogram.voxel_size_A * request.extraction.bin;
    outcome_.picks = std::ssize(picks_.particles);
    choose_places();
  }

  ExtractOutcome run(RunRecord& record) {
    PendingFolder pending(request_.output);
    const double bytes = 4.0 * std::pow(request_.extraction.box, 3) + 1024;
    require_free_space(request_.output, bytes * static_cast<double>(places_.size() + 1));
    pending.subfolder("subtomograms");
    const TomogramTransfer transfer =
        read_transfer(request_.transfer, "the set is written without a wedge, as if all of Fourier space had been seen",
                      context_.sink);
    outcome_.wedge = transfer.has_wedge() || request_.transfer.defocus_um.has_value();
    StepTimer cutting(record, "extract");
    ParticleSet set = cut(pending.path());
    cutting.stop();
    StepTimer writing(record, "write");
    if (outcome_.wedge)
      write_mrc(pending.path() / "wedge.mrc",
                {transfer.weight(outcome_.box, outcome_.voxel_size_A), outcome_.voxel_size_A, {}},
                {.label = "Fourier weight, DC at the centre voxel"});
    set.directory = pending.path();
    write_particles(pending.path() / "particles.star", set);
    writing.stop();
    outcome_.particles = std::ssize(set.particles);
    for (const char* name : {"particles.star", "subtomograms"})
      record.add_output(std::filesystem::path(request_.output) / name);
    if (outcome_.wedge) record.add_output(std::filesystem::path(request_.output) / "wedge.mrc");
    record.set_result("extract", outcome_.json());
    record.write(pending.path() / "run.json");
    throw_if_stopped(context_, "nothing was written");
    pending.commit();
    remove_surplus_subtomograms(request_.output, outcome_.particles);
    return outcome_;
  }

 private:
  // The picks wanted, each checked against the tomogram.
  void choose_places() {
    Faults faults;
    const Shape3 n = opened_.tomogram.shape;
    const int64_t edge = outcome_.box * request_.extraction.bin;
    if (edge > std::min({n.x, n.y, n.z}))
      faults.add(fmt::format("--box {}{}: {} voxels do not fit into the tomogram of {} × {} × {}; give a smaller box",
                             outcome_.box, request_.extraction.bin > 1 ? " binned" : "", edge, n.x, n.y, n.z));
    check_voxel_sizes(faults);
    const auto within = [](double at, int64_t size) { return at >= -0.5 && at <= static_cast<double>(size) - 0.5; };
    for (int64_t row = 0; row < outcome_.picks; ++row) {
      const Particle& pick = picks_.particles[row];
      if (!wanted(pick)) continue;
      const Vec3 at = centre_of(pick);
      if (!(within(at.x, n.x) && within(at.y, n.y) && within(at.z, n.z))) {
        const std::string fault =
            fmt::format("pick {} at ({:.1f}, {:.1f}, {:.1f}) lies outside the tomogram of {} × {} × {} voxels", row + 1,
                        at.x, at.y, at.z, n.x, n.y, n.z);
        if (request_.skip_bad)
          outcome_.skipped.push_back(fault);
        else
          faults.add(fault + "; are these its voxels? --skip-bad leaves such picks out");
        continue;
      }
      if (request_.extraction.border == "drop" && share_outside(n, at, request_.extraction) > 0)
        outcome_.dropped.push_back(row + 1);
      else
        places_.push_back({row, at});
    }
    if (faults.empty() && places_.empty())
      faults.add(fmt::format("{}: none of its {} picks is left to extract ({} dropped at the border, {} skipped{})",
                             request_.picks, outcome_.picks, outcome_.dropped.size(), outcome_.skipped.size(),
                             request_.classes.empty() ? "" : ", others not in --classes"));
    faults.raise<UserError>("extract");
    for (const std::string& text : outcome_.skipped) context_.sink.message(Severity::warning, "left out: " + text);
  }

  bool wanted(const Particle& pick) const {
    return request_.classes.empty() ||
           std::find(request_.classes.begin(), request_.classes.end(), pick.class_number) != request_.classes.end();
  }

  // Of the tomogram where the list tells none.
  double pick_voxel_size(const Particle& pick) const {
    const double size = picks_.optics[pick.optics_group].voxel_size_A;
    return size > 0 ? size : opened_.tomogram.voxel_size_A;
  }

  Vec3 centre_of(const Particle& pick) const {
    const double from = pick_voxel_size(pick), to = opened_.tomogram.voxel_size_A;
    return *pick.coordinate * (request_.rescale_coordinates ? from / to : 1.0) + pick.shift_A * (1 / to);
  }

  void check_voxel_sizes(Faults& faults) const {
    if (request_.rescale_coordinates) return;
    for (const OpticsGroup& group : picks_.optics)
      if (group.voxel_size_A > 0 && std::abs(group.voxel_size_A / opened_.tomogram.voxel_size_A - 1) > 0.01)
        faults.add(
            fmt::format("the picks ({}) are in voxels of {:g} Å, the tomogram has {:g} Å; give "
                        "--rescale-coordinates if they were made in another binning, or --voxel-size",
                        group.name, group.voxel_size_A, opened_.tomogram.voxel_size_A));
  }

  ParticleSet cut(const std::filesystem::path& folder) {
    std::vector<ExtractedBox> made(places_.size());
    std::mutex lock;
    Progress progress(context_.sink, "extracting", std::ssize(places_));
    context_.threads.for_each(std::ssize(places_), [&](int64_t i, int) {
      throw_if_stopped(context_, "nothing was written");
      ExtractedBox box = extract_box(opened_.tomogram, places_[i].centre, request_.extraction,
                                     Random(context_.seed, "extract border", places_[i].row));
      if (box.fault.empty())
        write_mrc(folder / subtomogram_name(i), {std::move(box.voxels), outcome_.voxel_size_A, {}},
                  {.label = "subtomogram"});
      box.voxels = Volume<float>();
      made[i] = std::move(box);
      const std::lock_guard guard(lock);
      progress.advance();
    });
    report_faults(made);
    return list(made, folder);
  }

  void report_faults(const std::vector<ExtractedBox>& made) {
    Faults faults;
    for (size_t i = 0; i < made.size(); ++i)
      if (!made[i].fault.empty()) faults.add(fmt::format("pick {}: {}", places_[i].row + 1, made[i].fault));
    if (faults.empty()) return;
    if (!request_.skip_bad || faults.size() == made.size())
      faults.raise<IoError>("boxes that cannot be used; mend the tomogram there, or leave them out with --skip-bad");
    context_.sink.message(Severity::warning, faults.text("left out", 1000));
  }

  ParticleSet list(const std::vector<ExtractedBox>& made, const std::filesystem::path& folder) {
    ParticleSet set = start_list();
    const bool any_outside =
        std::any_of(made.begin(), made.end(), [](const ExtractedBox& b) { return b.fault.empty() && b.outside > 0; });
    if (any_outside) set.extra_columns.emplace_back("tesseraOutside");
    for (size_t i = 0; i < made.size(); ++i) {
      if (!made[i].fault.empty()) {
        outcome_.skipped.push_back(fmt::format("pick {}: {}", places_[i].row + 1, made[i].fault));
        continue;
      }
      Particle particle = picks_.particles[places_[i].row];
      particle.image = subtomogram_name(std::ssize(set.particles));
      if (std::ssize(set.particles) != static_cast<int64_t>(i))  // one before it was left out
        std::filesystem::rename(folder / subtomogram_name(static_cast<int64_t>(i)), folder / particle.image);
      particle.weight = outcome_.wedge ? "wedge.mrc" : "";
      if (particle.micrograph.empty()) particle.micrograph = request_.tomogram;
      particle.coordinate = made[i].place;
      particle.shift_A = made[i].offset * opened_.tomogram.voxel_size_A;
      if (any_outside) {
        particle.extra.resize(set.extra_columns.size() - 1, "None");
        particle.extra.push_back(fmt::format("{:.4f}", made[i].outside));
      }
      if (made[i].outside > 0) outcome_.padded.push_back({places_[i].row + 1, particle.image, made[i].outside});
      set.particles.push_back(std::move(particle));
    }
    if (!outcome_.padded.empty())
      context_.sink.message(Severity::warning,
                            fmt::format("{} boxes reach beyond the tomogram and were filled with {}; tesseraOutside "
                                        "in particles.star tells how much of each (--border drop leaves them out)",
                                        outcome_.padded.size(), request_.extraction.border));
    return set;
  }

  // Optics and columns of the picks, told of the new boxes.
  ParticleSet start_list() const {
    ParticleSet set;
    set.optics = picks_.optics;
    set.extra_optics_columns = picks_.extra_optics_columns;
    drop_column(set.extra_optics_columns, "rlnMicrographPixelSize", set.optics);
    set.extra_optics_columns.emplace_back("rlnMicrographPixelSize");
    for (OpticsGroup& group : set.optics) {
      group.box = outcome_.box;
      group.voxel_size_A = outcome_.voxel_size_A;
      group.ctf_premultiplied = false;
      if (request_.transfer.defocus_um) {
        group.voltage_kV = request_.transfer.voltage_kV;
        group.cs_mm = request_.transfer.cs_mm;
        group.amplitude_contrast = request_.transfer.amplitude_contrast;
      }
      group.extra.resize(set.extra_optics_columns.size() - 1, "None");
      group.extra.push_back(fmt::format("{:.6f}", opened_.tomogram.voxel_size_A));
    }
    set.extra_columns = picks_.extra_columns;
    return set;
  }

  const ExtractRequest& request_;
  ExecContext& context_;
  ParticleSet picks_;
  TomogramFile opened_;
  std::vector<Place> places_;
  ExtractOutcome outcome_;
};

}  // namespace

nlohmann::ordered_json ExtractOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const Padded& p : padded) list.push_back({{"pick", p.pick}, {"image", p.image}, {"outside", p.outside}});
  return {{"folder", folder},
          {"picks", picks},
          {"particles", particles},
          {"box", box},
          {"voxel_size_A", voxel_size_A},
          {"wedge", wedge},
          {"padded", list},
          {"dropped", dropped},
          {"skipped", skipped}};
}

ExtractOutcome run_extract(const ExtractRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("extract", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  Extraction extraction(request, context);
  StepTimer reading(record, "checksums");
  record.add_input(request.tomogram);
  record.add_input(request.picks);
  if (!request.transfer.tilts.empty()) record.add_input(request.transfer.tilts);
  reading.stop();
  return extraction.run(record);
}

}  // namespace tessera
