// SPDX-License-Identifier: GPL-3.0-or-later
// Particle lists: RELION 3.1 subtomogram STAR files (an optics block and a particles block).
// Read too: RELION 3.0 files without an optics block (rlnDetectorPixelSize, rlnMagnification, origins in pixels).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tessera/io/star.h"
#include "tessera/so3/rotation.h"

namespace tessera {

struct OpticsGroup {
  std::string name;
  int64_t box = 0;          // voxels; 0: not stated
  double voxel_size_A = 0;  // always positive once read
  double voltage_kV = 300, cs_mm = 2.7, amplitude_contrast = 0.1;
  std::vector<std::string> extra;  // values of ParticleSet::extra_optics_columns
  bool ctf_premultiplied = false;  // rlnCtfDataAreCtfPremultiplied: images were multiplied by their rlnCtfImage
};

struct Particle {
  std::string image;               // path of the subtomogram as in the file
  std::string weight;              // path of the 3-D Fourier weight (rlnCtfImage), may be empty
  int optics_group = 0;            // index into ParticleSet::optics
  int half = 0;                    // 1 or 2 (rlnRandomSubset); 0 not assigned
  int class_number = 0;            // from 1; 0 not assigned
  Rotation particle_from_ref;      // x_particle = particle_from_ref * x_ref + shift
  Vec3 shift_A;                    // RELION's rlnOrigin*Angst is -shift_A
  double log_likelihood = 0;       // rlnLogLikeliContribution
  double probability = 0;          // rlnMaxValueProbDistribution
  std::string micrograph;          // rlnMicrographName, may be empty
  std::optional<Vec3> coordinate;  // rlnCoordinateX/Y/Z
  std::vector<std::string> extra;  // values of ParticleSet::extra_columns
};

struct ParticleSet {
  std::vector<OpticsGroup> optics;
  std::vector<Particle> particles;
  std::filesystem::path directory;  // of the STAR: relative names are looked up there first, then in the working one
  // Columns and blocks Tessera does not know, in file order, written back as they were.
  std::vector<std::string> extra_columns, extra_optics_columns;
  std::vector<StarTable> extra_tables;
};

// IoError listing every fault with its block and row: missing columns, values that are not numbers, unknown optics
// groups, half not 0, 1 or 2. Images are not opened (check_images does).
ParticleSet read_particles(const std::filesystem::path& path);

// Places in a tomogram: any list with rlnCoordinateX/Y/Z, voxels of the tomogram from 0. What only extraction gives may
// be missing: images (left empty), the voxel size (0 where the list does not tell it). In an optics block
// rlnMicrographPixelSize, where present, is the voxel size of coordinates, in place of rlnImagePixelSize. IoError as
// read_particles, and where a place is missing.
ParticleSet read_picks(const std::filesystem::path& path);

// Atomic. Image and weight names are written relative to the STAR's folder where the file lies under it, otherwise
// absolute; a name found nowhere is written as it is. Angles and origins carry 6 decimals.
void write_particles(const std::filesystem::path& path, const ParticleSet& set);

// Where `name` is: absolute as it is; else under set.directory when it exists there, else under the working directory
// when it exists there, else under the nearest folder above set.directory that has it (a list that RELION wrote into a
// job folder of its project), else the path under set.directory.
std::filesystem::path resolve(const ParticleSet& set, const std::string& name);
// One name for one file, however lists spell it: by it particles of different lists are matched.
std::string file_key(const ParticleSet& set, const std::string& name);

struct ImageCheckOptions {
  bool weights = true;                 // also open rlnCtfImage files; they must have the box of the image
  double voxel_size_tolerance = 0.01;  // relative, header against optics group; headers without a size pass
};

struct ImageFault {
  size_t particle = 0;     // index into ParticleSet::particles
  bool of_weight = false;  // the fault lies in its weight, and is told once for all particles that share it
  std::string text;        // names the particle
};

// Every fault of the files that a list names; see check_images.
std::vector<ImageFault> find_image_faults(const ParticleSet& set, const ImageCheckOptions& options = {});

// Opens the header of every subtomogram (and weight). IoError with all faults at once, each naming its particle:
// missing files, broken headers, boxes that are not cubes, differ from the optics group's (or, where that states none,
// from the group's first particle) and voxel sizes that disagree. Cost about 20 µs per file.
void check_images(const ParticleSet& set, const ImageCheckOptions& options = {});

}  // namespace tessera
