// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/evaluate_picks.h"

namespace tessera {
namespace {

std::string rates_table(const EvaluatePicksOutcome& outcome) {
  std::vector<std::vector<std::string>> rows = {
      {"picks taken", "threshold", "picks", "hits", "precision", "recall", "F1", "F4"}};
  const auto add = [&](const std::string& name, const std::string& threshold, const PickRates& r) {
    rows.push_back({name, threshold, std::to_string(r.picks), std::to_string(r.hits),
                    fmt::format("{:.3f}", r.precision()), fmt::format("{:.3f}", r.recall()),
                    fmt::format("{:.3f}", r.f_score(1)), fmt::format("{:.3f}", r.f_score(4))});
  };
  const PickScores& s = outcome.scores;
  add("all", "–", s.all);
  if (outcome.scored) {
    add("best F1", fmt::format("{:.4g}", s.best_f1.threshold), s.best_f1.rates);
    add("best F4", fmt::format("{:.4g}", s.best_f4.threshold), s.best_f4.rates);
    add("as many as particles", fmt::format("{:.4g}", s.fixed_number.threshold), s.fixed_number.rates);
  }
  return column_table(rows);
}

void add_group(std::vector<std::vector<std::string>>& rows, const std::string& name, const GroupScore& g) {
  rows.push_back({name, std::to_string(g.rates.particles), fmt::format("{:.3f}", g.rates.recall()),
                  g.own_picks ? fmt::format("{:.3f}", g.rates.precision()) : "–", fmt::format("{:.3f}", g.f1),
                  fmt::format("{:.3f}", g.f4), g.error.pairs > 0 ? fmt::format("{:.1f}", g.error.median_A) : "–"});
}

std::string group_tables(const EvaluatePicksOutcome& outcome) {
  std::vector<std::vector<std::string>> classes = {
      {"class", "particles", "recall", "precision", "F1", "F4", "median error/Å"}};
  for (size_t i = 0; i < outcome.scores.classes.size(); ++i)
    add_group(classes, fmt::format("{} {}", outcome.scores.classes[i].class_number, outcome.class_names[i]),
              outcome.scores.classes[i]);
  std::vector<std::vector<std::string>> sizes = {
      {"radius/Å", "particles", "recall", "precision", "F1", "F4", "median error/Å"}};
  for (const GroupScore& g : outcome.scores.sizes)
    add_group(sizes,
              std::isfinite(g.to_radius_A) ? fmt::format("{:g} to {:g}", g.from_radius_A, g.to_radius_A)
                                           : fmt::format("{:g} and more", g.from_radius_A),
              g);
  return column_table(classes) + column_table(sizes);
}

}  // namespace

int cmd_evaluate_picks(const Invocation& call) {
  Session session(call);
  EvaluatePicksRequest request;
  if (!session.parse(request)) return 0;
  const EvaluatePicksOutcome outcome = run_evaluate_picks(request, session.context(), call.command_line);
  const LocalisationError& error = outcome.scores.error;
  const std::string text = fmt::format(
      "{} picks, {} particles: average precision {:.3f}; picks at random have F1 {:.3f}\n"
      "localisation error of hits: mean {:.1f} Å, rms {:.1f} Å, median {:.1f} Å\n",
      outcome.scores.all.picks, outcome.scores.all.particles, outcome.scores.average_precision, outcome.chance_f1,
      error.mean_A, error.rms_A, error.median_A);
  return session.print(outcome.json(), text + rates_table(outcome) + group_tables(outcome));
}

}  // namespace tessera
