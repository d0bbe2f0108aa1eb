// SPDX-License-Identifier: GPL-3.0-or-later
// Where training and inference take their boxes from.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/base/random.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Boxes of one edge with labels, one for each box or one for each of its voxels, or with heat maps. All members but
// prepare() may be called from several threads.
class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  virtual int64_t size() const = 0;
  virtual int box() const = 0;
  virtual int label(int64_t i) const = 0;  // from 0; -1: not known
  virtual int64_t labels_per_item() const { return 1; }
  // Writes labels_per_item() labels, those of load(i, epoch); −1: not known.
  virtual void load_labels(int64_t i, uint64_t epoch, int* to) const {
    (void)epoch;
    *to = label(i);
  }
  // Where centres are to be found: so many heat maps for each box, instead of labels. Writes heat_maps() × box³ values,
  // those of load(i, epoch); negative: not known.
  virtual int heat_maps() const { return 0; }
  virtual void load_heat(int64_t i, uint64_t epoch, float* to) const { (void)i, (void)epoch, (void)to; }
  // Before each epoch, no load() running.
  virtual void prepare(uint64_t epoch) { (void)epoch; }
  // Writes box³ values of mean 0 and variance 1, over the box or over its tomogram: the same for the same (i, epoch).
  virtual void load(int64_t i, uint64_t epoch, float* to) const = 0;
};

// To mean 0 and variance 1. False, and unchanged, when all values are the same.
bool normalise_box(float* values, int64_t count);

// The turns that a missing wedge allows: by 180° about x, y or z, and none. Mirrors would make the wrong hand.
enum class HalfTurn { none, x, y, z };
// Turned about voxel n/2, periodic as a discrete spectrum has it: (x, y, z) → (−x, y, −z) modulo n for y.
void turn_box(const float* from, int64_t edge, HalfTurn turn, float* to);
// Moved by whole voxels, periodic.
void shift_box(const float* from, int64_t edge, std::array<int, 3> shift_xyz, float* to);
// Those that leave the Fourier weight (n³, DC at n/2) as it is to 5 % of its maximum in the mean; all for no weight.
// About the tilt axis y always passes for a real weight; about x and z for a tilt range that is symmetric.
std::vector<HalfTurn> allowed_turns(const Volume<float>& weight);

// Subtomograms in files, read when they are needed.
class FileExamples : public ExampleSource {
 public:
  struct Options {
    bool augment = false;                            // a random allowed turn and shift at every epoch
    std::vector<HalfTurn> turns = {HalfTurn::none};  // to draw from
    int shift_voxels = 0;                            // at most, along each axis
    uint64_t seed = 1;
  };
  FileExamples(std::vector<std::filesystem::path> files, std::vector<int> labels, int box, Options options);
  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  int box() const override { return box_; }
  int label(int64_t i) const override { return labels_[i]; }
  // IoError: unreadable, another box, NaN, constant.
  void load(int64_t i, uint64_t epoch, float* to) const override;

 private:
  std::vector<std::filesystem::path> files_;
  std::vector<int> labels_;
  int box_;
  Options options_;
};

}  // namespace tessera
