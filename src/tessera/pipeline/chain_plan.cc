// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/chain_plan.h"

#include <algorithm>
#include <set>

#include "tessera/base/nearest.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Belong to the run, not to a step.
const std::set<std::string> not_of_a_step = {"json", "quiet", "config", "resume", "help"};

bool is_path(const Option& option) {
  const std::string unit = option.unit;
  return unit.starts_with("file") || unit.starts_with("folder");
}

bool is_written(const Option& option) {
  return is_path(option) && option.group == std::string("Output");
}

// Where a path is asked for, these name what the program brings along.
bool names_no_file(const std::string& word) {
  return word.empty() || word.starts_with("builtin:") || word == "builtin" || word == "none";
}

// The words of a value; nothing for a table.
std::optional<std::vector<std::string>> words_of(const Json& value) {
  if (value.is_object()) return std::nullopt;
  if (value.is_string()) return std::vector{value.get<std::string>()};
  if (value.is_number_float()) return std::vector{fmt::format("{}", value.get<double>())};
  if (!value.is_array()) return std::vector{value.dump()};
  std::vector<std::string> words;
  for (const Json& item : value) {
    const auto inner = item.is_array() ? std::nullopt : words_of(item);
    if (!inner) return std::nullopt;
    words.push_back(inner->front());
  }
  return words;
}

class StepPlanner {
 public:
  StepPlanner(const ChainFile& file, const std::vector<PlannedStep>& earlier, const ChainStep& step, Faults& faults)
      : file_(file), earlier_(earlier), step_(step), faults_(faults) {}

  PlannedStep plan(const ChainVerb& verb) {
    PlannedStep out;
    out.name = step_.name;
    out.verb = step_.verb;
    const std::vector<ChainOption> options = verb.options({});
    out.can_resume =
        std::any_of(options.begin(), options.end(), [](auto& o) { return o.option.name == std::string("resume"); });
    check_keys(options);
    std::vector<std::string> flags;
    for (const ChainOption& option : options) add_words(option, out, flags);
    out.words.insert(out.words.end(), flags.begin(), flags.end());
    if (faulty_) return out;
    try {
      out.options = verb.options(out.words);
    } catch (const UserError& error) {
      fault(error.what());
    }
    return out;
  }

 private:
  void fault(const std::string& text) {
    faults_.add(fmt::format("{}: {}", step_.name, text));
    faulty_ = true;
  }

  void check_keys(const std::vector<ChainOption>& options) {
    std::vector<std::string> names;
    for (const ChainOption& option : options)
      if (!not_of_a_step.contains(option.option.name)) names.emplace_back(option.option.name);
    for (const auto& [key, value] : step_.options.items()) {
      if (not_of_a_step.contains(key))
        fault(fmt::format("{} belongs to tessera run, not to a step", key));
      else if (std::find(names.begin(), names.end(), key) == names.end())
        fault(fmt::format("tessera {} has no option {}{}", step_.verb, key, did_you_mean(key, names)));
    }
  }

  void add_words(const ChainOption& option, PlannedStep& out, std::vector<std::string>& flags) {
    const std::string name = option.option.name;
    if (not_of_a_step.contains(name)) return;
    const bool given = step_.options.contains(name);
    if (name == "output") {
      out.output = output_path(option.option, given ? step_.options.at(name) : Json(nullptr));
      if (option.positional) return out.words.push_back(out.output.string());
      flags.insert(flags.end(), {"--output", out.output.string()});
      return;
    }
    if (!given && !file_.common.contains(name)) return;
    auto words = words_of(given ? step_.options.at(name) : file_.common.at(name));
    if (!words || words->empty()) return fault(fmt::format("{}: a number, a text or a list of them", name));
    if (option.flag) {
      if (words->front() != "true" && words->front() != "false") return fault(name + ": true or false");
      flags.push_back((words->front() == "true" ? "--" : "--no-") + name);
      return;
    }
    if (is_path(option.option))
      for (std::string& word : *words) word = path_word(option.option, word, out);
    std::vector<std::string>& to = option.positional ? out.words : flags;
    if (!option.positional) to.push_back("--" + name);
    to.insert(to.end(), words->begin(), words->end());
  }

  // Where the verb writes one file "file.star", NAME.star; else the folder NAME.
  fs::path output_path(const Option& option, const Json& given) {
    if (given.is_string()) return (file_.output / given.get<std::string>()).lexically_normal();
    if (!given.is_null()) fault("output: a text in quotes");
    const std::string unit = option.unit;
    const std::string ending = unit.starts_with("file.") ? unit.substr(4) : "";
    return (file_.output / (step_.name + ending)).lexically_normal();
  }

  std::string path_word(const Option& option, const std::string& word, PlannedStep& out) {
    if (names_no_file(word)) return word;
    if (is_written(option)) return (file_.output / word).lexically_normal().string();
    if (word.starts_with('@')) return made_earlier(word, out);
    const fs::path path = file_.resolved(word);
    std::error_code error;
    if (!fs::exists(path, error)) fault(fmt::format("{}: {}: no such file", option.name, path.string()));
    out.inputs.push_back(path);
    return path.string();
  }

  std::string made_earlier(const std::string& word, PlannedStep& out) {
    const size_t slash = std::min(word.find('/'), word.size());
    const std::string name = word.substr(1, slash - 1), rest = word.substr(std::min(slash + 1, word.size()));
    if (name.empty()) {
      for (const PlannedStep& step : earlier_) out.inputs.push_back(step.output);
      return (file_.output / rest).lexically_normal().string();
    }
    std::vector<std::string> names;
    for (const PlannedStep& step : earlier_) {
      if (step.name == name) {
        out.inputs.push_back(step.output);
        return (rest.empty() ? step.output : step.output / rest).string();
      }
      names.push_back(step.name);
    }
    fault(fmt::format("{}: no earlier step is called {}{}", word, name, did_you_mean(name, names)));
    return word;
  }

  const ChainFile& file_;
  const std::vector<PlannedStep>& earlier_;
  const ChainStep& step_;
  Faults& faults_;
  bool faulty_ = false;
};

}  // namespace

std::vector<PlannedStep> plan_chain(const ChainFile& file, const ChainVerbs& verbs, Faults& faults) {
  std::vector<std::string> names;
  for (const auto& [name, verb] : verbs) names.push_back(name);
  std::vector<PlannedStep> plan;
  for (const ChainStep& step : file.steps) {
    const auto verb = verbs.find(step.verb);
    if (verb == verbs.end()) {
      if (!step.verb.empty())
        faults.add(fmt::format("{}: unknown verb '{}'{}", step.name, step.verb, did_you_mean(step.verb, names)));
      plan.push_back({step.name, step.verb, {}, file.output / step.name, {}, {}});
      continue;
    }
    plan.push_back(StepPlanner(file, plan, step, faults).plan(verb->second));
  }
  return plan;
}

}  // namespace tessera
