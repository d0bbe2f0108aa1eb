// SPDX-License-Identifier: GPL-3.0-or-later
// Training of a network by batches: epochs, rates, the best weights kept.
#pragma once

#include <functional>
#include <optional>

#include "tessera/base/option.h"
#include "tessera/nn/examples.h"
#include "tessera/nn/network.h"
#include "tessera/parallel/exec_context.h"

namespace tessera {

// What is not given depends on the network: for inception3d and dsrf3d as [S] 3.2.1 (SGD, Nesterov momentum 0.9, rate
// 0.01 falling as 1/(1 + 1e-6·updates), batches of 64, 20 epochs, no early stop); for residual3d AdamW at one cycle of
// rates (Smith & Topin 2019) up to 0.002, batches of 32, 40 epochs, weight decay 0.01, label smoothing 0.05; for
// edssn3d and edssn3d-full Adam at 0.001, at most 150 epochs, stopped after 20 that made nothing better; for unet3d as
// residual3d, but rates up to 0.003, batches of 4, no weight decay and no smoothing.
struct TrainOptions {
  int epochs = 0;
  int batch = 0;
  std::string optimiser = "auto";
  std::string schedule = "auto";
  std::optional<double> rate, weight_decay, smoothing;
  int patience = -1;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"epochs", "", "Passes over the training examples; 0: 20, of residual3d and unet3d 40, of edssn3d 150",
                 "Training"},
          epochs);
    visit(Option{"batch", "", "Boxes of one update; 0: 64, of residual3d 32, of unet3d 4, of edssn3d 2", "Training"},
          batch);
    visit(Option{"optimiser", "",
                 "sgd (Nesterov momentum 0.9), adam (decoupled weight decay), or auto: adam for residual3d, unet3d and "
                 "edssn3d",
                 "Training"},
          optimiser);
    visit(Option{"schedule", "",
                 "decay: rate/(1 + 1e-6·updates); one-cycle: up for a quarter of the run, then down to nothing; auto: "
                 "one-cycle for residual3d and unet3d",
                 "Training"},
          schedule);
    visit(Option{"rate", "",
                 "Greatest learning rate; 0.01, of residual3d 0.002, of unet3d 0.003, of edssn3d 0.001 if not given",
                 "Training"},
          rate);
    visit(Option{"weight-decay", "", "Share of the weights taken off per unit of rate; 0, of residual3d 0.01",
                 "Training"},
          weight_decay);
    visit(Option{"label-smoothing", "",
                 "Share of the target probability spread over all classes; 0, of residual3d 0.05", "Training"},
          smoothing);
    visit(Option{"patience", "epochs",
                 "Stop when the validation has not got better for so many; 0: never; -1: never, of residual3d and "
                 "unet3d 15, of edssn3d 20",
                 "Training"},
          patience);
  }
  void add_faults(Faults& faults) const;
  // With everything said for that network.
  TrainOptions resolved(const std::string& network) const;
};

struct EpochReport {
  int epoch = 0;  // from 1
  double train_loss = 0, train_accuracy = 0;
  std::optional<double> validation_loss, validation_accuracy;
  double rate = 0;     // of the last update
  double seconds = 0;  // of the epoch with its validation
};

struct TrainState {
  int epoch = 0;  // finished ones
  int64_t updates = 0;
  std::vector<EpochReport> history;
  std::vector<NamedTensor> weights, optimiser, best;
  int best_epoch = 0;
  std::string stop_reason;  // empty while training goes on
};

// Predictions for all examples of a source, in its order.
struct Predictions {
  std::vector<float> linear, features;
  std::vector<int> found, labels;  // the likeliest output; labels as the source has them
  double loss = 0;                 // mean cross-entropy over examples with a label
  double accuracy = 0;             // over the same
};
// `title`: of the progress reported; empty: none. Features are kept where asked for. Interrupted. Batches
// are dealt to the ranks, and every rank gets all.
Predictions predict(Network& network, const ExampleSource& source, int64_t batch, const std::string& title,
                    bool features, ExecContext& context);

// Mean loss and share of right labels, over all labels that are known; of heat maps centre_loss and the
// agreement: the mean of the correlation of the heat of all particles and what was found, and of the share of that heat
// where the class found is right. Batch by batch, so that outputs for every voxel need not be kept. Every rank gets the
// same.
struct Judgement {
  double loss = 0, accuracy = 0;
};
Judgement judge(Network& network, const ExampleSource& source, int64_t batch, ExecContext& context);

// Learning rate of update `i` of `total`.
double rate_at(const TrainOptions& resolved, int64_t i, int64_t total);

// Trains to options.epochs (resolved) and leaves the best weights in the network: those of the epoch of greatest
// validation accuracy, of equal ones of least validation loss; without validation those of the last epoch. `resume`:
// goes on from there. `after_epoch` gets the state after every epoch. The same seed gives the same weights, whatever is
// resumed in between, for one number of threads on a CPU. Interrupted: the last finished epoch was given to
// after_epoch.
TrainState train_network(Network& network, ExampleSource& training, const ExampleSource* validation,
                         const TrainOptions& options, ExecContext& context,
                         const std::function<void(const TrainState&)>& after_epoch, const TrainState* resume = nullptr);

}  // namespace tessera
