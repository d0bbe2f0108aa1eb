// SPDX-License-Identifier: GPL-3.0-or-later
// The program around the verbs: choosing one, and turning errors into messages and exit codes.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tessera {

struct Invocation;
struct VerbHost;  // session.h

enum class VerbKind { step, whole };  // may be a step of a pipeline; stands alone (runs steps, serves, never ends)

struct Verb {
  const char* name;
  int (*run)(const Invocation&);  // returns the exit code; throws tessera::Error
  const char* purpose;
  VerbKind kind = VerbKind::step;
};

// One call of a verb.
struct Invocation {
  std::string verb;                       // "simulate particles"
  std::string purpose;                    // one line, as in the table
  std::vector<std::string> arguments;     // after the verb
  std::vector<std::string> command_line;  // as typed, for run.json
  std::span<const Verb> verbs = {};       // of the program
  VerbHost* host = nullptr;               // who called; nobody: the user did
};

std::span<const Verb> all_verbs();

// Does what words[1…] say, words[0] being the program's name; `host` as Invocation's. Returns the exit code. UserError:
// no such verb, with the nearest offered, or what the verb throws.
int run_verb(std::span<const Verb> verbs, const std::vector<std::string>& words, VerbHost* host = nullptr);

// Exit codes: 0 done; 2 the request is wrong; 3 a file; 4 the numbers; 70 a bug; 130 interrupted.
int run_program(std::span<const Verb> verbs, int argc, char** argv);

}  // namespace tessera
