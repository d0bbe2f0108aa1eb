// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pick: where the particles of a tomogram are.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/pick/dog.h"
#include "tessera/pipeline/pick_network.h"
#include "tessera/pipeline/pick_template.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct PickRequest {
  std::string tomogram;
  std::string method = "dog";
  bool paper = false;
  std::string mask;
  RegionOptions region;
  double border_A = 0;
  int count = 0;
  std::optional<double> voxel_size_A;
  DogOptions dog;
  TemplateRequest matching;
  NetworkPickRequest network;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"tomogram", "file.mrc", "The tomogram (MRC)", "Arguments"}, tomogram);
    visit(Option{"method", "",
                 "dog (differences of Gaussians), template (known structures) or unet (a trained network)", "Method"},
          method);
    visit(Option{"paper", "", "Method dog: settings of the published method; what is given besides wins", "Method"},
          paper);
    visit(Option{"count", "", "Take the best so many instead of all above a threshold; 0: no", "Method"}, count);
    visit(Option{"mask", "file.mrc", "Search only where this exceeds 0.5; of the tomogram's shape", "Region"}, mask);
    region.describe(visit);
    visit(Option{"border", "Å", "Take nothing nearer than this to a face of the tomogram", "Region"}, border_A);
    visit(Option{"voxel-size", "Å", "Of the tomogram, instead of what its header says", "Region"}, voxel_size_A);
    dog.describe(visit);
    matching.describe(visit);
    network.describe(visit);
    visit(Option{"output", "file.star", "The particle list to write", "Output"}, output);
  }
};

// A pick as any method finds it.
struct PickedParticle {
  Vec3 position_voxels;  // from 0, (x, y, z), as rlnCoordinateX/Y/Z
  double score = 0;
  double radius_voxels = 0;
  int class_number = 0;        // from 1; 0: not known
  Rotation particle_from_ref;  // identity where not known
};

struct PickOutcome {
  std::string star, method, contrast;
  double voxel_size_A = 0;
  int64_t picks = 0;
  SearchRegion region;                 // without `allowed`
  std::vector<DogScale> scales;        // of method dog
  std::vector<MatchReport> templates;  // of method template
  NetworkPicks network;                // of method unet, without `peaks`
  std::vector<std::string> notes;
  nlohmann::ordered_json json() const;
};

// --paper: sets all that the preset sets, and returns whether it did; what the user gave is then to be set again.
bool apply_preset(PickRequest& request);

// Writes the list and, beside it, <output>.run.json: coordinates in voxels from 0, rlnMicrographName the tomogram's
// file name, rlnTomoName the same without extension, rlnAutopickFigureOfMerit the score, tesseraRadius in voxels,
// rlnClassNumber where the method knows classes. UserError, IoError: options out of range, a
// tomogram or mask that cannot be searched, no pick at all. Memory: the tomogram as float32 and less than its size
// besides.
PickOutcome run_pick(const PickRequest& request, ExecContext& context, const CommandLine& command_line = {});

// The list that run_pick writes.
ParticleSet particles_of_picks(const std::vector<PickedParticle>& picks, const std::string& tomogram,
                               double voxel_size_A);

}  // namespace tessera
