// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>
#include <nlohmann/json.hpp>

#include "tessera/base/errors.h"
#include "tessera/base/nearest.h"
#include "tessera/cli/output.h"
#include "tessera/parallel/mpi_comm.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {
namespace {

std::string overview(std::span<const Verb> verbs) {
  std::string out =
      "Tessera turns cryo-electron tomograms into structures.\n\n"
      "usage: tessera VERB [arguments] [options]\n"
      "       tessera VERB --help\n"
      "       tessera --help | --version\n\nVerbs:\n";
  for (const Verb& verb : verbs) out += fmt::format("  {:<23}{}\n", verb.name, verb.purpose);
  return out;
}

const Verb* find_verb(std::span<const Verb> verbs, const std::string& name) {
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return name == verb.name; });
  return found == verbs.end() ? nullptr : &*found;
}

[[noreturn]] void unknown_verb(std::span<const Verb> verbs, const std::string& word, const std::string& both) {
  std::vector<std::string> names, inside;
  for (const Verb& verb : verbs) {
    names.emplace_back(verb.name);
    if (names.back().starts_with(word + " ")) inside.push_back(names.back());
  }
  if (!inside.empty()) throw UserError(fmt::format("'{}' needs a second word: {}", word, fmt::join(inside, ", ")));
  const std::string nearest = nearest_name(both, names).empty() ? word : both;
  throw UserError(fmt::format("unknown verb '{}'{} (tessera --help lists them)", word, did_you_mean(nearest, names)));
}

// Of several ranks that fail together, as they do over a wrong option, the first speaks and ends the others.
int report(bool json, const std::string& message, int exit_code) {
  const int rank = rank_of_job();
  if (rank > 0) {
    for (unsigned left = 2; left > 0;) left = sleep(left);  // a signal cuts it short
    fmt::print(stderr, "tessera: rank {}: {}\n", rank, message);
    end_all_ranks(exit_code);
    return exit_code;
  }
  fmt::print(stderr, "tessera: {}\n", message);
  if (json) {
    const nlohmann::ordered_json object = {{"error", message}, {"exit_code", exit_code}};
    std::fputs((object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n").c_str(), stdout);
    std::fflush(stdout);
  }
  end_all_ranks(exit_code);
  return exit_code;
}

// FFTW, for one, ends the program where it is refused memory.
extern "C" void tessera_on_abort(int) {
  static constexpr char text[] =
      "tessera: a library ended the program, for the reason above; if memory was refused, raise the limit (ulimit -v), "
      "or use fewer --threads or smaller boxes\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(70);
}

}  // namespace

int run_verb(std::span<const Verb> verbs, const std::vector<std::string>& words, VerbHost* host) {
  const std::string first = words.size() > 1 ? words[1] : "";
  if (first.empty() || first == "--help" || first == "-h" || first == "help") {
    print_line(overview(verbs));
    return 0;
  }
  if (first == "--version") {
    print_line("tessera " + program_version() + "\n");
    return 0;
  }
  const std::string both = words.size() > 2 ? first + " " + words[2] : first;
  size_t used = 3;
  const Verb* verb = find_verb(verbs, both);
  if (!verb || both == first) {
    verb = find_verb(verbs, first);
    used = 2;
  }
  if (!verb) unknown_verb(verbs, first, both);
  return verb->run({verb->name, verb->purpose, {words.begin() + used, words.end()}, words, verbs, host});
}

int run_program(std::span<const Verb> verbs, int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit then fails the write, which is reported
  std::signal(SIGABRT, tessera_on_abort);
  const std::vector<std::string> words(argv, argv + argc);
  const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
  try {
    return run_verb(verbs, words);
  } catch (const Error& error) {
    return report(json, error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return report(json,
                  "out of memory; use fewer --threads, smaller boxes or fewer particles, or raise the limit if there "
                  "is one (ulimit -v)",
                  4);
  } catch (const std::exception& error) {
    return report(json, std::string("internal error (please report): ") + error.what(), 70);
  }
}

}  // namespace tessera
