// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/convert_lists.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "tessera/io/annotation.h"
#include "tessera/io/any_list.h"
#include "tessera/io/em.h"
#include "tessera/io/mrc.h"
#include "tessera/io/numbered_list.h"
#include "tessera/io/relion_tomo.h"
#include "tessera/pipeline/subtomogram_names.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

bool is_em(const fs::path& path) {
  return path.extension() == ".em";
}

// All maps of a folder, sorted by name.
std::vector<fs::path> maps_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && (named_as_map(entry.path()) || is_em(entry.path()))) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  if (out.empty()) throw IoError(folder.string() + ": no .mrc or .em file in it; name the folder of the subtomograms");
  return out;
}

// By the number that ends their names: 12 of particle_000012.em.
std::map<int64_t, fs::path> numbered_maps(const fs::path& folder) {
  std::map<int64_t, fs::path> out;
  Faults faults;
  for (const fs::path& path : maps_in(folder)) {
    const std::string stem = fs::path(path.filename()).replace_extension("").replace_extension("").string();
    const size_t from = stem.find_last_not_of("0123456789") + 1;
    int64_t number = 0;
    const auto [end, error] = std::from_chars(stem.data() + from, stem.data() + stem.size(), number);
    if (from == stem.size() || error != std::errc()) continue;
    if (const auto [other, is_new] = out.emplace(number, path); !is_new)
      faults.add(fmt::format("{} and {} end in the same number", other->second.string(), path.string()));
  }
  faults.raise<IoError>("--images " + folder.string());
  return out;
}

// The voxel size that all images state, or nothing.
std::optional<double> stated_voxel_size(const std::vector<fs::path>& images) {
  std::optional<double> stated;
  Faults faults;
  for (const fs::path& path : images) try {
      double here = 0;
      if (is_em(path)) {
        here = read_em_info(path).voxel_size_A;
      } else if (const MrcInfo info = read_mrc_info(path); info.has_voxel_size) {
        here = info.voxel_size_A;
      }
      if (!(here > 0)) continue;
      if (!stated) stated = here;
      if (std::abs(here / *stated - 1) > 0.01)
        faults.add(fmt::format("{} has voxels of {:g} Å, another {:g} Å", path.string(), here, *stated));
    } catch (const IoError& error) {
      faults.add(error.what());
    }
  faults.raise<IoError>("subtomograms");
  return stated;
}

double voxel_size_of(const ConvertRequest& request, double stated_A) {
  if (request.voxel_size_A) return *request.voxel_size_A;
  if (!(stated_A > 0)) throw UserError(request.input + " states no voxel size; give --voxel-size");
  return stated_A;
}

ParticleSet read_folder(const ConvertRequest& request) {
  const std::vector<fs::path> images = maps_in(request.input);
  ParticleSet set;
  set.directory = ".";
  OpticsGroup& group = set.optics.emplace_back();
  group.name = "opticsGroup1";
  group.voxel_size_A = voxel_size_of(request, request.voxel_size_A ? 0 : stated_voxel_size(images).value_or(0));
  for (const fs::path& image : images) {
    Particle& p = set.particles.emplace_back();
    p.image = fs::absolute(image).string();
    p.micrograph = fs::absolute(fs::path(request.input) / ".").lexically_normal().parent_path().filename().string();
  }
  return set;
}

bool has_places(const NumberedList& list) {
  return std::any_of(list.particles.begin(), list.particles.end(),
                     [](const NumberedParticle& p) { return p.place_voxels.norm() > 0; });
}

void add_to_places(NumberedList& list, double voxels) {
  if (voxels == 0 || !has_places(list)) return;
  for (NumberedParticle& p : list.particles) p.place_voxels += Vec3{voxels, voxels, voxels};
}

ParticleSet read_numbered(const ConvertRequest& request, NumberedList list, ExecContext& context) {
  std::map<int64_t, fs::path> images;
  if (!request.images.empty()) images = numbered_maps(request.images);
  if (images.empty() && !has_places(list))
    throw UserError(request.input + ": names its images by numbers and holds no places; give --images, their folder");
  const TransferOptions& transfer = request.transfer;
  if (list.tilt_range_deg && !images.empty() && transfer.tilts.empty() && transfer.tilt_range_deg.empty())
    context.sink.message(Severity::info,
                         fmt::format("{} speaks of tilts of {:g} to {:g}°: --tilt-range makes a weight", request.input,
                                     (*list.tilt_range_deg)[0], (*list.tilt_range_deg)[1]));
  add_to_places(list, -request.first_voxel);
  return particle_set(list, voxel_size_of(request, list.voxel_size_A), images, request.input);
}

ParticleSet read_star_list(const ConvertRequest& request) {
  ParticleSet set = read_any_list(request.input);
  std::optional<TomogramFrame> frame;
  if (!request.tomogram.empty()) {
    const MrcInfo info = read_mrc_info(request.tomogram);
    frame = {info.shape, tomogram_voxel_size(request.tomogram, info, request.voxel_size_A), request.center == "below"};
  }
  to_relion_31(set, frame, request.input);
  for (OpticsGroup& group : set.optics)
    if (!(group.voxel_size_A > 0)) group.voxel_size_A = voxel_size_of(request, 0);
  return set;
}

// Subtomograms are MRC files: copies of those in EM format, under the names of a data set.
void copy_em_images(ParticleSet& set, const fs::path& folder, ConvertOutcome& outcome, ExecContext& context) {
  std::vector<size_t> in_em;
  for (size_t i = 0; i < set.particles.size(); ++i)
    if (is_em(set.particles[i].image)) in_em.push_back(i);
  if (in_em.empty()) return;
  prepare_folder(folder / "subtomograms");
  Progress progress(context.sink, "copying images", std::ssize(in_em));
  for (const size_t i : in_em) {
    throw_if_stopped(context, "images were copied, the list was not written");
    Particle& p = set.particles[i];
    Map map = read_em(p.image);
    map.voxel_size_A = set.optics[static_cast<size_t>(p.optics_group)].voxel_size_A;
    const fs::path copy = folder / subtomogram_name(static_cast<int64_t>(i));
    write_mrc(copy, map, {.label = "subtomogram"});
    p.image = fs::absolute(copy).string();
    ++outcome.images_written;
    progress.advance();
  }
}

// Copies of the subtomograms with protein bright, which averaging expects: <list>_bright/particle_000001.mrc.
void copy_inverted(const fs::path& list, ParticleSet& set, ConvertOutcome& outcome, ExecContext& context) {
  if (set.particles.at(0).image.empty())
    throw UserError(list.string() + ": --contrast dark is for subtomograms, and the input names none");
  check_images(set);
  const fs::path folder = list.parent_path() / (list.stem().string() + "_bright");
  prepare_folder(folder);
  Progress progress(context.sink, "inverting", std::ssize(set.particles));
  for (size_t i = 0; i < set.particles.size(); ++i) {
    throw_if_stopped(context, "images were copied, the list was not written");
    Particle& p = set.particles[i];
    Map map = read_mrc(resolve(set, p.image));
    map.voxel_size_A = set.optics[static_cast<size_t>(p.optics_group)].voxel_size_A;
    for (float& v : map.voxels) v = -v;
    const fs::path copy = folder / fs::path(subtomogram_name(static_cast<int64_t>(i))).filename();
    write_mrc(copy, map, {.label = "subtomogram, inverted"});
    p.image = fs::absolute(copy).string();
    ++outcome.images_written;
    progress.advance();
  }
}

// Images that are there and alike, and their box.
void check_and_measure(ParticleSet& set) {
  if (set.particles.at(0).image.empty()) return;
  check_images(set);
  if (set.optics[0].box == 0) set.optics[0].box = read_mrc_info(resolve(set, set.particles[0].image)).shape.x;
}

void write_em_images(const ConvertRequest& request, const ParticleSet& set, const NumberedList& list,
                     ConvertOutcome& outcome, ExecContext& context) {
  check_images(set);
  prepare_folder(request.written_images);
  Progress progress(context.sink, "writing images", std::ssize(set.particles));
  for (size_t i = 0; i < set.particles.size(); ++i) {
    throw_if_stopped(context, "images were written, the list was not");
    Map map = read_mrc(resolve(set, set.particles[i].image));
    map.voxel_size_A = list.voxel_size_A;
    write_em(fs::path(request.written_images) / fmt::format("particle_{:06}.em", list.particles[i].number), map);
    ++outcome.images_written;
    progress.advance();
  }
}

void write_weight(const ConvertRequest& request, ParticleSet& set, ConvertOutcome& outcome, ExecContext& context) {
  if (set.particles.at(0).image.empty()) return;
  const auto weighted = [](const Particle& p) { return !p.weight.empty(); };
  const bool has_weights = std::any_of(set.particles.begin(), set.particles.end(), weighted);
  const bool asked = !request.transfer.tilts.empty() || !request.transfer.tilt_range_deg.empty() ||
                     request.transfer.defocus_um.has_value();
  if (has_weights && asked)
    throw UserError(request.input +
                    ": names its Fourier weights (rlnCtfImage); leave out --tilt-range, --tilts, --defocus");
  if (has_weights) return;
  const TomogramTransfer transfer = read_transfer(
      request.transfer, "the list is written without a weight, as if all of Fourier space had been seen", context.sink);
  if (!asked) return;
  check_and_measure(set);
  const OpticsGroup& group = set.optics.at(0);
  fs::path file = request.output;
  file.replace_filename(file.stem().string() + "_wedge.mrc");
  write_mrc(file, {transfer.weight(group.box, group.voxel_size_A), group.voxel_size_A, {}},
            {.label = "Fourier weight, DC at the centre voxel"});
  outcome.weight = file.string();
  for (Particle& p : set.particles) p.weight = fs::absolute(file).string();
}

// What a list has that rows of numbers and annotations have not.
std::vector<std::string> beyond_places(const ParticleSet& set, FileFormat format) {
  const auto any = [&](auto&& test) { return std::any_of(set.particles.begin(), set.particles.end(), test); };
  std::vector<std::string> out;
  const bool numbered = format == FileFormat::dynamo_table || format == FileFormat::motive_list;
  if (any([](const Particle& p) { return p.half != 0; })) out.emplace_back("half-sets (rlnRandomSubset)");
  if (any([](const Particle& p) { return !p.weight.empty(); })) out.emplace_back("Fourier weights (rlnCtfImage)");
  if (any([](const Particle& p) { return p.log_likelihood != 0; })) out.emplace_back("likelihoods");
  if (!numbered && any([](const Particle& p) { return p.class_number != 0; })) out.emplace_back("classes");
  if (!numbered && any([](const Particle& p) { return !p.image.empty(); })) out.emplace_back("names of images");
  return out;
}

}  // namespace

FileFormat format_of_input(const fs::path& path) {
  if (fs::is_directory(path)) return FileFormat::folder;
  if (is_em(path)) return is_motive_list(path) ? FileFormat::motive_list : FileFormat::em;
  const FileFormat format = format_of_output(path, FileFormat::unknown);
  return format == FileFormat::relion_project ? FileFormat::unknown : format;
}

FileFormat format_of_output(const fs::path& path, FileFormat input) {
  const std::string ending = path.extension().string();
  if (fs::is_directory(path) || ending.empty()) return FileFormat::relion_project;
  if (ending == ".em")
    return input == FileFormat::mrc || input == FileFormat::em ? FileFormat::em : FileFormat::motive_list;
  if (ending == ".star") return FileFormat::star;
  if (ending == ".tbl") return FileFormat::dynamo_table;
  if (ending == ".json") return FileFormat::copick;
  if (ending == ".ndjson") return FileFormat::portal;
  return named_as_map(path) ? FileFormat::mrc : FileFormat::unknown;
}

bool is_map(FileFormat format) {
  return format == FileFormat::mrc || format == FileFormat::em;
}

ParticleSet read_list(const ConvertRequest& request, FileFormat format, ConvertOutcome& outcome, ExecContext& context) {
  const auto read = [&]() -> ParticleSet {
    switch (format) {
      case FileFormat::folder:
        return read_folder(request);
      case FileFormat::dynamo_table:
        return read_numbered(request, read_dynamo_table(request.input), context);
      case FileFormat::motive_list:
        return read_numbered(request, read_motive_list(request.input), context);
      case FileFormat::copick:
        return read_copick(request.input, voxel_size_of(request, 0));
      case FileFormat::portal:
        return read_portal(request.input, voxel_size_of(request, 0));
      default:
        return read_star_list(request);
    }
  };
  ParticleSet set = read();
  const fs::path output(request.output);
  if (format != FileFormat::star) {
    copy_em_images(set, output.has_parent_path() ? output.parent_path() : fs::path("."), outcome, context);
    check_and_measure(set);
  }
  outcome.particles = std::ssize(set.particles);
  outcome.box = set.optics.at(0).box;
  outcome.voxel_size_A = set.optics.at(0).voxel_size_A;
  outcome.kind = set.particles.at(0).image.empty() ? "list of places" : "list of particles";
  return set;
}

void write_list(const ConvertRequest& request, FileFormat format, ParticleSet set, ConvertOutcome& outcome,
                ExecContext& context) {
  if (format == FileFormat::star) {
    if (request.contrast == "dark") copy_inverted(request.output, set, outcome, context);
    write_weight(request, set, outcome, context);
    return write_particles(request.output, set);
  }
  outcome.left_out = beyond_places(set, format);
  for (const std::string& what : outcome.left_out)
    context.sink.message(Severity::warning, fmt::format("{} cannot hold {}: left out", request.output, what));
  if (format == FileFormat::copick) return write_copick(request.output, set);
  if (format == FileFormat::portal) return write_portal(request.output, set);
  NumberedList list = numbered_list(set);
  if (request.transfer.tilt_range_deg.size() == 2)
    list.tilt_range_deg = {request.transfer.tilt_range_deg[0], request.transfer.tilt_range_deg[1]};
  if (!request.written_images.empty()) write_em_images(request, set, list, outcome, context);
  add_to_places(list, request.first_voxel);
  if (format == FileFormat::dynamo_table) return write_dynamo_table(request.output, list);
  write_motive_list(request.output, list);
}

}  // namespace tessera
