// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/builtin_chain.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/so3/point_group.h"

namespace tessera {
namespace {

constexpr double rise_A = 1.5, turn = 100 * degree;
constexpr double helix_spacing_A = 9.5, loop_spacing_A = 5.2;

double distance_to_segment(Vec3 p, const Capsule& capsule) {
  const Vec3 along = capsule.to - capsule.from;
  const double square = along.dot(along);
  const double t = square > 0 ? std::clamp((p - capsule.from).dot(along) / square, 0.0, 1.0) : 0.0;
  return (p - capsule.from - along * t).norm();
}

// The volume of one asymmetric unit.
class Region {
 public:
  explicit Region(const BuiltinShape& shape) : unit_(shape.unit) {
    for (const Rotation& rotation : point_group(shape.info.symmetry)) others_.push_back(rotation.matrix());
    const double copies = static_cast<double>(others_.size());
    others_.erase(others_.begin());  // the identity
    volume_ = shape.info.mass_kDa * 1e3 / copies / protein_density_Da_A3;
    set_bounds();
    scale_to_volume();
  }

  double volume() const { return volume_; }
  Vec3 low() const { return low_; }
  Vec3 high() const { return high_; }
  bool contains(Vec3 p) const {
    const double own = reduced_distance(p);
    return own < scale_ && nearest_copy(p, own);
  }
  Vec3 random_point(Random& random) const {
    while (true) {
      const Vec3 p = box_point(random);
      if (contains(p)) return p;
    }
  }

 private:
  // Smallest distance to a capsule's axis in units of its radius.
  double reduced_distance(Vec3 p) const {
    double smallest = INFINITY;
    for (const Capsule& capsule : unit_)
      smallest = std::min(smallest, distance_to_segment(p, capsule) / capsule.radius);
    return smallest;
  }
  bool nearest_copy(Vec3 p, double own) const {
    return std::all_of(others_.begin(), others_.end(), [&](const Mat3& m) { return reduced_distance(m * p) >= own; });
  }
  Vec3 box_point(Random& random) const {
    const double x = random.uniform(low_.x, high_.x), y = random.uniform(low_.y, high_.y);
    return {x, y, random.uniform(low_.z, high_.z)};
  }
  void set_bounds() {
    low_ = {1e9, 1e9, 1e9};
    high_ = -low_;
    for (const Capsule& capsule : unit_)
      for (const Vec3 end : {capsule.from, capsule.to}) {
        const double r = 2 * capsule.radius;
        low_ = {std::min(low_.x, end.x - r), std::min(low_.y, end.y - r), std::min(low_.z, end.z - r)};
        high_ = {std::max(high_.x, end.x + r), std::max(high_.y, end.y + r), std::max(high_.z, end.z + r)};
      }
  }
  // The unit is {p : reduced distance < scale, nearest copy}: its volume as a function of scale is the distribution of
  // the reduced distance over random points, and the wanted scale a quantile of it.
  void scale_to_volume() {
    constexpr int points = 40000;
    const Vec3 edge = high_ - low_;
    Random random(1, "builtin volume");
    std::vector<double> distances;
    for (int i = 0; i < points; ++i) {
      const Vec3 p = box_point(random);
      const double own = reduced_distance(p);
      if (own < 2 && nearest_copy(p, own)) distances.push_back(own);
    }
    const auto wanted = static_cast<size_t>(volume_ / (edge.x * edge.y * edge.z) * points);
    if (wanted >= distances.size()) throw InternalError("a built-in shape has no room for its mass");
    std::nth_element(distances.begin(), distances.begin() + static_cast<int64_t>(wanted), distances.end());
    scale_ = distances[wanted];
  }

  const std::vector<Capsule>& unit_;
  std::vector<Mat3> others_;
  double volume_ = 0, scale_ = 1;
  Vec3 low_, high_;
};

// Points in cells, to ask whether any lies near.
class Neighbours {
 public:
  Neighbours(Vec3 low, Vec3 high, double cell) : low_(low), cell_(cell) {
    const Vec3 edge = high - low;
    size_[0] = static_cast<int>(edge.x / cell) + 3;
    size_[1] = static_cast<int>(edge.y / cell) + 3;
    size_[2] = static_cast<int>(edge.z / cell) + 3;
    cells_.resize(static_cast<size_t>(size_[0]) * size_[1] * size_[2]);
  }
  void add(Vec3 p) { at(place(p.x - low_.x, 0), place(p.y - low_.y, 1), place(p.z - low_.z, 2)).push_back(p); }
  // `distance` at most the cell.
  bool any_within(Vec3 p, double distance) {
    const int x = place(p.x - low_.x, 0), y = place(p.y - low_.y, 1), z = place(p.z - low_.z, 2);
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx)
          for (const Vec3 q : at(x + dx, y + dy, z + dz))
            if ((p - q).dot(p - q) < distance * distance) return true;
    return false;
  }

 private:
  int place(double offset, int axis) const {
    return std::clamp(static_cast<int>(offset / cell_) + 1, 1, size_[axis] - 2);
  }
  std::vector<Vec3>& at(int x, int y, int z) { return cells_[(static_cast<size_t>(z) * size_[1] + y) * size_[0] + x]; }
  Vec3 low_;
  double cell_;
  int size_[3];
  std::vector<std::vector<Vec3>> cells_;
};

Vec3 random_direction(Random& random) {
  const double z = random.uniform(-1, 1), angle = random.uniform(0, 2 * pi), r = std::sqrt(1 - z * z);
  return {r * std::cos(angle), r * std::sin(angle), z};
}

class Filler {
 public:
  explicit Filler(const BuiltinShape& shape)
      : region_(shape),
        axes_(region_.low(), region_.high(), helix_spacing_A),
        residues_(region_.low(), region_.high(), loop_spacing_A),
        random_(1, "builtin " + shape.info.name),
        wanted_(static_cast<int64_t>(std::lround(region_.volume() * protein_density_Da_A3 / residue_mass_Da))) {}

  std::vector<Atom> run() {
    for (const int length : {22, 16, 11, 8})
      for (int64_t attempt = 0; attempt < 4 * wanted_ && room(length); ++attempt) try_helix(length);
    add_loops();
    return std::move(atoms_);
  }

 private:
  bool room(int residues) const { return placed_ + residues <= wanted_ * 7 / 10; }

  void try_helix(int length) {
    const Vec3 start = region_.random_point(random_), direction = random_direction(random_);
    std::vector<Vec3> axis;
    for (int i = 0; i < length; ++i) {
      axis.push_back(start + direction * (rise_A * i));
      if (axes_.any_within(axis.back(), helix_spacing_A) || !region_.contains(axis.back())) return;
    }
    const Vec3 other = std::abs(direction.x) < 0.8 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
    Vec3 u = direction.cross(other);
    u = u * (1 / u.norm());
    const Vec3 v = direction.cross(u);
    for (int i = 0; i < length; ++i) {
      axes_.add(axis[i]);
      const auto radial = [&](double by) { return u * std::cos(turn * i + by) + v * std::sin(turn * i + by); };
      const Vec3 out = radial(0), c = axis[i] + out * 2.3;
      residues_.add(c);
      residues_.add(axis[i] + out * 5.0);
      add_atom(axis[i] + radial(-0.5) * 1.55 - direction * 0.9, 7);
      add_atom(c, 6);
      add_atom(axis[i] + radial(0.5) * 1.65 + direction * 1.0, 6);
      add_atom(axis[i] + radial(0.6) * 2.0 + direction * 2.2, 8);
      add_side_chain(c + out * 2.6, 1.6);
      ++placed_;
    }
  }

  // Single residues in what room is left; where it is tight they come closer.
  void add_loops() {
    double spacing = loop_spacing_A;
    for (int64_t failures = 0; placed_ < wanted_;) {
      const Vec3 p = region_.random_point(random_);
      if (residues_.any_within(p, spacing)) {
        if (++failures > wanted_) spacing *= 0.95, failures = 0;
        continue;
      }
      residues_.add(p);
      add_atom(p + random_direction(random_) * 1.4, 7);
      add_atom(p, 6);
      const Vec3 carbonyl = p + random_direction(random_) * 1.5;
      add_atom(carbonyl, 6);
      add_atom(carbonyl + random_direction(random_) * 1.23, 8);
      add_side_chain(p + random_direction(random_) * 2.2, 1.6);
      ++placed_;
    }
  }

  // Three carbons and a fourth atom whose elements bring the mean residue to averagine.
  void add_side_chain(Vec3 centre, double radius) {
    for (int i = 0; i < 3; ++i) add_atom(centre + random_direction(random_) * radius, 6);
    const double pick = random_.uniform();
    add_atom(centre, pick < 0.36 ? 7 : pick < 0.84 ? 8 : pick < 0.88 ? 16 : 6);
  }

  void add_atom(Vec3 position, int number) {
    const float mass = number == 6 ? 12.011f : number == 7 ? 14.007f : number == 8 ? 15.999f : 32.06f;
    atoms_.push_back({position, number, mass, 1, 0});
  }

  Region region_;
  Neighbours axes_, residues_;
  Random random_;
  int64_t wanted_, placed_ = 0;
  std::vector<Atom> atoms_;
};

}  // namespace

std::vector<Atom> fill_unit(const BuiltinShape& shape) {
  return Filler(shape).run();
}

}  // namespace tessera
