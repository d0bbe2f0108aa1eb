// SPDX-License-Identifier: GPL-3.0-or-later
// tessera view: the report of a folder in the browser of this machine.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "tessera/base/option.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct ViewRequest {
  std::string folder;
  int port = 8639;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"folder", "folder", "A report, or results that a report is made of first", "Arguments"}, folder);
    visit(Option{"port", "", "Of 127.0.0.1; 0 takes a free one", "Server"}, port);
    visit(Option{"output", "folder", "Where the report of results goes; FOLDER/report if not given", "Output"}, output);
  }
};

struct ViewOutcome {
  std::string address, folder;
  nlohmann::ordered_json json() const;
};

// Serves the report on loopback alone (pipeline/file_server.h) until the run is asked to stop; `ready` is called once,
// when the address answers. UserError: no such folder, nothing in it, a port that is taken.
void run_view(const ViewRequest& request, ExecContext& context, const std::function<void(const ViewOutcome&)>& ready);

}  // namespace tessera
