// SPDX-License-Identifier: GPL-3.0-or-later
// How faithful simulated tomograms are: what a bead comes back as, how far SIRT gets, and the FSC against the truth of
// particles cut from a tomogram beside that of boxed particles of simulate particles at the same SNR.
//   tomogram_fidelity [SNR] [structure] [seed]
#include <cstdlib>

#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/reconstruct_tomogram.h"
#include "tessera/simulate/species_density.h"
#include "tessera/simulate/tilt_series.h"
#include "tests/reference/imaging_phantom.h"
#include "tests/science/program.h"
#include "tests/support/tomogram_particles.h"
#include "tests/support/workers.h"

using namespace tessera;

namespace {

constexpr double voxel = 8, resolution = 16;
constexpr int64_t bead_box = 64;

// The mean of the reconstructed bead's spectrum over the true one, inside the wedge and outside, in bands of frequency.
void bead(ExecContext& context) {
  fmt::print("a bead (σ 1 voxel, {}³, ±60° by 2°): spectrum over the true one, and full width at half height\n",
             bead_box);
  fmt::print("{:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "", "0.05-0.15", "0.15-0.25", "0.25-0.35", "missing",
             "x (voxels)", "z (voxels)");
  std::vector<double> tilts;
  for (int t = -60; t <= 60; t += 2) tilts.push_back(t * degree);
  const std::vector<reference::Blob> blob = {{{0, 0, 0}, 1, 1}};
  const HalfSpectrum truth = centred_spectrum(reference::blob_volume(blob, bead_box));
  for (const char* name : {"wbp", "fourier", "sirt"}) {
    Volume<float> images({static_cast<int64_t>(tilts.size()), bead_box, bead_box});
    for (size_t j = 0; j < tilts.size(); ++j) {
      const Volume<float> image = reference::blob_projection(blob, bead_box, tilts[j]);
      std::copy(image.begin(), image.end(), &images(static_cast<int64_t>(j), 0, 0));
    }
    ReconstructionOptions options;
    options.method = name;
    const Volume<float> volume = reconstruct_tomogram(images, tilts, bead_box, options, context);
    const HalfSpectrum found = centred_spectrum(volume);
    double sum[4] = {}, norm[4] = {};
    for_each_frequency(found, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
      const auto kx = static_cast<double>(x), ky = static_cast<double>(y), kz = static_cast<double>(z);
      const double k = std::sqrt(kx * kx + ky * ky + kz * kz) / bead_box, across = std::hypot(kx, kz);
      if (k < 0.05 || k >= 0.35 || across < 3) return;
      const double angle = std::abs(std::atan2(kz, kx));
      const bool seen = angle < 60 * degree - 2 / across;
      if (!seen && angle < 60 * degree + 3 / across) return;
      const int band = seen ? static_cast<int>((k - 0.05) * 10) : 3;
      sum[band] += (found.data()[i] * std::conj(truth.data()[i])).real();
      norm[band] += std::norm(truth.data()[i]);
    });
    const auto width = [&](auto&& at) {
      const double half = 0.5 * at(0);
      int64_t steps = 0;
      while (at(steps + 1) > half) ++steps;
      return 2 * (static_cast<double>(steps) + (at(steps) - half) / (at(steps) - at(steps + 1)));
    };
    const int64_t c = bead_box / 2;
    fmt::print("{:>10} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.2f} {:>10.2f}\n", name, sum[0] / norm[0],
               sum[1] / norm[1], sum[2] / norm[2], sum[3] / norm[3],
               width([&](int64_t i) { return static_cast<double>(volume(c, c, c + i)); }),
               width([&](int64_t i) { return static_cast<double>(volume(c + i, c, c)); }));
  }
  fmt::print("{:>10} {:>65.2f}\n\n", "the bead", 2 * std::sqrt(2 * std::log(2.0)));
}

// 5 × 5 × 2 particles in random poses.
Scene lattice(const DensityResult& density, int64_t pitch, uint64_t seed) {
  Scene scene;
  const auto edge = [&](int64_t count) { return static_cast<double>(pitch * count) * voxel; };
  scene.box_A = {edge(5), edge(5), edge(2)};
  scene.voxel_size_A = voxel;
  scene.species.push_back({"particle", "", "", density.mass_Da / 1000, density.diameter_A / 2, 50, 50});
  Random random(seed, "lattice");
  for (int i = 0; i < 50; ++i) {
    SceneBody body;
    const Vec3 cell{i % 5 + 0.5, i / 5 % 5 + 0.5, i / 25 + 0.5};
    body.position_A = (cell * static_cast<double>(pitch) +
                       Vec3{random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)}) *
                      voxel;
    body.scene_from_ref = Rotation::random(random);
    scene.bodies.push_back(body);
  }
  return scene;
}

struct Column {
  const char* name;
  const char* method;
  const char* weighting;
};

Volume<float> reconstructed(const Scene& scene, const TiltSeries& series, const TiltSeriesOptions& options,
                            const Column& column, int64_t box, ExecContext& context, ReconstructionReport& report) {
  Volume<float> images = series.images;
  const int64_t thickness = scene.shape().z;
  ReconstructionOptions how;
  how.method = column.method;
  how.weighting = column.weighting;
  how.weighting_thickness = static_cast<int>(box);
  return reconstruct_tomogram(images, options.tilts(), thickness, how, context, &report);
}

void particles(double snr, const std::string& structure, uint64_t seed) {
  test::Workers run(0, seed);
  const AtomicModel model = load_structure(structure);
  DensityOptions how;
  how.voxel_size_A = voxel;
  how.resolution_A = resolution;
  how.box = 128;
  how.box = static_cast<int>(fast_even_size(
      2 * static_cast<int64_t>(std::ceil((0.5 * density_of(model, how).diameter_A + resolution) / voxel + 4))));
  const DensityResult density = density_of(model, how);
  const SpeciesDensity species{density.map, 1, 0.5 * density.diameter_A + resolution};
  const Scene scene = lattice(density, how.box + 6, seed);
  TiltSeriesOptions options;
  options.physics = "simple";
  options.snr = snr;
  options.surroundings = "ice";
  options = options.resolved();
  const double sigma =
      std::sqrt(projection_variances(scene, {species}, options.tilts(), run.context)[0] / *options.snr);
  TiltSeries series = record_tilt_series(draw_scene(scene, {species}, {}, {}, run.context).potential, {voxel, 1},
                                         plan_tilts(options, scene.box_A[2], seed), options, sigma, run.context);
  correct_tilt_series(series, {voxel, 1}, options, {}, run.context);
  ImagingOptions imaging;
  imaging.snr = snr;
  imaging.defocus_um = options.defocus_um;
  imaging.amplitude_contrast = options.amplitude_contrast;
  imaging.max_shift_voxels = 1;
  std::vector<test::Curve> curves = {test::boxed_curves(density.map, 50, imaging, run.context).summary()};
  const std::vector<Column> columns = {{"capped", "wbp", "capped"},
                                       {"wbp", "wbp", "ramp"},
                                       {"fourier", "fourier", "ramp"},
                                       {"exact", "wbp", "exact"},
                                       {"sirt", "sirt", ""}};
  ReconstructionReport report;
  for (const Column& column : columns)
    curves.push_back(test::cut_curves(scene, species, options,
                                      reconstructed(scene, series, options, column, how.box, run.context, report))
                         .summary());
  double error = 0;
  for (const test::Curve& curve : curves)
    for (int64_t shell = 2; shell <= how.box / 2; shell += 2)
      error = std::max(error, std::sqrt(curve.variance_of_mean[shell]));
  fmt::print("{} at SNR {:g}, {} voxels of {:g} Å, 50 particles: mean FSC with the truth (standard error ≤ {:.3f})\n",
             structure, snr, how.box, voxel, error);
  fmt::print("{:>6} {:>10}", "Å", "boxed");
  for (const Column& column : columns) fmt::print(" {:>10}", column.name);
  fmt::print("\n");
  for (int64_t s = 2; s <= how.box / 2; s += 2) {
    fmt::print("{:>6.1f}", static_cast<double>(how.box) * voxel / static_cast<double>(s));
    for (const test::Curve& curve : curves) fmt::print(" {:>10.3f}", curve.mean[s]);
    fmt::print("\n");
  }
  fmt::print("sirt, residual ‖b − Px‖²/‖b‖² after 1, 5, 10, 20 iterations: {:.3f} {:.3f} {:.3f} {:.3f}\n",
             report.residuals[1], report.residuals[5], report.residuals[10], report.residuals[20]);
}

}  // namespace

int main(int argc, char** argv) {
  return science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    test::Workers run(0);
    bead(run.context);
    particles(words.empty() ? 0.1 : std::stod(words[0]), words.size() > 1 ? words[1] : "builtin:chaperonin",
              words.size() > 2 ? std::stoull(words[2]) : 1);
    return 0;
  });
}
