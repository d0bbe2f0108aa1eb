// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/label_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

constexpr float nowhere = 1e20f;

double ratio(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 1.0;
}

// min_j (i − j)² + f(j) for every i, in place: the lower envelope of parabolas.
void nearest_on_line(float* values, int64_t n, int64_t stride, std::vector<float>& f, std::vector<int64_t>& place,
                     std::vector<double>& from) {
  f.resize(n);
  place.resize(n);
  from.resize(n + 1);
  for (int64_t i = 0; i < n; ++i) f[i] = values[i * stride];
  int64_t count = 0;
  for (int64_t j = 0; j < n; ++j) {
    if (f[j] >= nowhere) continue;
    double meets = -std::numeric_limits<double>::infinity();
    while (count > 0) {
      const int64_t k = place[count - 1];
      meets = (static_cast<double>(f[j]) + static_cast<double>(j * j) - f[k] - static_cast<double>(k * k)) /
              static_cast<double>(2 * (j - k));
      if (meets > from[count - 1]) break;
      --count;
    }
    if (count == 0) meets = -std::numeric_limits<double>::infinity();
    place[count] = j;
    from[count++] = meets;
  }
  if (count == 0) return;
  from[count] = std::numeric_limits<double>::infinity();
  for (int64_t i = 0, k = 0; i < n; ++i) {
    while (from[k + 1] < static_cast<double>(i)) ++k;
    const auto d = static_cast<float>(i - place[k]);
    values[i * stride] = d * d + f[place[k]];
  }
}

// 0 on the outline of a label, `nowhere` elsewhere; the number of voxels on it.
int64_t outline(const Volume<uint8_t>& labels, const Region& r, int label, Volume<float>& out) {
  const auto is = [&](int64_t z, int64_t y, int64_t x) { return labels(z, y, x) == label; };
  int64_t count = 0;
  for (int64_t z = r.z0; z < r.z1; ++z)
    for (int64_t y = r.y0; y < r.y1; ++y)
      for (int64_t x = r.x0; x < r.x1; ++x) {
        const bool on = is(z, y, x) && ((z > r.z0 && !is(z - 1, y, x)) || (z + 1 < r.z1 && !is(z + 1, y, x)) ||
                                        (y > r.y0 && !is(z, y - 1, x)) || (y + 1 < r.y1 && !is(z, y + 1, x)) ||
                                        (x > r.x0 && !is(z, y, x - 1)) || (x + 1 < r.x1 && !is(z, y, x + 1)));
        out(z - r.z0, y - r.y0, x - r.x0) = on ? 0.0f : nowhere;
        count += on;
      }
  return count;
}

void spread_distances(Volume<float>& squares) {
  const Shape3 s = squares.shape();
  std::vector<float> f;
  std::vector<int64_t> place;
  std::vector<double> from;
  for (int64_t z = 0; z < s.z; ++z)
    for (int64_t y = 0; y < s.y; ++y) nearest_on_line(&squares(z, y, 0), s.x, 1, f, place, from);
  for (int64_t z = 0; z < s.z; ++z)
    for (int64_t x = 0; x < s.x; ++x) nearest_on_line(&squares(z, 0, x), s.y, s.x, f, place, from);
  for (int64_t y = 0; y < s.y; ++y)
    for (int64_t x = 0; x < s.x; ++x) nearest_on_line(&squares(0, y, x), s.z, s.y * s.x, f, place, from);
}

// Sum over the voxels of one outline of the distance to the other.
double sum_from(const Volume<float>& on, Volume<float> other) {
  spread_distances(other);
  double sum = 0;
  for (int64_t i = 0; i < on.size(); ++i)
    if (on[i] == 0) sum += std::sqrt(static_cast<double>(other[i]));
  return sum;
}

}  // namespace

int64_t LabelTable::truth(int label) const {
  int64_t sum = 0;
  for (int k = 0; k < labels; ++k) sum += at(label, k);
  return sum;
}

int64_t LabelTable::found(int label) const {
  int64_t sum = 0;
  for (int k = 0; k < labels; ++k) sum += at(k, label);
  return sum;
}

int64_t LabelTable::total() const {
  int64_t sum = 0;
  for (const int64_t count : counts) sum += count;
  return sum;
}

double LabelTable::accuracy() const {
  int64_t right = 0;
  for (int k = 0; k < labels; ++k) right += at(k, k);
  return ratio(right, total());
}

double LabelTable::iou(int label) const {
  return ratio(at(label, label), truth(label) + found(label) - at(label, label));
}

double LabelTable::dice(int label) const {
  return ratio(2 * at(label, label), truth(label) + found(label));
}

double LabelTable::mean_iou() const {
  double sum = 0;
  int count = 0;
  for (int k = 1; k < labels; ++k)
    if (truth(k) > 0) sum += iou(k), ++count;
  return count > 0 ? sum / count : 0;
}

double LabelTable::mean_dice() const {
  double sum = 0;
  int count = 0;
  for (int k = 1; k < labels; ++k)
    if (truth(k) > 0) sum += dice(k), ++count;
  return count > 0 ? sum / count : 0;
}

double LabelTable::foreground_iou() const {
  const int64_t either = total() - at(0, 0);
  return ratio(either - (truth(0) - at(0, 0)) - (found(0) - at(0, 0)), either);
}

LabelTable tabulate_labels(const Volume<uint8_t>& truth, const Volume<uint8_t>& found, const Region& r, int labels) {
  if (truth.shape() != found.shape()) throw InternalError("labels of two shapes");
  LabelTable out{labels, std::vector<int64_t>(static_cast<size_t>(labels) * labels)};
  for (int64_t z = r.z0; z < r.z1; ++z)
    for (int64_t y = r.y0; y < r.y1; ++y)
      for (int64_t x = r.x0; x < r.x1; ++x) {
        const int a = truth(z, y, x), b = found(z, y, x);
        if (a >= labels || b >= labels) throw InternalError("a label beyond the table");
        ++out.counts[a * labels + b];
      }
  return out;
}

double outline_distance(const Volume<uint8_t>& truth, const Volume<uint8_t>& found, const Region& region, int label) {
  Volume<float> a(region.shape()), b(region.shape());
  const int64_t of_truth = outline(truth, region, label, a), of_found = outline(found, region, label, b);
  if (of_truth == 0 || of_found == 0) return -1;
  return (sum_from(a, b) + sum_from(b, a)) / static_cast<double>(of_truth + of_found);
}

}  // namespace tessera
