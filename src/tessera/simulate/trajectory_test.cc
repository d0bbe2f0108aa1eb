// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/trajectory.h"

#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tessera/io/atoms.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::HasSubstr;
using TrajectoryFiles = test::ScratchFolder;

TEST_F(TrajectoryFiles, DcdRoundTrip) {
  const std::vector<std::vector<Vec3>> frames = {{{1, 2, 3}, {-4.5, 5, 6}}, {{7, 8, 9}, {1e4, 0, -1}}};
  DcdWriter writer(path("t.dcd"), 2, 2, 100);
  for (const auto& frame : frames) writer.add(frame);
  EXPECT_THROW(writer.add({{0, 0, 0}}), UserError);
  writer.commit();
  EXPECT_EQ(read_dcd(path("t.dcd")), frames);
  // Records: header, title, count, then x, y, z of each frame; each between two lengths of four bytes.
  EXPECT_EQ(std::filesystem::file_size(path("t.dcd")), 8u * 9 + 84 + 84 + 4 + 2 * 3 * 8);
  DcdWriter short_one(path("s.dcd"), 2, 2, 100);
  short_one.add(frames[0]);
  EXPECT_THROW(short_one.commit(), UserError);
  put("cut.dcd", bytes_of(path("t.dcd")).substr(0, 200));
  EXPECT_THROW(read_dcd(path("cut.dcd")), IoError);
}

TEST_F(TrajectoryFiles, PdbIsReadAgain) {
  std::vector<PdbBall> balls;
  for (int i = 0; i < 30; ++i) balls.push_back({{{i * 1.5, -i * 2.25, 12345.678 * (i == 3)}, 20.0 + i}, i / 3, i / 9});
  write_ball_pdb(path("b.pdb"), balls, {{0, 1}, {1, 2}}, "a scene");
  const AtomicModel model = read_atoms(path("b.pdb"));
  ASSERT_EQ(model.atoms.size(), balls.size());
  for (size_t i = 0; i < balls.size(); ++i) {
    EXPECT_NEAR((model.atoms[i].position_A - balls[i].ball.centre_A).norm(), 0, i == 3 ? 0.05 : 1e-3);
    EXPECT_NEAR(model.atoms[i].b_factor_A2, balls[i].ball.radius_A, 5e-3);
  }
  EXPECT_THAT(bytes_of(path("b.pdb")), HasSubstr("CONECT    1    2\n"));
  PdbTrajectory models(path("m.pdb"), balls, {{0, 1}});
  std::vector<Vec3> frame(30);
  models.add(frame);
  models.add(frame);
  models.commit();
  const std::string text = bytes_of(path("m.pdb"));
  EXPECT_THAT(text, HasSubstr("MODEL        2"));
  EXPECT_EQ(read_atoms(path("m.pdb")).atoms.size(), 30u) << "the first model";
}

// The columns that Grosse-Kunstleve's hybrid-36 gives at its steps.
TEST(BallPdb, NumbersBeyondTheColumns) {
  std::vector<PdbBall> balls(100001);
  balls[99998].body = 9998;
  balls[99999].body = 9999;
  balls[100000].body = 9999 + 26 * 36 * 36 * 36;
  const std::string text = pdb_atoms(balls);
  const size_t line = 81 - 2;  // 78 columns and the newline
  EXPECT_EQ(text.size() % (text.find('\n') + 1), 0u);
  const size_t length = text.find('\n') + 1;
  EXPECT_LE(length, line + 1);
  const auto row = [&](size_t i) { return text.substr(i * length, length); };
  EXPECT_EQ(row(99998).substr(6, 5), "99999");
  EXPECT_EQ(row(99999).substr(6, 5), "A0000");
  EXPECT_EQ(row(100000).substr(6, 5), "A0001");
  EXPECT_EQ(row(99998).substr(22, 4), "9999");
  EXPECT_EQ(row(99999).substr(22, 4), "A000");
  EXPECT_EQ(row(100000).substr(22, 4), "a000");
  EXPECT_THROW(pdb_atoms({{{{1e9, 0, 0}, 1}, 0, 0}}), UserError);
}

}  // namespace
}  // namespace tessera
