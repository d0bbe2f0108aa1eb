// SPDX-License-Identifier: GPL-3.0-or-later
// Picking in a folder of `tessera simulate tomogram --defocus 4`, and judging what was picked there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/pipeline/evaluate_picks.h"
#include "tessera/pipeline/pick.h"
#include "tests/science/program.h"

namespace tessera::science {

inline TransferOptions transfer_of(const std::filesystem::path& folder) {
  TransferOptions out;
  out.tilts = (folder / "tilts.tlt").string();
  out.defocus_um = 4;
  return out;
}

inline PickRequest by_template(const std::filesystem::path& folder, const std::filesystem::path& picks,
                               const std::vector<std::string>& structures) {
  PickRequest request;
  request.method = "template";
  request.tomogram = (folder / "tomogram.mrc").string();
  request.output = picks.string();
  request.matching.templates = structures;
  request.matching.transfer = transfer_of(folder);
  return request;
}

// Differences of Gaussians; the best so many.
inline PickRequest by_differences(const std::filesystem::path& folder, const std::filesystem::path& picks,
                                  int64_t count) {
  PickRequest request;
  request.tomogram = (folder / "tomogram.mrc").string();
  request.output = picks.string();
  request.count = static_cast<int>(count);
  return request;
}

inline EvaluatePicksOutcome judge(const std::filesystem::path& folder, const std::filesystem::path& picks,
                                  bool class_aware, ExecContext& context) {
  EvaluatePicksRequest request;
  request.picks = picks.string();
  request.truth = (folder / "truth.star").string();
  request.tomogram = (folder / "tomogram.mrc").string();
  request.class_aware = class_aware;
  return run_evaluate_picks(request, context);
}

template <typename Work>
double processor_seconds_of(Work&& work) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double begun = processor_seconds(usage);
  work();
  getrusage(RUSAGE_SELF, &usage);
  return processor_seconds(usage) - begun;
}

}  // namespace tessera::science
