// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/session.h"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "tessera/base/errors.h"
#include "tessera/cli/output.h"
#include "tessera/cli/stop_signal.h"
#include "tessera/cli/terminal_sink.h"
#include "tessera/parallel/mpi_comm.h"

namespace tessera {
namespace {

constexpr std::array<std::string_view, 6> verbs_that_share_work = {"average", "align",    "simulate particles",
                                                                   "pick",    "classify", "run"};

}  // namespace

bool shares_work(const std::string& verb) {
  return std::find(verbs_that_share_work.begin(), verbs_that_share_work.end(), verb) != verbs_that_share_work.end();
}

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
  if (call_.host) call_.host->options = parser_.values();
  if (global_.threads < 0 || global_.threads > 4096)
    throw UserError(fmt::format("--threads {}: give 0 (all cores) to 4096", global_.threads));
  if (call_.host && call_.host->describe_only) return false;
  if (!call_.host)
    own_comm_ = make_comm();
  else if (!call_.host->comm)
    own_comm_ = std::make_unique<LocalComm>();
  comm_ = own_comm_ ? own_comm_.get() : call_.host->comm;
  if (comm_->size() > 1 && !shares_work(call_.verb))
    throw UserError(fmt::format("tessera {} runs on one rank: start it without mpirun", call_.verb));
  if (global_.quiet || comm_->rank() != 0)
    sink_ = std::make_unique<SilentSink>();
  else
    sink_ = std::make_unique<TerminalSink>(stderr, isatty(STDERR_FILENO) == 1);
  threads_ = std::make_unique<Threads>(global_.threads);
  Sink& sink = call_.host && call_.host->sink ? *call_.host->sink : *sink_;
  context_ = std::make_unique<ExecContext>(ExecContext{*threads_, *comm_, sink, global_.seed, &stop_on_signals()});
  return true;
}

int Session::print(const nlohmann::ordered_json& result, const std::string& table) {
  if (comm_ && comm_->rank() != 0) return 0;
  if (call_.host)
    call_.host->result = result;
  else if (global_.json)
    print_line(result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else
    print_line(table);
  return 0;
}

}  // namespace tessera
