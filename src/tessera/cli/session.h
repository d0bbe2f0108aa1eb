// SPDX-License-Identifier: GPL-3.0-or-later
// What every verb does around its own work: parse, run with threads, sink and seed, print a table or JSON.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tessera/cli/option_parser.h"
#include "tessera/cli/program.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/pipeline/chain.h"

namespace tessera {

// Flags that mean the same for every verb (with --output, which each verb describes itself: a file or a folder).
struct GlobalOptions {
  int threads = 0;
  uint64_t seed = 1;
  bool json = false;
  bool quiet = false;
  std::string config;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"threads", "", "Worker threads; 0 takes every core this process may use", "General"}, threads);
    visit(Option{"seed", "", "Seed of all random numbers", "General"}, seed);
    visit(Option{"json", "", "Print one JSON object on standard output, all else on standard error", "General"}, json);
    visit(Option{"quiet", "", "No messages and no progress", "General"}, quiet);
    visit(Option{"config", "file.toml", "Read options from this file; keys are flag names, flags win", "General"},
          config);
  }
};

// Where a verb is called from within the program (a pipeline): what it is asked, and what it answers.
struct VerbHost {                    // NOLINT(bugprone-exception-escape): nlohmann::json's destructor may allocate
  bool describe_only = false;        // parse the options, fill `options`, run nothing
  Sink* sink = nullptr;              // takes the verb's messages
  Comm* comm = nullptr;              // the ranks that do the work together; none: this process alone
  std::vector<ChainOption> options;  // as parsed
  nlohmann::ordered_json result;     // what would have been printed with --json
};

// Whether several ranks may do this verb together.
bool shares_work(const std::string& verb);

class Session {
 public:
  explicit Session(const Invocation& call);
  ~Session();

  // Fills `options` from the arguments; false when --help was asked for and printed.
  template <typename Options>
  bool parse(Options& options) {
    options.describe(parser_);
    return finish_parsing();
  }
  // Assigns the given options once more, after a preset has changed the fields they belong to: what is given wins.
  void assign_given() { parser_.parse(call_.arguments); }
  ExecContext& context() { return *context_; }
  // Prints the result as JSON or as a table, as asked; returns exit code 0.
  int print(const nlohmann::ordered_json& result, const std::string& table);

 private:
  bool finish_parsing();

  const Invocation& call_;
  OptionParser parser_;
  GlobalOptions global_;
  std::unique_ptr<Threads> threads_;
  std::unique_ptr<Comm> own_comm_;
  Comm* comm_ = nullptr;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<ExecContext> context_;
};

}  // namespace tessera
