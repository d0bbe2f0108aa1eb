// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/paper.h"

namespace tessera {

void set_paper_mode(AverageOptions& options) {
  const bool likelihood = options.method != "fa";
  AlignOptions& align = options.align;
  align.search = "magnitudes";
  align.mean_removed = false;
  align.bandwidth = 36;
  align.whole_band = true;
  align.candidates = 50;
  align.maxima_window_deg = 20;
  align.refine = false;
  options.start = "split";
  options.folds = 1;
  options.shift_window_voxels = -1;
  options.posterior_floor = 1e-7;  // below it a pose adds less than single precision keeps
  options.noise_per_shell = false;
  options.wiener = false;
  ModelOptions& model = options.model;
  model.paper = true;
  model.volumes = likelihood ? "voronoi" : "none";
  model.imputation = likelihood;
  model.shift_prior = likelihood;
  model.posterior_noise = likelihood;
  model.band = "nyquist";
  model.mask_particles = false;
  model.whiten = false;
  model.temperature = 1;
  model.mask_references = false;
  model.recentre = false;
  model.common_mean = false;
  model.all_poses = false;
  model.class_ends = false;
  model.class_split = false;
  model.keep_pose = false;
  model.reseed = false;
  model.stop_at_rest = false;
}

}  // namespace tessera
