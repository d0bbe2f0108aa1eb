// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/view.h"

#include <nlohmann/json.hpp>

#include "tessera/pipeline/file_server.h"
#include "tessera/pipeline/report.h"

namespace tessera {

nlohmann::ordered_json ViewOutcome::json() const {
  return {{"address", address}, {"folder", folder}};
}

void run_view(const ViewRequest& request, ExecContext& context, const std::function<void(const ViewOutcome&)>& ready) {
  Faults faults;
  std::error_code error;
  if (!std::filesystem::is_directory(request.folder, error))
    faults.add(fmt::format("'{}': no such folder; name a report or a folder of results", request.folder));
  if (request.port < 0 || request.port > 65535) faults.add(fmt::format("--port {}: from 0 to 65535", request.port));
  faults.raise<UserError>("view");
  std::filesystem::path pages = request.folder;
  if (!std::filesystem::exists(pages / "data.js", error)) {
    pages = request.output.empty() ? pages / "report" : std::filesystem::path(request.output);
    ReportRequest report;
    report.folder = request.folder;
    report.output = pages.string();
    run_report(report, context);
  }
  FileServer server(pages, request.port);
  ready({fmt::format("http://localhost:{}/", server.port()), pages.string()});
  server.serve([&] { return context.stop_requested(); });
}

}  // namespace tessera
