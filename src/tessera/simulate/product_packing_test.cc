// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tessera/simulate/builtin.h"
#include "tessera/simulate/soft_shapes.h"

namespace tessera {
namespace {

using testing::HasSubstr;

SpeciesRequest species_of(const std::string& structure, int64_t copies, const std::string& membrane = "") {
  SpeciesRequest out;
  out.name = structure.substr(8);
  out.structure = structure;
  out.copies = copies;
  out.membrane = membrane;
  return out;
}

SceneRequest scene_of(std::array<double, 3> box_A) {
  SceneRequest out;
  out.box_A = box_A;
  out.voxel_size_A = 10;
  return out;
}

// A bit of everything.
SceneRequest mixed_scene() {
  SceneRequest out = scene_of({760, 700, 560});
  out.species = {species_of("builtin:dimer", 30), species_of("builtin:tetramer", 8),
                 species_of("builtin:dimer", 6, "cell")};
  out.species[2].name = "bound";
  MembraneRequest vesicle;
  vesicle.name = "cell";
  vesicle.shape = "vesicle";
  vesicle.radius_A = 150;
  vesicle.diameter_A = 40;
  out.membranes = {vesicle};
  FilamentRequest tube, helix;
  tube.name = "tube";
  tube.balls = 6;
  helix.name = "helix";
  helix.balls = 8;
  helix.structure = "builtin:dimer";
  helix.rise_A = 60;
  helix.twist_deg = 40;
  out.filaments = {tube, helix};
  return out;
}

ProductPacking pack(const SceneRequest& request, const DensePackingOptions& options = {.rotations = 4}, int threads = 2,
                    uint64_t seed = 1) {
  Threads pool(threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{pool, comm, sink, seed};
  return pack_product(request, options, context);
}

std::string refusal(const SceneRequest& request, const DensePackingOptions& options = {}) {
  try {
    pack(request, options);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ProductPacking, PutsNoVoxelIntoTwoThings) {
  const ProductPacking packing = pack(mixed_scene());
  const Scene& scene = packing.scene;
  ASSERT_EQ(scene.membranes.size(), 1u);
  ASSERT_EQ(scene.filaments.size(), 2u);
  EXPECT_EQ(scene.species[0].placed, 30);
  EXPECT_EQ(scene.species[1].placed, 8);
  EXPECT_EQ(scene.species[2].placed, 6);
  EXPECT_EQ(scene.species[3].placed, 5);  // at 0, 60 … 240 of 280 Å
  // Painted again, one body at a time: owner of each voxel.
  const Shape3 n = scene.shape();
  std::map<int64_t, int64_t> owner;
  std::map<std::string, MolecularSurface> surfaces;
  for (const char* name : {"builtin:dimer", "builtin:tetramer"})
    surfaces.emplace(name, MolecularSurface(load_structure(name), {}));
  int64_t bodies = 0, embedded = 0;
  Volume<uint8_t> membrane(n);
  Vec3 centre;
  for (const Vec3& node : scene.membranes[0].nodes_A)
    centre += node * (1 / static_cast<double>(scene.membranes[0].nodes_A.size()));
  for (int64_t i = 0; i < n.count(); ++i) {
    const Vec3 p =
        Vec3{static_cast<double>(i % n.x), static_cast<double>(i / n.x % n.y), static_cast<double>(i / (n.x * n.y))} *
        10;
    if (std::abs((p - centre).norm() - 150) > 70) continue;  // undulations of a vesicle of 150 Å
    for (const auto& t : scene.membranes[0].triangles) {
      const Vec3 a = scene.membranes[0].nodes_A[t[0]];
      if ((p - a).norm() > 100) continue;  // triangles are 20 Å wide
      membrane[i] |=
          distance_to_triangle(p, a, scene.membranes[0].nodes_A[t[1]], scene.membranes[0].nodes_A[t[2]]) <= 20;
    }
  }
  for (size_t b = 0; b < scene.bodies.size(); ++b) {
    const SceneBody& body = scene.bodies[b];
    const MolecularSurface& surface = surfaces.at(scene.species[body.species].structure);
    const auto reach = static_cast<int64_t>(surface.radius_A() / 10) + 2;
    const Rotation back = body.scene_from_ref.inverse();
    for (int64_t z = -reach; z <= reach; ++z)
      for (int64_t y = -reach; y <= reach; ++y)
        for (int64_t x = -reach; x <= reach; ++x) {
          const Vec3 v{std::floor(body.position_A.x / 10) + static_cast<double>(x),
                       std::floor(body.position_A.y / 10) + static_cast<double>(y),
                       std::floor(body.position_A.z / 10) + static_cast<double>(z)};
          if (!surface.contains(back * (v * 10 - body.position_A))) continue;
          ASSERT_TRUE(v.x >= 0 && v.y >= 0 && v.z >= 0 && v.x < static_cast<double>(n.x) &&
                      v.y < static_cast<double>(n.y) && v.z < static_cast<double>(n.z));
          const auto at = static_cast<int64_t>((v.z * static_cast<double>(n.y) + v.y) * static_cast<double>(n.x) + v.x);
          const int64_t mine = body.filament >= 0 ? -1 - body.filament : static_cast<int64_t>(b);
          const auto [found, fresh] = owner.emplace(at, mine);
          EXPECT_EQ(found->second, mine);
          bodies += fresh;
          if (body.membrane >= 0)
            embedded += membrane[at];
          else if (membrane[at])
            ADD_FAILURE() << "a body lies in the membrane";
        }
  }
  EXPECT_EQ(packing.report.check.body_voxels, bodies);
  EXPECT_EQ(packing.report.check.embedded, embedded);
  EXPECT_GT(embedded, 50);
  EXPECT_EQ(packing.report.check.collisions + packing.report.check.in_obstacles + packing.report.check.outside, 0);
  EXPECT_LT(packing.report.shared_volume, 0.02);
}

TEST(ProductPacking, SetsMembraneProteinsUprightOnTheirMembrane) {
  SceneRequest request = mixed_scene();
  request.filaments.clear();
  request.species[2].membrane_offset_A = 15;
  const ProductPacking packing = pack(request);
  const SceneMembrane& membrane = packing.scene.membranes[0];
  int bound = 0;
  for (const SceneBody& body : packing.scene.bodies) {
    if (body.membrane < 0) continue;
    ++bound;
    double nearest = 1e9;
    Vec3 normal;
    for (const auto& t : membrane.triangles) {
      const Vec3 a = membrane.nodes_A[t[0]], b = membrane.nodes_A[t[1]], c = membrane.nodes_A[t[2]];
      const double distance = distance_to_triangle(body.position_A, a, b, c);
      if (distance >= nearest) continue;
      nearest = distance;
      normal = (b - a).cross(c - a);
    }
    EXPECT_NEAR(nearest, 15, 1.5);  // the mesh is bent, triangles 20 Å wide on a radius of 150 Å
    EXPECT_GT((body.scene_from_ref * Vec3{0, 0, 1}).dot(normal) / normal.norm(), 0.95);
  }
  EXPECT_EQ(bound, 6);
}

TEST(ProductPacking, IsTheSameForAnyNumberOfThreads) {
  const auto numbers = [&](int threads, uint64_t seed) {
    const Scene scene = pack(mixed_scene(), {.rotations = 2}, threads, seed).scene;
    std::vector<double> out;
    for (const SceneBody& body : scene.bodies)
      out.insert(out.end(), {body.position_A.x, body.position_A.y, body.position_A.z, body.scene_from_ref.w()});
    for (const SceneMembrane& membrane : scene.membranes) out.push_back(membrane.nodes_A[7].x);
    return out;
  };
  const auto one = numbers(1, 3);
  EXPECT_EQ(one, numbers(3, 3));
  EXPECT_NE(one, numbers(1, 4));
}

TEST(ProductPacking, ReachesEveryUnitAndSaysWhatIsShort) {
  SceneRequest request = scene_of({500, 500, 500});
  request.species = {species_of("builtin:dimer", 1), species_of("builtin:tetramer", 1)};
  request.species[0].copies.reset();
  request.species[0].volume_percent = 10;
  request.species[1].copies.reset();
  request.species[1].concentration_mM = 0.05;
  const ProductReport reached = pack(request).report;
  EXPECT_NEAR(reached.species[0].volume_percent, 10, 10 * 0.5 / static_cast<double>(reached.species[0].placed) + 0.01);
  EXPECT_EQ(reached.species[1].placed, std::llround(0.05e-3 * 6.02214076e23 * 1.25e8 * 1e-27));
  EXPECT_NEAR(reached.species[1].concentration_mM, 0.05, 0.05 * 0.5 / static_cast<double>(reached.species[1].placed));
  double mass_Da = 0;
  for (const SpeciesReach& row : reached.species) {
    EXPECT_EQ(row.shortfall, "");
    mass_Da += row.mass_kDa * 1000 * static_cast<double>(row.placed);
  }
  EXPECT_NEAR(reached.mass_concentration_g_L / (mass_Da * 1.66053907e-24 / (1.25e8 * 1e-27)), 1, 1e-6);  // g over L
  request.species[0].volume_percent = 80;
  const ProductReport short_of = pack(request).report;
  EXPECT_LT(short_of.species[0].placed, short_of.species[0].requested);
  EXPECT_THAT(short_of.species[0].shortfall, HasSubstr("found no room"));
  EXPECT_EQ(short_of.species[1].shortfall, "");
  EXPECT_GT(short_of.check.occupancy(), 0.35);
}

TEST(ProductPacking, StopsPlacingAtTheTimeLimit) {
  SceneRequest request = scene_of({400, 400, 400});
  request.species = {species_of("builtin:dimer", 50)};
  const ProductReport report = pack(request, {.time_limit_min = 1e-9}).report;
  EXPECT_LT(report.species[0].placed, 50);
  EXPECT_THAT(report.species[0].shortfall, HasSubstr("time limit"));
}

TEST(ProductPacking, PacksOnAFinerLattice) {
  SceneRequest request = scene_of({400, 380, 360});
  request.species = {species_of("builtin:dimer", 40)};
  const ProductPacking packing = pack(request, {.rotations = 3, .subdivision = 2});
  EXPECT_EQ(packing.scene.species[0].placed, 40);
  EXPECT_EQ(packing.report.check.collisions, 0);
  EXPECT_LE(packing.report.shared_volume, pack(request, {.rotations = 3}).report.shared_volume);
}

TEST(ProductPacking, NamesEveryFaultBeforeItBegins) {
  SceneRequest request = scene_of({200, 200, 200});
  request.species = {species_of("builtin:no_such", 3), species_of("builtin:dimer", 0),
                     species_of("builtin:dimer", 2, "nowhere")};
  MembraneRequest vesicle;
  vesicle.name = "cell";
  vesicle.shape = "vesicle";
  vesicle.radius_A = 500;
  request.membranes = {vesicle};
  const std::string faults = refusal(request, {.gap_A = -3});
  for (const char* part : {"no_such", "copies is 0", "nowhere", "does not fit", "--gap"})
    EXPECT_THAT(faults, HasSubstr(part));
  SceneRequest full = scene_of({300, 300, 300});
  full.species = {species_of("builtin:dimer", 100000)};
  EXPECT_THAT(refusal(full), HasSubstr("of the box's volume"));
  SceneRequest vast = scene_of({600000, 600000, 600000});
  vast.species = {species_of("builtin:dimer", 1)};
  EXPECT_THAT(refusal(vast, {.subdivision = 8}), HasSubstr("GB"));
  SceneRequest narrow = scene_of({300, 300, 30});
  narrow.species = {species_of("builtin:tetramer", 1)};
  EXPECT_THAT(refusal(narrow), HasSubstr("does not fit a box"));
}

}  // namespace
}  // namespace tessera
