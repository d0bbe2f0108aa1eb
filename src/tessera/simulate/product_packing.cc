// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_packing.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "tessera/parallel/memory.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/product_filament.h"
#include "tessera/simulate/product_membrane.h"
#include "tessera/simulate/product_obstacles.h"

namespace tessera {
namespace {

constexpr int fitting_orientations = 200;
constexpr int64_t fine_slabs = 12;  // of the lattice four times finer, looked at for shared volume
constexpr double A3_and_mM_per_molecule = 1e27 / (6.02214076e23 * 1e-3);  // c [mM] = count · this / V [Å³]

// One structure of the request, free, of a membrane, or a filament's repeat.
struct Kind {
  SceneSpecies entry;
  std::unique_ptr<MolecularSurface> surface;
  Vec3 centre_A;  // of mass, in the file's frame
};

Kind load_kind(const std::string& name, const std::string& structure, bool assembly, const SurfaceOptions& options,
               Faults& faults) {
  Kind out;
  try {
    const AtomicModel model = load_structure(structure, {.assembly = assembly});
    out.surface = std::make_unique<MolecularSurface>(model, options);
    double mass = 0;
    for (const Atom& atom : model.atoms) {
      if (atom.atomic_number == 1) continue;
      out.centre_A += atom.position_A * atom.mass;
      mass += atom.mass;
    }
    out.centre_A = out.centre_A * (1 / mass);
    for (const Atom& atom : model.atoms)
      out.entry.radius_A = std::max(out.entry.radius_A, (atom.position_A - out.centre_A).norm());
    out.entry.mass_kDa = molecular_mass_Da(model) / 1000;
  } catch (const Error& error) {
    faults.add(fmt::format("species {}: {}", name, error.what()));
  }
  out.entry.name = name;
  out.entry.structure = structure;
  out.entry.assembly = assembly ? "biological" : "asymmetric unit";
  return out;
}

// A byte a voxel of the lattice, and two of the scene's voxels for the checks.
void refuse_large_lattice(const SceneRequest& request, const DensePackingOptions& options, Faults& faults) {
  if (!faults.empty()) return;
  const double voxels = request.box_volume_A3() / std::pow(request.voxel_size_A, 3);
  const double bytes = voxels * (std::pow(options.subdivision, 3) + 2), free = available_memory_bytes();
  if (bytes > free)
    faults.add(
        fmt::format("packing needs {:.1f} GB for {:.3g} voxels{}, {:.1f} GB are free; take a smaller box, larger "
                    "voxels or a smaller --subdivision",
                    bytes / 1e9, voxels,
                    options.subdivision > 1 ? fmt::format(" cut into {}³", options.subdivision) : "", free / 1e9));
}

bool fits_somehow(const MolecularSurface& surface, Shape3 shape, double voxel_size_A, double gap_A) {
  const double smallest = static_cast<double>(std::min({shape.x, shape.y, shape.z})) * voxel_size_A;
  if (2 * (surface.radius_A() + gap_A) + 2 * voxel_size_A < smallest) return true;
  Random random(1, "does it fit");
  for (int i = 0; i < fitting_orientations; ++i) {
    const BodyMask mask = make_body_mask(surface, Rotation::random(random), {}, voxel_size_A, gap_A);
    int low[3] = {0, 0, 0}, high[3] = {0, 0, 0};
    for (const MaskRun& run : mask.keep_out) {
      const int ends[3][2] = {{run.z, run.z}, {run.y, run.y}, {run.x, run.x + run.length - 1}};
      for (int axis = 0; axis < 3; ++axis) {
        low[axis] = std::min(low[axis], ends[axis][0]);
        high[axis] = std::max(high[axis], ends[axis][1]);
      }
    }
    if (high[0] - low[0] < shape.z && high[1] - low[1] < shape.y && high[2] - low[2] < shape.x) return true;
  }
  return false;
}

// Of all threads of this process so far.
double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

class ProductPacker {
 public:
  ProductPacker(const SceneRequest& request, const DensePackingOptions& options, ExecContext& context)
      : request_(request), options_(options), context_(context) {
    Faults faults;
    options.add_faults(faults);
    add_request_faults(request, faults);
    refuse_large_lattice(request, options, faults);
    faults.raise<UserError>("the scene cannot be packed");
    Scene& scene = out_.scene;
    scene.box_A = request.box_A;
    scene.voxel_size_A = request.voxel_size_A;
    scene.seed = context.seed;
    scene.mode = "product";
    const Shape3 voxels = scene.shape();
    lattice_A_ = request.voxel_size_A / options.subdivision;
    shape_ = {voxels.z * options.subdivision, voxels.y * options.subdivision, voxels.x * options.subdivision};
    surface_options_.resolution_A =
        options.surface_resolution_A > 0 ? options.surface_resolution_A : 2 * request.voxel_size_A;
    surface_options_.volume_per_dalton_A3 = options.volume_per_dalton_A3;
    out_.report.volume_per_dalton_A3 = options.volume_per_dalton_A3;
    out_.report.surface_resolution_A = surface_options_.resolution_A;
    out_.report.lattice_A = lattice_A_;
    out_.report.subdivision = options.subdivision;
    load_kinds();
  }

  ProductPacking run() {
    occupancy_ = Volume<uint8_t>(shape_);
    const PlacedObstacles obstacles =
        place_obstacles(request_, filament_repeats(), lattice_A_, options_.gap_A, occupancy_, context_);
    take_obstacles(obstacles);
    place_membrane_proteins();
    place_free_species();
    finish_report();
    return std::move(out_);
  }

 private:
  double box_A3() const { return static_cast<double>(shape_.count()) * std::pow(lattice_A_, 3); }

  void load_kinds() {
    Faults faults;
    double volume = 0;
    const auto add = [&](const std::string& name, const std::string& structure, bool assembly) {
      kinds_.push_back(load_kind(name, structure, assembly, surface_options_, faults));
      const Kind& kind = kinds_.back();
      if (kind.surface && !fits_somehow(*kind.surface, shape_, lattice_A_, options_.gap_A))
        faults.add(
            fmt::format("species {}: {:.0f} Å across, does not fit a box of {:g} × {:g} × {:g} Å in any of {} "
                        "orientations; take a larger box",
                        name, 2 * kind.surface->radius_A(), request_.box_A[0], request_.box_A[1], request_.box_A[2],
                        fitting_orientations));
      return kind.surface.get();
    };
    for (const SpeciesRequest& species : request_.species) {
      const MolecularSurface* surface = add(species.name, species.structure, species.assembly);
      if (!surface) continue;
      kinds_.back().entry.requested = requested_copies(species, box_A3(), surface->volume_A3());
      volume += static_cast<double>(kinds_.back().entry.requested) * surface->volume_A3();
    }
    for (const FilamentRequest& filament : request_.filaments)
      if (!filament.structure.empty()) add(filament.name, filament.structure, filament.assembly);
    if (volume > box_A3())
      faults.add(
          fmt::format("the species ask for {:.0f} % of the box's volume together; ask for less, or for a larger "
                      "box (beyond about 50 % nothing more will fit)",
                      100 * volume / box_A3()));
    faults.raise<UserError>("the scene cannot be packed");
  }

  // Of each filament of the request: what it repeats, if anything.
  std::vector<FilamentPart> filament_repeats() const {
    std::vector<FilamentPart> out;
    size_t next = request_.species.size();
    for (const FilamentRequest& filament : request_.filaments) {
      FilamentPart part;
      if (!filament.structure.empty()) {
        const Kind& kind = kinds_[next];
        part.surface = kind.surface.get();
        part.species = static_cast<int32_t>(next++);
        part.repeat = {
            filament.rise_A,           filament.twist_deg,
            filament.strands,          filament.strand_rise_A,
            filament.strand_twist_deg, {kind.centre_A.x - filament.axis_A[0], kind.centre_A.y - filament.axis_A[1], 0}};
      }
      out.push_back(part);
    }
    return out;
  }

  void take_obstacles(const PlacedObstacles& obstacles) {
    Scene& scene = out_.scene;
    ProductReport& report = out_.report;
    for (const Kind& kind : kinds_) scene.species.push_back(kind.entry);
    scene.membranes = obstacles.membranes;
    scene.filaments = obstacles.filaments;
    scene.bodies = obstacles.bodies;
    membrane_names_ = obstacles.membrane_names;
    for (const SceneBody& body : scene.bodies) ++scene.species[body.species].placed;
    // A filament's repeats are as many as its length holds.
    for (size_t i = request_.species.size(); i < scene.species.size(); ++i)
      scene.species[i].requested = scene.species[i].placed;
    for (const MembraneRequest& membrane : request_.membranes) report.membranes_requested += membrane.copies;
    for (const FilamentRequest& filament : request_.filaments) report.filaments_requested += filament.copies;
    report.membranes_placed = static_cast<int64_t>(scene.membranes.size());
    report.filaments_placed = static_cast<int64_t>(scene.filaments.size());
    if (report.membranes_placed < report.membranes_requested)
      warn(fmt::format("{} of {} membranes found room", report.membranes_placed, report.membranes_requested));
    if (report.filaments_placed < report.filaments_requested)
      warn(fmt::format("{} of {} filaments found room", report.filaments_placed, report.filaments_requested));
  }

  void place_membrane_proteins() {
    for (size_t i = 0; i < request_.species.size(); ++i) {
      const SpeciesRequest& species = request_.species[i];
      if (species.membrane.empty()) continue;
      MembraneProteinTask task{
          static_cast<int32_t>(i), kinds_[i].surface.get(), kinds_[i].entry.requested, species.membrane_offset_A, {}};
      for (size_t m = 0; m < membrane_names_.size(); ++m)
        if (membrane_names_[m] == species.membrane) task.membranes.push_back(static_cast<int32_t>(m));
      const std::vector<SceneBody> bodies =
          embed_proteins(task, out_.scene, lattice_A_, options_.gap_A, occupancy_, context_);
      out_.scene.species[i].placed = static_cast<int64_t>(bodies.size());
      out_.scene.bodies.insert(out_.scene.bodies.end(), bodies.begin(), bodies.end());
    }
  }

  void place_free_species() {
    std::vector<PackingDemand> demands;
    std::vector<int32_t> species_of;
    for (size_t i = 0; i < request_.species.size(); ++i) {
      if (!request_.species[i].membrane.empty()) continue;
      demands.push_back({kinds_[i].entry.name, kinds_[i].surface.get(), kinds_[i].entry.requested});
      species_of.push_back(static_cast<int32_t>(i));
    }
    const double before = processor_seconds();
    dense_ = pack_densely(occupancy_, lattice_A_, demands, options_, context_);
    out_.report.processor_seconds = processor_seconds() - before;
    for (const PackedBody& body : dense_.bodies)
      out_.scene.bodies.push_back({species_of[body.demand], body.position_voxels * lattice_A_, body.scene_from_ref});
    for (size_t i = 0; i < demands.size(); ++i) out_.scene.species[species_of[i]].placed = dense_.placed[i];
    out_.report.curve = dense_.curve;
    out_.report.seconds = dense_.curve.back().seconds;
    demand_of_.assign(request_.species.size(), -1);
    for (size_t i = 0; i < species_of.size(); ++i) demand_of_[species_of[i]] = static_cast<int>(i);
  }

  std::string shortfall_of(size_t i) const {
    const SceneSpecies& species = out_.scene.species[i];
    if (species.placed >= species.requested) return {};
    const int64_t missing = species.requested - species.placed;
    if (demand_of_[i] < 0)
      return fmt::format("{} found no place on membrane {}", missing, request_.species[i].membrane);
    if (dense_.time_limit_reached) return fmt::format("{} were left when the time limit was reached", missing);
    return fmt::format("{} found no room once {:.1f} % of the voxels were occupied", missing,
                       100 * dense_.saturated_at[demand_of_[i]]);
  }

  void finish_report() {
    ProductReport& report = out_.report;
    for (size_t i = 0; i < out_.scene.species.size(); ++i) {
      const SceneSpecies& species = out_.scene.species[i];
      const double volume = kinds_[i].surface->volume_A3(), placed = static_cast<double>(species.placed);
      SpeciesReach reach{species.name, species.requested, species.placed, species.mass_kDa, volume, 0, 0, 0, 0, {}};
      reach.requested_percent = 100 * static_cast<double>(species.requested) * volume / box_A3();
      reach.volume_percent = 100 * placed * volume / box_A3();
      report.mass_concentration_g_L += species.mass_kDa * 1e3 * placed / 6.02214076e23 / (box_A3() * 1e-27);
      reach.concentration_mM = placed * A3_and_mM_per_molecule / box_A3();
      if (i < request_.species.size()) {
        reach.shortfall = shortfall_of(i);
        if (demand_of_[i] >= 0) reach.seconds = dense_.seconds[demand_of_[i]];
        if (!reach.shortfall.empty()) warn(fmt::format("{}: {}", reach.name, reach.shortfall));
      }
      report.species.push_back(reach);
    }
    check_scene();
  }

  void check_scene() {
    ProductReport& report = out_.report;
    const Shape3 n = out_.scene.shape();
    const double voxel_A = request_.voxel_size_A;
    const std::vector<PosedSurface> posed = posed_bodies();
    const Volume<uint8_t> obstacles = obstacles_of(out_.scene, n, voxel_A);
    report.check = check_packing(posed, n, voxel_A, obstacles, context_);
    if (report.check.collisions + report.check.in_obstacles + report.check.outside > 0)
      throw InternalError(fmt::format("the packing has {} voxels in two bodies, {} in obstacles and {} outside",
                                      report.check.collisions, report.check.in_obstacles, report.check.outside));
    const PackingCheck fine = check_packing(posed, {4 * n.z, 4 * n.y, 4 * n.x}, voxel_A / 4, {}, context_, fine_slabs);
    if (fine.body_voxels > 0)
      report.shared_volume = static_cast<double>(fine.collisions) / static_cast<double>(fine.body_voxels);
    std::vector<LabelledSurface> labelled;
    for (size_t i = 0; i < posed.size(); ++i) labelled.push_back({posed[i], out_.scene.bodies[i].species + 1});
    report.plane_across_z = label_plane(labelled, n, voxel_A, obstacles, PlaneAcross::z, n.z / 2);
    report.plane_across_y = label_plane(labelled, n, voxel_A, obstacles, PlaneAcross::y, n.y / 2);
  }

  std::vector<PosedSurface> posed_bodies() const {
    std::vector<PosedSurface> posed;
    for (size_t i = 0; i < out_.scene.bodies.size(); ++i) {
      const SceneBody& body = out_.scene.bodies[i];
      const auto owner = static_cast<int32_t>(
          body.filament >= 0 ? body.filament : static_cast<int64_t>(i + out_.scene.filaments.size()));
      posed.push_back({kinds_[body.species].surface.get(), body.position_A, body.scene_from_ref,
                       body.membrane >= 0 ? membrane_value(body.membrane) : uint8_t{0}, owner});
    }
    return posed;
  }

  void warn(const std::string& text) { context_.sink.message(Severity::warning, text); }

  const SceneRequest& request_;
  const DensePackingOptions& options_;
  ExecContext& context_;
  ProductPacking out_;
  Shape3 shape_;
  double lattice_A_ = 0;
  SurfaceOptions surface_options_;
  std::vector<Kind> kinds_;  // of the species, then of the filaments with a structure
  std::vector<std::string> membrane_names_;
  Volume<uint8_t> occupancy_;
  DensePackingResult dense_;
  std::vector<int> demand_of_;  // by species; −1: of a membrane
};

}  // namespace

ProductPacking pack_product(const SceneRequest& request, const DensePackingOptions& options, ExecContext& context) {
  return ProductPacker(request, options, context).run();
}

}  // namespace tessera
