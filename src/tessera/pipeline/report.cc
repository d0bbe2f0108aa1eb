// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/report.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "tessera/base/describe.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/gzip_file.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/report_sources.h"
#include "tessera/pipeline/shared_files.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void validate(const ReportRequest& request) {
  Faults faults;
  std::error_code error;
  if (request.folder.empty())
    faults.add("no folder given; name the one that holds the results");
  else if (!fs::is_directory(request.folder, error))
    faults.add(fmt::format("{}: no such folder", request.folder));
  if (request.output.empty()) faults.add("--output is missing; name the folder for the report");
  if (request.slices < 1 || request.slices > 2000) faults.add("--slices: from 1 to 2000");
  if (request.map_edge < 16 || request.map_edge > 512) faults.add("--map-edge: from 16 to 512");
  faults.raise<UserError>("report");
}

// The name of the folder, also of "." and "results/".
std::string folder_name(const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// Every PNG and SVG that the runs left, under names that tell from where.
Json copy_figures(const std::vector<ReportRun>& runs, const fs::path& results, const fs::path& pages) {
  auto list = Json::array();
  fs::create_directories(pages / "figures");
  std::vector<fs::path> folders;
  for (const ReportRun& run : runs)
    if (std::find(folders.begin(), folders.end(), run.folder) == folders.end()) folders.push_back(run.folder);
  for (const fs::path& folder : folders)
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string ending = entry.path().extension().string();
      if (!entry.is_regular_file() || (ending != ".png" && ending != ".svg")) continue;
      std::string name = entry.path().lexically_relative(results).string();
      std::replace(name.begin(), name.end(), '/', '_');
      write_text_file(pages / "figures" / name, read_text_file(entry.path()));
      list.push_back("figures/" + name);
    }
  std::sort(list.begin(), list.end());
  return list;
}

Json runs_json(const std::vector<ReportRun>& runs) {
  auto list = Json::array();
  for (const ReportRun& run : runs) {
    Json record = run.record;
    record["name"] = run.name;
    list.push_back(std::move(record));
  }
  return list;
}

// The page itself, and Mol* where this program has it.
bool write_page(const fs::path& pages) {
  for (const char* name : {"index.html", "report.css", "report.js"})
    write_text_file(pages / name, read_text_file(shared_file(fs::path("web/report") / name)));
  const fs::path view = shared_file("web/dist/view3d.js.gz");
  if (!fs::exists(view)) return false;
  write_text_file(pages / "view3d.js", read_gzip_file(view));
  return true;
}

}  // namespace

Json ReportOutcome::json() const {
  return {{"folder", folder}, {"page", page},       {"runs", runs},         {"tomograms", tomograms},
          {"maps", maps},     {"figures", figures}, {"view3d", has_view3d}, {"notes", notes}};
}

ReportOutcome run_report(const ReportRequest& request, ExecContext& context, const CommandLine& command_line) {
  validate(request);
  RunRecord record("report", command_line);
  record.set_options(options_json(request));
  record.set_threads(context.threads.count());
  const fs::path pages = request.output;
  const std::vector<ReportRun> runs = find_runs(request.folder, pages);
  if (runs.empty())
    throw UserError(fmt::format("{}: no run.json in it or below: nothing that Tessera made", request.folder));
  prepare_folder(pages);

  ReportOutcome outcome;
  outcome.folder = request.output;
  outcome.page = (pages / "index.html").string();
  ReportParts parts{runs, pages, request.slices, request.map_edge, context, outcome.notes};
  Json data = {{"title", request.title.empty() ? folder_name(request.folder) : request.title},
               {"version", tessera_version()},
               {"runs", runs_json(runs)}};
  data["tomograms"] = tomogram_pages(parts);
  data["averages"] = average_pages(parts);
  write_scenes(parts, data["averages"]);
  data["subdivisions"] = subdivision_pages(parts);
  data["figures"] = copy_figures(runs, request.folder, pages);
  outcome.has_view3d = write_page(pages);
  data["view3d"] = outcome.has_view3d;
  data["notes"] = outcome.notes;
  write_text_file(pages / "data.js",
                  "window.tesseraReport = " + data.dump(-1, ' ', false, Json::error_handler_t::replace) + ";\n");
  outcome.runs = static_cast<int>(runs.size());
  outcome.tomograms = static_cast<int>(data["tomograms"].size());
  for (const Json& average : data["averages"]) outcome.maps += static_cast<int>(average.at("classes").size());
  outcome.figures = static_cast<int>(data["figures"].size());
  for (const std::string& note : outcome.notes) context.sink.message(Severity::warning, note);
  record.set_result("report", outcome.json());
  record.write(pages / "run.json");
  return outcome;
}

}  // namespace tessera
