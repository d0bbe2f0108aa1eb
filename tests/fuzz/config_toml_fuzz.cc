// SPDX-License-Identifier: GPL-3.0-or-later
// Files given to --config, for a verb with an option of every kind.
#include "tessera/cli/option_parser.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

struct EveryKind {
  bool flag = false;
  int count = 1;
  uint64_t seed = 1;
  double length = 1;
  std::string name, config;
  std::optional<double> limit;
  std::vector<double> numbers;
  std::vector<int> counts;
  std::vector<std::string> names;
  std::array<double, 2> range{0, 1};

  template <typename Visitor>
  void describe(Visitor& visit) {
    using tessera::Option;
    visit(Option{"flag", "", "A switch", "General"}, flag);
    visit(Option{"count", "", "A whole number", "General"}, count);
    visit(Option{"seed", "", "A large number", "General"}, seed);
    visit(Option{"length", "Å", "A number", "General"}, length);
    visit(Option{"name", "", "A word", "General"}, name);
    visit(Option{"limit", "Å", "A number or none", "General"}, limit);
    visit(Option{"numbers", "", "Numbers", "General"}, numbers);
    visit(Option{"counts", "", "Whole numbers", "General"}, counts);
    visit(Option{"names", "", "Words", "General"}, names);
    visit(Option{"range", "°", "Two numbers", "General"}, range);
    visit(Option{"config", "file.toml", "The file", "General"}, config);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".toml");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] {
    EveryKind options;
    OptionParser parser("verb", "Does nothing");
    options.describe(parser);
    parser.parse({"--config", path.string()});
  });
  return 0;
}
