// SPDX-License-Identifier: GPL-3.0-or-later
// Three ways to pick, side by side on the same tomograms: a network, templates of the structures that are there, and
// differences of Gaussians (as many picks as there are particles). F1 and F4 by class; where the network's model knows
// other structures than the tomogram holds, no classes are asked of it.
//   picker_comparison MODEL [--no-templates] TOMOGRAM_FOLDER...
//     MODEL: a file, or builtin; folders as `tessera simulate tomogram --defocus 4` writes them
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "tessera/io/atomic_file.h"
#include "tessera/nn/model.h"
#include "tests/science/picked.h"
#include "tests/science/work_folder.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using namespace science;

struct Judged {
  std::string name;
  EvaluatePicksOutcome outcome;
  double seconds = 0;
};

std::vector<std::string> structures_of(const fs::path& folder) {
  std::vector<std::string> out;
  const auto scene = nlohmann::json::parse(read_text_file(folder / "scene.json"));
  for (const auto& species : scene.at("species")) out.push_back(species.at("structure").get<std::string>());
  return out;
}

// The classes of the tomogram are those of the model, by name.
bool knows(const Model& model, const EvaluatePicksOutcome& judged) {
  for (size_t i = 0; i < judged.class_names.size(); ++i) {
    const auto found = std::find_if(model.classes.begin(), model.classes.end(), [&](const ModelClass& c) {
      return c.number == judged.scores.classes[i].class_number;
    });
    if (found == model.classes.end() || found->name != judged.class_names[i]) return false;
  }
  return true;
}

Judged measured(const std::string& name, const PickRequest& request, const fs::path& folder, bool class_aware,
                ExecContext& context) {
  Judged out{name, {}, 0};
  out.seconds = processor_seconds_of([&] { run_pick(request, context); });
  out.outcome = judge(folder, request.output, class_aware, context);
  return out;
}

void print(const fs::path& folder, const std::vector<Judged>& methods) {
  const EvaluatePicksOutcome& first = methods.front().outcome;
  fmt::print("\n{}: {} particles\n{:<20} {:>5} {:>8}", folder.filename().string(), first.scores.all.particles, "class",
             "n", "radius/Å");
  for (const Judged& m : methods) fmt::print("  {:>33}", m.name + ": P, R, F1, F4");
  const auto rates = [](double precision, double recall, double f1, double f4) {
    fmt::print("  {:>12.3f} {:>6.3f} {:>6.3f} {:>6.3f}", precision, recall, f1, f4);
  };
  const auto of_group = [&](const GroupScore& g) { rates(g.precision, g.rates.recall(), g.f1, g.f4); };
  const auto radii = [](double from, double to) { return fmt::format("{:.0f}-{:.0f}", from, std::min(to, 999.0)); };
  fmt::print("\n");
  for (size_t i = 0; i < first.scores.classes.size(); ++i) {
    const GroupScore& group = first.scores.classes[i];
    fmt::print("{:<20} {:>5} {:>8}", first.class_names[i], group.rates.particles, "");
    for (const Judged& m : methods) of_group(m.outcome.scores.classes.at(i));
    fmt::print("\n");
  }
  for (size_t i = 0; i < first.scores.sizes.size(); ++i) {
    const GroupScore& group = first.scores.sizes[i];
    if (group.rates.particles == 0) continue;
    fmt::print("{:<20} {:>5} {:>8}", "size", group.rates.particles, radii(group.from_radius_A, group.to_radius_A));
    for (const Judged& m : methods) of_group(m.outcome.scores.sizes.at(i));
    fmt::print("\n");
  }
  fmt::print("{:<20} {:>5} {:>8}", "all", first.scores.all.particles, "");
  for (const Judged& m : methods) {
    const PickRates& all = m.outcome.scores.all;
    rates(all.precision(), all.recall(), all.f_score(1), all.f_score(4));
  }
  fmt::print("\n{:<35}", "processor, median error");
  for (const Judged& m : methods)
    fmt::print("  {:>33}", fmt::format("{:.0f} s, {:.1f} Å", m.seconds, m.outcome.scores.error.median_A));
  fmt::print("\n");
  std::fflush(stdout);
}

void run(const std::string& model_name, bool templates, const fs::path& folder, const fs::path& work,
         ExecContext& context) {
  fs::create_directories(work);
  PickRequest request;
  request.method = "unet";
  request.network.model = model_name;
  request.tomogram = (folder / "tomogram.mrc").string();
  request.output = (work / "network.star").string();
  std::vector<Judged> methods = {measured("network", request, folder, false, context)};
  const bool known = knows(read_model(request.network.file()), methods[0].outcome);
  if (known)
    methods.insert(methods.begin(),
                   {"network, class", judge(folder, request.output, true, context), methods[0].seconds});
  if (templates)
    methods.push_back(measured("templates, class", by_template(folder, work / "templates.star", structures_of(folder)),
                               folder, true, context));
  const int64_t particles = methods[0].outcome.scores.all.particles;
  methods.push_back(measured("differences of Gaussians", by_differences(folder, work / "blobs.star", particles), folder,
                             false, context));
  print(folder, methods);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](std::vector<std::string> words) {
    const bool templates = std::erase(words, "--no-templates") == 0;
    if (words.size() < 2) throw tessera::UserError("name a model and folders that `tessera simulate tomogram` wrote");
    tessera::test::Workers workers(0);
    const tessera::science::WorkFolder work("picker-comparison", "");
    for (size_t i = 1; i < words.size(); ++i)
      tessera::run(words[0], templates, words[i], work.path / std::to_string(i), workers.context);
    return 0;
  });
}
