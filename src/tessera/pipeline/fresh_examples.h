// SPDX-License-Identifier: GPL-3.0-or-later
// Particles simulated anew for every epoch of a training.
#pragma once

#include "tessera/nn/examples.h"
#include "tessera/nn/model.h"
#include "tessera/pipeline/simulate_particles.h"

namespace tessera {

struct FreshOptions {
  std::string folder;
  int poses = 64;
  int uses = 4;
  int noises = 256;
  std::vector<double> snr_factor, tilt_limit_deg, defocus_um;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(
        Option{"fresh", "folder",
               "A folder of `simulate particles`: train on particles of its structures, simulated anew for every epoch "
               "as its run.json tells; the particles of the list then serve validation and test",
               "Fresh particles"},
        folder);
    visit(Option{"fresh-poses", "", "New poses of each class for every epoch", "Fresh particles"}, poses);
    visit(
        Option{"fresh-uses", "", "Times each is used in its epoch, with other noise and half turns", "Fresh particles"},
        uses);
    visit(Option{"fresh-noises", "", "New noise boxes for every epoch; a particle gets a random mixture of two",
                 "Fresh particles"},
          noises);
    visit(Option{"fresh-snr", "factor", "Least and greatest factor on the folder's SNR, drawn for every particle",
                 "Fresh particles"},
          snr_factor);
    visit(Option{"fresh-tilt", "degrees", "Least and greatest end of the tilt range, drawn for every epoch",
                 "Fresh particles"},
          tilt_limit_deg);
    visit(Option{"fresh-defocus", "µm", "Least and greatest defocus, drawn for every epoch", "Fresh particles"},
          defocus_um);
  }
  void add_faults(Faults& faults) const;
};

// signal + σ (cos θ · noise a + sin θ · noise b): imaging is linear, so this is what `simulate particles` makes at
// another draw of its noise. Signals (classes × poses) and noises are imaged by simulate/imaging.h in prepare(); half
// turns that the wedge allows multiply them. Memory: (classes × poses + noises) boxes. Cost of an epoch: about 15 ms
// for each of them at 40³ on one core. The same for any number of threads.
class FreshExamples : public ExampleSource {
 public:
  // classes: those to be made, by their number in the folder. IoError, UserError: no such record, a class that it
  // lacks, another box or voxel size than given.
  FreshExamples(const FreshOptions& options, const std::vector<ModelClass>& classes, int box, double voxel_size_A,
                ExecContext& context);
  ~FreshExamples() override;
  int64_t size() const override;
  int box() const override;
  int label(int64_t i) const override;
  void prepare(uint64_t epoch) override;
  void load(int64_t i, uint64_t epoch, float* to) const override;

 private:
  void make_imagers(uint64_t epoch);
  FreshOptions options_;
  ExecContext& context_;
  ImagingOptions imaging_;
  std::vector<Map> densities_;
  std::vector<double> noise_sigma_;
  std::vector<std::unique_ptr<ParticleImager>> imagers_;  // of the classes, then of nothing
  std::vector<HalfTurn> turns_;
  std::vector<Volume<float>> signals_, noises_;  // class by class
};

}  // namespace tessera
