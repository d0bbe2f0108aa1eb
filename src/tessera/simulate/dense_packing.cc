// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/dense_packing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tessera/base/stopwatch.h"
#include "tessera/simulate/dense_packing_block.h"

namespace tessera {
namespace {

constexpr int64_t edge = PackingWindow::edge;
constexpr int most_passes = 12;
constexpr double random_share = 0.2;  // of the free voxels, up to which auto means random
constexpr double least_gain = 1e-3;   // of the copies asked of a pass

// The blocks of one pass, by colour: two of a colour never touch the same voxels.
struct BlockGrid {
  Voxel origin;  // of the first block, −edge < origin ≤ 0
  Voxel counts;
  int64_t period;

  BlockGrid(Shape3 shape, int reach, Random& random) {
    const auto start = [&] { return -static_cast<int64_t>(random.below(edge)); };
    origin.z = start();
    origin.y = start();
    origin.x = start();
    counts = {(shape.z - origin.z + edge - 1) / edge, (shape.y - origin.y + edge - 1) / edge,
              (shape.x - origin.x + edge - 1) / edge};
    period = 1 + (int64_t{2} * (reach + 1) + edge - 1) / edge;
  }
  int64_t count() const { return counts.z * counts.y * counts.x; }
  Voxel first(int64_t block) const {
    return {origin.z + block / (counts.y * counts.x) * edge, origin.y + block / counts.x % counts.y * edge,
            origin.x + block % counts.x * edge};
  }
  int64_t colours() const { return period * period * period; }
  int64_t colour(int64_t block) const {
    const int64_t z = block / (counts.y * counts.x), y = block / counts.x % counts.y, x = block % counts.x;
    return (z % period * period + y % period) * period + x % period;
  }
};

std::vector<double> empty_voxels_of(const BlockGrid& grid, const Volume<uint8_t>& occupancy, Threads& threads) {
  std::vector<double> out(static_cast<size_t>(grid.count()));
  const Shape3 shape = occupancy.shape();
  threads.for_each(grid.count(), [&](int64_t block, int) {
    const Voxel first = grid.first(block);
    int64_t empty = 0;
    for (int64_t z = std::max<int64_t>(0, first.z); z < std::min(shape.z, first.z + edge); ++z)
      for (int64_t y = std::max<int64_t>(0, first.y); y < std::min(shape.y, first.y + edge); ++y)
        for (int64_t x = std::max<int64_t>(0, first.x); x < std::min(shape.x, first.x + edge); ++x)
          empty += occupancy(z, y, x) == 0;
    out[block] = static_cast<double>(empty);
  });
  return out;
}

// Deals copies to blocks in proportion to weights: stratified, so that a block gets within one of its share.
std::vector<int64_t> deal(int64_t copies, const std::vector<double>& weights, Random& random) {
  std::vector<int64_t> out(weights.size(), 0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (total <= 0) return out;
  double cumulative = 0;
  const double phase = random.uniform();
  int64_t dealt = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    cumulative += weights[i] / total * static_cast<double>(copies);
    const auto upto = std::clamp<int64_t>(static_cast<int64_t>(std::floor(cumulative + phase)), dealt, copies);
    out[i] = upto - dealt;
    dealt = upto;
  }
  if (dealt < copies) out[std::max_element(weights.begin(), weights.end()) - weights.begin()] += copies - dealt;
  return out;
}

class Packer {
 public:
  Packer(Volume<uint8_t>& occupancy, double voxel_size_A, const std::vector<PackingDemand>& demands,
         const DensePackingOptions& options, ExecContext& context)
      : occupancy_(occupancy),
        voxel_size_A_(voxel_size_A),
        demands_(demands),
        options_(options),
        context_(context),
        progress_(context.sink, "packing", total_volume()) {
    out_.placed.assign(demands.size(), 0);
    out_.saturated_at.assign(demands.size(), 0);
    out_.seconds.assign(demands.size(), 0);
    out_.curve.push_back({});
    const auto free = std::count(occupancy.begin(), occupancy.end(), uint8_t{0});
    const double share = wanted_A3() / std::pow(voxel_size_A, 3) / static_cast<double>(std::max<int64_t>(1, free));
    touching_ = options.arrangement == "touching" || (options.arrangement == "auto" && share > random_share);
  }

  DensePackingResult run() {
    std::vector<size_t> order(demands_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return demands_[a].surface->volume_A3() > demands_[b].surface->volume_A3();
    });
    for (const size_t demand : order) {
      const double before = watch_.seconds();
      place(demand);
      out_.seconds[demand] = watch_.seconds() - before;
    }
    if (progress_.done() < total_volume()) progress_.advance(total_volume() - progress_.done());
    out_.time_limit_reached = out_of_time();
    return std::move(out_);
  }

 private:
  // Progress counts thousands of Å³, so that the time left means something across sizes.
  int64_t total_volume() const { return std::max<int64_t>(1, std::llround(wanted_A3() / 1000)); }
  double wanted_A3() const {
    double sum = 0;
    for (const PackingDemand& demand : demands_)
      sum += demand.surface->volume_A3() * static_cast<double>(demand.copies);
    return sum;
  }
  bool out_of_time() const { return options_.time_limit_min > 0 && watch_.seconds() > 60 * options_.time_limit_min; }
  bool halted() const { return context_.stop_requested() || out_of_time(); }

  void place(size_t demand) {
    const int64_t wanted = demands_[demand].copies;
    for (int pass = 0; pass < most_passes && out_.placed[demand] < wanted && !out_of_time(); ++pass) {
      const int64_t asked = wanted - out_.placed[demand];
      const int64_t gained = run_pass(demand, pass, asked);
      if (static_cast<double>(gained) < least_gain * static_cast<double>(asked) || gained == 0) break;
    }
    if (out_.placed[demand] < wanted) {
      const auto full = std::count_if(occupancy_.begin(), occupancy_.end(), [](uint8_t v) { return v != 0; });
      out_.saturated_at[demand] = static_cast<double>(full) / static_cast<double>(occupancy_.size());
    }
  }

  // Deals what is wanted to the blocks until all is placed or every block is full. Returns the copies placed.
  int64_t run_pass(size_t demand, int pass, int64_t asked) {
    Random random(context_.seed, "dense packing pass", demand * most_passes + static_cast<uint64_t>(pass));
    const int reach = mask_reach(*demands_[demand].surface, voxel_size_A_, options_.gap_A);
    const BlockGrid grid(occupancy_.shape(), reach, random);
    std::vector<double> room = empty_voxels_of(grid, occupancy_, context_.threads);
    int64_t left = asked;
    for (uint64_t round = 0; left > 0 && !out_of_time(); ++round) {
      const std::vector<int64_t> shares = deal(left, room, random);
      int64_t open = 0;
      for (int64_t colour = 0; colour < grid.colours(); ++colour)
        left -= run_colour(demand, grid, colour, shares, random.bits() + (round << 32), room);
      for (const double value : room) open += value > 0;
      if (open == 0) break;
    }
    return asked - left;
  }

  // Fills the blocks of one colour in parallel; a block that could not take its share has no more room.
  int64_t run_colour(size_t demand, const BlockGrid& grid, int64_t colour, const std::vector<int64_t>& shares,
                     uint64_t stream, std::vector<double>& room) {
    std::vector<int64_t> blocks;
    for (int64_t block = 0; block < grid.count(); ++block)
      if (grid.colour(block) == colour && shares[block] > 0) blocks.push_back(block);
    std::vector<std::vector<BlockBody>> bodies(blocks.size());
    context_.threads.for_each(static_cast<int64_t>(blocks.size()), [&](int64_t i, int) {
      if (halted()) return;
      const BlockTask task{grid.first(blocks[i]), shares[blocks[i]],
                           stream ^ (static_cast<uint64_t>(blocks[i]) * 0x9e3779b97f4a7c15u), touching_};
      bodies[i] = fill_block(occupancy_, *demands_[demand].surface, voxel_size_A_, task, options_, context_.seed,
                             [&] { return halted(); });
    });
    if (context_.stop_requested()) throw Interrupted("stopped while packing; nothing was written");
    int64_t gained = 0;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (static_cast<int64_t>(bodies[i].size()) < shares[blocks[i]]) room[blocks[i]] = 0;
      for (const BlockBody& body : bodies[i]) keep(demand, body);
      gained += static_cast<int64_t>(bodies[i].size());
    }
    out_.placed[demand] += gained;
    out_.curve.push_back({watch_.seconds(), static_cast<int64_t>(out_.bodies.size()), out_.body_voxels});
    progress_.advance(std::llround(demands_[demand].surface->volume_A3() * static_cast<double>(gained) / 1000));
    return gained;
  }

  void keep(size_t demand, const BlockBody& body) {
    const Vec3 whole{static_cast<double>(body.voxel.x), static_cast<double>(body.voxel.y),
                     static_cast<double>(body.voxel.z)};
    out_.bodies.push_back({static_cast<int>(demand), whole + body.mask.offset_voxels, body.mask.scene_from_ref});
    out_.body_voxels += body.mask.voxel_count;
  }

  Volume<uint8_t>& occupancy_;
  double voxel_size_A_;
  const std::vector<PackingDemand>& demands_;
  const DensePackingOptions& options_;
  ExecContext& context_;
  Stopwatch watch_;
  Progress progress_;
  bool touching_ = true;
  DensePackingResult out_;
};

}  // namespace

void DensePackingOptions::add_faults(Faults& faults) const {
  if (!(gap_A >= 0 && gap_A <= 1000)) faults.add(fmt::format("--gap must be 0 to 1000 Å, {} was given", gap_A));
  if (arrangement != "auto" && arrangement != "random" && arrangement != "touching")
    faults.add(fmt::format("--arrangement must be auto, random or touching; \"{}\" was given", arrangement));
  if (rotations < 1 || rotations > 100000)
    faults.add(fmt::format("--rotations must be 1 to 100000, {} was given", rotations));
  if (surface_resolution_A != 0 && !(surface_resolution_A >= 2 && surface_resolution_A <= 200))
    faults.add(fmt::format("--surface-resolution must be 2 to 200 Å, or 0 for two voxels; {} was given",
                           surface_resolution_A));
  if (!(volume_per_dalton_A3 > 0.1 && volume_per_dalton_A3 < 20))
    faults.add(fmt::format("--volume-per-dalton must be 0.1 to 20 Å³, {} was given", volume_per_dalton_A3));
  if (subdivision < 1 || subdivision > 8)
    faults.add(fmt::format("--subdivision must be 1 to 8, {} was given", subdivision));
  if (!(time_limit_min >= 0))
    faults.add(fmt::format("--time-limit must be 0 or more minutes, {} was given", time_limit_min));
}

DensePackingResult pack_densely(Volume<uint8_t>& occupancy, double voxel_size_A,
                                const std::vector<PackingDemand>& demands, const DensePackingOptions& options,
                                ExecContext& context) {
  return Packer(occupancy, voxel_size_A, demands, options, context).run();
}

}  // namespace tessera
