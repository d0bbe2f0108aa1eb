// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/chain_record.h"

#include <algorithm>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/base/json_value.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/particles.h"
#include "tessera/io/run_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* format = "tessera step 1";

// Subtomograms and weights of a particle list; nothing of a list that is none.
std::vector<fs::path> images_of(const fs::path& star) {
  std::set<fs::path> images;
  try {
    const ParticleSet set = read_particles(star);
    for (const Particle& particle : set.particles)
      for (const std::string& name : {particle.image, particle.weight})
        if (!name.empty()) images.insert(resolve(set, name.substr(name.find('@') + 1)));
  } catch (const Error&) {
    return {};  // picks, or a broken list, which its step reports
  }
  return {images.begin(), images.end()};
}

FileContent content_of(const fs::path& file, const FileContents& known) {
  std::error_code error;
  FileContent content;
  content.bytes = static_cast<int64_t>(fs::file_size(file, error));
  if (error) throw IoError(fmt::format("cannot read '{}': {}", file.string(), error.message()));
  content.stamp = fs::last_write_time(file, error).time_since_epoch().count();
  const auto found = known.find(file.string());
  const bool seen =
      found != known.end() && found->second.bytes == content.bytes && found->second.stamp == content.stamp;
  content.checksum = seen ? found->second.checksum : file_checksum(file);
  return content;
}

Json contents_json(const FileContents& contents) {
  auto out = Json::object();
  for (const auto& [path, content] : contents) out[path] = {content.bytes, content.stamp, content.checksum};
  return out;
}

FileContents contents_from(const Json& json) {
  FileContents out;
  for (const auto& [path, content] : json.items())
    out[path] = {json_value<int64_t>(content.at(0)), json_value<int64_t>(content.at(1)),
                 content.at(2).get<std::string>()};
  return out;
}

}  // namespace

std::vector<fs::path> files_of(const fs::path& path, bool with_records) {
  std::vector<fs::path> out;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, error))
      if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.') &&
          (with_records || !is_run_record(entry.path())))
        out.push_back(entry.path());
  } else if (fs::exists(path, error)) {
    out.push_back(path);
    if (path.extension() == ".star")
      for (const fs::path& image : images_of(path))
        if (fs::exists(image, error)) out.push_back(image);
  }
  std::sort(out.begin(), out.end());
  return out;
}

FileContents contents_of(const std::vector<fs::path>& files, const FileContents& known) {
  FileContents out;
  for (const fs::path& file : files) out[file.string()] = content_of(file, known);
  return out;
}

bool same_content(const FileContents& a, const FileContents& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.bytes == y.second.bytes && x.second.checksum == y.second.checksum;
  });
}

std::optional<StepRecord> read_step_record(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    const Json json = Json::parse(read_text_file(path));
    if (json.at("format") != format) return std::nullopt;
    StepRecord record;
    json.at("verb").get_to(record.verb);
    json.at("version").get_to(record.version);
    record.options = json.at("options");
    record.inputs = contents_from(json.at("inputs"));
    record.outputs = contents_from(json.at("outputs"));
    json.at("finished").get_to(record.finished);
    json.at("seconds").get_to(record.seconds);
    record.result = json.at("result");
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void write_step_record(const fs::path& path, const StepRecord& record) {
  const Json json = {{"format", format},
                     {"verb", record.verb},
                     {"version", record.version},
                     {"options", record.options},
                     {"finished", record.finished},
                     {"seconds", record.seconds},
                     {"inputs", contents_json(record.inputs)},
                     {"outputs", contents_json(record.outputs)},
                     {"result", record.result}};
  write_text_file(path, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace tessera
