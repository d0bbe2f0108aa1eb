// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/convert.h"

#include <nlohmann/json.hpp>

#include "tessera/base/describe.h"
#include "tessera/io/em.h"
#include "tessera/io/mrc.h"
#include "tessera/io/relion_project.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/convert_lists.h"
#include "tessera/pipeline/run_lock.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

constexpr const char* endings =
    ".mrc and .em (maps), .star, .tbl, .em, .json and .ndjson (lists); a name without one is a RELION project";

bool is_numbered(FileFormat format) {
  return format == FileFormat::dynamo_table || format == FileFormat::motive_list;
}

struct Formats {
  FileFormat input = FileFormat::unknown, output = FileFormat::unknown;
};

void check_files(const ConvertRequest& request, Faults& faults) {
  if (request.input.empty() || !fs::is_directory(request.input)) require_readable(faults, "INPUT", request.input);
  if (request.output.empty()) faults.add("OUTPUT is missing: name the file to write");
  if (request.voxel_size_A && !(*request.voxel_size_A > 0))
    faults.add(fmt::format("--voxel-size {:g}: above 0", *request.voxel_size_A));
  require_one_of("contrast", request.contrast, {"bright", "dark"}, faults);
  require_one_of("center", request.center, {"half", "below"}, faults);
  if (request.first_voxel != 0 && request.first_voxel != 1)
    faults.add(fmt::format("--first-voxel {}: 0 or 1", request.first_voxel));
  if (!request.tomogram.empty()) require_readable(faults, "--tomogram", request.tomogram);
  check_transfer(faults, request.transfer);
}

// Options that say nothing of this input and output.
void check_use(const ConvertRequest& request, Formats formats, Faults& faults) {
  const auto [input, output] = formats;
  const auto useless = [&](bool given, bool of_use, const char* option, const char* use) {
    if (given && !of_use) faults.add(fmt::format("{} is {}", option, use));
  };
  const bool to_star = output == FileFormat::star || output == FileFormat::relion_project;
  useless(!request.images.empty(), is_numbered(input) && !is_numbered(output), "--images",
          "for a .tbl or .em list that becomes a .star list or project");
  useless(request.contrast == "dark", to_star, "--contrast dark", "for what becomes a .star list or project");
  useless(!request.written_images.empty(), is_numbered(output) && !is_numbered(input), "--write-images",
          "for a .star list or folder that becomes a .tbl or .em list");
  useless(!request.tomogram.empty(), input == FileFormat::star, "--tomogram", "for .star lists of RELION 5");
  useless(request.first_voxel != 0, is_numbered(input) || is_numbered(output), "--first-voxel",
          "for .tbl and .em lists");
  useless(!request.transfer.tilts.empty() || request.transfer.defocus_um, to_star, "--tilts or --defocus",
          "for .star lists");
  useless(!request.transfer.tilt_range_deg.empty(), to_star || output == FileFormat::dynamo_table, "--tilt-range",
          "for .star and .tbl lists");
  if (output == FileFormat::relion_project) check_relion_project(request.output, faults);
  if (!request.images.empty() && !fs::is_directory(request.images))
    faults.add(fmt::format("--images {}: no such folder", request.images));
  if (input == FileFormat::folder && (output == FileFormat::copick || output == FileFormat::portal))
    faults.add(request.output +
               ": holds places in a tomogram, and a folder of subtomograms tells none; name a .star list");
}

Formats validate(const ConvertRequest& request) {
  Faults faults;
  check_files(request, faults);
  faults.raise<UserError>("convert");
  Formats out;
  out.input = format_of_input(request.input);
  out.output = format_of_output(request.output, out.input);
  if (out.input == FileFormat::unknown)
    faults.add(fmt::format("INPUT {}: its ending names no format; known are {}", request.input, endings));
  if (out.output == FileFormat::unknown || fs::path(request.output).extension() == ".gz")
    faults.add(
        fmt::format("OUTPUT {}: its ending names no format that is written; known are {}", request.output, endings));
  if (faults.empty() && is_map(out.input) != is_map(out.output))
    faults.add(fmt::format("{} is a {}, {} would be a {}", request.input, is_map(out.input) ? "map" : "list",
                           request.output, is_map(out.output) ? "map" : "list"));
  std::error_code error;
  if (fs::equivalent(request.input, request.output, error)) faults.add("INPUT and OUTPUT are one file");
  if (faults.empty()) check_use(request, out, faults);
  faults.raise<UserError>("convert");
  return out;
}

void convert_map(const ConvertRequest& request, Formats formats, ConvertOutcome& outcome) {
  Map map;
  double stated_A = 0;
  if (formats.input == FileFormat::em) {
    EmInfo info;
    map = read_em(request.input, &info);
    stated_A = info.voxel_size_A;
  } else {
    MrcInfo info;
    map = read_mrc(request.input, {}, &info);
    if (info.has_voxel_size) stated_A = info.voxel_size_A;
  }
  if (!request.voxel_size_A && !(stated_A > 0))
    throw UserError(request.input + ": its header states no voxel size; give --voxel-size");
  map.voxel_size_A = request.voxel_size_A.value_or(stated_A);
  if (formats.output == FileFormat::em)
    write_em(request.output, map);
  else
    write_mrc(request.output, map, {.label = "converted"});
  outcome.kind = "map";
  outcome.voxel_size_A = map.voxel_size_A;
  outcome.box = map.voxels.shape().is_cube() ? map.voxels.shape().x : 0;
}

// The list as <project>/particles.star, and with the averages that lie beside the input, class_1.mrc and so on, as what
// RELION has imported.
void convert_to_project(const ConvertRequest& request, Formats formats, ConvertOutcome& outcome, ExecContext& context) {
  ConvertRequest listed = request;
  listed.output = (fs::path(request.output) / "particles.star").string();
  ParticleSet set = read_list(listed, formats.input, outcome, context);
  if (set.particles.at(0).image.empty())
    throw UserError(request.input + ": holds places and no images; a RELION project needs subtomograms");
  write_list(listed, FileFormat::star, std::move(set), outcome, context);
  std::vector<fs::path> maps;
  for (int k = 1;; ++k) {
    maps.push_back(fs::path(request.input).parent_path() / fmt::format("class_{}.mrc", k));
    if (!fs::exists(maps.back())) break;
  }
  maps.pop_back();
  write_relion_project(request.output, maps);
  outcome.references = static_cast<int64_t>(maps.size());
}

}  // namespace

nlohmann::ordered_json ConvertOutcome::json() const {
  return {{"input", input},
          {"output", output},
          {"kind", kind},
          {"particles", particles},
          {"box", box},
          {"voxel_size_A", voxel_size_A},
          {"images_written", images_written},
          {"references", references},
          {"weight", weight.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(weight)},
          {"left_out", left_out}};
}

ConvertOutcome run_convert(const ConvertRequest& request, ExecContext& context, const CommandLine& command_line) {
  const Formats formats = validate(request);
  const bool project = formats.output == FileFormat::relion_project;
  if (project)
    prepare_folder(request.output);
  else
    prepare_folder_of(request.output);
  const RunLock lock(request.output);
  RunRecord record("convert", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  if (formats.input != FileFormat::folder) record.add_input(request.input);
  if (!request.transfer.tilts.empty()) record.add_input(request.transfer.tilts);
  ConvertOutcome outcome;
  outcome.input = request.input;
  outcome.output = request.output;
  StepTimer converting(record, "convert");
  if (is_map(formats.input)) {
    convert_map(request, formats, outcome);
  } else if (project) {
    convert_to_project(request, formats, outcome, context);
  } else {
    ParticleSet set = read_list(request, formats.input, outcome, context);
    write_list(request, formats.output, std::move(set), outcome, context);
  }
  converting.stop();
  record.add_output(request.output);
  if (!outcome.weight.empty()) record.add_output(outcome.weight);
  record.set_result("convert", outcome.json());
  record.write(record_path(request.output));
  return outcome;
}

}  // namespace tessera
