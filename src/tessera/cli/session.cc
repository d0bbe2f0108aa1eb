// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/session.h"

#include <unistd.h>

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/cli/output.h"
#include "tessera/cli/stop_signal.h"
#include "tessera/cli/terminal_sink.h"

namespace tessera {

Session::Session(const Invocation& call) : call_(call), parser_(call.verb, call.purpose) {}

Session::~Session() = default;

bool Session::finish_parsing() {
  global_.describe(parser_);
  const auto& words = call_.arguments;
  if (std::any_of(words.begin(), words.end(), [](auto& word) { return word == "--help" || word == "-h"; })) {
    print_line(parser_.help());
    return false;
  }
  parser_.parse(words);
  if (global_.threads < 0 || global_.threads > 4096)
    throw UserError(fmt::format("--threads {}: give 0 (all cores) to 4096", global_.threads));
  if (global_.quiet)
    sink_ = std::make_unique<SilentSink>();
  else
    sink_ = std::make_unique<TerminalSink>(stderr, isatty(STDERR_FILENO) == 1);
  threads_ = std::make_unique<Threads>(global_.threads);
  context_ = std::make_unique<ExecContext>(ExecContext{*threads_, comm_, *sink_, global_.seed, &stop_on_signals()});
  return true;
}

int Session::print(const nlohmann::ordered_json& result, const std::string& table) {
  if (global_.json)
    print_line(result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else
    print_line(table);
  return 0;
}

}  // namespace tessera
