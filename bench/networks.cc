// SPDX-License-Identifier: GPL-3.0-or-later
// Seconds a subtomogram of the networks, training and inference, beside the arithmetic floor: multiply-adds × 2 (× 3 to
// train) over the rate of a large matrix product of the same library, measured in the same run.
//   networks [BATCH] [THREADS] [cpu|cuda]

#include "tessera/base/random.h"
#include "tessera/base/stopwatch.h"
#include "tessera/nn/network.h"
#include "tests/science/program.h"

namespace tessera {
namespace {

// The least of three timings, each of `body` once, after one to warm up.
template <typename Body>
double seconds_of(Body&& body) {
  double least = 1e30;
  for (int i = 0; i < 4; ++i) {
    const Stopwatch watch;
    body();
    const double seconds = watch.seconds();
    if (i > 0) least = std::min(least, seconds);
  }
  return least;
}

void run(int64_t batch, int threads, const std::string& device) {
  const double product = matrix_product_rate(threads, device);
  fmt::print("matrix product of 2048³: {:.1f} GFLOP/s with {} thread(s)\nbatch of {}, 40³ voxels, 23 classes, {}\n",
             product / 1e9, threads, batch, device);
  fmt::print("{:<12} {:>6} {:>12} {:>10} {:>12} {:>10} {:>20}\n", "network", "GMAC", "training/ms", "of floor",
             "inference/ms", "of floor", "10⁶ inferred/hours");
  Random random(1, "bench");
  std::vector<float> images(batch * 40 * 40 * 40);
  for (float& v : images) v = static_cast<float>(random.normal());
  std::vector<int> labels(batch);
  for (int& label : labels) label = static_cast<int>(random.below(23));
  for (const std::string& name : network_names()) {
    NetworkOptions options;
    options.network = name;
    options.classes = 23;
    options.threads = threads;
    options.device = device;
    options.dropout = default_dropout(name);
    const auto network = make_network(options);
    network->set_optimiser({});
    const double training = seconds_of([&] { network->step(images.data(), labels.data(), batch, 1e-4, 0, 1); });
    const double inference = seconds_of([&] { network->evaluate(images.data(), batch); });
    const double floor = 2.0 * static_cast<double>(network->multiply_adds() * batch) / product;
    const auto each = static_cast<double>(batch);
    fmt::print("{:<12} {:>6.2f} {:>12.2f} {:>9.0f}% {:>12.2f} {:>9.0f}% {:>20.1f}\n", name,
               static_cast<double>(network->multiply_adds()) / 1e9, 1e3 * training / each, 100 * 3 * floor / training,
               1e3 * inference / each, 100 * floor / inference, 1e6 * inference / each / 3600);
  }
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    tessera::run(words.empty() ? 64 : std::stoi(words[0]), words.size() > 1 ? std::stoi(words[1]) : 1,
                 words.size() > 2 ? words[2] : "cpu");
    return 0;
  });
}
