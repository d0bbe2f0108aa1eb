// SPDX-License-Identifier: GPL-3.0-or-later
// Simulated subtomograms of single particles: density → turned and moved → tilt images → noise → CTF and MTF → direct
// Fourier inversion ([F] 3.1).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/imaging.h"

namespace tessera {

struct SimulatedParticle {
  int64_t index = 0;           // place in the data set, 0 …
  int class_number = 0;        // 1-based place of its structure in the input
  Rotation particle_from_ref;  // x_particle = particle_from_ref * x_ref + shift, about voxel n/2
  Vec3 shift_voxels;
  Volume<float> subtomogram;
};

struct SimulatedStructure {
  Map density;
  int64_t copies = 0;
};

struct ClassReport {
  double signal_variance = 0;   // under the chosen definition, mean over the class's particles
  double snr = 0;               // signal_variance / noise variance of that definition
  double projection_snr = 0;    // the same under the definition `projection`, whatever was chosen
  double frank_al_ali_snr = 0;  // CC/(1−CC), CC the mean over pairs of the class's subtomograms (0 pairs: NaN)
  int64_t pairs = 0;
  double noise_sigma = 0;  // standard deviation of the noise of an image pixel
};

struct SimulationReport {
  std::vector<ClassReport> classes;
  double snr = 0;               // of the whole set under the chosen definition; infinite when noise-free
  double frank_al_ali_snr = 0;  // mean CC over the pairs of all classes, CC/(1−CC)
  Volume<float> weight;         // n³ centred transfer of the imaging path (ParticleImager::weight)
  std::vector<double> tilts_deg;
};

// Of several ranks particle i is made by rank i mod size, and finished there. Calls `finished` once for every particle,
// from any worker thread and in any order, several at a time; the index tells which (progress is the caller's to
// report). Classes are mixed in the order of the set. Poses are drawn uniformly (or as options.rotation_axis says) from
// Random(seed, stage, index), so the set is the same for any number of threads. Memory: one subtomogram per thread, and
// at most 24 per class kept for the Frank & Al-Ali figure. Frank & Al-Ali (1975): CC between pairs of subtomograms
// turned back by the true pose, over the Fourier components that both observed; SNR = CC/(1−CC). A structure of zeros
// makes empty boxes: the noise of the set's mean signal over the other structures, left out of the set's figures.
// UserError: options out of range; structures of different box or voxel size; no copies; nothing but zeros. Interrupted
// between particles.
SimulationReport simulate_particles(const std::vector<SimulatedStructure>& structures, const ImagingOptions& options,
                                    ExecContext& context,
                                    const std::function<void(const SimulatedParticle&)>& finished);

// Unit vector of the principal axis: the eigenvector of the second moments of the positive density whose eigenvalue
// stands apart from the other two (the axis of a barrel, disc or rod), its heavier end positive.
Vec3 principal_axis(const Map& density);

// The pose of particle `index`, from Random(seed, "particle pose", index). The shift is uniform in a ball of
// max_shift_voxels. With a rotation axis ([F] 3.2.1's preferred orientation) `principal` is parallel to that axis and
// only the angle about it is random; `principal` has no part otherwise.
struct ParticlePose {
  Rotation particle_from_ref;
  Vec3 shift_voxels;
};
ParticlePose draw_pose(const ImagingOptions& options, Vec3 principal, uint64_t seed, int64_t index);

}  // namespace tessera
