// SPDX-License-Identifier: GPL-3.0-or-later
// Positions over time, for VMD and ChimeraX: DCD (CHARMM's binary form) or PDB models.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tessera/io/atomic_file.h"
#include "tessera/simulate/ball_pdb.h"

namespace tessera {

// A file of exactly `frames` frames of `count` positions: little-endian, single precision, Å. UserError from add() for
// a frame of another size, from commit() for another number of frames.
class DcdWriter {
 public:
  DcdWriter(const std::filesystem::path& path, int64_t count, int64_t frames, double frame_interval_fs);
  void add(const std::vector<Vec3>& positions_A);
  void commit();

 private:
  void record(const void* data, size_t bytes);
  AtomicFile file_;
  int64_t count_, frames_, written_ = 0;
};

// What DcdWriter wrote, for tests and tools. IoError where the file is no such DCD.
std::vector<std::vector<Vec3>> read_dcd(const std::filesystem::path& path);

// One MODEL a frame; bonds after the last.
class PdbTrajectory {
 public:
  PdbTrajectory(const std::filesystem::path& path, std::vector<PdbBall> balls,
                std::vector<std::array<int32_t, 2>> bonds);
  void add(const std::vector<Vec3>& positions_A);
  void commit();

 private:
  AtomicFile file_;
  std::vector<PdbBall> balls_;
  std::vector<std::array<int32_t, 2>> bonds_;
  int64_t written_ = 0;
};

}  // namespace tessera
