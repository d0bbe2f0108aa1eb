// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/judged_lists.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"
#include "tessera/io/particles.h"

namespace tessera {
namespace {

// A list as the scorer needs it.
struct PlacedList {
  ParticleSet set;
  std::vector<std::string> tomograms;  // file names
  double voxel_size_A = 0;             // 0: not told

  std::string name_of(size_t i) const {
    const std::string& image = set.particles[i].image;
    return image.empty() ? fmt::format("row {}", i + 1) : image;
  }
  Vec3 position_A(size_t i) const {
    const Particle& particle = set.particles[i];
    return *particle.coordinate * voxel_size_A + particle.shift_A;
  }
};

PlacedList read_placed(const std::string& file, Faults& faults) {
  PlacedList list;
  list.set = read_picks(file);
  list.voxel_size_A = list.set.optics.at(0).voxel_size_A;
  for (const OpticsGroup& group : list.set.optics)
    if (std::abs(group.voxel_size_A - list.voxel_size_A) > 0.01 * list.voxel_size_A)
      faults.add(
          fmt::format("{}: its optics groups have pixel sizes {} and {} Å; coordinates of one list must be in "
                      "voxels of one size",
                      file, list.voxel_size_A, group.voxel_size_A));
  for (const Particle& particle : list.set.particles)
    list.tomograms.push_back(std::filesystem::path(particle.micrograph).filename().string());
  return list;
}

// The numbers of an extra column; empty where the list has no such column.
std::vector<double> numbers_of(const PlacedList& list, const std::string& column, const std::string& file,
                               Faults& faults) {
  const ParticleSet& set = list.set;
  if (std::count(set.extra_columns.begin(), set.extra_columns.end(), column) == 0) return {};
  std::vector<double> out;
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const auto number = extra_number(set, set.particles[i], column);
    if (!number)
      faults.add(fmt::format("{}: {} of {} is \"{}\", not a number", file, column, list.name_of(i),
                             extra_text(set, set.particles[i], column)));
    out.push_back(number.value_or(0));
  }
  return out;
}

// Numbers tomograms by their names in the truth; every name of picks that the truth lacks is a fault.
std::map<std::string, int32_t> number_tomograms(bool ignore_names, const PlacedList& picks, const PlacedList& truth,
                                                const std::string& truth_file, Faults& faults) {
  std::map<std::string, int32_t> numbers;
  for (const std::string& name : truth.tomograms)
    numbers.emplace(ignore_names ? "" : name, static_cast<int32_t>(numbers.size()));
  if (ignore_names) return numbers;
  std::map<std::string, int64_t> unknown;
  for (const std::string& name : picks.tomograms)
    if (!numbers.contains(name)) ++unknown[name];
  for (const auto& [name, count] : unknown)
    faults.add(
        fmt::format("{} picks are of \"{}\", of which {} has no particle (it has \"{}\"{}); --ignore-names takes "
                    "all as of one tomogram",
                    count, name, truth_file, numbers.begin()->first, numbers.size() > 1 ? ", …" : ""));
  return numbers;
}

// Of a list that tells none it is the tomogram's, or else that of the other list.
void settle_voxel_sizes(PlacedList& picks, PlacedList& truth, const std::string& picks_file,
                        const std::string& truth_file, std::optional<double> tomogram_voxel_A, Faults& faults) {
  for (const auto& [list, other] : {std::pair(&truth, &picks), {&picks, &truth}})
    if (list->voxel_size_A == 0) list->voxel_size_A = tomogram_voxel_A.value_or(other->voxel_size_A);
  if (truth.voxel_size_A == 0)
    faults.add(fmt::format("neither {} nor {} tells the size of its voxels; give --tomogram", picks_file, truth_file));
  else if (std::abs(picks.voxel_size_A / truth.voxel_size_A - 1) > 0.01)
    faults.add(
        fmt::format("{} has voxels of {} Å, {} of {} Å: coordinates are in voxels, and lists of different voxel "
                    "sizes are of different tomograms; pick in the tomogram that the truth belongs to",
                    picks_file, picks.voxel_size_A, truth_file, truth.voxel_size_A));
}

void check_places(const PlacedList& list, const std::string& file, Faults& faults) {
  for (size_t i = 0; i < list.set.particles.size(); ++i)
    if (!std::isfinite(list.position_A(i).norm()))
      faults.add(fmt::format("{}: {} has no finite place", file, list.name_of(i)));
}

}  // namespace

JudgedLists read_judged_lists(const std::string& picks_file, const std::string& truth_file,
                              const ListOptions& options) {
  Faults faults;
  PlacedList picks = read_placed(picks_file, faults), truth = read_placed(truth_file, faults);
  settle_voxel_sizes(picks, truth, picks_file, truth_file, options.tomogram_voxel_A, faults);
  check_places(picks, picks_file, faults);
  check_places(truth, truth_file, faults);
  const std::vector<double> scores = numbers_of(picks, "rlnAutopickFigureOfMerit", picks_file, faults);
  std::vector<double> radii = numbers_of(truth, "tesseraRadius", truth_file, faults);
  if (options.radius_A)
    radii.assign(truth.set.particles.size(), *options.radius_A / truth.voxel_size_A);
  else if (radii.empty())
    faults.add(fmt::format("{} has no column tesseraRadius; give --radius", truth_file));
  const auto numbers = number_tomograms(options.ignore_names, picks, truth, truth_file, faults);
  faults.raise<IoError>("the picks cannot be judged");

  JudgedLists lists;
  lists.voxel_size_A = truth.voxel_size_A;
  lists.scored = !scores.empty();
  const auto number_of = [&](const std::string& name) { return numbers.at(options.ignore_names ? "" : name); };
  std::vector<uint8_t> picked(numbers.size());
  for (size_t i = 0; i < picks.set.particles.size(); ++i) {
    const int32_t tomogram = number_of(picks.tomograms[i]);
    picked[tomogram] = 1;
    lists.picks.push_back(
        {picks.position_A(i), scores.empty() ? 0 : scores[i], tomogram, picks.set.particles[i].class_number});
  }
  for (size_t i = 0; i < truth.set.particles.size(); ++i)
    lists.particles.push_back({truth.position_A(i), radii[i] * truth.voxel_size_A, number_of(truth.tomograms[i]),
                               truth.set.particles[i].class_number});
  if (const auto none = std::count(picked.begin(), picked.end(), 0); none > 0)
    lists.notes.push_back(fmt::format("{} of the truth's {} tomograms have no pick; their particles count as missed",
                                      none, picked.size()));
  if (!lists.scored)
    lists.notes.emplace_back("the picks carry no rlnAutopickFigureOfMerit: there is no threshold to sweep");
  std::map<int, std::string> names;
  for (const Particle& particle : truth.set.particles)
    names.emplace(particle.class_number, truth.set.optics[particle.optics_group].name);
  for (const auto& [number, name] : names) lists.class_names.push_back(name);
  return lists;
}

}  // namespace tessera
