// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/fresh_examples.h"

#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tessera/base/units.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"

namespace tessera {
namespace {

// Sets described fields from the resolved options of a run.json.
class FromRecord {
 public:
  explicit FromRecord(const nlohmann::json& options) : options_(options) {}
  template <typename T>
  void operator()(const Option& option, T& value) {
    const auto found = options_.find(option.name);
    if (found == options_.end() || found->is_null()) return;
    if constexpr (requires { value.has_value(); })
      value = found->template get<typename T::value_type>();
    else
      value = found->template get<T>();
  }

 private:
  const nlohmann::json& options_;
};

void check_range(Faults& faults, const char* option, const std::vector<double>& range, double low, double high) {
  if (range.empty()) return;
  if (range.size() != 2 || !(range[0] >= low && range[0] <= range[1] && range[1] <= high))
    faults.add(fmt::format("--{}: give two numbers, the smaller first, {} to {}", option, low, high));
}

double within(const std::vector<double>& range, Random& random) {
  return range[0] + (range[1] - range[0]) * random.uniform();
}

}  // namespace

void FreshOptions::add_faults(Faults& faults) const {
  if (poses < 1) faults.add(fmt::format("--fresh-poses {}: at least 1", poses));
  if (uses < 1) faults.add(fmt::format("--fresh-uses {}: at least 1", uses));
  if (noises < 2) faults.add(fmt::format("--fresh-noises {}: at least 2", noises));
  check_range(faults, "fresh-snr", snr_factor, 1e-3, 1e6);
  check_range(faults, "fresh-tilt", tilt_limit_deg, 10, 90);
  check_range(faults, "fresh-defocus", defocus_um, 0.01, 50);
  if (folder.empty() && (!snr_factor.empty() || !tilt_limit_deg.empty() || !defocus_um.empty()))
    faults.add("--fresh-snr, --fresh-tilt and --fresh-defocus say how to simulate: --fresh must say what");
}

FreshExamples::FreshExamples(const FreshOptions& options, const std::vector<ModelClass>& classes, int box,
                             double voxel_size_A, ExecContext& context)
    : options_(options), context_(context) {
  const std::filesystem::path folder = options.folder, record_file = folder / "run.json";
  Faults faults;
  try {
    const auto record = nlohmann::json::parse(read_text_file(record_file));
    FromRecord from(record.at("options"));
    imaging_.describe(from);
    const auto& made = record.at("results").at("simulation").at("classes");
    for (const ModelClass& c : classes) {
      if (c.number > std::ssize(made)) {
        faults.add(fmt::format("class {} ({}) is not among its {} classes", c.number, c.name, made.size()));
        continue;
      }
      const auto& of_class = made.at(c.number - 1);
      noise_sigma_.push_back(of_class.at("noise_sigma").get<double>());
      densities_.push_back(read_mrc(folder / of_class.at("truth_map").get<std::string>()));
      if (densities_.back().voxels.shape() != Shape3::cube(box) ||
          std::abs(densities_.back().voxel_size_A / voxel_size_A - 1) > 0.01)
        faults.add(fmt::format("class {} has a map of {}³ voxels of {} Å, the particles {}³ of {} Å", c.number,
                               densities_.back().voxels.shape().x, densities_.back().voxel_size_A, box, voxel_size_A));
    }
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: not the record of `simulate particles` ({}); give its folder to --fresh",
                              record_file.string(), error.what()));
  }
  faults.raise<UserError>(fmt::format("--fresh {}", options.folder));
}

FreshExamples::~FreshExamples() = default;

int64_t FreshExamples::size() const {
  return std::ssize(densities_) * options_.poses * options_.uses;
}
int FreshExamples::box() const {
  return static_cast<int>(densities_.front().voxels.shape().x);
}
int FreshExamples::label(int64_t i) const {
  return static_cast<int>(i % std::ssize(densities_));
}

void FreshExamples::make_imagers(uint64_t epoch) {
  const bool varies = !options_.tilt_limit_deg.empty() || !options_.defocus_um.empty();
  if (!imagers_.empty() && !varies) return;
  Random random(context_.seed, "fresh imaging", epoch);
  ImagingOptions imaging = imaging_;
  if (!options_.tilt_limit_deg.empty()) {
    const double limit = within(options_.tilt_limit_deg, random);
    imaging.tilt_range_deg = {-limit, limit};
  }
  if (!options_.defocus_um.empty()) imaging.defocus_um = within(options_.defocus_um, random);
  imagers_.clear();
  const Map nothing{Volume<float>(densities_.front().voxels.shape()), densities_.front().voxel_size_A, {}};
  for (const Map& density : densities_)
    imagers_.push_back(
        std::make_unique<ParticleImager>(density, imaging, imagers_.empty() ? nullptr : imagers_.front().get()));
  imagers_.push_back(std::make_unique<ParticleImager>(nothing, imaging, imagers_.front().get()));
  turns_ = allowed_turns(imagers_.front()->weight());
}

void FreshExamples::prepare(uint64_t epoch) {
  make_imagers(epoch);
  const int64_t classes = std::ssize(densities_), made = classes * options_.poses;
  signals_.resize(made);
  noises_.resize(options_.noises);
  Progress progress(context_.sink, "simulating fresh particles", made + options_.noises);
  std::mutex lock;
  context_.threads.for_each(made + options_.noises, [&](int64_t i, int) {
    if (context_.stop_requested()) throw Interrupted("stopped while simulating fresh particles");
    if (i < made) {
      const auto item = static_cast<int64_t>(epoch) * made + i;
      ParticlePose pose = draw_pose(imaging_, {0, 0, 1}, context_.seed ^ 0x6672657368ull, item);
      signals_[i] = imagers_[i / options_.poses]->image(pose.particle_from_ref, pose.shift_voxels, 0,
                                                        Random(context_.seed, "unused"));
    } else {
      const uint64_t item = epoch * static_cast<uint64_t>(options_.noises) + static_cast<uint64_t>(i - made);
      noises_[i - made] = imagers_.back()->image({}, {}, 1, Random(context_.seed, "fresh noise", item));
    }
    const std::lock_guard guard(lock);
    progress.advance();
  });
}

void FreshExamples::load(int64_t i, uint64_t epoch, float* to) const {
  const int64_t c = label(i), pose = i / std::ssize(densities_) % options_.poses;
  Random random(context_.seed, "fresh example", epoch * static_cast<uint64_t>(size()) + static_cast<uint64_t>(i));
  const Volume<float>& signal = signals_[c * options_.poses + pose];
  const int64_t edge = box(), count = signal.size();
  const double theta = random.uniform(0, 2 * pi);
  double sigma = noise_sigma_[c];
  if (!options_.snr_factor.empty())
    sigma /= std::sqrt(std::exp(within({std::log(options_.snr_factor[0]), std::log(options_.snr_factor[1])}, random)));
  std::vector<float> turned(count);
  turn_box(signal.data(), edge, turns_[random.below(turns_.size())], to);
  for (const double share : {std::cos(theta), std::sin(theta)}) {
    const Volume<float>& noise = noises_[random.below(noises_.size())];
    turn_box(noise.data(), edge, turns_[random.below(turns_.size())], turned.data());
    for (int64_t v = 0; v < count; ++v) to[v] += static_cast<float>(sigma * share) * turned[v];
  }
  if (!normalise_box(to, count))
    throw UserError("--fresh: a box without particle and noise; its folder is noise-free: leave empty boxes out");
}

}  // namespace tessera
