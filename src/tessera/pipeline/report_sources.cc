// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/report_sources.h"

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/npy.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

bool below(const fs::path& file, const fs::path& folder) {
  const fs::path relative = file.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// "average/run.json" → "average", "picks.run.json" → "picks", "run.json" → "."
std::string run_name(const fs::path& file, const fs::path& folder) {
  std::string name = file.lexically_relative(folder).string();
  name = name.substr(0, name.size() - std::string("run.json").size());
  while (!name.empty() && (name.back() == '/' || name.back() == '.')) name.pop_back();
  return name.empty() ? "." : name;
}

}  // namespace

Json ReportRun::result() const {
  const auto results = record.find("results");
  return results != record.end() && !results->empty() ? results->front() : Json::object();
}

std::vector<ReportRun> find_runs(const fs::path& folder, const fs::path& except) {
  std::vector<ReportRun> runs;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path& file = entry.path();
    if (!entry.is_regular_file() || !is_run_record(file)) continue;
    if (below(fs::absolute(file).lexically_normal(), fs::absolute(except).lexically_normal())) continue;
    const Json record = Json::parse(read_text_file(file), nullptr, false);
    if (!record.is_object() || record.value("program", "") != "tessera") continue;
    const std::string verb = record.value("verb", "");
    if (verb != "report") runs.push_back({run_name(file, folder), file.parent_path(), verb, record});
  }
  std::sort(runs.begin(), runs.end(), [](const ReportRun& a, const ReportRun& b) {
    return std::pair(a.record.value("started", ""), a.name) < std::pair(b.record.value("started", ""), b.name);
  });
  return runs;
}

fs::path locate(const ReportRun& run, const std::string& name) {
  std::error_code error;
  if (name.empty()) return {};
  if (fs::exists(name, error)) return name;
  const fs::path path = fs::path(name).lexically_normal();
  for (fs::path above = fs::absolute(run.folder);; above = above.parent_path()) {
    for (auto part = path.begin(); part != path.end(); ++part) {
      fs::path tail;
      for (auto rest = part; rest != path.end(); ++rest) tail /= *rest;
      if (!tail.is_absolute() && fs::exists(above / tail, error)) return above / tail;
    }
    if (above == above.parent_path()) return {};
  }
}

Json subdivision_pages(const ReportParts& parts) {
  auto out = Json::array();
  for (const ReportRun& run : parts.runs) {
    const fs::path map = run.folder / "map.npy";
    if (run.verb != "subdivide" || !fs::exists(map)) continue;
    try {
      const FloatTable plane = read_npy(map);
      const ParticleSet found = read_particles(run.folder / "particles.star");
      const fs::path given = locate(run, run.record.at("options").value("particles", ""));
      const ParticleSet known = given.empty() ? ParticleSet{} : read_particles(given);
      auto points = Json::array();
      for (int64_t i = 0; i < std::min<int64_t>(plane.rows, static_cast<int64_t>(found.particles.size())); ++i)
        points.push_back({plane.values[i * plane.columns], plane.values[i * plane.columns + 1],
                          found.particles[i].class_number,
                          known.particles.size() == found.particles.size() ? known.particles[i].class_number : 0});
      out.push_back({{"name", run.name}, {"result", run.result()}, {"points", points}});
    } catch (const Error& error) {
      parts.notes.push_back(run.name + ": " + error.what());
    }
  }
  return out;
}

}  // namespace tessera
