// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/posterior_table.h"

#include "tessera/base/errors.h"

namespace tessera {

void write_posterior(const std::filesystem::path& path, const ParticleSet& set,
                     const std::vector<Assignment>& assignments, double voxel_size_A) {
  if (set.particles.size() != assignments.size()) throw InternalError("a posterior of other particles than the list's");
  StarTable table;
  table.name = "posterior";
  table.columns = {"tesseraParticleNumber", "rlnImageName",       "rlnClassNumber",       "rlnAngleRot",
                   "rlnAngleTilt",          "rlnAnglePsi",        "rlnOriginXAngst",      "rlnOriginYAngst",
                   "rlnOriginZAngst",       "tesseraProbability", "tesseraLogLikelihood", "tesseraLogVolume"};
  const auto number = [](double value) { return fmt::format("{:.6f}", value == 0 ? 0.0 : value); };
  for (size_t i = 0; i < assignments.size(); ++i)
    for (const WeightedPose& p : assignments[i].poses) {
      const RelionAngles angles = p.pose.particle_from_ref.relion();
      const Vec3 shift = p.pose.shift_voxels * voxel_size_A;
      for (std::string value :
           {std::to_string(i + 1), set.particles[i].image, std::to_string(p.class_index + 1), number(angles.rot_deg),
            number(angles.tilt_deg), number(angles.psi_deg), number(-shift.x), number(-shift.y), number(-shift.z),
            fmt::format("{:.9f}", p.probability), number(p.log_likelihood), number(-p.half_log_determinant)})
        table.values.push_back(std::move(value));
    }
  write_star(path, {{std::move(table)}});
}

}  // namespace tessera
