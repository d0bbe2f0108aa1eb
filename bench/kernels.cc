// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of alignment and averaging, each beside its floor on this machine: one thread, single precision.
//   kernels [Google Benchmark's options]
// Operations are floating-point additions and multiplications by count (the comment at each kernel); bytes are those
// that must come from memory once when nothing of the kernel's own data is in a cache. The floor is the larger of
// operations at the measured peak of multiply-adds and bytes at the measured bandwidth; "of peak" is floor/time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/machine_peak.h"
#include "tessera/align/pose_score.h"
#include "tessera/average/accumulator.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/optics/wedge.h"
#include "tessera/so3/correlator.h"

namespace tessera::bench {
namespace {

// The counters that the reporter reads.
void set_cost(benchmark::State& state, double operations, double bytes) {
  state.counters["operations"] = operations;
  state.counters["bytes"] = bytes;
}

double fft_operations(double points) {
  return 2.5 * points * std::log2(points);  // the usual count of a real transform
}

Volume<float> noise(int64_t box) {
  Volume<float> out(Shape3::cube(box));
  Random random(1, "bench");
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

struct Harmonics {
  Harmonics(int bandwidth, int shells)
      : transform(bandwidth, shells),
        samples(static_cast<size_t>(shells) * transform.samples_per_shell()),
        harmonics(bandwidth, shells) {
    Random random(1, "bench");
    for (float& s : samples) s = static_cast<float>(random.normal());
    transform.analyse(samples.data(), harmonics, work);
  }
  SphereTransform transform;
  AlignedVector<float> samples;
  ShellHarmonics harmonics;
  SphereTransform::Workspace work;
};

// Rows of 2L points; Legendre sums of L latitudes for every (l, m) and shell, 4 operations each.
void sphere_transform(benchmark::State& state) {
  const auto L = static_cast<int>(state.range(0)), shells = static_cast<int>(state.range(1));
  Harmonics h(L, shells);
  for (auto unused : state) h.transform.analyse(h.samples.data(), h.harmonics, h.work);
  const double l = L, s = shells, triangle = l * (l + 1) / 2;
  set_cost(state, 2 * l * s * fft_operations(2 * l) + triangle * l * s * 4 + 4 * l * l * s,
           4 * (4 * l * l * s + triangle * l + 2 * triangle * s));
}

// A complex multiply-add (8 operations) for every (l, m, n ≥ 0) and shell, two real ones (4) for every (l, m, n) and β,
// L transforms of (2L)². The table of d is read whole.
void correlation(benchmark::State& state) {
  const auto L = static_cast<int>(state.range(0)), shells = static_cast<int>(state.range(1));
  const Harmonics h(L, shells);
  const So3Correlator correlator(L);
  const auto reference = correlator.prepare(h.harmonics);
  const std::vector<float> weight(shells, 1.0f);
  So3Correlator::Workspace work;
  AlignedVector<float> out(correlator.grid_size());
  for (auto unused : state) correlator.correlate(h.harmonics, reference, weight, out.data(), work);
  double terms = 0;
  for (int l = 0; l < L; ++l) terms += (2.0 * l + 1) * (l + 1);
  const double l = L, triangle = l * (l + 1) / 2, table = l * l * triangle;
  set_cost(state, terms * (8 * shells + 4 * l) + l * fft_operations(4 * l * l),
           4 * (table + 4 * triangle * shells + 4 * l * l * l));
}

// One particle, one reference at a band limit: range(0) the box, range(1) the shell.
struct Pair {
  Pair(int64_t box, int64_t shell)
      : weight(FourierWeight::from_volume(wedge_mask(box, {-60 * degree, 60 * degree}))),
        components(weight, shell),
        variance(static_cast<size_t>(box), 1.0),
        power(power_weights(components, variance)),
        spectrum(box) {
    const Volume<float> volume = noise(box);
    plans().real3(volume.shape()).forward(volume.data(), spectrum.data());
    reference = PaddedSpectrum(volume, shell);
    particle = weighted_particle(components, spectrum.data(), variance, power);
  }
  // Eight padded components about a sampled point are fetched, but each serves eight points: the spectrum counts once.
  double padded_bytes() const {
    return 8 * 0.5 * 4 * pi / 3 * std::pow(2.0 * static_cast<double>(components.max_shell), 3);
  }

  struct Spectrum : HalfSpectrum {
    explicit Spectrum(int64_t box) : HalfSpectrum(Shape3::cube(box)) {}
  };
  FourierWeight weight;
  ObservedComponents components;
  std::vector<double> variance;
  std::vector<float> power;
  Spectrum spectrum;
  PaddedSpectrum reference;
  WeightedParticle particle;
};

const Pose some_pose{Rotation::from_vector({0.3, -0.5, 0.9}), {0.7, -1.2, 0.4}};

// A component: turn 15, interpolation 42, phases 12, product 6, the two sums 9.
void pose_score(benchmark::State& state) {
  const Pair pair(state.range(0), state.range(1));
  for (auto unused : state) benchmark::DoNotOptimize(score_pose(pair.particle, pair.reference, some_pose));
  const auto count = static_cast<double>(pair.components.size());
  set_cost(state, 84 * count, 24 * count + pair.padded_bytes());
}

// One step of the climb. A component: turn 15, interpolation with slopes 76, gradient turned 30, phases 12 + 24, six
// derivatives 30, two sums 9, six gradients 54, twenty-one curvatures 105.
void refinement_step(benchmark::State& state) {
  const Pair pair(state.range(0), state.range(1));
  for (auto unused : state) benchmark::DoNotOptimize(pose_derivatives(pair.particle, pair.reference, some_pose));
  const auto count = static_cast<double>(pair.components.size());
  set_cost(state, 355 * count, 24 * count + pair.padded_bytes());
}

// A component of the map inside the band limit: steps 9, weight 21, interpolation 42, product and sums 14.
void m_step_add(benchmark::State& state) {
  const int64_t box = state.range(0), shell = state.range(1);
  const Pair pair(box, shell);
  Accumulator sums(box);
  for (auto unused : state) sums.add(pair.reference, pair.weight, some_pose, 1.0, 0, box);
  const double count = 0.5 * 4 * pi / 3 * std::pow(static_cast<double>(std::min(shell, (box - 1) / 2)), 3);
  set_cost(state, 86 * count, (2 * 12 + 4) * count + pair.padded_bytes());
}

// From the centred spectrum to the padded one: transforms of the cut box and of twice that.
void padded_spectrum(benchmark::State& state) {
  const int64_t box = state.range(0), shell = state.range(1);
  const Pair pair(box, shell);
  for (auto unused : state) benchmark::DoNotOptimize(PaddedSpectrum(pair.spectrum, shell).max_shell());
  const auto cut = static_cast<double>(std::min<int64_t>(box, fast_even_size(2 * (shell + 5))));
  set_cost(state, fft_operations(std::pow(cut, 3)) + fft_operations(std::pow(2 * cut, 3)),
           4 * std::pow(cut, 3) + pair.padded_bytes());
}

void real_fft(benchmark::State& state) {
  const int64_t box = state.range(0);
  const Volume<float> volume = noise(box);
  HalfSpectrum spectrum(volume.shape());
  const RealFft3& fft = plans().real3(volume.shape());
  for (auto unused : state) fft.forward(volume.data(), spectrum.data());
  const double points = std::pow(static_cast<double>(box), 3);
  set_cost(state, fft_operations(points), 8 * points);
}

// Rows of a Markdown table; of several repetitions the fastest, since what disturbs one only slows it.
class MarkdownReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    peak_ = measure_peak();
    fmt::print("One core: {:.0f} G operations/s in multiply-adds, {:.1f} GB/s read from memory.\n\n",
               1e-9 * peak_.flops_per_second, 1e-9 * peak_.bytes_per_second);
    fmt::print("| kernel | ms | M operations | MB | G operations/s | GB/s | floor, ms | bound by | of peak |\n");
    fmt::print("|---|---|---|---|---|---|---|---|---|\n");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    const Run* best = nullptr;
    double seconds = 1e300;
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      const double mean = run.cpu_accumulated_time / static_cast<double>(run.iterations);
      if (mean < seconds) {
        seconds = mean;
        best = &run;
      }
    }
    if (!best) return;
    const double operations = best->counters.at("operations"), bytes = best->counters.at("bytes");
    const double computing = operations / peak_.flops_per_second, reading = bytes / peak_.bytes_per_second;
    fmt::print("| {} {} | {:.3f} | {:.2f} | {:.2f} | {:.1f} | {:.1f} | {:.3f} | {} | {:.0f} % |\n",
               best->run_name.function_name, arguments(best->run_name.args), 1e3 * seconds, 1e-6 * operations,
               1e-6 * bytes, 1e-9 * operations / seconds, 1e-9 * bytes / seconds, 1e3 * std::max(computing, reading),
               computing > reading ? "operations" : "bytes", 100 * std::max(computing, reading) / seconds);
    std::fflush(stdout);
  }

 private:
  // "L:24/shells:10" → "L 24, shells 10"
  static std::string arguments(std::string text) {
    for (size_t at; (at = text.find('/')) != std::string::npos;) text.replace(at, 1, ", ");
    std::replace(text.begin(), text.end(), ':', ' ');
    return text;
  }
  MachinePeak peak_;
};

void register_all() {
  const auto add = [](const char* name, void (*kernel)(benchmark::State&), std::vector<std::string> names,
                      const std::vector<std::vector<int64_t>>& sizes) {
    auto* made = benchmark::RegisterBenchmark(name, kernel)->ArgNames(names)->Repetitions(5)->MinTime(0.1);
    for (const auto& size : sizes) made->Args(size);
  };
  const std::vector<std::vector<int64_t>> bands = {{16, 8}, {20, 10}, {24, 10}, {36, 32}, {64, 32}};
  const std::vector<std::vector<int64_t>> boxes = {{32, 11}, {64, 15}, {64, 31}, {128, 31}, {128, 60}};
  add("sphere transform", sphere_transform, {"L", "shells"}, bands);
  add("correlation over SO(3)", correlation, {"L", "shells"}, bands);
  add("pose score", pose_score, {"box", "shell"}, boxes);
  add("refinement step", refinement_step, {"box", "shell"}, boxes);
  add("M-step add", m_step_add, {"box", "shell"}, boxes);
  add("padded spectrum", padded_spectrum, {"box", "shell"}, boxes);
  add("real FFT", real_fft, {"box"}, {{32}, {64}, {128}});
}

}  // namespace
}  // namespace tessera::bench

int main(int argc, char** argv) {
  tessera::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  tessera::bench::MarkdownReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
