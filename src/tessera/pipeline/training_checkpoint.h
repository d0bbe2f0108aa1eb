// SPDX-License-Identifier: GPL-3.0-or-later
// The state of a training on disk, and its history as JSON and as a picture.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/nn/training.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

nlohmann::ordered_json history_json(const std::vector<EpochReport>& history);

// Atomic (nn/tensor_file.h).
void write_training_checkpoint(const std::filesystem::path& path, const TrainState& state, const std::string& identity);
// Nothing where there is no such file. IoError when it is damaged, UserError when its identity is another.
std::optional<TrainState> read_training_checkpoint(const std::filesystem::path& path, const std::string& identity);

// <stem>.learning.json, .png and .svg: accuracy of training and validation by epoch.
void write_learning_curve(const std::filesystem::path& stem, const std::vector<EpochReport>& history);

}  // namespace tessera
