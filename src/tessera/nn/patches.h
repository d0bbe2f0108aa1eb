// SPDX-License-Identifier: GPL-3.0-or-later
// What networks that answer for voxels are trained on: cubes cut out of labelled tomograms.
#pragma once

#include "tessera/nn/examples.h"
#include "tessera/nn/network.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

// The centre of a particle, in voxels from 0, (x, y, z).
struct Centre {
  Vec3 voxel;
  int kind = 0;  // of its particle, from 0
};

// Of networks that find centres, a label is the map from 1 at the voxel of a centre, and 0 elsewhere.
struct LabelledTomogram {
  Tomogram tomogram;  // of mean 0 and variance 1, protein bright; read from several threads
  Volume<uint8_t> labels;
  std::vector<HalfTurn> turns = {HalfTurn::none, HalfTurn::y};  // that its missing wedge allows
  std::vector<Centre> centres = {};
};

// Heat maps of a cube from voxel (z, y, x) on, of all centres and of each kind (`spreads`: one of each): the greatest
// of exp(−d²/2σ²) over the centres, d the distance to a centre, σ the spread of its kind, both in voxels; 0 beyond 4σ;
// −1 outside the region.
std::vector<float> heat_of_cube(const std::vector<Centre>& centres, const std::vector<double>& spreads,
                                const Region& region, int64_t z, int64_t y, int64_t x, int64_t edge);

// A part of one of several tomograms.
struct TomogramPart {
  size_t tomogram = 0;
  Region region;
};

// A tomogram parted along its longest axis (of equal ones x): a slab for the test in the middle, which is as full as
// any; after it one for validation; the rest, in two pieces, is trained on. Parts no voxel wide are left out.
// UserError where nothing is left to train on.
struct RegionSplit {
  std::vector<Region> training;
  Region validation, test;  // no voxels: none
};
RegionSplit split_by_region(Shape3 shape, double validation, double test);

// Voxels of each label 0 … classes − 1 in those parts.
std::vector<int64_t> count_labels(const std::vector<LabelledTomogram>& tomograms,
                                  const std::vector<TomogramPart>& parts, int classes);

// Cubes at random places, new ones for every epoch. Half of the draws ask for a class, each that is there as often as
// any other, and put a voxel of it anywhere within the cube; the others for any voxel. A cube lies within one part, so
// that nothing beyond is seen; along an axis where the part is thinner it is centred, what lies beyond is 0 and its
// label −1.
class RandomPatches : public ExampleSource {
 public:
  struct Options {
    int edge = 40;
    int64_t count = 64;  // of an epoch
    int classes = 2;     // labels are below
    bool augment = true;
    uint64_t seed = 1;
    std::vector<double> spreads = {};  // of the kinds of centres; empty: labels are learnt
  };
  // The tomograms must outlive it. Memory: 8 bytes for every voxel that is not background, at most 100,000 a class.
  RandomPatches(const std::vector<LabelledTomogram>& tomograms, std::vector<TomogramPart> parts, Options options);
  int64_t size() const override { return options_.count; }
  int box() const override { return options_.edge; }
  int label(int64_t) const override { return -1; }
  int64_t labels_per_item() const override { return int64_t{1} * box() * box() * box(); }
  void load_labels(int64_t i, uint64_t epoch, int* to) const override;
  int heat_maps() const override { return options_.spreads.empty() ? 0 : heat_maps_of(options_.spreads.size()); }
  void load_heat(int64_t i, uint64_t epoch, float* to) const override;
  void load(int64_t i, uint64_t epoch, float* to) const override;

 private:
  struct Voxel {
    uint32_t part = 0;
    uint16_t z = 0, y = 0, x = 0;
  };
  struct Place {
    size_t part = 0;
    int64_t z = 0, y = 0, x = 0;
    HalfTurn turn = HalfTurn::none;
  };
  Place place(int64_t i, uint64_t epoch) const;
  const std::vector<LabelledTomogram>& tomograms_;
  std::vector<TomogramPart> parts_;
  Options options_;
  std::vector<std::vector<Voxel>> voxels_;  // of each class that is there, without background
  std::vector<int64_t> ends_;               // running sum of the parts' voxels
};

// Cubes that cover the parts once. What lies around a part is seen but has the label −1.
class TilePatches : public ExampleSource {
 public:
  TilePatches(const std::vector<LabelledTomogram>& tomograms, const std::vector<TomogramPart>& parts, int edge,
              std::vector<double> spreads = {});
  int64_t size() const override { return std::ssize(tiles_); }
  int box() const override { return edge_; }
  int label(int64_t) const override { return -1; }
  int64_t labels_per_item() const override { return int64_t{1} * edge_ * edge_ * edge_; }
  void load_labels(int64_t i, uint64_t epoch, int* to) const override;
  int heat_maps() const override { return spreads_.empty() ? 0 : heat_maps_of(spreads_.size()); }
  void load_heat(int64_t i, uint64_t epoch, float* to) const override;
  void load(int64_t i, uint64_t epoch, float* to) const override;

 private:
  const std::vector<LabelledTomogram>& tomograms_;
  int edge_;
  std::vector<double> spreads_;
  std::vector<TomogramPart> tiles_;  // regions whose labels count; the cube has the same centre
};

}  // namespace tessera
