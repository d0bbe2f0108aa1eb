// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/pose_score.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

constexpr size_t chunk = 256;  // components worked on together: everything of a chunk stays in the first-level cache

using Float8 = float __attribute__((vector_size(32)));
constexpr size_t lanes = 8;

inline Float8 load8(const float* p) {
  Float8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
// In a fixed order: the same bits everywhere.
inline double total(Float8 v) {
  return (static_cast<double>(v[0]) + v[4]) + (static_cast<double>(v[2]) + v[6]) +
         ((static_cast<double>(v[1]) + v[5]) + (static_cast<double>(v[3]) + v[7]));
}

// Where the components of a chunk lie in the reference.
struct TurnedChunk {
  float x[chunk], y[chunk], z[chunk];
  size_t count = 0;

  void turn(const ObservedComponents& c, size_t begin, size_t size, const float (&m)[3][3]) {
    count = size;
    for (size_t j = 0; j < count; ++j) {
      const float kx = c.x[begin + j], ky = c.y[begin + j], kz = c.z[begin + j];
      x[j] = m[0][0] * kx + m[0][1] * ky + m[0][2] * kz;
      y[j] = m[1][0] * kx + m[1][1] * ky + m[1][2] * kz;
      z[j] = m[2][0] * kx + m[2][1] * ky + m[2][2] * kz;
    }
    for (size_t j = count; j < chunk; ++j) x[j] = y[j] = z[j] = 0;
  }
  // What the loop over components reads sixteen turns later: without it every turn waits for the memory.
  void prefetch(const PaddedSpectrum& reference, size_t j) const {
    const size_t ahead = std::min(j + 16, chunk - 1);
    reference.prefetch(x[ahead], y[ahead], z[ahead]);
  }
};

// A chunk of one particle's weights, zero beyond `count`: sums then run over whole vectors.
struct ParticleChunk {
  float re[chunk], im[chunk], power[chunk];
  size_t padded = 0;

  void load(const WeightedParticle& particle, size_t begin, size_t count) {
    padded = (count + lanes - 1) / lanes * lanes;
    const auto copy = [&](const std::vector<float>& from, float* to) {
      std::copy_n(&from[begin], count, to);
      std::fill(to + count, to + padded, 0.0f);
    };
    copy(particle.re, re);
    copy(particle.im, im);
    copy(*particle.power_weight, power);
  }

  // Σ Re(conj(p) y) and Σ w |y|².
  void add_score(const float* y_re, const float* y_im, PoseScore& score) const {
    Float8 cross{}, square{};
    for (size_t j = 0; j < padded; j += lanes) {
      const Float8 a = load8(y_re + j), b = load8(y_im + j);
      cross += load8(re + j) * a + load8(im + j) * b;
      square += load8(power + j) * (a * a + b * b);
    }
    score.cross += total(cross);
    score.power += total(square);
  }
};

// Values and six derivatives of a chunk, zero in the lanes beyond its end.
struct DerivativeChunk {
  float value_re[chunk], value_im[chunk], re[6][chunk], im[6][chunk];

  void clear_from(size_t count, size_t padded) {
    const auto clear = [&](float* values) { std::fill(values + count, values + padded, 0.0f); };
    clear(value_re);
    clear(value_im);
    for (int a = 0; a < 6; ++a) {
      clear(re[a]);
      clear(im[a]);
    }
  }

  void add_to(PoseDerivatives& out, const ParticleChunk& particle) const {
    particle.add_score(value_re, value_im, out.score);
    for (int a = 0; a < 6; ++a) {
      Float8 gradient{}, half_power{}, curvature[6]{};
      for (size_t j = 0; j < particle.padded; j += lanes) {
        const Float8 dr = load8(re[a] + j), di = load8(im[a] + j), w = load8(particle.power + j);
        gradient += load8(particle.re + j) * dr + load8(particle.im + j) * di;
        const Float8 weighted_re = w * dr, weighted_im = w * di;
        half_power += weighted_re * load8(value_re + j) + weighted_im * load8(value_im + j);
        for (int b = 0; b <= a; ++b) curvature[b] += weighted_re * load8(re[b] + j) + weighted_im * load8(im[b] + j);
      }
      out.cross_gradient[a] += total(gradient);
      out.half_power_gradient[a] += total(half_power);
      for (int b = 0; b <= a; ++b) out.curvature[a][b] += total(curvature[b]);
    }
  }
};

// e^{−2πi k·t/n} along one axis for k = −max … max.
class AxisPhases {
 public:
  AxisPhases(int64_t max, double shift, int64_t box) : max_(max), value_(2 * max + 1) {
    for (int64_t k = -max; k <= max; ++k) {
      const double angle = -2 * pi * static_cast<double>(k) * shift / static_cast<double>(box);
      value_[k + max] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
    }
  }
  std::complex<float> operator()(float k) const { return value_[static_cast<int64_t>(k) + max_]; }

 private:
  int64_t max_;
  std::vector<std::complex<float>> value_;
};

struct Phases {
  Phases(const ObservedComponents& c, Vec3 shift)
      : x(c.max_shell, shift.x, c.box), y(c.max_shell, shift.y, c.box), z(c.max_shell, shift.z, c.box) {}
  std::complex<float> at(const ObservedComponents& c, size_t i) const {
    const auto a = x(c.x[i]), b = y(c.y[i]), d = z(c.z[i]);
    const float re = a.real() * b.real() - a.imag() * b.imag(), im = a.real() * b.imag() + a.imag() * b.real();
    return {re * d.real() - im * d.imag(), re * d.imag() + im * d.real()};
  }
  AxisPhases x, y, z;
};

struct FloatMatrix {
  explicit FloatMatrix(const Mat3& r) {
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) m[i][j] = static_cast<float>(r.m[i][j]);
  }
  float m[3][3];
};

}  // namespace

std::vector<float> power_weights(const ObservedComponents& c, const std::vector<double>& variance) {
  std::vector<float> out(c.size());
  for (size_t i = 0; i < c.size(); ++i)
    out[i] = static_cast<float>(2 * c.weight[i] * c.weight[i] / variance[c.shell[i]]);
  return out;
}

WeightedParticle weighted_particle(const ObservedComponents& c, const std::complex<float>* spectrum,
                                   const std::vector<double>& variance, const std::vector<float>& power_weight) {
  WeightedParticle out;
  out.components = &c;
  out.power_weight = &power_weight;
  out.re.resize(c.size());
  out.im.resize(c.size());
  std::vector<float> factor(variance.size());
  for (size_t s = 0; s < variance.size(); ++s) factor[s] = static_cast<float>(2 / variance[s]);
  for (size_t i = 0; i < c.size(); ++i) {
    const auto value = spectrum[c.index[i]] * (factor[c.shell[i]] * c.data_factor(i));
    out.re[i] = value.real();
    out.im[i] = value.imag();
  }
  return out;
}

PoseScore score_pose(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& pose) {
  const ObservedComponents& c = *particle.components;
  const FloatMatrix back(pose.particle_from_ref.inverse().matrix());
  const Phases phases(c, pose.shift_voxels);
  PoseScore out;
  TurnedChunk at;
  ParticleChunk weights;
  float re[chunk], im[chunk];
  for (size_t begin = 0; begin < c.size(); begin += chunk) {
    const size_t count = std::min(chunk, c.size() - begin);
    at.turn(c, begin, count, back.m);
    weights.load(particle, begin, count);
    for (size_t j = 0; j < count; ++j) {
      at.prefetch(reference, j);
      const auto a = reference.sample(at.x[j], at.y[j], at.z[j]);
      const auto phase = phases.at(c, begin + j);
      re[j] = a.real() * phase.real() - a.imag() * phase.imag();
      im[j] = a.real() * phase.imag() + a.imag() * phase.real();
    }
    std::fill(re + count, re + weights.padded, 0.0f);
    std::fill(im + count, im + weights.padded, 0.0f);
    weights.add_score(re, im, out);
  }
  return out;
}

void add_residual(const ObservedComponents& c, const std::complex<float>* spectrum, const PaddedSpectrum& reference,
                  const Pose& pose, std::vector<double>& per_shell) {
  const FloatMatrix back(pose.particle_from_ref.inverse().matrix());
  const Phases phases(c, pose.shift_voxels);
  for (size_t i = 0; i < c.size(); ++i) {
    const float kx = c.x[i], ky = c.y[i], kz = c.z[i];
    const auto a = reference.sample(back.m[0][0] * kx + back.m[0][1] * ky + back.m[0][2] * kz,
                                    back.m[1][0] * kx + back.m[1][1] * ky + back.m[1][2] * kz,
                                    back.m[2][0] * kx + back.m[2][1] * ky + back.m[2][2] * kz);
    const auto phase = phases.at(c, i), x = spectrum[c.index[i]];
    const float h = c.model_factor(i);
    const float re = x.real() - h * (a.real() * phase.real() - a.imag() * phase.imag());
    const float im = x.imag() - h * (a.real() * phase.imag() + a.imag() * phase.real());
    per_shell[c.shell[i]] += re * re + im * im;
  }
}

PoseDerivatives pose_derivatives(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& pose) {
  const ObservedComponents& c = *particle.components;
  const Mat3 turn = pose.particle_from_ref.matrix();
  const FloatMatrix forward(turn), back(turn.transposed());
  const Phases phases(c, pose.shift_voxels);
  const float step = static_cast<float>(2 * pi / static_cast<double>(c.box));
  PoseDerivatives out;
  TurnedChunk turned;
  ParticleChunk weights;
  DerivativeChunk at;
  for (size_t begin = 0; begin < c.size(); begin += chunk) {
    const size_t count = std::min(chunk, c.size() - begin);
    turned.turn(c, begin, count, back.m);
    weights.load(particle, begin, count);
    for (size_t j = 0; j < count; ++j) {
      const size_t i = begin + j;
      const float k[3] = {c.x[i], c.y[i], c.z[i]};
      turned.prefetch(reference, j);
      const auto jet = reference.sample_jet(turned.x[j], turned.y[j], turned.z[j]);
      const auto phase = phases.at(c, i);
      const float pr = phase.real(), pm = phase.imag();
      const float vr = jet.value.real() * pr - jet.value.imag() * pm,
                  vi = jet.value.real() * pm + jet.value.imag() * pr;
      at.value_re[j] = vr;
      at.value_im[j] = vi;
      // Gradient turned into the particle frame, G = R ∇A; ∂/∂ω = G × k, ∂/∂t = −2πi k/n · value.
      float gr[3], gi[3];
      for (int a = 0; a < 3; ++a) {
        const float re =
            forward.m[a][0] * jet.dx.real() + forward.m[a][1] * jet.dy.real() + forward.m[a][2] * jet.dz.real();
        const float im =
            forward.m[a][0] * jet.dx.imag() + forward.m[a][1] * jet.dy.imag() + forward.m[a][2] * jet.dz.imag();
        gr[a] = re * pr - im * pm;
        gi[a] = re * pm + im * pr;
      }
      for (int a = 0; a < 3; ++a) {
        const int b = (a + 1) % 3, d = (a + 2) % 3;
        at.re[a][j] = gr[b] * k[d] - gr[d] * k[b];
        at.im[a][j] = gi[b] * k[d] - gi[d] * k[b];
        at.re[3 + a][j] = step * k[a] * vi;
        at.im[3 + a][j] = -step * k[a] * vr;
      }
    }
    at.clear_from(count, weights.padded);
    at.add_to(out, weights);
  }
  for (int a = 0; a < 6; ++a)
    for (int b = a + 1; b < 6; ++b) out.curvature[a][b] = out.curvature[b][a];
  return out;
}

namespace {

using Matrix6 = Eigen::Matrix<double, 6, 6>;
using Vector6 = Eigen::Matrix<double, 6, 1>;

struct NormalEquations {
  Matrix6 curvature;
  Vector6 gradient;
};

// Scale a = cross/power profiled out: gradient and curvature of ½ cross²/power.
NormalEquations normal_equations(const PoseDerivatives& d) {
  NormalEquations out;
  const double a = d.score.power > 0 ? std::max(0.0, d.score.cross / d.score.power) : 0;
  for (int i = 0; i < 6; ++i) {
    out.gradient(i) = a * (d.cross_gradient[i] - a * d.half_power_gradient[i]);
    for (int j = 0; j < 6; ++j)
      out.curvature(i, j) =
          a * a *
          (d.curvature[i][j] - d.half_power_gradient[i] * d.half_power_gradient[j] / std::max(d.score.power, 1e-30));
  }
  return out;
}

Pose moved(const Pose& pose, const Vector6& step, double max_shift) {
  Pose out;
  out.particle_from_ref = Rotation::from_vector({step(0), step(1), step(2)}) * pose.particle_from_ref;
  out.shift_voxels = pose.shift_voxels + Vec3{step(3), step(4), step(5)};
  const double length = out.shift_voxels.norm();
  if (length > max_shift) out.shift_voxels = out.shift_voxels * (max_shift / length);
  return out;
}

}  // namespace

RefinedPose refine_pose(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& start,
                        const RefineOptions& options) {
  RefinedPose out;
  out.pose = start;
  PoseDerivatives at = pose_derivatives(particle, reference, start);
  double damping = 1e-2;
  NormalEquations normal = normal_equations(at);
  for (int step = 0; step < options.max_steps && at.score.cross > 0; ++step) {
    Matrix6 damped = normal.curvature;
    for (int i = 0; i < 6; ++i) damped(i, i) += damping * normal.curvature(i, i) + 1e-12;
    Vector6 move = damped.ldlt().solve(normal.gradient);
    if (!move.allFinite()) break;
    const double score = at.score.correlation(), promised = 0.5 * score * score + 2 * normal.gradient.dot(move);
    if (promised + 15 < options.give_up_below) break;
    const double turn = move.head<3>().norm();
    if (turn > 0.2) move *= 0.2 / turn;  // the linear model does not hold further
    const Pose trial = moved(out.pose, move, options.max_shift_voxels);
    const PoseDerivatives there = pose_derivatives(particle, reference, trial);
    if (there.score.correlation() > at.score.correlation()) {
      out.pose = trial;
      at = there;
      normal = normal_equations(at);
      damping = std::max(damping * 0.2, 1e-6);
    } else {
      damping *= 10;
    }
    if (move.head<3>().norm() < options.rotation_tolerance && move.tail<3>().norm() < options.shift_tolerance) break;
    if (damping > 1e4) break;
  }
  out.score = at.score;
  Matrix6 curvature;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 6; ++j) curvature(i, j) = at.curvature[i][j];
  // A direction without information is bounded by the whole of SO(3) and of the box, not infinite.
  for (int i = 0; i < 6; ++i) curvature(i, i) += 1.0;
  const Eigen::LLT<Matrix6> factor(curvature);
  for (int i = 0; i < 6; ++i) out.half_log_determinant += std::log(factor.matrixL()(i, i));
  return out;
}

}  // namespace tessera
