// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/checkpoint.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tessera/base/json_value.h"
#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

// One list of names for both directions.
template <typename Report, typename Visit>
void each_value(Report& report, Visit&& visit) {
  visit("iteration", report.iteration);
  visit("of_start", report.of_start);
  visit("band_limit_shells", report.band_limit);
  visit("temperature", report.temperature);
  visit("mean_log_likelihood", report.mean_log_likelihood);
  visit("mean_correlation", report.mean_correlation);
  visit("pose_grid_degrees", report.pose_grid_degrees);
  visit("effective_candidates", report.effective_candidates);
  visit("mean_rotation_change_deg", report.mean_rotation_change_deg);
  visit("mean_shift_change_voxels", report.mean_shift_change_voxels);
  visit("class_changes", report.class_changes);
  visit("map_correlation", report.map_correlation);
  visit("resolution_A", report.resolution_A);
  visit("band_limit_A", report.band_limit_A);
  visit("mask_radius_A", report.mask_radius_A);
  visit("expectation_seconds", report.expectation_seconds);
  visit("maximisation_seconds", report.maximisation_seconds);
  visit("reference_seconds", report.reference_seconds);
  visit("rotation_core_seconds", report.rotation_core_seconds);
  visit("translation_core_seconds", report.translation_core_seconds);
  visit("refinement_core_seconds", report.refinement_core_seconds);
}

template <typename Pass, typename Visit>
void each_pass_value(Pass& pass, Visit&& visit) {
  visit("title", pass.title);
  visit("particles", pass.particles);
  visit("classes", pass.classes);
  visit("band_limit_shells", pass.band_limit);
  visit("temperature", pass.temperature);
  visit("ridge", pass.ridge);
  visit("information", pass.information);
  visit("effective_poses", pass.effective_poses);
  visit("seconds", pass.seconds);
}

template <typename Class, typename Visit>
void each_class_value(Class& one, Visit&& visit) {
  visit("occupancy", one.occupancy);
  visit("resolution_A", one.resolution_A);
  visit("map_correlation", one.map_correlation);
  visit("mask_radius_A", one.mask_radius_A);
  visit("covered_directions", one.covered_directions);
  visit("covered_rotations", one.covered_rotations);
  visit("largest_direction_excess", one.largest_direction_excess);
}

template <typename Symmetry, typename Visit>
void each_symmetry_value(Symmetry& one, Visit&& visit) {
  visit("score", one.score);
  visit("agreement", one.agreement);
  visit("first_agreement", one.first_agreement);
  visit("imposed", one.imposed);
}

std::optional<SymmetryStatus> symmetry_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  SymmetryStatus out;
  each_symmetry_value(
      out, [&](const char* name, auto& value) { value = json_value<std::decay_t<decltype(value)>>(json.at(name)); });
  return out;
}

Json pose_json(const WeightedPose& weighted) {
  const Rotation& r = weighted.pose.particle_from_ref;
  const Vec3 t = weighted.pose.shift_voxels;
  return {r.w(),
          r.x(),
          r.y(),
          r.z(),
          t.x,
          t.y,
          t.z,
          weighted.probability,
          weighted.class_index,
          weighted.log_likelihood,
          weighted.half_log_determinant};
}

WeightedPose pose_of(const Json& json) {
  const auto at = [&](size_t i) { return json.at(i).get<double>(); };
  return {{Rotation::from_quaternion(at(0), at(1), at(2), at(3)), {at(4), at(5), at(6)}},
          at(7),
          json_value<int>(json.at(8)),
          at(9),
          at(10)};
}

// Bytes as they are: the same bits come back.
Json spectrum_json(const HalfSpectrum& spectrum) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(spectrum.data());
  const size_t size = static_cast<size_t>(spectrum.size()) * sizeof(*spectrum.data());
  return {{"box", spectrum.real_shape().x}, {"values", Json::binary(std::vector<uint8_t>(bytes, bytes + size))}};
}

HalfSpectrum spectrum_of_json(const Json& json) {
  const auto box = json_value<int64_t>(json.at("box"));
  const auto& bytes = json.at("values").get_binary();
  // Before anything of that size is allocated: box² (box/2 + 1) values, whose square at least the file must hold.
  if (box < 1 || box > 65536 || static_cast<size_t>(box * box) > bytes.size())
    throw Json::other_error::create(501, "a spectrum of the wrong size", nullptr);
  HalfSpectrum out(Shape3::cube(box));
  const size_t size = static_cast<size_t>(out.size()) * sizeof(*out.data());
  if (bytes.size() != size) throw Json::other_error::create(501, "a spectrum of the wrong size", nullptr);
  std::memcpy(reinterpret_cast<uint8_t*>(out.data()), bytes.data(), size);
  return out;
}

Json state_json(const AverageState& state) {
  auto reports = Json::array();
  for (const IterationReport& report : state.reports) reports.push_back(report_json(report));
  auto list = Json::array();
  for (const Assignment& assignment : state.assignments) {
    auto poses = Json::array();
    for (const WeightedPose& pose : assignment.poses) poses.push_back(pose_json(pose));
    list.push_back(
        {{"poses", poses}, {"log_likelihood", assignment.log_likelihood}, {"correlation", assignment.correlation}});
  }
  auto classes = Json::array();
  for (const ClassState& one : state.classes)
    classes.push_back(
        {{"prior", one.prior}, {"mask_radius", one.mask_radius}, {"symmetry", symmetry_json(one.symmetry)}});
  auto references = Json::array();
  for (const auto& of_class : state.references) {
    references.push_back(Json::array());
    for (const HalfSpectrum& one : of_class) references.back().push_back(spectrum_json(one));
  }
  return {{"iteration", state.iteration},
          {"band_limit", state.band_limit},
          {"summed_shells", state.summed_shells},
          {"classes", classes},
          {"shift_deviation", state.shift_deviation},
          {"references", references},
          {"noise_variance", state.noise_variance},
          {"assignments", list},
          {"start", start_json(state.start)},
          {"reports", reports}};
}

// Refuses what is nested deeper than any checkpoint: the reader that builds the tree calls itself at every level.
class DepthGuard : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return ++depth_ < 64; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return ++depth_ < 64; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  int depth_ = 0;
};

auto read_from(const Json& from) {
  return [&from](const char* name, auto& value) { value = json_value<std::decay_t<decltype(value)>>(from.at(name)); };
}

IterationReport report_of(const Json& json) {
  IterationReport report;
  each_value(report, read_from(json));
  for (const Json& entry : json.at("classes")) {
    each_class_value(report.classes.emplace_back(), read_from(entry));
    if (entry.contains("symmetry")) report.classes.back().symmetry = symmetry_of(entry.at("symmetry"));
  }
  return report;
}

AverageState state_of(const Json& json) {
  AverageState state;
  state.iteration = json_value<int>(json.at("iteration"));
  state.band_limit = json_value<int64_t>(json.at("band_limit"));
  state.summed_shells = json_value<int64_t>(json.at("summed_shells"));
  for (const Json& entry : json.at("classes"))
    state.classes.push_back(
        {entry.at("prior").get<double>(), entry.at("mask_radius").get<double>(), symmetry_of(entry.at("symmetry"))});
  state.shift_deviation = json.at("shift_deviation");
  for (const Json& of_class : json.at("references")) {
    auto& list = state.references.emplace_back();
    for (const Json& one : of_class) list.push_back(spectrum_of_json(one));
  }
  state.noise_variance = json.at("noise_variance").get<std::vector<double>>();
  for (const Json& entry : json.at("assignments")) {
    Assignment& assignment = state.assignments.emplace_back();
    for (const Json& pose : entry.at("poses")) assignment.poses.push_back(pose_of(pose));
    assignment.log_likelihood = entry.at("log_likelihood");
    assignment.correlation = entry.at("correlation");
  }
  if (json.contains("start"))  // written by earlier versions: none
    for (const Json& entry : json.at("start")) each_pass_value(state.start.emplace_back(), read_from(entry));
  for (const Json& entry : json.at("reports")) state.reports.push_back(report_of(entry));
  return state;
}

}  // namespace

void require_fitting_state(const AverageState& state, int64_t particles, int classes, int64_t box,
                           const std::filesystem::path& path) {
  const bool references = std::all_of(state.references.begin(), state.references.end(), [&](const auto& of_class) {
    return std::all_of(of_class.begin(), of_class.end(),
                       [&](const HalfSpectrum& one) { return one.real_shape() == Shape3::cube(box); });
  });
  const bool poses = std::all_of(state.assignments.begin(), state.assignments.end(), [&](const Assignment& one) {
    return !one.poses.empty() && std::all_of(one.poses.begin(), one.poses.end(), [&](const WeightedPose& pose) {
      return pose.class_index >= 0 && pose.class_index < classes;
    });
  });
  const bool sizes = std::ssize(state.assignments) == particles && std::ssize(state.classes) == classes &&
                     std::ssize(state.noise_variance) == box / 2 + 1 &&
                     (state.references.empty() || std::ssize(state.references) == classes);
  const bool counts =
      state.iteration >= 0 && state.band_limit >= 0 && state.band_limit <= box / 2 && state.summed_shells >= 0;
  if (!references || !poses || !sizes || !counts)
    throw IoError(fmt::format("{}: a damaged checkpoint; start without --resume", path.string()));
}

Json symmetry_json(const std::optional<SymmetryStatus>& symmetry) {
  if (!symmetry) return nullptr;
  Json json;
  each_symmetry_value(*symmetry, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

Json start_json(const std::vector<StartPass>& passes) {
  auto out = Json::array();
  for (const StartPass& pass : passes)
    each_pass_value(pass, [&line = out.emplace_back()](const char* name, const auto& value) { line[name] = value; });
  return out;
}

Json report_json(const IterationReport& report) {
  Json json;
  each_value(report, [&](const char* name, const auto& value) { json[name] = value; });
  json["classes"] = Json::array();
  for (const ClassStatus& one : report.classes) {
    Json line;
    each_class_value(one, [&](const char* name, const auto& value) { line[name] = value; });
    if (one.symmetry) line["symmetry"] = symmetry_json(one.symmetry);
    json["classes"].push_back(line);
  }
  return json;
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  const Json json = {{"format", "tessera average checkpoint 4"},
                     {"identity", checkpoint.identity},
                     {"state", state_json(checkpoint.state)}};
  const std::vector<uint8_t> bytes = Json::to_cbor(json);
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, const std::string& identity) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const std::string bytes = read_text_file(path);
  Checkpoint checkpoint;
  try {
    DepthGuard guard;
    if (!Json::sax_parse(bytes, &guard, nlohmann::detail::input_format_t::cbor))
      throw Json::other_error::create(501, "no CBOR, or nested too deep", nullptr);
    const Json json = Json::from_cbor(bytes);
    checkpoint.identity = json.at("identity");
    if (checkpoint.identity == identity) checkpoint.state = state_of(json.at("state"));
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: not a checkpoint of Tessera, or damaged ({}); start without --resume", path.string(),
                              error.what()));
  }
  if (checkpoint.identity != identity)
    throw UserError(path.string() +
                    ": made with other particles or options than these; repeat them, or start without --resume");
  return checkpoint;
}

}  // namespace tessera
