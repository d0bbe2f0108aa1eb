// SPDX-License-Identifier: GPL-3.0-or-later
// Support vector machine with a radial kernel (libsvm; Chang & Lin 2011), its parameters searched on a grid.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "tessera/parallel/exec_context.h"
#include "tessera/subdivide/points.h"

namespace tessera {

struct SvmGrid {
  std::vector<double> cost = {1, 10, 100, 1000};
  std::vector<double> gamma = {0.1, 0.3, 1, 3};  // times 1/(dimensions · variance)
  int folds = 3;
};

struct SvmChoice {
  double cost = 0, gamma = 0, cross_validated = 0;  // accuracy over the folds
};

// Trained on standardised features. Immutable after construction.
class SupportVectors {
 public:
  // One against one over all classes; cost and gamma of the greatest cross-validated accuracy (of equal ones the least
  // cost, then gamma). Folds are drawn from Random(seed, "svm folds"). UserError: fewer than two classes.
  SupportVectors(Points points, std::vector<int> labels, const SvmGrid& grid, ExecContext& context);
  ~SupportVectors();
  SupportVectors(const SupportVectors&) = delete;
  SupportVectors& operator=(const SupportVectors&) = delete;

  const SvmChoice& choice() const { return choice_; }
  std::vector<int> classify(const Points& points, Threads& threads) const;

 private:
  struct Machine;
  Points points_;
  std::vector<int> labels_;
  std::vector<float> mean_, scale_;
  SvmChoice choice_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace tessera
