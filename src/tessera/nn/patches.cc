// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/patches.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// Labels of a cube from (z, y, x) on; −1 outside the region.
void read_labels(const Volume<uint8_t>& labels, const Region& region, int64_t z, int64_t y, int64_t x, int64_t edge,
                 int* to) {
  for (int64_t k = z; k < z + edge; ++k)
    for (int64_t j = y; j < y + edge; ++j)
      for (int64_t i = x; i < x + edge; ++i) {
        *to++ = region.holds(k, j, i) ? labels(k, j, i) : -1;
      }
}

// A half turn of a cube onto itself: two axes run backwards.
template <typename T>
void turn_cube(std::vector<T> from, int64_t edge, HalfTurn turn, T* to) {
  const bool x = turn == HalfTurn::y || turn == HalfTurn::z, y = turn == HalfTurn::x || turn == HalfTurn::z,
             z = turn == HalfTurn::x || turn == HalfTurn::y;
  const auto at = [edge](int64_t i, bool backwards) { return backwards ? edge - 1 - i : i; };
  for (int64_t k = 0; k < edge; ++k)
    for (int64_t j = 0; j < edge; ++j)
      for (int64_t i = 0; i < edge; ++i) *to++ = from[(at(k, z) * edge + at(j, y)) * edge + at(i, x)];
}

}  // namespace

std::vector<float> heat_of_cube(const std::vector<Centre>& centres, const std::vector<double>& spreads,
                                const Region& region, int64_t z, int64_t y, int64_t x, int64_t edge) {
  const int64_t count = edge * edge * edge;
  const int64_t maps = heat_maps_of(spreads.size());
  std::vector<float> out(static_cast<size_t>(maps * count));
  for (const Centre& centre : centres) {
    const double spread = spreads.at(static_cast<size_t>(centre.kind)), reach = 4 * spread;
    const Vec3 at = centre.voxel - Vec3{double(x), double(y), double(z)};
    const auto from = [&](double c) { return std::max<int64_t>(0, static_cast<int64_t>(std::ceil(c - reach))); };
    const auto to = [&](double c) { return std::min(edge - 1, static_cast<int64_t>(std::floor(c + reach))); };
    float *all = out.data(), *own = out.data() + (1 + centre.kind) * count;
    for (int64_t k = from(at.z); k <= to(at.z); ++k)
      for (int64_t j = from(at.y); j <= to(at.y); ++j)
        for (int64_t i = from(at.x); i <= to(at.x); ++i) {
          const Vec3 d = Vec3{double(i), double(j), double(k)} - at;
          const auto heat = static_cast<float>(std::exp(-d.dot(d) / (2 * spread * spread)));
          const int64_t voxel = (k * edge + j) * edge + i;
          all[voxel] = std::max(all[voxel], heat);
          own[voxel] = std::max(own[voxel], heat);
        }
  }
  for (int64_t v = 0; v < count; ++v)
    if (!region.holds(z + v / (edge * edge), y + v / edge % edge, x + v % edge))
      for (int64_t map = 0; map < maps; ++map) out[static_cast<size_t>(map * count + v)] = -1;
  return out;
}

RegionSplit split_by_region(Shape3 shape, double validation, double test) {
  const int64_t length = std::max({shape.x, shape.y, shape.z});
  const auto slab = [&](int64_t from, int64_t to) {
    Region out = whole_of(shape);
    if (shape.x == length)
      out.x0 = from, out.x1 = to;
    else if (shape.y == length)
      out.y0 = from, out.y1 = to;
    else
      out.z0 = from, out.z1 = to;
    return out;
  };
  const auto share = [&](double part) { return std::llround(part * static_cast<double>(length)); };
  const int64_t tested = share(test), validated = share(validation), held = tested + validated;
  if (held >= length) throw UserError(fmt::format("of {} voxels nothing is left to train on; hold out less", length));
  if (held == 0) return {{slab(0, length)}, slab(0, 0), slab(0, 0)};
  const int64_t first = (length - tested) / 2;
  RegionSplit out;
  const int64_t end = std::min(length, first + held);
  const int64_t begin = end - held;  // where both together reach beyond the end
  out.test = slab(begin, begin + tested);
  out.validation = slab(begin + tested, end);
  if (begin > 0) out.training.push_back(slab(0, begin));
  if (end < length) out.training.push_back(slab(end, length));
  return out;
}

std::vector<int64_t> count_labels(const std::vector<LabelledTomogram>& tomograms,
                                  const std::vector<TomogramPart>& parts, int classes) {
  std::vector<int64_t> out(static_cast<size_t>(classes));
  for (const TomogramPart& part : parts) {
    const Region& r = part.region;
    for (int64_t z = r.z0; z < r.z1; ++z)
      for (int64_t y = r.y0; y < r.y1; ++y)
        for (int64_t x = r.x0; x < r.x1; ++x) ++out.at(tomograms[part.tomogram].labels(z, y, x));
  }
  return out;
}

RandomPatches::RandomPatches(const std::vector<LabelledTomogram>& tomograms, std::vector<TomogramPart> parts,
                             Options options)
    : tomograms_(tomograms), parts_(std::move(parts)), options_(std::move(options)) {
  const std::vector<int64_t> counts = count_labels(tomograms_, parts_, options_.classes);
  constexpr int64_t most = 100000;
  std::vector<int64_t> seen(counts.size());
  std::vector<std::vector<Voxel>> found(counts.size());
  int64_t end = 0;
  for (size_t p = 0; p < parts_.size(); ++p) {
    const Region& r = parts_[p].region;
    for (int64_t z = r.z0; z < r.z1; ++z)
      for (int64_t y = r.y0; y < r.y1; ++y)
        for (int64_t x = r.x0; x < r.x1; ++x) {
          const uint8_t label = tomograms_[parts_[p].tomogram].labels(z, y, x);
          if (label == 0) continue;
          const int64_t stride = (counts[label] + most - 1) / most;
          if (seen[label]++ % stride == 0)
            found[label].push_back({static_cast<uint32_t>(p), static_cast<uint16_t>(z), static_cast<uint16_t>(y),
                                    static_cast<uint16_t>(x)});
        }
    end += r.shape().count();
    ends_.push_back(end);
  }
  for (std::vector<Voxel>& of_class : found)
    if (!of_class.empty()) voxels_.push_back(std::move(of_class));
  if (end == 0) throw InternalError("patches of nothing");
}

RandomPatches::Place RandomPatches::place(int64_t i, uint64_t epoch) const {
  Random random(options_.seed, "patch", epoch * static_cast<uint64_t>(options_.count) + static_cast<uint64_t>(i));
  Place out;
  if (!voxels_.empty() && random.below(2) == 0) {
    const std::vector<Voxel>& of_class = voxels_[random.below(voxels_.size())];
    const Voxel v = of_class[random.below(of_class.size())];
    out = {v.part, v.z, v.y, v.x, HalfTurn::none};
  } else {
    const auto at = static_cast<int64_t>(random.below(static_cast<uint64_t>(ends_.back())));
    out.part = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
    const Region& r = parts_[out.part].region;
    const Shape3 shape = r.shape();
    const int64_t rest = at - (out.part == 0 ? 0 : ends_[out.part - 1]);
    out.z = r.z0 + rest / (shape.y * shape.x);
    out.y = r.y0 + rest / shape.x % shape.y;
    out.x = r.x0 + rest % shape.x;
  }
  const Region& r = parts_[out.part].region;
  const int64_t edge = options_.edge;
  const auto start = [&](int64_t voxel, int64_t from, int64_t to) {
    const int64_t drawn = voxel - static_cast<int64_t>(random.below(static_cast<uint64_t>(edge)));
    return to - from > edge ? std::clamp(drawn, from, to - edge) : (from + to - edge) / 2;
  };
  out.z = start(out.z, r.z0, r.z1);
  out.y = start(out.y, r.y0, r.y1);
  out.x = start(out.x, r.x0, r.x1);
  const std::vector<HalfTurn>& turns = tomograms_[parts_[out.part].tomogram].turns;
  if (options_.augment) out.turn = turns[random.below(turns.size())];
  return out;
}

void RandomPatches::load_labels(int64_t i, uint64_t epoch, int* to) const {
  const Place at = place(i, epoch);
  std::vector<int> labels(static_cast<size_t>(labels_per_item()));
  read_labels(tomograms_[parts_[at.part].tomogram].labels, parts_[at.part].region, at.z, at.y, at.x, options_.edge,
              labels.data());
  turn_cube(std::move(labels), options_.edge, at.turn, to);
}

void RandomPatches::load_heat(int64_t i, uint64_t epoch, float* to) const {
  const Place at = place(i, epoch);
  const TomogramPart& part = parts_[at.part];
  const std::vector<float> maps =
      heat_of_cube(tomograms_[part.tomogram].centres, options_.spreads, part.region, at.z, at.y, at.x, options_.edge);
  const int64_t count = labels_per_item();
  for (int64_t map = 0; map < heat_maps(); ++map)
    turn_cube(std::vector<float>(maps.begin() + map * count, maps.begin() + (map + 1) * count), options_.edge, at.turn,
              to + map * count);
}

void RandomPatches::load(int64_t i, uint64_t epoch, float* to) const {
  const Place at = place(i, epoch);
  const Region& r = parts_[at.part].region;
  const Tomogram part = part_of(tomograms_[parts_[at.part].tomogram].tomogram, r);
  const Volume<float> cube = read_box(part, at.z - r.z0, at.y - r.y0, at.x - r.x0, Shape3::cube(options_.edge)).voxels;
  turn_cube(std::vector<float>(cube.begin(), cube.end()), options_.edge, at.turn, to);
}

TilePatches::TilePatches(const std::vector<LabelledTomogram>& tomograms, const std::vector<TomogramPart>& parts,
                         int edge, std::vector<double> spreads)
    : tomograms_(tomograms), edge_(edge), spreads_(std::move(spreads)) {
  for (const TomogramPart& part : parts) {
    const Region& r = part.region;
    for (int64_t z = r.z0; z < r.z1; z += edge)
      for (int64_t y = r.y0; y < r.y1; y += edge)
        for (int64_t x = r.x0; x < r.x1; x += edge)
          tiles_.push_back(
              {part.tomogram, {z, std::min(r.z1, z + edge), y, std::min(r.y1, y + edge), x, std::min(r.x1, x + edge)}});
  }
}

void TilePatches::load_labels(int64_t i, uint64_t, int* to) const {
  const Region& r = tiles_[i].region;
  read_labels(tomograms_[tiles_[i].tomogram].labels, r, (r.z0 + r.z1 - edge_) / 2, (r.y0 + r.y1 - edge_) / 2,
              (r.x0 + r.x1 - edge_) / 2, edge_, to);
}

void TilePatches::load_heat(int64_t i, uint64_t, float* to) const {
  const Region& r = tiles_[i].region;
  const std::vector<float> maps =
      heat_of_cube(tomograms_[tiles_[i].tomogram].centres, spreads_, r, (r.z0 + r.z1 - edge_) / 2,
                   (r.y0 + r.y1 - edge_) / 2, (r.x0 + r.x1 - edge_) / 2, edge_);
  std::copy(maps.begin(), maps.end(), to);
}

void TilePatches::load(int64_t i, uint64_t, float* to) const {
  const Region& r = tiles_[i].region;
  const Volume<float> cube = read_box(tomograms_[tiles_[i].tomogram].tomogram, (r.z0 + r.z1 - edge_) / 2,
                                      (r.y0 + r.y1 - edge_) / 2, (r.x0 + r.x1 - edge_) / 2, Shape3::cube(edge_))
                                 .voxels;
  std::copy(cube.begin(), cube.end(), to);
}

}  // namespace tessera
