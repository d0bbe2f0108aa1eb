// SPDX-License-Identifier: GPL-3.0-or-later
// Fresh particles are those that `simulate particles` makes, but for the draw.
#include "tessera/pipeline/fresh_examples.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/pipeline/labelled_particles.h"
#include "tessera/volume/fourier.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using Fresh = test::ScratchFolder;

// Mean power of the examples of a class in each shell.
std::vector<double> shell_power(const ExampleSource& source, int label) {
  const int64_t edge = source.box();
  std::vector<double> power(edge / 2), count(edge / 2);
  for (int64_t i = 0; i < source.size(); ++i) {
    if (source.label(i) != label) continue;
    Volume<float> box(Shape3::cube(edge));
    source.load(i, 0, box.data());
    const HalfSpectrum spectrum = centred_spectrum(box);
    for_each_frequency(spectrum, [&](int64_t k, int64_t w, int64_t v, int64_t u) {
      const auto shell = std::lround(std::sqrt(static_cast<double>(u * u + v * v + w * w)));
      if (shell >= edge / 2) return;
      power[shell] += std::norm(spectrum.data()[k]);
      count[shell] += 1;
    });
  }
  for (size_t s = 0; s < power.size(); ++s) power[s] /= std::max(1.0, count[s]);
  return power;
}

TEST_F(Fresh, HaveThePowerOfThoseOnDisk) {
  test::Workers workers(2, 5);
  SimulateParticlesRequest request;
  request.structures = {"builtin:ribosome", "builtin:proteasome"};
  request.copies = {60};
  request.empty = 60;
  request.density.box = 20;
  request.density.voxel_size_A = 19;
  request.density.resolution_A = 40;
  request.imaging.snr = 0.3;
  request.imaging.tilt_step_deg = 10;
  request.output = path("data").string();
  run_simulate_particles(request, workers.context);
  const LabelledParticles list = read_labelled_particles(path("data") / "truth.star", {}, false);
  const FileExamples files(list.files(list.all()), list.labels, list.box, {});
  FreshOptions options;
  options.folder = request.output;
  options.poses = 60;
  options.uses = 1;
  options.noises = 60;
  FreshExamples fresh(options, list.classes, list.box, list.voxel_size_A, workers.context);
  fresh.prepare(0);
  for (int c = 0; c < 3; ++c) {
    const auto expected = shell_power(files, c), found = shell_power(fresh, c);
    // 60 boxes with at least 50 components of a shell, their powers exponential: 2 % each, and as much for poses.
    for (size_t s = 2; s < expected.size(); ++s)
      EXPECT_NEAR(found[s] / expected[s], 1, 0.12) << "class " << c << ", shell " << s;
  }
  std::vector<float> once(20 * 20 * 20), again(once.size()), later(once.size());
  fresh.load(7, 0, once.data());
  test::Workers alone(1, 5);
  FreshExamples same(options, list.classes, list.box, list.voxel_size_A, alone.context);
  same.prepare(0);
  same.load(7, 0, again.data());
  EXPECT_EQ(once, again) << "for any number of threads";
  fresh.prepare(1);
  fresh.load(7, 1, later.data());
  EXPECT_NE(once, later) << "another draw in the next epoch";
}

TEST(SplitByClass, KeepsProportionsAndEveryItem) {
  std::vector<int> labels;
  for (int i = 0; i < 100; ++i) labels.push_back(i % 4 == 0 ? 0 : 1);
  const Split split = split_by_class(labels, 0.2, 0.4, 3);
  EXPECT_EQ(split.test.size(), 40u);
  EXPECT_EQ(split.validation.size(), 20u);
  EXPECT_EQ(split.training.size(), 40u);
  std::vector<int> seen(100);
  for (const auto* part : {&split.training, &split.validation, &split.test})
    for (const int64_t i : *part) ++seen[i];
  EXPECT_EQ(seen, std::vector<int>(100, 1));
  int64_t of_class = 0;
  for (const int64_t i : split.test) of_class += labels[i] == 0;
  EXPECT_EQ(of_class, 10);
  EXPECT_NE(split.test, split_by_class(labels, 0.2, 0.4, 4).test);
  EXPECT_EQ(split_by_class({0, 1}, 0.5, 0.0, 1).training.size(), 2u) << "one of a class stays for training";
}

}  // namespace
}  // namespace tessera
