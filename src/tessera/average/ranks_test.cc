// SPDX-License-Identifier: GPL-3.0-or-later
// Several ranks give the bits of one: pretended ranks in one process, each with its own particles and threads. Under
// mpirun: tests/cli/mpi_test.cc.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "tessera/average/averager.h"
#include "tessera/average/judged_maps.h"
#include "tessera/average/marginal_start.h"
#include "tessera/average/share_assignments.h"
#include "tessera/base/errors.h"
#include "tessera/parallel/blocks.h"
#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

constexpr int64_t box = 16, particles = 25;

ParticleSource particle_source(const FourierWeight& weight, const synthetic::Phantom& phantom) {
  ParticleSource source;
  source.count = particles;
  source.box = box;
  source.voxel_size_A = 10;
  source.weights.push_back(weight);
  source.load = [weight, phantom](int64_t i) {
    if (i == 13) throw IoError("unlucky: damaged");  // is left out on every rank
    return synthetic::particle(phantom, box, synthetic::random_pose(1, i, 1), weight, 1.0, 1, i);
  };
  return source;
}

AverageOptions small_options() {
  AverageOptions options;
  options.align.max_shift_voxels = 1.5;
  options.classes = 2;
  options.iterations = 1;
  options.starts = options.class_starts = options.class_start_iterations = 1;
  options.start = "particles";
  options.start_iterations = 1;
  options.model.stop_at_rest = false;
  return options;
}

AverageResult average_on(Comm& comm, const ParticleSource& source, double memory_bytes) {
  Threads threads(1);
  SilentSink sink;
  ExecContext context{threads, comm, sink, 7};
  const AverageOptions options = small_options();
  StackOptions stack_options{.mask_radius = stack_mask_radius(box, 10, options), .memory_bytes = memory_bytes};
  stack_options.skip_unfit = true;
  ParticleStack stack(source, stack_options, context);
  return average_particles(stack, options, context, nullptr);
}

// Poses, likelihoods and noise as bytes.
std::string bytes_of(const AverageState& state) {
  std::string out;
  const auto put = [&](const void* data, size_t bytes) { out.append(static_cast<const char*>(data), bytes); };
  for (const Assignment& one : state.assignments) {
    put(&one.log_likelihood, sizeof(double));
    for (const WeightedPose& pose : one.poses)
      for (const double v : {pose.pose.particle_from_ref.w(), pose.pose.particle_from_ref.x(), pose.pose.shift_voxels.x,
                             pose.pose.shift_voxels.z, pose.probability})
        put(&v, sizeof v);
  }
  put(state.noise_variance.data(), state.noise_variance.size() * sizeof(double));
  return out;
}

// And maps.
std::string bytes_of(const AverageResult& result) {
  std::string out = bytes_of(result.state);
  for (const AverageMaps& one : result.maps)
    out.append(reinterpret_cast<const char*>(one.map.data()), static_cast<size_t>(one.map.size()) * sizeof(float));
  return out;
}

TEST(Ranks, AverageHasTheBitsOfOneRank) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const ParticleSource source = particle_source(weight, synthetic::make_phantom(5, 30, 31, 1.6));
  LocalComm local;
  const std::string one = bytes_of(average_on(local, source, 1e12));
  ASSERT_FALSE(one.empty());
  for (const int ranks : {3, 7}) {
    std::vector<std::string> found(ranks);
    // Seven are more than there are blocks. Of three each holds four particles in memory, and reads the others when it
    // needs them.
    run_fake_ranks(ranks, [&](Comm& comm) {
      found[comm.rank()] = bytes_of(average_on(comm, source, ranks == 3 ? 4 * 8 * 16 * 16 * 9 : 1e12));
    });
    for (int rank = 0; rank < ranks; ++rank) EXPECT_TRUE(found[rank] == one) << rank << " of " << ranks;
  }
}

// Seventeen particles of twenty-four anneal, in five folds: of seven ranks two have none. Two classes.
TEST(Ranks, StartOverAllPosesHasTheBitsOfOneRank) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const ParticleSource source = particle_source(weight, synthetic::make_phantom(5, 30, 31, 1.6));
  const auto start_on = [&](Comm& comm) {
    Threads threads(1);
    SilentSink sink;
    ExecContext context{threads, comm, sink, 7};
    AverageOptions options = small_options();
    options.start = "marginal";
    options.start_particles = 17;
    options.classes = 1;
    StackOptions stack_options{.mask_radius = stack_mask_radius(box, 10, options), .memory_bytes = 1e12};
    stack_options.skip_unfit = true;
    ParticleStack stack(source, stack_options, context);
    std::string out;
    for (const int classes : {1, 2}) {
      options.classes = classes;
      StartLog log;
      const MarginalStart start = marginal_start(stack, stack.all(), options, 6, log, context, nullptr, {8, 4, 5, 6});
      out += bytes_of(start.state) + (start.condensed ? "condensed" : "round");
      const auto& rival = start.state.assignments;
      out +=
          marginal_start(stack, stack.all(), options, 6, log, context, &rival, {8, 4, 5, 6}).beaten ? "beaten" : "kept";
    }
    return out;
  };
  LocalComm local;
  const std::string one = start_on(local);
  for (const int ranks : {3, 7}) {
    std::vector<std::string> found(ranks);
    run_fake_ranks(ranks, [&](Comm& comm) { found[comm.rank()] = start_on(comm); });
    for (int rank = 0; rank < ranks; ++rank) EXPECT_TRUE(found[rank] == one) << rank << " of " << ranks;
  }
}

TEST(Ranks, ReadOnlyWhatIsTheirs) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const ParticleSource plain = particle_source(weight, synthetic::make_phantom(5, 30, 31, 1.6));
  std::vector<std::vector<int>> reads(3, std::vector<int>(particles));
  run_fake_ranks(3, [&](Comm& comm) {
    ParticleSource source = plain;
    source.load = [&plain, &mine = reads[comm.rank()]](int64_t i) {
      ++mine[i];
      return plain.load(i);
    };
    Threads threads(1);
    SilentSink sink;
    ExecContext context{threads, comm, sink, 7};
    StackOptions options{.mask_radius = 6};
    options.skip_unfit = true;
    const ParticleStack stack(source, options, context);
    EXPECT_EQ(stack.count(), particles - 1);
    EXPECT_EQ(stack.left_out().size(), 1u) << "told by the rank that met it";
  });
  for (int64_t i = 0; i < particles; ++i) EXPECT_EQ(reads[0][i] + reads[1][i] + reads[2][i], 1) << i;
}

TEST(Ranks, ARankThatFailsEndsTheRun) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  ParticleSource source = particle_source(weight, synthetic::make_phantom(5, 30, 31, 1.6));
  std::atomic<int> reads = 0;
  const auto load = source.load;
  source.load = [&](int64_t i) {
    if (++reads > 60) throw NumericalError("rank's own");
    return load(i);
  };
  EXPECT_THROW(run_fake_ranks(2, [&](Comm& comm) { average_on(comm, source, 1); }), NumericalError);
}

TEST(Blocks, EveryItemHasOneOwner) {
  for (const int64_t items : {1, 7, 8, 17, 100, 5000})
    for (const int ranks : {1, 2, 3, 7}) {
      std::vector<int> owners(items);
      std::mutex mutex;
      run_fake_ranks(ranks, [&](Comm& comm) {
        const auto mine = Blocks(items).items_of(comm);
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
        const std::lock_guard guard(mutex);
        for (const int64_t i : mine) ++owners[i];
      });
      EXPECT_EQ(std::count(owners.begin(), owners.end(), 1), items);
    }
}

TEST(ShareAssignments, BringsEveryFieldToEveryRank) {
  const auto made = [](int64_t i) {
    Assignment out;
    Random random(3, "share", static_cast<uint64_t>(i));
    for (int64_t k = 0; k <= i % 4; ++k)
      out.poses.push_back({{Rotation::random(random), {random.normal(), 1, 2}}, 0.5, static_cast<int>(k), -3, 1.5});
    out.log_likelihood = random.normal();
    out.correlation = random.normal();
    out.residual.assign(static_cast<size_t>(i % 3), random.normal());
    return out;
  };
  run_fake_ranks(3, [&](Comm& comm) {
    const auto mine = Blocks(50).items_of(comm);
    std::vector<Assignment> all(50);
    for (const int64_t i : mine) all[i] = made(i);
    share_assignments(all, mine, comm);
    for (int64_t i = 0; i < 50; ++i) {
      const Assignment expected = made(i);
      ASSERT_EQ(all[i].poses.size(), expected.poses.size());
      for (size_t k = 0; k < expected.poses.size(); ++k) {
        EXPECT_EQ(all[i].poses[k].pose.particle_from_ref.y(), expected.poses[k].pose.particle_from_ref.y());
        EXPECT_EQ(all[i].poses[k].pose.shift_voxels.x, expected.poses[k].pose.shift_voxels.x);
        EXPECT_EQ(all[i].poses[k].class_index, expected.poses[k].class_index);
        EXPECT_EQ(all[i].poses[k].half_log_determinant, 1.5);
      }
      EXPECT_EQ(all[i].log_likelihood, expected.log_likelihood);
      EXPECT_EQ(all[i].correlation, expected.correlation);
      EXPECT_EQ(all[i].residual, expected.residual);
    }
  });
}

}  // namespace
}  // namespace tessera
