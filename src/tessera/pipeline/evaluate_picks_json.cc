// SPDX-License-Identifier: GPL-3.0-or-later
// What `evaluate picks --json` prints and run.json holds.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tessera/pipeline/evaluate_picks.h"

namespace tessera {
namespace {

nlohmann::ordered_json json_of(const PickRates& r) {
  return {{"picks", r.picks},     {"hits", r.hits},     {"precision", r.precision()},
          {"recall", r.recall()}, {"f1", r.f_score(1)}, {"f4", r.f_score(4)}};
}

nlohmann::ordered_json json_of(const CurvePoint& point) {
  nlohmann::ordered_json out = json_of(point.rates);
  out["threshold"] = point.threshold;
  return out;
}

nlohmann::ordered_json json_of(const LocalisationError& e) {
  return {{"pairs", e.pairs}, {"mean_A", e.mean_A}, {"rms_A", e.rms_A}, {"median_A", e.median_A}};
}

nlohmann::ordered_json json_of(const GroupScore& g) {
  nlohmann::ordered_json out = {{"particles", g.rates.particles}, {"hits", g.rates.hits}, {"recall", g.rates.recall()}};
  if (g.own_picks) {
    out["picks"] = g.rates.picks;
    out["precision"] = g.rates.precision();
  }
  out["f1"] = g.f1;
  out["f4"] = g.f4;
  out["localisation"] = json_of(g.error);
  return out;
}

}  // namespace

nlohmann::ordered_json EvaluatePicksOutcome::json() const {
  auto classes = nlohmann::ordered_json::array(), sizes = classes, curve = classes;
  for (size_t i = 0; i < scores.classes.size(); ++i) {
    nlohmann::ordered_json group = {{"class", scores.classes[i].class_number}, {"name", class_names.at(i)}};
    group.update(json_of(scores.classes[i]));
    classes.push_back(group);
  }
  for (const GroupScore& s : scores.sizes) {
    nlohmann::ordered_json group = {{"from_radius_A", s.from_radius_A}};
    group["to_radius_A"] =
        std::isfinite(s.to_radius_A) ? nlohmann::ordered_json(s.to_radius_A) : nlohmann::ordered_json(nullptr);
    group.update(json_of(s));
    sizes.push_back(group);
  }
  const size_t step = std::max<size_t>(1, scores.curve.size() / 200);
  for (size_t i = scores.curve.size(); i > 0; i -= std::min(i, step)) curve.push_back(json_of(scores.curve[i - 1]));
  nlohmann::ordered_json out = {{"picks_file", picks},
                                {"truth_file", truth},
                                {"voxel_size_A", voxel_size_A},
                                {"particles", scores.all.particles}};
  out.update(json_of(scores.all));
  out.update({{"average_precision", scores.average_precision},
              {"chance_f1", chance_f1},
              {"outside", outside},
              {"localisation", json_of(scores.error)},
              {"best_f1", json_of(scores.best_f1)},
              {"best_f4", json_of(scores.best_f4)},
              {"fixed_number", json_of(scores.fixed_number)},
              {"classes", classes},
              {"sizes", sizes},
              {"curve", curve},
              {"notes", notes}});
  return out;
}

}  // namespace tessera
