// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/symmetry.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/align/compare.h"
#include "tessera/align/rotation_search.h"
#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// The agreement of one map with another turned about `centre`, relative to that of the first with itself.
class TurnedCorrelation {
 public:
  TurnedCorrelation(const Volume<float>& map, const Volume<float>& other, int64_t first_shell, int64_t last_shell,
                    std::vector<double> variance)
      : weight_(FourierWeight::uniform(map.shape().x)),
        components_(weight_, last_shell),
        reference_(other, last_shell + 1),
        variance_(std::move(variance)) {
    // Shells that do not count have next to no weight.
    for (int64_t s = 0; s < first_shell; ++s) variance_[s] = 1e30;
    power_ = power_weights(components_, variance_);
    particle_ = weighted_particle(components_, centred_spectrum(map).data(), variance_, power_);
    // From the components themselves: at the identity the reference is read at its grid points, where the gridding
    // correction is not undone by interpolation, and its power comes out a few per cent high.
    for (size_t i = 0; i < components_.size(); ++i)
      own_power_ += 0.5 * (particle_.re[i] * particle_.re[i] + particle_.im[i] * particle_.im[i]) *
                    variance_[components_.shell[i]];
  }
  PoseScore score(const Rotation& turn, Vec3 centre) const {
    return score_pose(particle_, reference_, {turn, centre - turn * centre});
  }
  double operator()(const Rotation& turn, Vec3 centre) const {
    return score(turn, centre).correlation() / std::sqrt(own_power_);
  }

 private:
  FourierWeight weight_;
  ObservedComponents components_;
  PaddedSpectrum reference_;
  std::vector<double> variance_;
  std::vector<float> power_;
  WeightedParticle particle_;
  double own_power_ = 0;
};

// An element and its inverse give the same correlation: one of the two, counted twice.
struct GroupElement {
  Rotation turn;
  double share = 0;  // of all elements but the identity
};
std::vector<GroupElement> distinct_elements(const std::vector<Rotation>& group) {
  std::vector<GroupElement> out;
  const double share = 1 / std::max(1.0, static_cast<double>(group.size()) - 1);
  for (size_t i = 1; i < group.size(); ++i) {
    const auto inverse = std::find_if(out.begin(), out.end(), [&](const GroupElement& known) {
      return angle_between(known.turn.inverse(), group[i]) < 1e-4;
    });
    if (inverse == out.end())
      out.push_back({group[i], share});
    else
      inverse->share += share;
  }
  return out;
}

double mean_turned(const TurnedCorrelation& self, const std::vector<GroupElement>& elements,
                   const Rotation& map_from_standard, Vec3 centre) {
  double sum = 0;
  for (const GroupElement& e : elements)
    sum += e.share * self(map_from_standard * e.turn * map_from_standard.inverse(), centre);
  return sum;
}

// How many elements turn about z.
int order_about_z(const std::vector<Rotation>& group) {
  int out = 0;
  for (const Rotation& g : group) out += (g * Vec3{0, 0, 1}).z > 1 - 1e-6;
  return out;
}
bool cyclic(const std::vector<Rotation>& group) {
  return order_about_z(group) == static_cast<int>(group.size());
}

// Directions of a hemisphere, about evenly spread (golden-angle spiral).
std::vector<Vec3> hemisphere(int count) {
  std::vector<Vec3> out;
  for (int i = 0; i < count; ++i) {
    const double z = (i + 0.5) / count, r = std::sqrt(1 - z * z), phi = i * pi * (3 - std::sqrt(5.0));
    out.push_back({r * std::cos(phi), r * std::sin(phi), z});
  }
  return out;
}

// The smallest turn that carries z to a direction.
Rotation turn_from_z(Vec3 direction) {
  const Vec3 axis = Vec3{0, 0, 1}.cross(direction);
  if (axis.norm() < 1e-12) return direction.z > 0 ? Rotation() : Rotation::about_axis({1, 0, 0}, pi);
  return Rotation::about_axis(axis, std::atan2(axis.norm(), direction.z));
}

// Frames in which the group can lie, 5° apart: −z instead of z and turns about z by an element's angle give the same.
std::vector<Rotation> frames(const std::vector<Rotation>& group) {
  std::vector<Rotation> out;
  const double period = 2 * pi / order_about_z(group);
  const int turns = cyclic(group) ? 1 : static_cast<int>(std::ceil(period / (5 * degree)));
  for (const Vec3 z : hemisphere(850))
    for (int i = 0; i < turns; ++i) out.push_back(turn_from_z(z) * Rotation::about_axis({0, 0, 1}, period * i / turns));
  return out;
}

// A frame seen through another element of the group, or turned about the axis of Cn, is the same frame.
double frame_distance(const Rotation& a, const Rotation& b, const std::vector<Rotation>& group, bool is_cyclic) {
  if (!is_cyclic) return angle_between_modulo(a, b, group);
  const Vec3 z{0, 0, 1};
  return std::acos(std::min(1.0, std::abs((a * z).dot(b * z))));
}

// The map's correlation with itself turned, over all rotations about one centre.
class SelfCorrelationTable {
 public:
  SelfCorrelationTable(const Volume<float>& map, Vec3 centre, int shells, const std::vector<double>& variance)
      : search_(map.shape().x, bandwidth, shells, {{0, 0, 0}}) {
    HalfSpectrum spectrum = centred_spectrum(map);
    shift_spectrum(spectrum, centre * -1.0);
    const PaddedSpectrum padded(centred_volume(std::move(spectrum)), shells + 1);
    std::vector<float> weight;
    for (int s = 1; s <= shells; ++s) weight.push_back(static_cast<float>(s * s / variance[s]));
    RotationSearch::Workspace work;
    ShellHarmonics harmonics;
    search_.shifted_harmonics(search_.sample_particle(padded, FourierWeight::uniform(map.shape().x)), 0, harmonics,
                              work);
    values_.resize(search_.correlator().grid_size());
    search_.correlator().correlate(harmonics, search_.prepare_reference(padded).phases, weight, values_.data(),
                                   work.correlate);
  }
  // At the nearest point of the grid.
  float operator()(const Rotation& turn) const {
    const EulerZyz angles = turn.euler();
    const int n = 2 * bandwidth;
    const auto along = [&](double angle) { return (static_cast<int>(std::lround(angle * n / (2 * pi))) % n + n) % n; };
    const int j = std::clamp(static_cast<int>(angles.beta * bandwidth / pi), 0, bandwidth - 1);
    return values_[(static_cast<int64_t>(j) * n + along(angles.alpha)) * n + along(angles.gamma)];
  }

 private:
  static constexpr int bandwidth = 24;
  RotationSearch search_;
  AlignedVector<float> values_;
};

// Centre of mass of what exceeds a third of the greatest value: turned with the map, and on every axis it has.
Vec3 centre_of_mass(const Volume<float>& map) {
  const int64_t n = map.shape().x;
  HalfSpectrum spectrum = centred_spectrum(map);
  low_pass(spectrum, std::max(4.0, static_cast<double>(n) / 6), 2);
  const Volume<float> smooth = centred_volume(std::move(spectrum));
  const float threshold = statistics(smooth).maximum / 3;
  Vec3 sum;
  double mass = 0;
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        const double excess = smooth(z, y, x) - threshold;
        if (!(excess > 0)) continue;
        const double c = static_cast<double>(n / 2);
        sum += Vec3{static_cast<double>(x) - c, static_cast<double>(y) - c, static_cast<double>(z) - c} * excess;
        mass += excess;
      }
  return mass > 0 ? sum * (1 / mass) : sum;
}

struct Placement {
  Rotation map_from_standard;
  Vec3 centre;
  double score = -1;
};

// The best frames about one centre, at most `count`, apart from each other.
std::vector<Placement> scan(const SelfCorrelationTable& table, Vec3 centre, const std::vector<Rotation>& group,
                            const std::vector<GroupElement>& elements, int count, ExecContext& context) {
  const auto all = frames(group);
  std::vector<double> score(all.size());
  context.threads.for_each(static_cast<int64_t>(all.size()), [&](int64_t i, int) {
    for (const GroupElement& e : elements) score[i] += e.share * table(all[i] * e.turn * all[i].inverse());
  });
  std::vector<size_t> ranked(all.size());
  std::iota(ranked.begin(), ranked.end(), 0);
  std::stable_sort(ranked.begin(), ranked.end(), [&](size_t a, size_t b) { return score[a] > score[b]; });
  std::vector<Placement> out;
  const bool is_cyclic = cyclic(group);
  for (const size_t i : ranked) {
    if (std::any_of(out.begin(), out.end(), [&](const Placement& known) {
          return frame_distance(known.map_from_standard, all[i], group, is_cyclic) < 8 * degree;
        }))
      continue;
    out.push_back({all[i], centre, score[i]});
    if (static_cast<int>(out.size()) == count) break;
  }
  return out;
}

// Pattern search (Hooke & Jeeves 1961) over three small turns and the centre: steps along each, and along their sum as
// long as that goes on rising, halved until small. Never worse than its start.
void refine(const TurnedCorrelation& self, const std::vector<GroupElement>& elements, Placement& best) {
  const auto improve = [&](Placement next) {
    next.score = mean_turned(self, elements, next.map_from_standard, next.centre);
    if (next.score <= best.score + 1e-7) return false;
    best = next;
    return true;
  };
  best.score = mean_turned(self, elements, best.map_from_standard, best.centre);
  for (double step = 1; step > 0.02; step *= 0.5)
    for (bool moved = true; moved;) {
      const Placement before = best;
      moved = false;
      for (int parameter = 0; parameter < 6; ++parameter)
        for (const double sign : {1.0, -1.0}) {
          Placement next = best;
          const int axis = parameter % 3;
          const Vec3 unit{axis == 0 ? 1.0 : 0.0, axis == 1 ? 1.0 : 0.0, axis == 2 ? 1.0 : 0.0};
          if (parameter < 3)
            next.map_from_standard = best.map_from_standard * Rotation::about_axis(unit, sign * step * 4 * degree);
          else
            next.centre += unit * (sign * step);
          moved = improve(next) || moved;
        }
      const Rotation turn = before.map_from_standard.inverse() * best.map_from_standard;
      const Vec3 shift = best.centre - before.centre;
      while (moved && improve({best.map_from_standard * turn, best.centre + shift})) {
      }
    }
}

// The frame nearest to the map's own among those that are the same.
Rotation smallest_turn(const Rotation& map_from_standard, const std::vector<Rotation>& group) {
  if (cyclic(group)) {
    const Vec3 axis = map_from_standard * Vec3{0, 0, 1};
    return turn_from_z(axis.z < 0 ? axis * -1.0 : axis);
  }
  Rotation best = map_from_standard;
  for (const Rotation& g : group)
    if (angle_between(map_from_standard * g, {}) < angle_between(best, {})) best = map_from_standard * g;
  return best;
}

std::vector<double> shell_variance(const SymmetrySearch& search, int64_t box) {
  return search.variance.empty() ? std::vector<double>(shell_count(box), 1.0) : search.variance;
}
int64_t shells_of(const SymmetrySearch& search, int64_t box) {
  const int64_t most = std::max<int64_t>(4, box / 2 - 2);
  return search.max_shell > 0 ? std::clamp<int64_t>(search.max_shell, 3, most) : most;
}

}  // namespace

SymmetryFit find_symmetry(const Volume<float>& map, const std::string& name, const SymmetrySearch& search,
                          ExecContext& context) {
  const std::vector<Rotation> group = point_group(name);
  if (group.size() < 2)
    throw UserError(fmt::format("symmetry \"{}\": every map has it; name a group of at least two elements", name));
  const int64_t n = map.shape().x, last = shells_of(search, n), low = std::min<int64_t>(10, last);
  const auto variance = shell_variance(search, n);
  const auto elements = distinct_elements(group);
  std::vector<Placement> found;
  const Vec3 mass = centre_of_mass(map);
  for (const Vec3 centre : {Vec3{}, mass}) {
    const SelfCorrelationTable table(map, centre, static_cast<int>(std::min<int64_t>(8, low)), variance);
    const auto some = scan(table, centre, group, elements, 6, context);
    found.insert(found.end(), some.begin(), some.end());
    if (mass.norm() < 0.2) break;
  }
  const TurnedCorrelation coarse(map, map, 0, low, variance), fine(map, map, 0, last, variance);
  const auto better = [](const Placement& a, const Placement& b) { return a.score > b.score; };
  const auto count = static_cast<int64_t>(found.size());
  context.threads.for_each(count, [&](int64_t i, int) { refine(coarse, elements, found[i]); });
  std::stable_sort(found.begin(), found.end(), better);
  found.resize(std::min<size_t>(found.size(), 2));
  context.threads.for_each(std::ssize(found), [&](int64_t i, int) { refine(fine, elements, found[i]); });
  std::stable_sort(found.begin(), found.end(), better);
  const Placement& best = found.front();
  const Rotation frame = smallest_turn(best.map_from_standard, group);
  Vec3 centre = best.centre;
  const Vec3 axis = frame * Vec3{0, 0, 1};
  if (cyclic(group)) centre = centre - axis * axis.dot(centre);
  return {best.score, {frame.inverse(), frame.inverse() * centre * -1.0}, axis, centre};
}

double symmetry_score(const Volume<float>& map, const std::vector<Rotation>& group, const SymmetrySearch& search) {
  const int64_t n = map.shape().x;
  const TurnedCorrelation self(map, map, 0, shells_of(search, n), shell_variance(search, n));
  return mean_turned(self, distinct_elements(group), {}, {});
}

double symmetry_agreement(const Volume<float>& half1, const Volume<float>& half2, const std::vector<Rotation>& group,
                          int64_t first, int64_t last) {
  std::vector<double> power = shell_power(centred_spectrum(half1));
  for (double& p : power) p = std::max(p, 1e-30);
  const TurnedCorrelation halves(half1, half2, first, last, power);
  const double unturned = halves.score({}, {}).cross;
  if (!(unturned > 0) || group.size() < 2) return 0;
  double sum = 0;  // over all elements: the halves are not alike
  for (size_t i = 1; i < group.size(); ++i) sum += halves.score(group[i], {}).cross;
  return sum / (static_cast<double>(group.size() - 1) * unturned);
}

Volume<float> symmetrised(const Volume<float>& map, const std::vector<Rotation>& group) {
  if (group.size() < 2) return map;
  Volume<float> out(map.shape());
  for (const Rotation& element : group) {
    const Volume<float> turned = transformed_map(map, {element, {}});
    for (int64_t i = 0; i < out.size(); ++i) out[i] += turned[i] / static_cast<float>(group.size());
  }
  return out;
}

double angle_between_modulo(const Rotation& a, const Rotation& b, const std::vector<Rotation>& group) {
  double out = angle_between(a, b);
  for (size_t i = 1; i < group.size(); ++i) out = std::min(out, angle_between(a * group[i], b));
  return out;
}

}  // namespace tessera
