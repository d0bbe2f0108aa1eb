// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/rotation_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/units.h"

namespace tessera {

std::vector<Vec3> translation_ball(double radius, double covering_radius) {
  const double half = 2 / std::sqrt(5.0) * covering_radius;  // half the edge of the cubic cell
  const int reach = half > 0 ? static_cast<int>(radius / half) : 0;
  std::vector<Vec3> out;
  for (int z = -reach; z <= reach; ++z)
    for (int y = -reach; y <= reach; ++y)
      for (int x = -reach; x <= reach; ++x) {
        if ((x - y) % 2 != 0 || (y - z) % 2 != 0) continue;  // all even or all odd
        const Vec3 t = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} * half;
        if (t.norm() <= radius + 1e-9) out.push_back(t);
      }
  std::stable_sort(out.begin(), out.end(), [](Vec3 a, Vec3 b) { return a.norm() < b.norm(); });
  return out;
}

RotationSearch::RotationSearch(int64_t box, int bandwidth, int shells, std::vector<Vec3> translations)
    : box_(box), transform_(bandwidth, shells), correlator_(bandwidth), translations_(std::move(translations)) {
  for (int i = 0; i < transform_.latitudes(); ++i)
    for (int j = 0; j < bandwidth; ++j) {
      const Vec3 u = transform_.direction(i, j);
      x_.push_back(static_cast<float>(u.x));
      y_.push_back(static_cast<float>(u.y));
      z_.push_back(static_cast<float>(u.z));
    }
  for (const Vec3& t : translations_) {
    auto& phase = phases_.emplace_back();
    phase.reserve(x_.size() * shells);
    for (int s = 1; s <= shells; ++s)
      for (size_t i = 0; i < x_.size(); ++i) {
        const double angle = 2 * pi * s * (x_[i] * t.x + y_[i] * t.y + z_[i] * t.z) / static_cast<double>(box);
        phase.emplace_back(static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)));
      }
  }
}

// visit(sample index in the half sphere set, index of the point and of its antipode in the full grid, shell, point)
template <typename Visit>
void RotationSearch::for_each_sample(Visit&& visit) const {
  const int L = bandwidth(), rows = transform_.latitudes(), columns = transform_.longitudes();
  size_t sample = 0;
  for (int s = 0; s < shells(); ++s)
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < L; ++j, ++sample) {
        const size_t base = static_cast<size_t>(s) * rows * columns;
        visit(sample, base + static_cast<size_t>(i) * columns + j,
              base + static_cast<size_t>(rows - 1 - i) * columns + j + L, s + 1, static_cast<size_t>(i) * L + j);
      }
}

template <typename Sample>
ShellHarmonics RotationSearch::harmonics_of(Sample&& sample, SphereTransform::Workspace& work) const {
  AlignedVector<float> values(static_cast<size_t>(shells()) * transform_.samples_per_shell());
  for_each_sample([&](size_t i, size_t point, size_t antipode, int shell, size_t direction) {
    const auto [here, there] = sample(i, shell, direction);
    values[point] = here;
    values[antipode] = there;
  });
  ShellHarmonics out(bandwidth(), shells());
  transform_.analyse(values.data(), out, work);
  return out;
}

SphereSamples RotationSearch::sample_particle(const PaddedSpectrum& particle, const FourierWeight& weight) const {
  SphereSamples out;
  out.reserve(x_.size() * shells());
  for (int s = 1; s <= shells(); ++s)
    for (size_t i = 0; i < x_.size(); ++i) {
      const float r = static_cast<float>(s), x = r * x_[i], y = r * y_[i], z = r * z_[i];
      const float h = weight.sample(x, y, z).data;
      out.push_back(h == 0 ? std::complex<float>() : h * particle.sample(x, y, z));
    }
  return out;
}

RotationSearch::Reference RotationSearch::prepare_reference(const PaddedSpectrum& reference, bool mean_removed) const {
  SphereSamples samples;
  for (int s = 1; s <= shells(); ++s)
    for (size_t i = 0; i < x_.size(); ++i) {
      const float r = static_cast<float>(s);
      samples.push_back(reference.sample(r * x_[i], r * y_[i], r * z_[i]));
    }
  SphereTransform::Workspace work;
  std::vector<double> mean(shells() + 1);
  for_each_sample([&](size_t i, size_t, size_t, int shell, size_t direction) {
    // Gauss–Legendre rows near the poles are crowded: weight by sin θ.
    const double sine = std::hypot(x_[direction], y_[direction]);
    mean[shell] += sine * std::abs(samples[i]);
  });
  double total = 0;
  for (size_t i = 0; i < x_.size(); ++i) total += std::hypot(x_[i], y_[i]);
  for (double& m : mean) m = mean_removed ? m / total : 0;
  Reference out;
  out.phases = correlator_.prepare(harmonics_of(
      [&](size_t i, int, size_t) {
        return std::pair(samples[i].real() + samples[i].imag(), samples[i].real() - samples[i].imag());
      },
      work));
  out.magnitudes = correlator_.prepare(harmonics_of(
      [&](size_t i, int shell, size_t) {
        const float value = std::abs(samples[i]) - static_cast<float>(mean[shell]);
        return std::pair(value, value);
      },
      work));
  out.power = correlator_.prepare(harmonics_of(
      [&](size_t i, int, size_t) { return std::pair(std::norm(samples[i]), std::norm(samples[i])); }, work));
  return out;
}

ShellHarmonics RotationSearch::weight_harmonics(const FourierWeight& weight) const {
  SphereTransform::Workspace work;
  return harmonics_of(
      [&](size_t, int shell, size_t d) {
        const float r = static_cast<float>(shell), power = weight.sample(r * x_[d], r * y_[d], r * z_[d]).power;
        return std::pair(power, power);
      },
      work);
}

AlignedVector<float> RotationSearch::denominator(const FourierWeight& weight, const Reference& reference,
                                                 const std::vector<float>& shell_weight) const {
  Workspace work;
  const ShellHarmonics harmonics = weight_harmonics(weight);
  AlignedVector<float> out(correlator_.grid_size());
  correlator_.correlate(harmonics, reference.power, shell_weight, out.data(), work.correlate);
  // Truncated series can dip below zero where a wedge hides nearly everything: floor at a fraction of the mean.
  double mean = 0;
  for (const float v : out) mean += v / static_cast<double>(out.size());
  const float floor = static_cast<float>(std::max(1e-3 * mean, 1e-30));
  for (float& v : out) v = std::sqrt(std::max(v, floor));
  return out;
}

void RotationSearch::shifted_harmonics(const SphereSamples& particle, int index, ShellHarmonics& out,
                                       Workspace& work) const {
  if (out.bandwidth != bandwidth() || out.shells != shells()) out = ShellHarmonics(bandwidth(), shells());
  work.samples.resize(static_cast<size_t>(shells()) * transform_.samples_per_shell());
  const auto& phase = phases_[index];
  for_each_sample([&](size_t i, size_t point, size_t antipode, int, size_t) {
    const float re = particle[i].real() * phase[i].real() - particle[i].imag() * phase[i].imag();
    const float im = particle[i].real() * phase[i].imag() + particle[i].imag() * phase[i].real();
    work.samples[point] = re + im;
    work.samples[antipode] = re - im;
  });
  transform_.analyse(work.samples.data(), out, work.transform);
}

std::vector<RotationSearch::Candidate> RotationSearch::search_phases(
    const SphereSamples& particle, const Reference& reference, const AlignedVector<float>& denominator,
    const std::vector<float>& shell_weight, const std::vector<int>& subset, int count, double separation,
    Workspace& work, double window, const std::vector<Rotation>& symmetry) const {
  work.scores.resize(correlator_.grid_size());
  work.best.assign(correlator_.grid_size(), -std::numeric_limits<float>::infinity());
  work.best_translation.assign(correlator_.grid_size(), 0);
  const size_t tries = subset.empty() ? translations_.size() : subset.size();
  for (size_t k = 0; k < tries; ++k) {
    const int t = subset.empty() ? static_cast<int>(k) : subset[k];
    shifted_harmonics(particle, t, work.harmonics, work);
    correlator_.correlate(work.harmonics, reference.phases, shell_weight, work.scores.data(), work.correlate);
    float* best = work.best.data();
    int16_t* best_translation = work.best_translation.data();
    const float* scores = work.scores.data();
    for (int64_t i = 0; i < correlator_.grid_size(); ++i) {  // without a branch, many at once
      const bool better = scores[i] > best[i];
      best[i] = better ? scores[i] : best[i];
      best_translation[i] = better ? static_cast<int16_t>(t) : best_translation[i];
    }
  }
  for (int64_t i = 0; i < correlator_.grid_size(); ++i) work.best[i] /= denominator[i];
  return peaks(work, count, separation, window, symmetry);
}

std::vector<RotationSearch::Candidate> RotationSearch::search_magnitudes(
    const SphereSamples& particle, const FourierWeight& weight, const Reference& reference,
    const AlignedVector<float>& denominator, const std::vector<float>& shell_weight, bool mean_removed, int count,
    double separation, Workspace& work, double window, const std::vector<Rotation>& symmetry) const {
  std::vector<double> mean(shells() + 1), total(shells() + 1);
  std::vector<float> h(particle.size());
  for_each_sample([&](size_t i, size_t, size_t, int shell, size_t d) {
    const float r = static_cast<float>(shell);
    h[i] = std::sqrt(weight.sample(r * x_[d], r * y_[d], r * z_[d]).power);
    const double sine = std::hypot(x_[d], y_[d]);
    mean[shell] += sine * std::abs(particle[i]) * h[i];
    total[shell] += sine * h[i] * h[i];
  });
  for (int s = 1; s <= shells(); ++s) mean[s] = mean_removed && total[s] > 0 ? mean[s] / total[s] : 0;
  const auto harmonics = harmonics_of(
      [&](size_t i, int shell, size_t) {
        const float value = std::abs(particle[i]) - static_cast<float>(mean[shell]) * h[i];
        return std::pair(value, value);
      },
      work.transform);
  work.best.resize(correlator_.grid_size());
  work.best_translation.assign(correlator_.grid_size(), 0);
  correlator_.correlate(harmonics, reference.magnitudes, shell_weight, work.best.data(), work.correlate);
  for (int64_t i = 0; i < correlator_.grid_size(); ++i) work.best[i] /= denominator[i];
  auto found = peaks(work, count, separation, window, symmetry);
  for (auto& candidate : found) candidate.shift_voxels = {};
  return found;
}

// No grid point within `reach` steps in every angle is greater; over a pole the angles continue at (α+π, −β, γ+π).
bool RotationSearch::greatest_within(const AlignedVector<float>& scores, int64_t index, int reach) const {
  const int64_t L = bandwidth(), n = 2 * L;
  const int64_t k = index % n, i = index / n % n, j = index / (n * n);
  for (int64_t dj = -reach; dj <= reach; ++dj) {
    int64_t jj = j + dj, turn = 0;
    if (jj < 0 || jj >= L) {
      jj = jj < 0 ? -1 - jj : 2 * L - 1 - jj;
      turn = L;
    }
    for (int64_t di = -reach; di <= reach; ++di)
      for (int64_t dk = -reach; dk <= reach; ++dk)
        if (scores[(jj * n + (i + di + turn + n) % n) * n + (k + dk + turn + n) % n] > scores[index]) return false;
  }
  return true;
}

namespace {

// The cosine of half the angle between two rotations.
double likeness(const Rotation& a, const Rotation& b) {
  return std::abs(a.w() * b.w() + a.x() * b.x() + a.y() * b.y() + a.z() * b.z());
}

}  // namespace

std::vector<RotationSearch::Candidate> RotationSearch::peaks(const Workspace& work, int count, double separation,
                                                             double window,
                                                             const std::vector<Rotation>& symmetry) const {
  // At most half the grid, so that a window cannot wrap onto itself.
  const int reach = static_cast<int>(std::min<int64_t>(std::lround(window / correlator_.step()), bandwidth() / 2));
  double mean = 0, square = 0;
  for (const float v : work.best) {
    mean += v;
    square += static_cast<double>(v) * v;
  }
  const double size = static_cast<double>(work.best.size());
  mean /= size;
  const auto threshold = window > 0 ? std::numeric_limits<float>::lowest()
                                    : static_cast<float>(mean + std::sqrt(std::max(0.0, square / size - mean * mean)));
  std::vector<int64_t> maxima;
  for (int64_t i = 0; i < correlator_.grid_size(); ++i) {
    if (work.best[i] < threshold) continue;
    int64_t near[26];
    correlator_.neighbours(i, near);
    if (std::none_of(near, near + 26, [&](int64_t other) { return work.best[other] > work.best[i]; }) &&
        (reach < 2 || greatest_within(work.best, i, reach)))
      maxima.push_back(i);
  }
  std::sort(maxima.begin(), maxima.end(),
            [&](int64_t a, int64_t b) { return work.best[a] != work.best[b] ? work.best[a] > work.best[b] : a < b; });
  std::vector<Candidate> out;
  std::vector<Rotation> equivalent;  // to those in `out`
  const double near = std::cos(separation / 2);
  for (const int64_t i : maxima) {
    const Rotation r = correlator_.rotation(i);
    const bool taken =
        std::any_of(out.begin(), out.end(),
                    [&](const Candidate& c) { return angle_between(c.particle_from_ref, r) < separation; }) ||
        std::any_of(equivalent.begin(), equivalent.end(),
                    [&](const Rotation& other) { return likeness(other, r) > near; });
    if (taken) continue;
    for (size_t g = 1; g < symmetry.size(); ++g) equivalent.push_back(r * symmetry[g]);
    const Vec3 shift = translations_.empty() ? Vec3{} : translations_[work.best_translation[i]];
    out.push_back({r, shift, work.best[i]});
    if (static_cast<int>(out.size()) == count) break;
  }
  return out;
}

}  // namespace tessera
