// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/chain_file.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "tessera/base/nearest.h"
#include "tessera/io/toml_file.h"

namespace tessera {
namespace {

const std::vector<std::string> top_keys = {"output", "seed", "threads", "step"};

bool fit_for_a_file(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

// Takes a text out of the table; empty where there is none.
std::string take_text(nlohmann::ordered_json& table, const char* key, const std::string& where, Faults& faults) {
  if (!table.contains(key)) return {};
  const nlohmann::ordered_json value = table.at(key);
  table.erase(key);
  if (value.is_string()) return value.get<std::string>();
  faults.add(fmt::format("{}: {} is to be a text in quotes", where, key));
  return {};
}

ChainStep read_step(nlohmann::ordered_json table, size_t number, Faults& faults) {
  ChainStep step;
  const std::string where = fmt::format("step {}", number);
  if (!table.is_object()) {
    faults.add(where + ": begin each step with a line [[step]]");
    return step;
  }
  step.verb = take_text(table, "verb", where, faults);
  step.name = take_text(table, "name", where, faults);
  if (step.verb.empty()) faults.add(where + ": no verb, for example verb = \"average\"");
  if (step.name.empty()) {
    step.name = step.verb;
    std::replace(step.name.begin(), step.name.end(), ' ', '-');
  }
  if (!step.verb.empty() && !fit_for_a_file(step.name))
    faults.add(fmt::format("{}: name '{}': letters, digits, - and _ alone, its files are called so", where, step.name));
  step.options = std::move(table);
  return step;
}

}  // namespace

std::filesystem::path ChainFile::resolved(const std::string& name) const {
  return (path.parent_path() / name).lexically_normal();
}

ChainFile read_chain_file(const std::filesystem::path& path, const std::string& output, Faults& faults) {
  nlohmann::ordered_json json = read_toml(path);
  ChainFile file;
  file.path = path;
  const std::string stated = take_text(json, "output", "the file", faults);
  if (!output.empty())
    file.output = output;
  else if (!stated.empty())
    file.output = file.resolved(stated);
  else
    faults.add("no output: say where all files go, for example output = \"results\"");
  file.common = nlohmann::ordered_json::object();
  for (const auto& [key, value] : json.items()) {
    if (std::find(top_keys.begin(), top_keys.end(), key) == top_keys.end())
      faults.add(
          fmt::format("unknown key {}{} (options of a verb go under its [[step]])", key, did_you_mean(key, top_keys)));
    else if (key != "step")
      file.common[key] = value;
  }
  const auto steps = json.value("step", nlohmann::ordered_json::array());
  if (!steps.is_array() || steps.empty()) faults.add("no steps: begin each with a line [[step]]");
  std::set<std::string> names;
  for (size_t i = 0; steps.is_array() && i < steps.size(); ++i) {
    file.steps.push_back(read_step(steps[i], i + 1, faults));
    const std::string& name = file.steps.back().name;
    if (!name.empty() && !names.insert(name).second)
      faults.add(fmt::format("two steps are called {}: give one of them a name of its own", name));
  }
  return file;
}

}  // namespace tessera
