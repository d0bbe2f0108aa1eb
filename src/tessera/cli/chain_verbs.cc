// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/chain_verbs.h"

#include <string_view>

#include "tessera/cli/session.h"

namespace tessera {
namespace {

Invocation invocation(const Verb& verb, const std::vector<std::string>& words, VerbHost& host) {
  Invocation call{verb.name, verb.purpose, words, {"tessera", verb.name}, {}, &host};
  call.command_line.insert(call.command_line.end(), words.begin(), words.end());
  return call;
}

}  // namespace

ChainVerbs chain_verbs(const Invocation& call) {
  ChainVerbs out;
  for (const Verb& verb : call.verbs) {
    if (verb.kind != VerbKind::step) continue;
    ChainVerb& entry = out[verb.name];
    entry.options = [verb](const std::vector<std::string>& words) {
      VerbHost host;
      host.describe_only = true;
      verb.run(invocation(verb, words, host));
      return host.options;
    };
    entry.shares_work = shares_work(verb.name);
    entry.run = [verb](const std::vector<std::string>& words, Sink& sink, Comm& comm) {
      VerbHost host;
      host.sink = &sink;
      host.comm = &comm;
      verb.run(invocation(verb, words, host));
      return host.result;
    };
  }
  return out;
}

}  // namespace tessera
