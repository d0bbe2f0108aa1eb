// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/particles.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"

namespace tessera {
namespace fs = std::filesystem;
namespace {

// A table read by column name; every fault is kept with its row.
class Columns {
 public:
  Columns(const StarTable& table, std::string source, Faults& faults)
      : table_(table), source_(std::move(source)), faults_(faults) {}

  bool has(const char* column) {
    const auto at = table_.find(column);
    if (at) known_.push_back(*at);
    return at.has_value();
  }
  std::string text(int64_t row, const char* column, const std::string& missing = "") {
    const auto at = find(column);
    return at ? table_.at(row, *at) : missing;
  }
  double number(int64_t row, const char* column, double missing) {
    const auto at = find(column);
    if (!at) return missing;
    const std::string& value = table_.at(row, *at);
    double out = missing;
    const char* begin = value.data() + (value.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, value.data() + value.size(), out);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(out)) {
      faults_.add(fmt::format("{}: row {}: _{} is '{}', not a number", source_, row + 1, column, value));
      return missing;
    }
    return out;
  }
  int integer(int64_t row, const char* column, int missing) {
    const double value = number(row, column, missing);
    if (value != std::floor(value) || std::abs(value) > 1e9) {
      faults_.add(fmt::format("{}: row {}: _{} is {}, not a whole number", source_, row + 1, column, value));
      return missing;
    }
    return static_cast<int>(value);
  }
  // Columns that were never asked for.
  std::vector<size_t> unknown() const {
    std::vector<size_t> out;
    for (size_t i = 0; i < table_.columns.size(); ++i)
      if (std::find(known_.begin(), known_.end(), i) == known_.end()) out.push_back(i);
    return out;
  }

 private:
  std::optional<size_t> find(const char* column) {
    const auto cached = cache_.find(column);
    if (cached != cache_.end()) return cached->second;
    const auto at = table_.find(column);
    if (at) known_.push_back(*at);
    return cache_[column] = at;
  }

  const StarTable& table_;
  std::string source_;
  Faults& faults_;
  std::vector<size_t> known_;
  std::map<const char*, std::optional<size_t>> cache_;
};

// What a list must have.
struct Needs {
  bool image = false, place = false, voxel_size = false;
};

// How rows name optics groups.
struct GroupNumbers {
  std::map<int, int> index;   // in ParticleSet::optics, of rlnOpticsGroup
  std::vector<char> is_flat;  // by index: its images are 2-D, of a tilt series, and none of ours
};

void read_optics(const StarTable& table, Needs needs, ParticleSet& out, GroupNumbers& numbers,
                 const std::string& source, Faults& faults) {
  Columns c(table, source + " data_optics", faults);
  // Lists of places of RELION 4 and 5 tell this one alone; it stays among the other columns too.
  const char* tilt_series = "rlnTomoTiltSeriesPixelSize";
  const bool of_tilt_series = !c.has("rlnImagePixelSize") && table.find(tilt_series).has_value();
  Columns other(table, source + " data_optics", faults);
  if (!c.has("rlnImagePixelSize") && !of_tilt_series) faults.add(source + ": data_optics lacks _rlnImagePixelSize (Å)");
  for (int64_t row = 0; row < table.rows(); ++row) {
    OpticsGroup group;
    const int number = c.integer(row, "rlnOpticsGroup", static_cast<int>(row) + 1);
    group.name = c.text(row, "rlnOpticsGroupName", fmt::format("opticsGroup{}", number));
    group.box = c.integer(row, "rlnImageSize", 0);
    group.voxel_size_A = of_tilt_series ? other.number(row, tilt_series, 1) : c.number(row, "rlnImagePixelSize", 1);
    group.voltage_kV = c.number(row, "rlnVoltage", 300);
    group.cs_mm = c.number(row, "rlnSphericalAberration", 2.7);
    group.amplitude_contrast = c.number(row, "rlnAmplitudeContrast", 0.1);
    group.ctf_premultiplied = c.integer(row, "rlnCtfDataAreCtfPremultiplied", 0) != 0;
    numbers.is_flat.push_back(c.integer(row, "rlnImageDimensionality", 3) != 3);
    if (numbers.is_flat.back() && needs.image)
      faults.add(fmt::format("{}: optics group {} holds 2-D images (rlnImageDimensionality); subtomograms are 3-D",
                             source, number));
    if (!(group.voxel_size_A > 0))
      faults.add(fmt::format("{}: optics group {} has pixel size {}", source, number, group.voxel_size_A));
    if (!numbers.index.emplace(number, static_cast<int>(out.optics.size())).second)
      faults.add(fmt::format("{}: optics group {} is defined twice", source, number));
    out.optics.push_back(std::move(group));
  }
  for (const size_t column : c.unknown()) {
    out.extra_optics_columns.push_back(table.columns[column]);
    for (int64_t row = 0; row < table.rows(); ++row) out.optics[row].extra.push_back(table.at(row, column));
  }
}

// RELION 3.0 had no optics block: one group from the first row.
void old_optics(const StarTable& table, Needs needs, ParticleSet& out, const std::string& source, Faults& faults) {
  Columns c(table, source, faults);
  OpticsGroup group;
  group.name = "opticsGroup1";
  if (table.rows() > 0) {
    const double detector_um = c.number(0, "rlnDetectorPixelSize", 0),
                 magnification = c.number(0, "rlnMagnification", 0);
    group.voxel_size_A = c.number(0, "rlnPixelSize", magnification > 0 ? 1e4 * detector_um / magnification : 0);
    group.voltage_kV = c.number(0, "rlnVoltage", 300);
    group.cs_mm = c.number(0, "rlnSphericalAberration", 2.7);
    group.amplitude_contrast = c.number(0, "rlnAmplitudeContrast", 0.1);
  }
  if (!(group.voxel_size_A > 0) && needs.voxel_size)
    faults.add(source +
               ": no data_optics block and no rlnDetectorPixelSize with rlnMagnification: the voxel size is unknown");
  out.optics.push_back(group);
}

void read_rows(const StarTable& table, Needs needs, ParticleSet& out, const GroupNumbers& numbers,
               const std::string& source, Faults& faults) {
  Columns c(table, fmt::format("{} data_{}", source, table.name), faults);
  if (!c.has("rlnImageName") && needs.image)
    faults.add(fmt::format("{}: data_{} lacks _rlnImageName", source, table.name));
  const auto present = [&](const char* column) { return table.find(column).has_value(); };
  const bool coordinates = present("rlnCoordinateX") && present("rlnCoordinateY") && present("rlnCoordinateZ");
  if (needs.place && !coordinates)
    faults.add(fmt::format(
        "{}: data_{} lacks _rlnCoordinateX, _rlnCoordinateY or _rlnCoordinateZ: the places in the "
        "tomogram, in voxels from 0{}",
        source, table.name,
        present("rlnCenteredCoordinateXAngst") ? "; a list of RELION 5 gets them by tessera convert --tomogram FILE.mrc"
                                               : ""));
  for (const char* old : {"rlnDetectorPixelSize", "rlnMagnification", "rlnPixelSize", "rlnVoltage",
                          "rlnSphericalAberration", "rlnAmplitudeContrast"})
    if (numbers.index.empty()) c.has(old);
  out.particles.reserve(table.rows());
  for (int64_t row = 0; row < table.rows(); ++row) {
    Particle p;
    p.image = c.text(row, "rlnImageName");
    p.weight = c.text(row, "rlnCtfImage");
    p.micrograph = c.text(row, "rlnMicrographName");
    const int number = c.integer(row, "rlnOpticsGroup", 1);
    if (const auto at = numbers.index.find(number); at != numbers.index.end()) {
      p.optics_group = at->second;
      if (numbers.is_flat[static_cast<size_t>(at->second)]) p.image = p.weight = "";
    } else if (!numbers.index.empty()) {
      faults.add(fmt::format("{}: row {}: optics group {} is not in data_optics", source, row + 1, number));
    }
    p.half = c.integer(row, "rlnRandomSubset", 0);
    if (p.half < 0 || p.half > 2)
      faults.add(fmt::format("{}: row {}: _rlnRandomSubset is {}, not 1 or 2", source, row + 1, p.half));
    p.class_number = c.integer(row, "rlnClassNumber", 0);
    p.particle_from_ref = Rotation::from_relion(
        {c.number(row, "rlnAngleRot", 0), c.number(row, "rlnAngleTilt", 0), c.number(row, "rlnAnglePsi", 0)});
    const double voxel = out.optics.empty() ? 1 : out.optics[p.optics_group].voxel_size_A;
    const auto origin = [&](const char* angstrom, const char* pixels) {
      return -c.number(row, angstrom, voxel * c.number(row, pixels, 0));
    };
    p.shift_A = {origin("rlnOriginXAngst", "rlnOriginX"), origin("rlnOriginYAngst", "rlnOriginY"),
                 origin("rlnOriginZAngst", "rlnOriginZ")};
    p.log_likelihood = c.number(row, "rlnLogLikeliContribution", 0);
    p.probability = c.number(row, "rlnMaxValueProbDistribution", 0);
    if (coordinates)
      p.coordinate = Vec3{c.number(row, "rlnCoordinateX", 0), c.number(row, "rlnCoordinateY", 0),
                          c.number(row, "rlnCoordinateZ", 0)};
    out.particles.push_back(std::move(p));
  }
  for (const size_t column : c.unknown()) {
    out.extra_columns.push_back(table.columns[column]);
    for (int64_t row = 0; row < table.rows(); ++row) out.particles[row].extra.push_back(table.at(row, column));
  }
}

// A name as another STAR in `folder` should carry it.
std::string renamed(const ParticleSet& set, const std::string& name, const fs::path& folder,
                    std::map<std::string, std::string>& known) {
  if (name.empty()) return name;
  const auto cached = known.find(name);
  if (cached != known.end()) return cached->second;
  const fs::path file = resolve(set, name);
  std::error_code error;
  std::string out = name;
  if (fs::exists(file, error)) {
    const fs::path whole = fs::weakly_canonical(file, error), home = fs::weakly_canonical(folder, error);
    const fs::path relative = whole.lexically_relative(home);
    out = relative.empty() || *relative.begin() == ".." ? whole.string() : relative.string();
  }
  return known[name] = out;
}

StarTable optics_table(const ParticleSet& set) {
  StarTable table;
  table.name = "optics";
  table.columns = {"rlnOpticsGroup",         "rlnOpticsGroupName", "rlnImagePixelSize",      "rlnImageSize",
                   "rlnImageDimensionality", "rlnVoltage",         "rlnSphericalAberration", "rlnAmplitudeContrast"};
  const bool premultiplied =
      std::any_of(set.optics.begin(), set.optics.end(), [](const OpticsGroup& g) { return g.ctf_premultiplied; });
  if (premultiplied) table.columns.emplace_back("rlnCtfDataAreCtfPremultiplied");
  table.columns.insert(table.columns.end(), set.extra_optics_columns.begin(), set.extra_optics_columns.end());
  for (size_t i = 0; i < set.optics.size(); ++i) {
    const OpticsGroup& g = set.optics[i];
    for (const std::string& value :
         {std::to_string(i + 1), g.name.empty() ? fmt::format("opticsGroup{}", i + 1) : g.name,
          fmt::format("{:.6f}", g.voxel_size_A), std::to_string(g.box), std::string("3"),
          fmt::format("{:.6f}", g.voltage_kV), fmt::format("{:.6f}", g.cs_mm),
          fmt::format("{:.6f}", g.amplitude_contrast)})
      table.values.push_back(value);
    if (premultiplied) table.values.emplace_back(g.ctf_premultiplied ? "1" : "0");
    for (size_t k = 0; k < set.extra_optics_columns.size(); ++k)
      table.values.push_back(k < g.extra.size() ? g.extra[k] : "None");
  }
  return table;
}

struct Column {
  const char* name;
  std::function<std::string(const Particle&)> value;
};

std::vector<Column> columns_for(const ParticleSet& set, const fs::path& folder,
                                std::map<std::string, std::string>& known) {
  const auto any = [&](auto&& test) { return std::any_of(set.particles.begin(), set.particles.end(), test); };
  const auto number = [](double value) { return fmt::format("{:.6f}", value == 0 ? 0.0 : value); };
  std::vector<Column> out;
  if (any([](const Particle& p) { return !p.image.empty(); }))
    out.push_back({"rlnImageName", [&, folder](const Particle& p) { return renamed(set, p.image, folder, known); }});
  if (any([](const Particle& p) { return !p.weight.empty(); }))
    out.push_back({"rlnCtfImage", [&, folder](const Particle& p) { return renamed(set, p.weight, folder, known); }});
  out.push_back({"rlnMicrographName",
                 [](const Particle& p) { return p.micrograph.empty() ? std::string("tomogram") : p.micrograph; }});
  if (any([](const Particle& p) { return p.coordinate.has_value(); })) {
    out.push_back({"rlnCoordinateX", [number](const Particle& p) { return number(p.coordinate.value_or(Vec3{}).x); }});
    out.push_back({"rlnCoordinateY", [number](const Particle& p) { return number(p.coordinate.value_or(Vec3{}).y); }});
    out.push_back({"rlnCoordinateZ", [number](const Particle& p) { return number(p.coordinate.value_or(Vec3{}).z); }});
  }
  out.push_back({"rlnAngleRot", [number](const Particle& p) { return number(p.particle_from_ref.relion().rot_deg); }});
  out.push_back(
      {"rlnAngleTilt", [number](const Particle& p) { return number(p.particle_from_ref.relion().tilt_deg); }});
  out.push_back({"rlnAnglePsi", [number](const Particle& p) { return number(p.particle_from_ref.relion().psi_deg); }});
  out.push_back({"rlnOriginXAngst", [number](const Particle& p) { return number(-p.shift_A.x); }});
  out.push_back({"rlnOriginYAngst", [number](const Particle& p) { return number(-p.shift_A.y); }});
  out.push_back({"rlnOriginZAngst", [number](const Particle& p) { return number(-p.shift_A.z); }});
  out.push_back({"rlnOpticsGroup", [](const Particle& p) { return std::to_string(p.optics_group + 1); }});
  if (any([](const Particle& p) { return p.half != 0; }))
    out.push_back({"rlnRandomSubset", [](const Particle& p) { return std::to_string(p.half); }});
  if (any([](const Particle& p) { return p.class_number != 0; }))
    out.push_back({"rlnClassNumber", [](const Particle& p) { return std::to_string(p.class_number); }});
  if (any([](const Particle& p) { return p.log_likelihood != 0; }))
    out.push_back({"rlnLogLikeliContribution", [number](const Particle& p) { return number(p.log_likelihood); }});
  if (any([](const Particle& p) { return p.probability != 0; }))
    out.push_back({"rlnMaxValueProbDistribution", [number](const Particle& p) { return number(p.probability); }});
  return out;
}

}  // namespace

namespace {

ParticleSet read_list(const fs::path& path, Needs needs) {
  const StarDocument document = read_star(path);
  const std::string source = path.string();
  const StarTable* particles = document.find("particles");
  if (!particles) particles = document.find("");
  if (!particles) particles = document.find("images");
  if (!particles)
    throw IoError(fmt::format("{}: has no data_particles block; a particle STAR of RELION 3 is needed", source));
  if (particles->rows() == 0) throw IoError(fmt::format("{}: lists no particles", source));
  ParticleSet out;
  out.directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Faults faults;
  GroupNumbers numbers;
  if (const StarTable* optics = document.find("optics")) {
    read_optics(*optics, needs, out, numbers, source, faults);
    if (out.optics.empty()) faults.add(source + ": data_optics is empty");
  } else {
    old_optics(*particles, needs, out, source, faults);
  }
  read_rows(*particles, needs, out, numbers, source, faults);
  for (const StarTable& table : document.tables)
    if (&table != particles && table.name != "optics") out.extra_tables.push_back(table);
  faults.raise<IoError>(source);
  return out;
}

}  // namespace

ParticleSet read_particles(const fs::path& path) {
  return read_list(path, {.image = true, .voxel_size = true});
}

ParticleSet read_any_list(const fs::path& path) {
  return read_list(path, {});
}

ParticleSet read_picks(const fs::path& path) {
  ParticleSet out = read_list(path, {.place = true});
  Faults faults;
  for (size_t i = 0; i < out.optics.size(); ++i) try {
      out.optics[i].voxel_size_A = coordinate_voxel_size_A(out, i);
    } catch (const IoError& error) {
      faults.add(fmt::format("{}: {}", path.string(), error.what()));
    }
  faults.raise<IoError>(path.string());
  return out;
}

std::string extra_text(const ParticleSet& set, const Particle& particle, const std::string& column) {
  const auto at = static_cast<size_t>(std::find(set.extra_columns.begin(), set.extra_columns.end(), column) -
                                      set.extra_columns.begin());
  return at < particle.extra.size() ? particle.extra[at] : "";
}

std::optional<double> extra_number(const ParticleSet& set, const Particle& particle, const std::string& column) {
  std::string word = extra_text(set, particle, column);
  if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.erase(0, 1);  // which from_chars does not read
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

double coordinate_voxel_size_A(const ParticleSet& set, size_t optics_group) {
  const OpticsGroup& group = set.optics.at(optics_group);
  for (const char* name : {"rlnMicrographPixelSize", "rlnTomoTiltSeriesPixelSize"}) {
    const auto& names = set.extra_optics_columns;
    const auto column = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (column >= group.extra.size()) continue;
    const std::string& value = group.extra[column];
    double size_A = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size_A);
    if (error != std::errc() || end != value.data() + value.size() || !(size_A > 0) || !std::isfinite(size_A))
      throw IoError(fmt::format("optics group {}: _{} is '{}', not a length above 0", group.name, name, value));
    return size_A;
  }
  return group.voxel_size_A;
}

void write_particles(const fs::path& path, const ParticleSet& set) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::map<std::string, std::string> known;
  const auto columns = columns_for(set, folder, known);
  StarTable table;
  table.name = "particles";
  for (const Column& column : columns) table.columns.emplace_back(column.name);
  std::vector<size_t> extra;  // not those that are written anyway
  for (size_t i = 0; i < set.extra_columns.size(); ++i)
    if (!table.find(set.extra_columns[i])) extra.push_back(i);
  for (const size_t i : extra) table.columns.push_back(set.extra_columns[i]);
  table.values.reserve(set.particles.size() * table.columns.size());
  for (const Particle& p : set.particles) {
    for (const Column& column : columns) table.values.push_back(column.value(p));
    for (const size_t i : extra) table.values.push_back(i < p.extra.size() ? p.extra[i] : "None");
  }
  StarDocument document;
  document.tables.push_back(optics_table(set));
  document.tables.push_back(std::move(table));
  for (const StarTable& other : set.extra_tables) document.tables.push_back(other);
  write_star(path, document);
}

}  // namespace tessera
