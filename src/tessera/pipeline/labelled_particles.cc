// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/labelled_particles.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"

namespace tessera {
namespace {

// Names of classes 1, 2, … as the record of `simulate particles` beside the list has them.
std::vector<std::string> recorded_names(const std::filesystem::path& star) {
  std::vector<std::string> names;
  try {
    const auto record = nlohmann::json::parse(read_text_file(star.parent_path() / "run.json"));
    for (const auto& c : record.at("results").at("simulation").at("classes"))
      names.push_back(structure_name(c.at("structure").get<std::string>()));
  } catch (const std::exception&) {
    names.clear();  // a list of other origin: names are only a convenience
  }
  return names;
}

}  // namespace

std::string structure_name(const std::string& structure) {
  std::string name =
      structure.starts_with("builtin:") ? structure.substr(8) : std::filesystem::path(structure).filename().string();
  for (const char* ending : {".gz", ".pdb", ".cif", ".ent", ".mrc"})
    if (name.ends_with(ending)) name.resize(name.size() - std::string_view(ending).size());
  return name;
}

std::vector<std::filesystem::path> BoxedParticles::files(const std::vector<int64_t>& items) const {
  std::vector<std::filesystem::path> out;
  for (const int64_t i : items) out.push_back(resolve(set, set.particles[i].image));
  return out;
}

std::vector<int64_t> BoxedParticles::all() const {
  std::vector<int64_t> out(set.particles.size());
  std::iota(out.begin(), out.end(), int64_t{0});
  return out;
}

std::vector<HalfTurn> BoxedParticles::allowed_turns() const {
  std::set<std::string> seen;
  std::vector<HalfTurn> out = tessera::allowed_turns({});
  for (const Particle& particle : set.particles) {
    if (particle.weight.empty() || !seen.insert(file_key(set, particle.weight)).second) continue;
    const auto here = tessera::allowed_turns(read_mrc(resolve(set, particle.weight)).voxels);
    std::erase_if(out, [&](HalfTurn turn) { return std::find(here.begin(), here.end(), turn) == here.end(); });
    if (seen.size() > 64)
      return {HalfTurn::none};  // a weight for each particle: the wedge differs from one to the next
  }
  return out;
}

void BoxedParticles::record_inputs(RunRecord& record) const {
  record.add_input(star);
  record.add_inputs("subtomograms", files(all()));
}

BoxedParticles read_boxed_particles(const std::filesystem::path& star) {
  BoxedParticles out;
  out.star = star;
  out.set = read_particles(star);
  if (out.set.particles.empty()) throw UserError(star.string() + ": the list holds no particle");
  check_images(out.set);
  out.voxel_size_A = out.set.optics.at(out.set.particles.front().optics_group).voxel_size_A;
  Faults faults;
  for (const Particle& particle : out.set.particles) {
    const OpticsGroup& group = out.set.optics.at(particle.optics_group);
    if (std::abs(group.voxel_size_A / out.voxel_size_A - 1) > 0.01)
      faults.add(fmt::format("{}: voxels of {} Å beside {} Å", particle.image, group.voxel_size_A, out.voxel_size_A));
    const Shape3 shape = read_mrc_info(resolve(out.set, particle.image)).shape;
    if (out.box == 0) out.box = static_cast<int>(shape.x);
    if (shape != Shape3::cube(out.box))
      faults.add(fmt::format("{}: {}³ voxels beside {}³", particle.image, shape.x, out.box));
  }
  faults.raise<IoError>(star.string() + ": a network takes boxes of one size and voxel size");
  return out;
}

LabelledParticles read_labelled_particles(const std::filesystem::path& star, const std::vector<std::string>& names,
                                          bool allow_empty) {
  LabelledParticles out{read_boxed_particles(star), {}, {}};
  Faults unlabelled;
  std::map<int, int> index;  // of each number that occurs
  for (const Particle& particle : out.set.particles) {
    if (particle.class_number < 1) unlabelled.add(particle.image + " has no class");
    index.emplace(particle.class_number, 0);
  }
  unlabelled.raise<IoError>(fmt::format(
      "{}: labels are missing (rlnClassNumber); of simulated particles they are in truth.star", star.string()));
  const auto known = names.empty() ? recorded_names(star) : names;
  const int last = std::max(index.rbegin()->first, static_cast<int>(names.size()));
  Faults faults;
  for (int number = 1; number <= last && !allow_empty; ++number)
    if (!index.contains(number))
      faults.add(fmt::format("class {}{} has no particle; --allow-empty-classes leaves it out", number,
                             number <= std::ssize(known) ? " (" + known[number - 1] + ")" : ""));
  if (index.size() < 2)
    faults.add(fmt::format("all particles are of class {}: a network needs at least two classes to tell apart",
                           index.begin()->first));
  faults.raise<UserError>(star.string());
  for (auto& [number, place] : index) {
    place = static_cast<int>(out.classes.size());
    out.classes.push_back({number, number <= std::ssize(known) ? known[number - 1] : fmt::format("class {}", number)});
  }
  for (const Particle& particle : out.set.particles) out.labels.push_back(index.at(particle.class_number));
  return out;
}

Split split_by_class(const std::vector<int>& labels, double validation, double test, uint64_t seed) {
  std::map<int, std::vector<int64_t>> members;
  for (size_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(static_cast<int64_t>(i));
  Split out;
  for (auto& [label, items] : members) {
    Random random(seed, "split", static_cast<uint64_t>(label));
    shuffle(items, random);
    const auto count = static_cast<double>(items.size());
    const auto tested = std::lround(test * count);
    const auto validated = std::min<int64_t>(std::lround(validation * count),
                                             std::ssize(items) - tested - (validation + test < 1 ? 1 : 0));
    for (int64_t i = 0; i < std::ssize(items); ++i)
      (i < tested                                     ? out.test
       : i < tested + std::max<int64_t>(0, validated) ? out.validation
                                                      : out.training)
          .push_back(items[i]);
  }
  for (auto* part : {&out.training, &out.validation, &out.test}) std::sort(part->begin(), part->end());
  return out;
}

}  // namespace tessera
