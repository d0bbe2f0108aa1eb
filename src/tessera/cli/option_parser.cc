// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/option_parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <fstream>

#include "tessera/base/describe.h"
#include "tessera/base/errors.h"
#include "tessera/base/nearest.h"
#include "tessera/cli/help_text.h"

namespace tessera {
namespace {

constexpr const char* positional_group = "Arguments";

template <typename T>
constexpr bool is_list = false;
template <typename T>
constexpr bool is_list<std::vector<T>*> = true;

bool takes_many(const OptionParser::Field& field) {
  return std::visit([](auto pointer) { return is_list<decltype(pointer)>; }, field);
}

// A word that can only be a flag: "--x", not "-60", "-" or "--".
bool looks_like_flag(const std::string& word) {
  return word.size() > 2 && word.starts_with("--");
}

}  // namespace

struct OptionParser::State {
  struct Entry {
    Option option;
    Field field;
    std::vector<std::string> words;
    CLI::Option* parsed = nullptr;
    std::string default_text;
  };
  std::string verb, purpose;
  CLI::App app;
  std::deque<Entry> entries;  // addresses stay

  std::vector<std::string> flag_names() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries) {
      if (entry.option.group == std::string(positional_group)) continue;
      names.push_back(std::string("--") + entry.option.name);
      if (std::holds_alternative<bool*>(entry.field)) names.push_back(std::string("--no-") + entry.option.name);
    }
    names.emplace_back("--help");
    return names;
  }
  void check_words(Faults& faults) const;
  void read_config(const std::filesystem::path& path, Faults& faults);
};

OptionParser::OptionParser(std::string verb, std::string purpose) : state_(std::make_unique<State>()) {
  state_->verb = std::move(verb);
  state_->purpose = std::move(purpose);
  state_->app.set_help_flag("");
  state_->app.allow_extras();
}

OptionParser::~OptionParser() = default;

void OptionParser::add(const Option& option, Field field) {
  auto& entry = state_->entries.emplace_back(State::Entry{option, field, {}, nullptr, {}});
  entry.default_text = std::visit([](auto* pointer) { return default_text(*pointer); }, field);
  const std::string name = option.name;
  CLI::App& app = state_->app;
  const int most = takes_many(field) ? CLI::detail::expected_max_vector_size : 1;
  if (option.group == std::string(positional_group)) {
    entry.parsed = app.add_option(name, entry.words)->expected(1, most);
  } else if (std::holds_alternative<bool*>(field)) {
    entry.parsed = app.add_flag("--" + name + "{true},--no-" + name + "{false}", entry.words);
    entry.parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  } else if (takes_many(field)) {
    entry.parsed = app.add_option("--" + name, entry.words)->expected(1, most);
  } else {
    const bool pair = std::holds_alternative<std::array<double, 2>*>(field);
    entry.parsed = app.add_option("--" + name, entry.words)->expected(pair ? 2 : 1);
    entry.parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  if (!takes_many(field)) entry.parsed->allow_extra_args(false);  // what follows is positional
}

void OptionParser::State::check_words(Faults& faults) const {
  const std::vector<std::string> extras = app.remaining();
  const bool any_flag = std::any_of(extras.begin(), extras.end(), [](auto& word) { return word.starts_with('-'); });
  for (const std::string& word : extras) {
    const std::string name = word.substr(0, word.find('='));
    if (word.starts_with('-'))
      faults.add("unknown flag " + name + did_you_mean(name, flag_names()));
    else if (!any_flag)  // otherwise most likely that flag's value
      faults.add("unexpected argument '" + word + "'");
  }
}

void OptionParser::State::read_config(const std::filesystem::path& path, Faults& faults) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw IoError(fmt::format("{}: cannot be read; give an existing TOML file to --config", path.string()));
  std::vector<std::string> keys;
  for (const Entry& entry : entries)
    if (entry.option.name != std::string("config")) keys.emplace_back(entry.option.name);
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(file)) {
    if (item.name == "++" || item.name == "--") continue;  // a table opens or closes
    const std::string full = item.fullname();
    const bool own_table = item.parents.empty() || (item.parents.size() == 1 && item.parents[0] == verb);
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
      return own_table && entry.option.name == item.name && item.name != "config";
    });
    if (found == entries.end()) {
      faults.add(fmt::format("{}: unknown key {}{}", path.string(), full, did_you_mean(item.name, keys)));
    } else if (found->parsed->count() == 0) {  // flags win
      if (const auto fault = assign(found->field, item.inputs))
        faults.add(fmt::format("{}: {} {}", path.string(), full, *fault));
    }
  }
}

void OptionParser::parse(const std::vector<std::string>& arguments) {
  State& state = *state_;
  for (State::Entry& entry : state.entries) entry.words.clear();
  try {
    state.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    throw UserError(fmt::format("{} (tessera {} --help lists the options)", error.what(), state.verb));
  }
  Faults faults;
  state.check_words(faults);
  for (State::Entry& entry : state.entries) {
    if (entry.parsed->count() == 0) continue;
    const bool positional = entry.option.group == std::string(positional_group);
    const std::string shown = positional ? upper_name(entry.option.name) : std::string("--") + entry.option.name;
    const auto flag = std::find_if(entry.words.begin(), entry.words.end(), looks_like_flag);
    if (flag != entry.words.end()) {
      faults.add(fmt::format("{} needs a value, but {} follows", shown, *flag));
    } else if (const auto fault = assign(entry.field, entry.words)) {
      faults.add(fmt::format("{}: {}", shown, *fault));
    }
  }
  for (const State::Entry& entry : state.entries)
    if (entry.option.name == std::string("config"))
      if (const auto* path = std::get<std::string*>(entry.field); !path->empty()) state.read_config(*path, faults);
  faults.raise<UserError>("tessera " + state.verb);
}

std::vector<ChainOption> OptionParser::values() const {
  std::vector<ChainOption> out;
  for (const State::Entry& entry : state_->entries) {
    ChainOption option{entry.option,
                       entry.option.group == std::string(positional_group),
                       std::holds_alternative<bool*>(entry.field),
                       {}};
    option.value = std::visit([](auto* pointer) { return option_json(*pointer); }, entry.field);
    out.push_back(std::move(option));
  }
  return out;
}

std::string OptionParser::help() const {
  std::vector<HelpEntry> entries;
  for (const State::Entry& entry : state_->entries) {
    HelpEntry shown{entry.option, false, entry.option.group == std::string(positional_group), 1, entry.default_text};
    shown.is_flag = std::holds_alternative<bool*>(entry.field);
    if (std::holds_alternative<std::array<double, 2>*>(entry.field)) shown.values = 2;
    if (takes_many(entry.field)) shown.values = 0;
    entries.push_back(shown);
  }
  return help_text(state_->verb, state_->purpose, entries);
}

}  // namespace tessera
