// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tessera/base/logistic.h"
#include "tessera/base/stopwatch.h"
#include "tessera/nn/batch_reader.h"

namespace tessera {
namespace {

// −log of the softmax of `label`, outputs `stride` apart.
double cross_entropy(const float* linear, int64_t classes, int64_t stride, int label) {
  float largest = linear[0];
  for (int64_t k = 1; k < classes; ++k) largest = std::max(largest, linear[k * stride]);
  double sum = 0;
  for (int64_t k = 0; k < classes; ++k) sum += std::exp(linear[k * stride] - largest);
  return std::log(sum) + largest - linear[label * stride];
}

int likeliest(const float* linear, int64_t classes, int64_t stride) {
  int64_t best = 0;
  for (int64_t k = 1; k < classes; ++k)
    if (linear[k * stride] > linear[best * stride]) best = k;
  return static_cast<int>(best);
}

bool better(const EpochReport& a, const EpochReport& b) {
  if (*a.validation_accuracy != *b.validation_accuracy) return *a.validation_accuracy > *b.validation_accuracy;
  return *a.validation_loss < *b.validation_loss;
}

class Training {
 public:
  Training(Network& network, ExampleSource& training, const ExampleSource* validation, const TrainOptions& options,
           ExecContext& context)
      : network_(network), training_(training), validation_(validation), options_(options), context_(context) {
    updates_per_epoch_ = (training.size() + options.batch - 1) / options.batch;
    if (training.size() % options.batch == 1 && updates_per_epoch_ > 1) --updates_per_epoch_;  // see BatchReader
    network.set_optimiser({options.optimiser, 0.9, *options.weight_decay});
  }

  TrainState run(const std::function<void(const TrainState&)>& after_epoch, const TrainState* resume) {
    TrainState state = resume ? *resume : TrainState();
    if (resume) {
      network_.set_state(state.weights);
      network_.set_optimiser_state(state.optimiser);
    }
    while (state.stop_reason.empty() && state.epoch < options_.epochs) {
      state.history.push_back(train_epoch(state));
      ++state.epoch;
      keep(state);
      after_epoch(state);
    }
    network_.set_state(state.best);
    return state;
  }

 private:
  EpochReport train_epoch(TrainState& state) {
    const Stopwatch watch;
    EpochReport report;
    report.epoch = state.epoch + 1;
    const auto epoch = static_cast<uint64_t>(state.epoch);
    training_.prepare(epoch);
    std::vector<int64_t> order(training_.size());
    std::iota(order.begin(), order.end(), int64_t{0});
    Random random(context_.seed, "training order", epoch);
    shuffle(order, random);
    Progress progress(context_.sink, fmt::format("epoch {} of {}", report.epoch, options_.epochs), training_.size());
    BatchReader reader(training_, std::move(order), options_.batch, epoch);
    Batch batch;
    double correct = 0, known = 0;
    while (reader.next(batch)) {
      if (context_.stop_requested())
        throw Interrupted(
            fmt::format("stopped in epoch {}; --resume goes on after the last finished one", report.epoch));
      report.rate = rate_at(options_, state.updates, updates_per_epoch_ * options_.epochs);
      const uint64_t draw = Random(context_.seed, "dropout", static_cast<uint64_t>(state.updates)).bits();
      const StepResult step =
          batch.heat.empty() ? network_.step(batch.images.data(), batch.labels.data(), batch.size(), report.rate,
                                             *options_.smoothing, draw)
                             : network_.step_heat(batch.images.data(), batch.heat.data(), batch.size(), report.rate);
      ++state.updates;
      report.train_loss += step.loss * static_cast<double>(batch.size());
      correct += step.correct;
      known += step.known;
      progress.advance(batch.size());
    }
    report.train_loss /= static_cast<double>(training_.size());
    report.train_accuracy = correct / std::max(1.0, known);
    if (validation_) {
      const Judgement found = judge(network_, *validation_, options_.batch, context_);
      report.validation_loss = found.loss;
      report.validation_accuracy = found.accuracy;
    }
    report.seconds = watch.seconds();
    tell(report);
    return report;
  }

  void tell(const EpochReport& report) const {
    std::string text = fmt::format("epoch {}: loss {:.4f}, {} {:.4f}", report.epoch, report.train_loss,
                                   training_.heat_maps() > 0 ? "agreement" : "accuracy", report.train_accuracy);
    if (report.validation_loss)
      text += fmt::format("; validation {:.4f}, {:.4f}", *report.validation_loss, *report.validation_accuracy);
    const double left = report.seconds * (options_.epochs - report.epoch);
    text += fmt::format("; rate {:.2g}, {:.1f} boxes/s, {:.0f} min left at most", report.rate,
                        static_cast<double>(training_.size()) / report.seconds, left / 60);
    context_.sink.message(Severity::info, text);
  }

  void keep(TrainState& state) const {
    state.weights = network_.state();
    state.optimiser = network_.optimiser_state();
    const EpochReport& last = state.history.back();
    if (!validation_ || state.best_epoch == 0 || better(last, state.history[state.best_epoch - 1])) {
      state.best = state.weights;
      state.best_epoch = last.epoch;
    }
    if (state.epoch == options_.epochs)
      state.stop_reason = "all epochs done";
    else if (validation_ && options_.patience > 0 && state.epoch - state.best_epoch >= options_.patience)
      state.stop_reason = fmt::format("no better validation for {} epochs", options_.patience);
  }

  Network& network_;
  ExampleSource& training_;
  const ExampleSource* validation_;
  const TrainOptions& options_;
  ExecContext& context_;
  int64_t updates_per_epoch_ = 1;
};

}  // namespace

void TrainOptions::add_faults(Faults& faults) const {
  require_one_of("optimiser", optimiser, {"auto", "sgd", "adam"}, faults);
  require_one_of("schedule", schedule, {"auto", "decay", "one-cycle"}, faults);
  if (epochs < 0) faults.add(fmt::format("--epochs {}: not fewer than 0", epochs));
  if (batch < 0 || batch == 1 || batch > 65536) faults.add(fmt::format("--batch {}: 0, or 2 to 65536", batch));
  if (rate && !(*rate > 0 && *rate <= 10)) faults.add(fmt::format("--rate {}: above 0, at most 10", *rate));
  if (weight_decay && !(*weight_decay >= 0 && *weight_decay <= 1))
    faults.add(fmt::format("--weight-decay {}: 0 to 1", *weight_decay));
  if (smoothing && !(*smoothing >= 0 && *smoothing < 1))
    faults.add(fmt::format("--label-smoothing {}: 0 to less than 1", *smoothing));
  if (patience < -1) faults.add(fmt::format("--patience {}: -1 or more", patience));
}

TrainOptions TrainOptions::resolved(const std::string& network) const {
  const bool centres = finds_centres(network), ours = network == "residual3d" || centres,
             voxels = answers_voxels(network);
  TrainOptions out = *this;
  if (out.epochs == 0) out.epochs = ours ? 40 : voxels ? 150 : 20;
  if (out.batch == 0) out.batch = centres ? 4 : voxels ? 2 : ours ? 32 : 64;
  if (out.optimiser == "auto") out.optimiser = ours || voxels ? "adam" : "sgd";
  if (out.schedule == "auto") out.schedule = ours ? "one-cycle" : "decay";
  if (!out.rate) out.rate = centres ? 0.003 : voxels ? 0.001 : ours ? 0.002 : 0.01;
  if (!out.weight_decay) out.weight_decay = ours && !centres ? 0.01 : 0.0;
  if (!out.smoothing) out.smoothing = ours && !centres ? 0.05 : 0.0;
  if (out.patience < 0) out.patience = ours ? 15 : voxels ? 20 : 0;
  return out;
}

double rate_at(const TrainOptions& resolved, int64_t i, int64_t total) {
  if (resolved.schedule == "decay") return *resolved.rate / (1 + 1e-6 * static_cast<double>(i));
  constexpr double rising = 0.25, first = 0.04, last = 1e-3;  // shares of the run, and of the greatest rate
  const double done = static_cast<double>(i) / static_cast<double>(std::max<int64_t>(1, total - 1));
  const auto between = [](double from, double to, double part) {
    return to + (from - to) * (1 + std::cos(std::numbers::pi * part)) / 2;
  };
  return *resolved.rate *
         (done < rising ? between(first, 1, done / rising) : between(1, last, (done - rising) / (1 - rising)));
}

namespace {

// The items of the batches that go to a rank, in turn: a network sees the same batches with any number of ranks.
std::vector<int64_t> items_of_rank(int64_t items, int64_t batch, int rank, int ranks) {
  std::vector<int64_t> out;
  const auto count = static_cast<size_t>(items);
  for (size_t from = 0, to = 0, k = 0; from < count; from = to, ++k) {
    to = batch_end(from, count, static_cast<size_t>(batch));
    if (static_cast<int>(k % static_cast<size_t>(ranks)) != rank) continue;
    for (size_t i = from; i < to; ++i) out.push_back(static_cast<int64_t>(i));
  }
  return out;
}

// Rows that each rank has of its items, put in the order of the items on every rank.
template <typename T>
void share_rows(std::vector<T>& rows, int64_t items, int64_t batch, Comm& comm) {
  if (comm.size() == 1) return;
  const auto all = comm.gather(std::span<const T>(rows));
  size_t total = 0;
  for (const auto& of_rank : all) total += of_rank.size();
  const size_t width = total / static_cast<size_t>(items);
  rows.assign(total, T{});
  for (int rank = 0; rank < comm.size(); ++rank) {
    const std::vector<int64_t> order = items_of_rank(items, batch, rank, comm.size());
    for (size_t k = 0; k < order.size(); ++k)
      std::copy_n(all[rank].begin() + static_cast<int64_t>(k * width), width,
                  rows.begin() + order[k] * static_cast<int64_t>(width));
  }
}

}  // namespace

Predictions predict(Network& network, const ExampleSource& source, int64_t batch_size, const std::string& title,
                    bool features, ExecContext& context) {
  Predictions out;
  std::vector<int64_t> order = items_of_rank(source.size(), batch_size, context.comm.rank(), context.comm.size());
  SilentSink silent;
  Progress progress(title.empty() ? silent : context.sink, title, std::ssize(order));
  BatchReader reader(source, std::move(order), batch_size, 0);
  Batch batch;
  while (reader.next(batch)) {
    if (context.stop_requested()) throw Interrupted("stopped while applying the network");
    const NetworkOutputs made = network.evaluate(batch.images.data(), batch.size());
    out.labels.insert(out.labels.end(), batch.labels.begin(), batch.labels.end());
    out.linear.insert(out.linear.end(), made.linear.begin(), made.linear.end());
    if (features) out.features.insert(out.features.end(), made.features.begin(), made.features.end());
    progress.advance(batch.size());
  }
  share_rows(out.labels, source.size(), batch_size, context.comm);
  share_rows(out.linear, source.size(), batch_size, context.comm);
  if (features) share_rows(out.features, source.size(), batch_size, context.comm);
  const auto classes = static_cast<int>(out.linear.size() / std::max<size_t>(1, out.labels.size()));
  int64_t known = 0, correct = 0;
  for (size_t i = 0; i < out.labels.size(); ++i) {
    const float* linear = out.linear.data() + i * static_cast<size_t>(classes);
    out.found.push_back(likeliest(linear, classes, 1));
    if (out.labels[i] < 0) continue;
    ++known;
    correct += out.found.back() == out.labels[i];
    out.loss += cross_entropy(linear, classes, 1, out.labels[i]);
  }
  if (known > 0) {
    out.loss /= static_cast<double>(known);
    out.accuracy = static_cast<double>(correct) / static_cast<double>(known);
  }
  return out;
}

namespace {

// Of heat t of all particles and found h: Σ |t − h|² · cross-entropy, known voxels, Σ t, Σ h, Σ t², Σ h², Σ t h; of the
// classes Σ t · cross-entropy and Σ t where the likeliest is right.
using HeatSums = std::array<double, 9>;

HeatSums heat_sums(const float* linear, const float* heat, int64_t classes, int64_t voxels) {
  HeatSums out{};
  for (int64_t v = 0; v < voxels; ++v) {
    const double t = heat[v], z = linear[v];
    if (t < 0) continue;
    const double h = logistic(z);
    out[0] += (t - h) * (t - h) * logistic_cross_entropy(z, t);
    out[1] += 1;
    out[2] += t;
    out[3] += h;
    out[4] += t * t;
    out[5] += h * h;
    out[6] += t * h;
    if (t == 0) continue;
    const float *of_class = heat + voxels + v, *outputs = linear + voxels + v;
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += of_class[c * voxels];
    for (int64_t c = 0; c < classes; ++c)
      if (of_class[c * voxels] > 0)
        out[7] += t * of_class[c * voxels] / sum * cross_entropy(outputs, classes, voxels, static_cast<int>(c));
    if (likeliest(outputs, classes, voxels) == likeliest(of_class, classes, voxels)) out[8] += t;
  }
  return out;
}

// 0 where there is no heat.
double correlation(const HeatSums& s) {
  const double of_heat = s[1] * s[4] - s[2] * s[2], of_found = s[1] * s[5] - s[3] * s[3];
  return of_heat > 0 && of_found > 0 ? (s[1] * s[6] - s[2] * s[3]) / std::sqrt(of_heat * of_found) : 0;
}

// centre_loss (torch_unet.cc) over all items, and their agreement.
Judgement judge_heat(Network& network, const ExampleSource& source, int64_t batch_size, ExecContext& context) {
  const int64_t maps = source.heat_maps(), voxels = int64_t{1} * source.box() * source.box() * source.box();
  std::vector<double> sums;
  BatchReader reader(source, items_of_rank(source.size(), batch_size, context.comm.rank(), context.comm.size()),
                     batch_size, 0);
  Batch batch;
  while (reader.next(batch)) {
    if (context.stop_requested()) throw Interrupted("stopped while applying the network");
    const std::vector<float> linear = network.evaluate(batch.images.data(), batch.size()).linear;
    for (int64_t i = 0; i < batch.size(); ++i) {
      const int64_t at = i * maps * voxels;
      const HeatSums of_item = heat_sums(linear.data() + at, batch.heat.data() + at, maps - 1, voxels);
      sums.insert(sums.end(), of_item.begin(), of_item.end());
    }
  }
  share_rows(sums, source.size(), batch_size, context.comm);
  HeatSums all{};
  for (size_t i = 0; i < sums.size(); ++i) all[i % all.size()] += sums[i];
  const double there = all[2] + 1e-6;
  return {all[0] / (there + heat_floor * all[1]) + class_weight * all[7] / there,
          (correlation(all) + all[8] / there) / 2};
}

}  // namespace

Judgement judge(Network& network, const ExampleSource& source, int64_t batch_size, ExecContext& context) {
  if (source.heat_maps() > 0) return judge_heat(network, source, batch_size, context);
  std::vector<double> sums;  // of each item: loss, labels that are known, labels that were found
  BatchReader reader(source, items_of_rank(source.size(), batch_size, context.comm.rank(), context.comm.size()),
                     batch_size, 0);
  const int64_t labels = source.labels_per_item();
  Batch batch;
  while (reader.next(batch)) {
    if (context.stop_requested()) throw Interrupted("stopped while applying the network");
    const std::vector<float> linear = network.evaluate(batch.images.data(), batch.size()).linear;
    const int64_t classes = std::ssize(linear) / (batch.size() * labels);
    for (int64_t i = 0; i < batch.size(); ++i) {
      double loss = 0, known = 0, correct = 0;
      for (int64_t v = 0; v < labels; ++v) {
        const int label = batch.labels[i * labels + v];
        if (label < 0) continue;
        const float* outputs = linear.data() + i * classes * labels + v;
        known += 1;
        correct += likeliest(outputs, classes, labels) == label;
        loss += cross_entropy(outputs, classes, labels, label);
      }
      sums.insert(sums.end(), {loss, known, correct});
    }
  }
  share_rows(sums, source.size(), batch_size, context.comm);
  Judgement out;
  double known = 0;
  for (size_t i = 0; i < sums.size(); i += 3) {
    out.loss += sums[i];
    known += sums[i + 1];
    out.accuracy += sums[i + 2];
  }
  if (known > 0) {
    out.loss /= known;
    out.accuracy /= known;
  }
  return out;
}

TrainState train_network(Network& network, ExampleSource& training, const ExampleSource* validation,
                         const TrainOptions& options, ExecContext& context,
                         const std::function<void(const TrainState&)>& after_epoch, const TrainState* resume) {
  if (training.size() == 0) throw UserError("there is nothing to train on");
  return Training(network, training, validation, options, context).run(after_epoch, resume);
}

}  // namespace tessera
