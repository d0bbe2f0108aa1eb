// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/numbered_list.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"

namespace tessera {
namespace {

constexpr const char* number_column = "rlnTomoParticleId";

// The digits that end a name: 12 of "TS_012.mrc".
std::optional<int64_t> number_of_name(const std::string& name) {
  const std::string stem = std::filesystem::path(name).stem().string();
  const size_t from = stem.find_last_not_of("0123456789") + 1;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(stem.data() + from, stem.data() + stem.size(), value);
  if (from == stem.size() || error != std::errc() || value > 1'000'000) return std::nullopt;
  return value;
}

// A number for each, as given where all are different.
template <typename Key>
std::map<Key, int64_t> numbers_for(const std::vector<Key>& keys, auto&& given) {
  std::map<Key, int64_t> out, in_order;
  std::set<int64_t> used;
  bool all_given = true;
  for (const Key& key : keys) {
    if (in_order.contains(key)) continue;
    in_order.emplace(key, std::ssize(in_order) + 1);
    const std::optional<int64_t> number = given(key);
    all_given = all_given && number && used.insert(*number).second;
    if (all_given) out.emplace(key, *number);
  }
  return all_given ? out : in_order;
}

}  // namespace

ParticleSet particle_set(const NumberedList& list, double voxel_size_A,
                         const std::map<int64_t, std::filesystem::path>& images, const std::string& source) {
  ParticleSet set;
  set.directory = ".";
  OpticsGroup& group = set.optics.emplace_back();
  group.name = "opticsGroup1";
  group.voxel_size_A = voxel_size_A;
  set.extra_columns = {number_column, score_column};
  const bool places = std::any_of(list.particles.begin(), list.particles.end(),
                                  [](const NumberedParticle& p) { return p.place_voxels.norm() > 0; });
  Faults faults;
  std::set<int64_t> numbers;
  for (const NumberedParticle& from : list.particles) {
    Particle& p = set.particles.emplace_back();
    if (!images.empty()) {
      if (!numbers.insert(from.number).second)
        faults.add(fmt::format("number {} stands for more than one particle", from.number));
      if (const auto image = images.find(from.number); image != images.end())
        p.image = std::filesystem::absolute(image->second).string();
      else
        faults.add(fmt::format("particle {} has no image", from.number));
    }
    p.class_number = std::max(0, from.class_number);
    p.particle_from_ref = from.particle_from_ref;
    p.shift_A = from.shift_voxels * voxel_size_A;
    p.micrograph = fmt::format("tomogram_{}", from.tomogram);
    if (places) p.coordinate = from.place_voxels;
    p.extra = {std::to_string(from.number), fmt::format("{:.6f}", from.score)};
  }
  faults.raise<IoError>(source);
  return set;
}

NumberedList numbered_list(const ParticleSet& set) {
  NumberedList out;
  out.voxel_size_A = set.optics.at(0).voxel_size_A;
  for (const OpticsGroup& group : set.optics)
    if (std::abs(group.voxel_size_A / out.voxel_size_A - 1) > 1e-3)
      throw UserError(
          fmt::format("optics groups {} and {} have voxels of {:g} and {:g} Å; such a list holds one size: "
                      "give a list for each",
                      set.optics[0].name, group.name, out.voxel_size_A, group.voxel_size_A));
  std::vector<size_t> indices;
  std::vector<std::string> tomograms;
  for (size_t i = 0; i < set.particles.size(); ++i) {
    indices.push_back(i);
    tomograms.push_back(set.particles[i].micrograph);
  }
  const auto numbers = numbers_for(indices, [&](size_t i) -> std::optional<int64_t> {
    const auto value = extra_number(set, set.particles[i], number_column);
    if (!value || *value != std::floor(*value) || *value < 0 || *value > 1e9) return std::nullopt;
    return static_cast<int64_t>(*value);
  });
  const auto tomogram_numbers = numbers_for(tomograms, [](const std::string& name) { return number_of_name(name); });
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const Particle& from = set.particles[i];
    NumberedParticle& p = out.particles.emplace_back();
    p.number = numbers.at(i);
    p.tomogram = tomogram_numbers.at(from.micrograph);
    p.class_number = from.class_number;
    p.particle_from_ref = from.particle_from_ref;
    p.shift_voxels = from.shift_A * (1 / out.voxel_size_A);
    if (from.coordinate)
      p.place_voxels =
          *from.coordinate * (coordinate_voxel_size_A(set, static_cast<size_t>(from.optics_group)) / out.voxel_size_A);
    p.score = extra_number(set, from, score_column).value_or(0);
  }
  return out;
}

}  // namespace tessera
