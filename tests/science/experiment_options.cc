// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/science/experiment_options.h"

#include <algorithm>

namespace tessera::science {
namespace {

// Sets the field of one name.
class Setter {
 public:
  Setter(std::string name, std::string value) : name_(std::move(name)), value_(std::move(value)) {}
  template <typename T>
  void operator()(const Option& option, T& field) {
    if (option.name != name_) return;
    found_ = true;
    if (const auto fault = assign(OptionParser::Field(&field), {value_}))
      throw UserError(fmt::format("method option {}: {}", name_, *fault));
  }
  bool found() const { return found_; }

 private:
  std::string name_, value_;
  bool found_ = false;
};

void apply_setting(const std::string& word, AverageRequest& request) {
  if (word == "default") return;
  const std::string setting = word == "fa" || word == "faml" ? "method=" + word : word;
  const size_t equals = setting.find('=');
  Setter setter(setting.substr(0, equals), equals == std::string::npos ? "true" : setting.substr(equals + 1));
  request.average.describe(setter);
  if (!setter.found()) throw UserError(fmt::format("--methods {}: `tessera average` has no such option", word));
}

}  // namespace

bool ExperimentParser::parse(const std::vector<std::string>& arguments, Experiment& experiment, RunOptions& options) {
  add(options);
  (*this)(Option{"compare", "Å", "Correlations are of maps low-passed to this", "Experiment"}, experiment.compare_A);
  (*this)(Option{"symmetry", "", "Of each structure, to score in its map: D7, C7", "Experiment"}, experiment.symmetry);
  add(experiment.simulation);
  add(experiment.average);
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    fmt::print("{}", parser_.help());
    return false;
  }
  parser_.parse(arguments);
  return true;
}

AverageRequest request_of(const std::string& method, AverageRequest request) {
  const auto apply_all = [&] {
    for (size_t start = 0; start <= method.size();) {
      const size_t end = std::min(method.find('+', start), method.size());
      apply_setting(method.substr(start, end - start), request);
      start = end + 1;
    }
  };
  apply_all();
  if (apply_preset(request)) apply_all();  // what is named beside "paper" wins
  return request;
}

}  // namespace tessera::science
