// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/chain.h"

#include <algorithm>

#include "tessera/base/describe.h"
#include "tessera/base/nearest.h"
#include "tessera/base/stopwatch.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/chain_plan.h"
#include "tessera/pipeline/chain_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Results are the same for any number of threads.
nlohmann::ordered_json options_that_matter(const PlannedStep& step) {
  auto out = nlohmann::ordered_json::object();
  for (const ChainOption& option : step.options) {
    const std::string name = option.option.name;
    if (name != "threads" && name != "resume" && name != "json" && name != "quiet" && name != "config")
      out[name] = option.value;
  }
  return out;
}

bool has_checkpoint(const fs::path& output) {
  for (const fs::path& file : files_of(output, true))
    if (file.filename().string().find("checkpoint") != std::string::npos) return true;
  return fs::exists(output.string() + ".checkpoint");
}

class ChainRunner {
 public:
  ChainRunner(const ChainFile& file, const ChainRequest& request, const ChainVerbs& verbs, ExecContext& context,
              size_t steps)
      : file_(file), request_(request), verbs_(verbs), context_(context), steps_(steps) {}

  // On rank 0; the others follow().
  ChainStepOutcome run(const PlannedStep& step) {
    ++number_;
    forced_ = forced_ || step.name == request_.from;
    const fs::path record_file = file_.output / (step.name + ".step.json");
    const auto earlier = read_step_record(record_file);
    StepRecord record{step.verb, tessera_version(), options_that_matter(step), {}, {}, false, 0, {}};
    std::vector<fs::path> inputs;
    for (const fs::path& input : step.inputs) {
      const auto files = files_of(input, false);
      inputs.insert(inputs.end(), files.begin(), files.end());
    }
    record.inputs = contents_of(inputs, earlier ? earlier->inputs : FileContents{});
    ChainStepOutcome outcome{step.name,
                             step.verb,
                             step.output.string(),
                             "up to date",
                             reason(record, earlier, step),
                             earlier ? earlier->seconds : 0,
                             earlier ? earlier->result : nlohmann::ordered_json()};
    PrefixSink sink(context_.sink, fmt::format("[{}/{}] {}: ", number_, steps_, step.name));
    if (outcome.reason.empty()) {
      announce(Order::skip);
      sink.message(Severity::info, "up to date");
      return outcome;
    }
    if (request_.dry_run) {
      announce(Order::skip);
      outcome.state = "would run";
      would_run_.push_back(step.output);
      return outcome;
    }
    sink.message(Severity::info, fmt::format("tessera {} ({})", step.verb, outcome.reason));
    const bool goes_on = earlier && !earlier->finished && same_request(record, *earlier) && step.can_resume &&
                         has_checkpoint(step.output);
    do_step(step, goes_on, record_file, record, sink);
    outcome.state = "done";
    outcome.seconds = record.seconds;
    outcome.result = record.result;
    return outcome;
  }

  void follow(const PlannedStep& step) const {
    if (const Order order = announce(Order::skip); order != Order::skip) work(step, order, context_.sink);
  }

 private:
  enum class Order : char { skip, begin, resume };

  // What rank 0 says, on every rank.
  Order announce(Order mine) const {
    const char word = static_cast<char>(mine);
    return static_cast<Order>(context_.comm.gather(std::span<const char>(&word, 1)).at(0).at(0));
  }

  // Every rank comes here; rank 0 works alone where the verb cannot be shared.
  nlohmann::ordered_json work(const PlannedStep& step, Order order, Sink& sink) const {
    std::vector<std::string> words = step.words;
    if (order == Order::resume) words.emplace_back("--resume");
    const ChainVerb& verb = verbs_.at(step.verb);
    nlohmann::ordered_json result;
    LocalComm alone;
    if (verb.shares_work)
      result = verb.run(words, sink, context_.comm);
    else if (context_.comm.rank() == 0)
      result = verb.run(words, sink, alone);
    context_.comm.barrier();
    return result;
  }

  static bool same_request(const StepRecord& a, const StepRecord& b) {
    return a.verb == b.verb && a.version == b.version && a.options == b.options && same_content(a.inputs, b.inputs);
  }

  // Why the step is to be done; empty: it is up to date.
  std::string reason(const StepRecord& record, const std::optional<StepRecord>& earlier,
                     const PlannedStep& step) const {
    if (forced_) return "asked for by --from";
    for (const fs::path& made : would_run_)
      if (std::find(step.inputs.begin(), step.inputs.end(), made) != step.inputs.end())
        return "after " + made.filename().string();
    if (!earlier) return "not done yet";
    if (earlier->verb != record.verb) return "another verb";
    if (earlier->version != record.version) return "made by version " + earlier->version;
    if (earlier->options != record.options) return changed_options(record.options, earlier->options);
    if (!same_content(earlier->inputs, record.inputs)) return "its input has changed";
    if (!earlier->finished) return "it was not finished";
    try {
      const auto files = files_of(step.output, true);
      FileContents now = contents_of(files, earlier->outputs);
      if (!same_content(now, earlier->outputs)) return "its files are not as it left them";
    } catch (const IoError&) {
      return "its files cannot be read";
    }
    return "";
  }

  static std::string changed_options(const nlohmann::ordered_json& now, const nlohmann::ordered_json& before) {
    std::vector<std::string> names;
    for (const auto& [name, value] : now.items())
      if (!before.contains(name) || before.at(name) != value) names.push_back(name);
    return fmt::format("{} changed", names.empty() ? "options" : fmt::format("{}", fmt::join(names, ", ")));
  }

  void do_step(const PlannedStep& step, bool goes_on, const fs::path& record_file, StepRecord& record, Sink& sink) {
    throw_if_stopped(context_, "the same command goes on from here");
    write_step_record(record_file, record);
    const Order order = announce(goes_on ? Order::resume : Order::begin);
    const Stopwatch watch;
    try {
      record.result = work(step, order, sink);
    } catch (const Interrupted& error) {
      throw Interrupted(fmt::format("{}: {}; the finished steps are kept, the same command goes on from here",
                                    step.name, error.what()));
    } catch (const Error& error) {
      throw Error(fmt::format("step {}: {}", step.name, error.what()), error.exit_code());
    }
    record.seconds = watch.seconds();
    record.outputs = contents_of(files_of(step.output, true), {});
    record.finished = true;
    write_step_record(record_file, record);
  }

  const ChainFile& file_;
  const ChainRequest& request_;
  const ChainVerbs& verbs_;
  ExecContext& context_;
  size_t steps_, number_ = 0;
  bool forced_ = false;
  std::vector<fs::path> would_run_;
};

std::vector<PlannedStep> checked_plan(const ChainFile& file, const ChainRequest& request, const ChainVerbs& verbs,
                                      Faults& faults) {
  std::vector<PlannedStep> plan = plan_chain(file, verbs, faults);
  std::vector<std::string> names;
  for (const PlannedStep& step : plan) names.push_back(step.name);
  if (!request.from.empty() && std::find(names.begin(), names.end(), request.from) == names.end())
    faults.add(fmt::format("--from {}: no step is called so{}", request.from, did_you_mean(request.from, names)));
  faults.raise<UserError>("run " + request.pipeline);
  return plan;
}

}  // namespace

nlohmann::ordered_json ChainOutcome::json() const {
  auto list = nlohmann::ordered_json::array();
  for (const ChainStepOutcome& step : steps)
    list.push_back({{"name", step.name},
                    {"verb", step.verb},
                    {"state", step.state},
                    {"reason", step.reason},
                    {"seconds", step.seconds},
                    {"output", step.output},
                    {"result", step.result}});
  return {{"pipeline", pipeline}, {"folder", folder}, {"steps", list}};
}

ChainOutcome run_chain(const ChainRequest& request, const ChainVerbs& verbs, ExecContext& context,
                       const CommandLine& command_line) {
  Faults faults;
  require_readable(faults, "pipeline", request.pipeline);
  faults.raise<UserError>("run");
  const ChainFile file = read_chain_file(request.pipeline, request.output, faults);
  const std::vector<PlannedStep> plan = checked_plan(file, request, verbs, faults);
  ChainRunner runner(file, request, verbs, context, plan.size());
  if (context.comm.rank() != 0) {
    for (const PlannedStep& step : plan) runner.follow(step);
    return {request.pipeline, file.output.string(), {}};
  }
  RunRecord record("run", command_line);
  record.set_options(options_json(request));
  record.set_seed(context.seed);
  record.set_threads(context.threads.count());
  record.add_input(request.pipeline);
  if (!request.dry_run) prepare_folder(file.output);
  ChainOutcome outcome{request.pipeline, file.output.string(), {}};
  for (const PlannedStep& step : plan) {
    outcome.steps.push_back(runner.run(step));
    record.add_timing(step.name, outcome.steps.back().seconds);
    record.add_output(step.output);
  }
  if (request.dry_run) return outcome;
  record.set_result("run", outcome.json());
  record.write(file.output / "run.json");
  return outcome;
}

}  // namespace tessera
