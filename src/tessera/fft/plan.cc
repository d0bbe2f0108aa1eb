// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/fft/plan.h"

#include <fftw3.h>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// FFTW's planner is not thread-safe; execution of a finished plan is.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

fftwf_complex* as_fftw(std::complex<float>* p) {
  return reinterpret_cast<fftwf_complex*>(p);
}

struct PlanDestroyer {
  void operator()(fftwf_plan plan) const {
    std::lock_guard lock(planner_mutex());
    fftwf_destroy_plan(plan);
  }
};
using PlanHandle = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, PlanDestroyer>;

}  // namespace

struct RealFft3::Plans {
  PlanHandle forward, inverse;
};

RealFft3::RealFft3(Shape3 shape) : shape_(shape), plans_(std::make_unique<Plans>()) {
  if (shape.z < 1 || shape.y < 1 || shape.x < 1) throw InternalError("transform of an empty shape");
  const int n[3] = {static_cast<int>(shape.z), static_cast<int>(shape.y), static_cast<int>(shape.x)};
  AlignedVector<float> real(shape.count());
  HalfSpectrum half(shape);
  std::lock_guard lock(planner_mutex());
  plans_->forward.reset(fftwf_plan_dft_r2c(3, n, real.data(), as_fftw(half.data()), FFTW_ESTIMATE));
  plans_->inverse.reset(
      fftwf_plan_dft_c2r(3, n, as_fftw(half.data()), real.data(), FFTW_ESTIMATE | FFTW_DESTROY_INPUT));
}

RealFft3::~RealFft3() = default;

void RealFft3::forward(const float* in, std::complex<float>* out) const {
  fftwf_execute_dft_r2c(plans_->forward.get(), const_cast<float*>(in), as_fftw(out));
}

void RealFft3::inverse_unscaled(std::complex<float>* in, float* out) const {
  fftwf_execute_dft_c2r(plans_->inverse.get(), as_fftw(in), out);
}

struct RealFftRows::Plan {
  PlanHandle forward, inverse;
};

RealFftRows::RealFftRows(int64_t length, int64_t rows) : plan_(std::make_unique<Plan>()) {
  if (length < 1 || rows < 1) throw InternalError("transform of empty rows");
  const int n = static_cast<int>(length), out_length = n / 2 + 1;
  AlignedVector<float> real(length * rows);
  AlignedVector<std::complex<float>> half(out_length * rows);
  std::lock_guard lock(planner_mutex());
  plan_->forward.reset(fftwf_plan_many_dft_r2c(1, &n, static_cast<int>(rows), real.data(), nullptr, 1, n,
                                               as_fftw(half.data()), nullptr, 1, out_length,
                                               FFTW_ESTIMATE | FFTW_PRESERVE_INPUT | FFTW_UNALIGNED));
  plan_->inverse.reset(fftwf_plan_many_dft_c2r(1, &n, static_cast<int>(rows), as_fftw(half.data()), nullptr, 1,
                                               out_length, real.data(), nullptr, 1, n,
                                               FFTW_ESTIMATE | FFTW_DESTROY_INPUT | FFTW_UNALIGNED));
}

RealFftRows::~RealFftRows() = default;
RealFftRows::RealFftRows(RealFftRows&&) noexcept = default;
RealFftRows& RealFftRows::operator=(RealFftRows&&) noexcept = default;

void RealFftRows::forward(const float* in, std::complex<float>* out) const {
  fftwf_execute_dft_r2c(plan_->forward.get(), const_cast<float*>(in), as_fftw(out));
}

void RealFftRows::inverse_unscaled(std::complex<float>* in, float* out) const {
  fftwf_execute_dft_c2r(plan_->inverse.get(), as_fftw(in), out);
}

struct RealFftPlane::Plan {
  int64_t size = 0;  // components of a half spectrum
  int64_t row = 0;
  PlanHandle rows, columns, columns_back, rows_back;
};

RealFftPlane::RealFftPlane(int64_t n) : plan_(std::make_unique<Plan>()) {
  if (n < 2 || n % 2 != 0) throw InternalError("planes of an odd size");
  const int length = static_cast<int>(n), row = length / 2 + 1, used = length / 2;
  plan_->row = row;
  plan_->size = n * row;
  AlignedVector<float> real(n * n);
  AlignedVector<std::complex<float>> half(plan_->size), scratch(plan_->size);
  const auto columns = [&](int sign) {
    return fftwf_plan_many_dft(1, &length, used, as_fftw(half.data()), nullptr, row, 1, as_fftw(scratch.data()),
                               nullptr, row, 1, sign, FFTW_ESTIMATE);
  };
  std::lock_guard lock(planner_mutex());
  plan_->rows.reset(fftwf_plan_many_dft_r2c(1, &length, length, real.data(), nullptr, 1, length, as_fftw(half.data()),
                                            nullptr, 1, row, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT));
  plan_->rows_back.reset(fftwf_plan_many_dft_c2r(1, &length, length, as_fftw(scratch.data()), nullptr, 1, row,
                                                 real.data(), nullptr, 1, length, FFTW_ESTIMATE | FFTW_DESTROY_INPUT));
  plan_->columns.reset(columns(FFTW_FORWARD));
  plan_->columns_back.reset(columns(FFTW_BACKWARD));
}

RealFftPlane::~RealFftPlane() = default;
RealFftPlane::RealFftPlane(RealFftPlane&&) noexcept = default;
RealFftPlane& RealFftPlane::operator=(RealFftPlane&&) noexcept = default;

void RealFftPlane::forward(const float* in, std::complex<float>* scratch, std::complex<float>* out) const {
  fftwf_execute_dft_r2c(plan_->rows.get(), const_cast<float*>(in), as_fftw(scratch));
  fftwf_execute_dft(plan_->columns.get(), as_fftw(scratch), as_fftw(out));
}

void RealFftPlane::inverse_unscaled(const std::complex<float>* in, std::complex<float>* scratch, float* out) const {
  fftwf_execute_dft(plan_->columns_back.get(), as_fftw(const_cast<std::complex<float>*>(in)), as_fftw(scratch));
  for (int64_t i = plan_->row - 1; i < plan_->size; i += plan_->row) scratch[i] = 0;
  fftwf_execute_dft_c2r(plan_->rows_back.get(), as_fftw(scratch), out);
}

const RealFft3& PlanCache::real3(Shape3 shape) {
  std::lock_guard lock(mutex_);
  auto& plan = real3_[shape];
  if (!plan) plan = std::make_unique<RealFft3>(shape);
  return *plan;
}

PlanCache& plans() {
  static PlanCache cache;
  return cache;
}

int64_t fast_even_size(int64_t n) {
  for (int64_t size = n + n % 2;; size += 2) {
    int64_t rest = size;
    for (const int64_t factor : {2, 3, 5})
      while (rest % factor == 0) rest /= factor;
    if (rest == 1) return size;
  }
}

}  // namespace tessera
