// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/ground_truth.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

std::string number(double value) {
  return fmt::format("{:.4f}", std::abs(value) < 5e-5 ? 0.0 : value);
}

void append(StarTable& table, std::initializer_list<std::string> row) {
  table.values.insert(table.values.end(), row);
}

StarTable table_named(const char* name, std::vector<std::string> columns) {
  StarTable table;
  table.name = name;
  table.columns = std::move(columns);
  return table;
}

Vec3 unit(Vec3 v) {
  const double length = v.norm();
  return length > 0 ? v * (1 / length) : Vec3{0, 0, 1};
}

Vec3 mean_of(const std::vector<Vec3>& points) {
  Vec3 sum;
  for (const Vec3 p : points) sum += p;
  return points.empty() ? sum : sum * (1 / static_cast<double>(points.size()));
}

}  // namespace

LabelNames label_scene(const Scene& scene, const InstanceNumbers& numbers) {
  LabelNames out;
  for (const SceneSpecies& species : scene.species) out.names.push_back(species.name);
  out.of_instance.assign(static_cast<size_t>(numbers.count()) + 1, 0);
  for (int64_t i = 0; i < numbers.bodies; ++i) out.of_instance[numbers.of_body(i)] = scene.bodies[i].species + 1;
  const auto add_name = [&](const std::string& name) {
    out.names.push_back(name);
    return static_cast<int>(out.names.size());
  };
  std::vector<std::pair<std::string, int>> filaments;
  for (int64_t i = 0; i < numbers.filaments; ++i) {
    const std::string& name = scene.filaments[numbers.tubes[i]].name;
    auto known = std::find_if(filaments.begin(), filaments.end(), [&](const auto& pair) { return pair.first == name; });
    if (known == filaments.end()) known = filaments.insert(known, {name, add_name(name)});
    out.of_instance[numbers.of_tube(i)] = known->second;
  }
  const int membrane = numbers.membranes > 0 ? add_name("membrane") : 0;
  for (int64_t i = 0; i < numbers.membranes; ++i) out.of_instance[numbers.of_membrane(i)] = membrane;
  const int gold = numbers.beads > 0 ? add_name("gold") : 0;
  for (int64_t i = 0; i < numbers.beads; ++i) out.of_instance[numbers.of_bead(i)] = gold;
  return out;
}

void instances_to_labels(Volume<float>& instances, const LabelNames& labels) {
  for (float& value : instances) value = static_cast<float>(labels.of_instance[static_cast<size_t>(value)]);
}

ParticleSet truth_particles(const TruthContext& truth) {
  ParticleSet set;
  const Scene& scene = truth.scene;
  const double voxel = scene.voxel_size_A;
  for (size_t s = 0; s < std::max<size_t>(1, scene.species.size()); ++s) {
    OpticsGroup group;
    group.name = s < scene.species.size() ? scene.species[s].name : "opticsGroup1";
    group.box = s < truth.species.size() ? truth.species[s].map.voxels.shape().x : 0;
    group.voxel_size_A = voxel;
    group.voltage_kV = truth.tilts.voltage_kV;
    group.cs_mm = truth.tilts.cs_mm;
    group.amplitude_contrast = truth.tilts.amplitude_contrast;
    set.optics.push_back(std::move(group));
  }
  set.extra_columns = {"tesseraSpecies", "tesseraInstance", "tesseraFilament", "tesseraMembrane", "tesseraRadius"};
  for (size_t i = 0; i < scene.bodies.size(); ++i) {
    const SceneBody& body = scene.bodies[i];
    Particle& particle = set.particles.emplace_back();
    particle.image = fmt::format("{:06}@tomogram.mrc", i + 1);
    particle.micrograph = "tomogram.mrc";
    particle.optics_group = body.species;
    particle.class_number = body.species + 1;
    particle.particle_from_ref = body.scene_from_ref;
    particle.coordinate = body.position_A * (1 / voxel);
    particle.extra = {scene.species[body.species].name, std::to_string(truth.numbers.of_body(static_cast<int64_t>(i))),
                      std::to_string(body.filament + 1), std::to_string(body.membrane + 1),
                      number(scene.species[body.species].radius_A / voxel)};
  }
  return set;
}

StarTable label_table(const TruthContext& truth, const std::vector<int64_t>& voxels) {
  StarTable table = table_named("labels", {"tesseraLabel", "tesseraName", "tesseraVoxels"});
  append(table, {"0", "background", std::to_string(voxels.at(0))});
  for (size_t i = 0; i < truth.labels.names.size(); ++i)
    append(table, {std::to_string(i + 1), truth.labels.names[i], std::to_string(voxels.at(i + 1))});
  return table;
}

StarTable instance_table(const TruthContext& truth, const std::vector<GoldBead>& beads,
                         const std::vector<int64_t>& voxels) {
  StarTable table = table_named("instances", {"tesseraInstance", "tesseraKind", "tesseraName", "tesseraLabel",
                                              "rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ", "tesseraVoxels"});
  const Scene& scene = truth.scene;
  const auto add = [&](int64_t instance, const char* kind, Vec3 position_A) {
    const int label = truth.labels.of_instance[instance];
    const Vec3 at = position_A * (1 / scene.voxel_size_A);
    append(table, {std::to_string(instance), kind, truth.labels.names[label - 1], std::to_string(label), number(at.x),
                   number(at.y), number(at.z), std::to_string(voxels.at(instance))});
  };
  const InstanceNumbers& n = truth.numbers;
  for (int64_t i = 0; i < n.bodies; ++i) add(n.of_body(i), "particle", scene.bodies[i].position_A);
  for (int64_t i = 0; i < n.filaments; ++i) add(n.of_tube(i), "filament", mean_of(scene.filaments[n.tubes[i]].nodes_A));
  for (int64_t i = 0; i < n.membranes; ++i) add(n.of_membrane(i), "membrane", mean_of(scene.membranes[i].nodes_A));
  for (int64_t i = 0; i < n.beads; ++i) add(n.of_bead(i), "gold", beads[i].position_A);
  return table;
}

StarTable filament_table(const Scene& scene) {
  StarTable table = table_named(
      "filaments", {"tesseraFilament", "tesseraName", "tesseraNode", "rlnCoordinateX", "rlnCoordinateY",
                    "rlnCoordinateZ", "tesseraTangentX", "tesseraTangentY", "tesseraTangentZ", "tesseraRadius"});
  const double scale = 1 / scene.voxel_size_A;
  for (size_t f = 0; f < scene.filaments.size(); ++f) {
    const auto& nodes = scene.filaments[f].nodes_A;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const Vec3 at = nodes[i] * scale;
      const Vec3 along = unit(nodes[std::min(i + 1, nodes.size() - 1)] - nodes[i > 0 ? i - 1 : 0]);
      append(table, {std::to_string(f + 1), scene.filaments[f].name, std::to_string(i + 1), number(at.x), number(at.y),
                     number(at.z), number(along.x), number(along.y), number(along.z),
                     number(scene.filaments[f].radius_A * scale)});
    }
  }
  return table;
}

StarTable membrane_table(const Scene& scene) {
  StarTable table = table_named(
      "membranes", {"tesseraMembrane", "tesseraShape", "tesseraVertex", "rlnCoordinateX", "rlnCoordinateY",
                    "rlnCoordinateZ", "tesseraNormalX", "tesseraNormalY", "tesseraNormalZ", "tesseraThickness"});
  const double scale = 1 / scene.voxel_size_A;
  for (size_t m = 0; m < scene.membranes.size(); ++m) {
    const SceneMembrane& membrane = scene.membranes[m];
    std::vector<Vec3> normals(membrane.nodes_A.size());
    for (const auto& t : membrane.triangles) {
      const Vec3 a = membrane.nodes_A[t[0]], b = membrane.nodes_A[t[1]], c = membrane.nodes_A[t[2]];
      const Vec3 area = (b - a).cross(c - a);
      for (const int32_t corner : t) normals[corner] += area;
    }
    for (size_t i = 0; i < membrane.nodes_A.size(); ++i) {
      const Vec3 at = membrane.nodes_A[i] * scale, normal = unit(normals[i]);
      append(table,
             {std::to_string(m + 1), membrane.shape, std::to_string(i + 1), number(at.x), number(at.y), number(at.z),
              number(normal.x), number(normal.y), number(normal.z), number(membrane.thickness_A * scale)});
    }
  }
  return table;
}

StarTable tilt_table(const std::vector<Tilt>& tilts) {
  StarTable table =
      table_named("tilts", {"tesseraTiltReported", "tesseraTiltTrue", "tesseraOrder", "tesseraExposureBefore",
                            "tesseraExposure", "tesseraDefocusUm", "tesseraShiftXAngst", "tesseraShiftYAngst",
                            "tesseraDriftXAngst", "tesseraDriftYAngst", "tesseraTransmission"});
  for (const Tilt& t : tilts)
    append(table, {number(t.angle / degree), number(t.true_angle / degree), std::to_string(t.order + 1),
                   number(t.exposure_before), number(t.exposure), number(t.defocus_um), number(t.shift_x_A),
                   number(t.shift_y_A), number(t.drift_x_A), number(t.drift_y_A), number(t.transmission)});
  return table;
}

}  // namespace tessera
