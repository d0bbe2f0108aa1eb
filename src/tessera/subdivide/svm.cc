// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/svm.h"

#include <svm.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

std::vector<svm_node> nodes_of(const float* row, int64_t dimensions) {
  std::vector<svm_node> out;
  for (int64_t d = 0; d < dimensions; ++d) out.push_back({static_cast<int>(d) + 1, row[d]});
  out.push_back({-1, 0});
  return out;
}

}  // namespace

// A problem and the machine that points into it: libsvm keeps references to what it was trained on.
struct SupportVectors::Machine {
  Machine(const Points& points, const std::vector<int>& labels, const std::vector<int64_t>& items, double cost,
          double gamma) {
    for (const int64_t i : items) {
      rows.push_back(nodes_of(points.row(i), points.dimensions));
      targets.push_back(labels[i]);
    }
    for (auto& row : rows) pointers.push_back(row.data());
    problem = {static_cast<int>(items.size()), targets.data(), pointers.data()};
    svm_parameter parameter{};
    parameter.svm_type = C_SVC;
    parameter.kernel_type = RBF;
    parameter.gamma = gamma;
    parameter.C = cost;
    parameter.cache_size = 200;
    parameter.eps = 1e-3;
    parameter.shrinking = 1;
    if (const char* fault = svm_check_parameter(&problem, &parameter)) throw InternalError(fault);
    model = svm_train(&problem, &parameter);
  }
  ~Machine() { svm_free_and_destroy_model(&model); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  int classify(const float* row, int64_t dimensions) const {
    const auto nodes = nodes_of(row, dimensions);
    return static_cast<int>(std::lround(svm_predict(model, nodes.data())));
  }

  std::vector<std::vector<svm_node>> rows;
  std::vector<svm_node*> pointers;
  std::vector<double> targets;
  svm_problem problem{};
  svm_model* model = nullptr;
};

SupportVectors::SupportVectors(Points points, std::vector<int> labels, const SvmGrid& grid, ExecContext& context)
    : points_(std::move(points)), labels_(std::move(labels)) {
  if (std::set<int>(labels_.begin(), labels_.end()).size() < 2)
    throw UserError("a support vector machine needs at least two classes to tell apart");
  svm_set_print_string_function([](const char*) {});
  for (int64_t d = 0; d < points_.dimensions; ++d) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < points_.count; ++i) sum += points_.row(i)[d];
    const double mean = sum / static_cast<double>(points_.count);
    for (int64_t i = 0; i < points_.count; ++i) square += std::pow(points_.row(i)[d] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(points_.count));
    mean_.push_back(static_cast<float>(mean));
    scale_.push_back(deviation > 1e-9 * (1 + std::abs(mean)) ? static_cast<float>(1 / deviation) : 0.0f);
  }
  for (int64_t i = 0; i < points_.count; ++i)
    for (int64_t d = 0; d < points_.dimensions; ++d) points_.row(i)[d] = (points_.row(i)[d] - mean_[d]) * scale_[d];

  std::vector<int64_t> order(points_.count);
  for (int64_t i = 0; i < points_.count; ++i) order[i] = i;
  Random random(context.seed, "svm folds");
  shuffle(order, random);
  const auto folds = std::min<int64_t>(grid.folds, points_.count);
  const auto cells = std::ssize(grid.cost) * std::ssize(grid.gamma);
  std::vector<int64_t> right(cells * folds);
  Progress progress(context.sink, "grid of the support vector machine", cells);
  std::mutex lock;
  std::vector<int64_t> done(cells);
  context.threads.for_each(cells * folds, [&](int64_t job, int) {
    if (context.stop_requested()) throw Interrupted("stopped while searching the grid");
    const int64_t cell = job / folds, fold = job % folds;
    std::vector<int64_t> training, held_out;
    for (int64_t i = 0; i < points_.count; ++i) (i % folds == fold ? held_out : training).push_back(order[i]);
    const Machine machine(points_, labels_, training, grid.cost[cell / std::ssize(grid.gamma)],
                          grid.gamma[cell % std::ssize(grid.gamma)] / static_cast<double>(points_.dimensions));
    for (const int64_t i : held_out) right[job] += machine.classify(points_.row(i), points_.dimensions) == labels_[i];
    const std::lock_guard guard(lock);
    if (++done[cell] == folds) progress.advance();
  });
  int64_t best = -1;
  for (int64_t cell = 0; cell < cells; ++cell) {
    int64_t sum = 0;
    for (int64_t fold = 0; fold < folds; ++fold) sum += right[cell * folds + fold];
    if (sum <= best) continue;
    best = sum;
    choice_ = {grid.cost[cell / std::ssize(grid.gamma)],
               grid.gamma[cell % std::ssize(grid.gamma)] / static_cast<double>(points_.dimensions),
               static_cast<double>(sum) / static_cast<double>(points_.count)};
  }
  std::sort(order.begin(), order.end());
  machine_ = std::make_unique<Machine>(points_, labels_, order, choice_.cost, choice_.gamma);
}

SupportVectors::~SupportVectors() = default;

std::vector<int> SupportVectors::classify(const Points& points, Threads& threads) const {
  if (points.dimensions != points_.dimensions) throw InternalError("features of another length than those trained on");
  std::vector<int> out(points.count);
  threads.for_each(points.count, [&](int64_t i, int) {
    std::vector<float> row(points.row(i), points.row(i) + points.dimensions);
    for (size_t d = 0; d < row.size(); ++d) row[d] = (row[d] - mean_[d]) * scale_[d];
    out[i] = machine_->classify(row.data(), points.dimensions);
  });
  return out;
}

}  // namespace tessera
