// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tessera/base/errors.h"
#include "tessera/cli/commands.h"
#include "tessera/cli/output.h"
#include "tessera/cli/session.h"
#include "tessera/pipeline/view.h"

namespace tessera {

int cmd_view(const Invocation& call) {
  Session session(call);
  ViewRequest request;
  if (!session.parse(request)) return 0;
  run_view(request, session.context(), [&](const ViewOutcome& outcome) {
    session.print(outcome.json(), fmt::format("Open {} in a browser; Ctrl-C ends this.\n", outcome.address));
  });
  return 0;
}

}  // namespace tessera
