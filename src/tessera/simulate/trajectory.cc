// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/trajectory.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

static_assert(std::endian::native == std::endian::little, "DCD is written as it lies in memory");

// CHARMM's time unit in fs; DCD counts time in it.
constexpr double akma_fs = 48.88821;

std::string padded(const std::string& text) {
  std::string line = text.substr(0, 80);
  line.resize(80, ' ');
  return line;
}

// Reads the Fortran record at `at` and moves past it.
std::string_view next_record(std::string_view file, size_t& at, const std::filesystem::path& path) {
  const auto refuse = [&] { throw IoError(path.string() + " is no whole DCD file of this machine's byte order"); };
  int32_t size = 0, again = 0;
  if (at + 4 > file.size()) refuse();
  std::memcpy(&size, file.data() + at, 4);
  if (size < 0 || at + 8 + static_cast<size_t>(size) > file.size()) refuse();
  std::memcpy(&again, file.data() + at + 4 + size, 4);
  if (again != size) refuse();
  const std::string_view out = file.substr(at + 4, size);
  at += 8 + static_cast<size_t>(size);
  return out;
}

}  // namespace

DcdWriter::DcdWriter(const std::filesystem::path& path, int64_t count, int64_t frames, double frame_interval_fs)
    : file_(path), count_(count), frames_(frames) {
  char header[84] = {'C', 'O', 'R', 'D'};
  const auto put = [&](int64_t field, auto value) {
    static_assert(sizeof value == 4);
    std::memcpy(header + 4 + 4 * field, &value, 4);
  };
  put(0, static_cast<int32_t>(frames));
  put(1, 0);  // first step
  put(2, 1);  // steps between frames
  put(9, static_cast<float>(frame_interval_fs / akma_fs));
  put(19, 24);  // as CHARMM 24: no unit cell, no fixed atoms
  record(header, sizeof header);
  const int32_t lines = 1;
  std::string title(reinterpret_cast<const char*>(&lines), 4);
  title += padded("REMARKS balls packed by tessera");
  record(title.data(), title.size());
  const auto atoms = static_cast<int32_t>(count);
  record(&atoms, 4);
}

void DcdWriter::record(const void* data, size_t bytes) {
  const auto size = static_cast<int32_t>(bytes);
  file_.write(&size, 4);
  file_.write(data, bytes);
  file_.write(&size, 4);
}

void DcdWriter::add(const std::vector<Vec3>& positions_A) {
  if (static_cast<int64_t>(positions_A.size()) != count_)
    throw UserError(fmt::format("a frame of {} positions in a trajectory of {}", positions_A.size(), count_));
  std::vector<float> column(positions_A.size());
  for (double Vec3::*axis : {&Vec3::x, &Vec3::y, &Vec3::z}) {
    for (size_t i = 0; i < column.size(); ++i) column[i] = static_cast<float>(positions_A[i].*axis);
    record(column.data(), 4 * column.size());
  }
  ++written_;
}

void DcdWriter::commit() {
  if (written_ != frames_) throw UserError(fmt::format("{} frames in a trajectory of {}", written_, frames_));
  file_.commit();
}

std::vector<std::vector<Vec3>> read_dcd(const std::filesystem::path& path) {
  const std::string file = read_text_file(path);
  size_t at = 0;
  const std::string_view header = next_record(file, at, path);
  if (header.size() != 84 || !header.starts_with("CORD")) throw IoError(path.string() + " is no DCD file");
  int32_t frames = 0, count = 0;
  std::memcpy(&frames, header.data() + 4, 4);
  next_record(file, at, path);
  const std::string_view atoms = next_record(file, at, path);
  if (atoms.size() != 4) throw IoError(path.string() + ": the number of atoms is missing");
  std::memcpy(&count, atoms.data(), 4);
  std::vector<std::vector<Vec3>> out;
  for (int32_t f = 0; f < frames; ++f) {
    std::vector<Vec3> frame(count);
    for (double Vec3::*axis : {&Vec3::x, &Vec3::y, &Vec3::z}) {
      const std::string_view column = next_record(file, at, path);
      if (column.size() != 4 * frame.size()) throw IoError(path.string() + ": a frame has the wrong size");
      for (size_t i = 0; i < frame.size(); ++i) {
        float value = 0;
        std::memcpy(&value, column.data() + 4 * i, 4);
        frame[i].*axis = value;
      }
    }
    out.push_back(std::move(frame));
  }
  return out;
}

PdbTrajectory::PdbTrajectory(const std::filesystem::path& path, std::vector<PdbBall> balls,
                             std::vector<std::array<int32_t, 2>> bonds)
    : file_(path), balls_(std::move(balls)), bonds_(std::move(bonds)) {
  file_ << "TITLE     balls packed by tessera\n";
}

void PdbTrajectory::add(const std::vector<Vec3>& positions_A) {
  if (positions_A.size() != balls_.size())
    throw UserError(fmt::format("a frame of {} positions in a trajectory of {}", positions_A.size(), balls_.size()));
  for (size_t i = 0; i < balls_.size(); ++i) balls_[i].ball.centre_A = positions_A[i];
  file_ << fmt::format("MODEL     {:4}\n", ++written_ % 10000) << pdb_atoms(balls_) << "ENDMDL\n";
}

void PdbTrajectory::commit() {
  file_ << pdb_bonds(bonds_) << "END\n";
  file_.commit();
}

}  // namespace tessera
