// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/nearest.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Nearest, DistancesKnownByHand) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("box", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("voxle-size", "voxel-size"), 1);  // neighbours swapped
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2);
}

TEST(Nearest, DistanceIsSymmetric) {
  for (const char* a : {"average", "align", "fetch"})
    for (const char* b : {"compare", "density", "aligned"}) EXPECT_EQ(edit_distance(a, b), edit_distance(b, a));
}

TEST(Nearest, OffersOnlyWhatIsNear) {
  const std::vector<std::string> verbs = {"align", "average", "compare", "density", "fetch"};
  EXPECT_EQ(nearest_name("avarage", verbs), "average");
  EXPECT_EQ(nearest_name("Compare", verbs), "compare");
  EXPECT_EQ(nearest_name("dens", verbs), "density");
  EXPECT_EQ(nearest_name("zzzzzz", verbs), "");
  EXPECT_EQ(did_you_mean("fetsh", verbs), "; did you mean fetch?");
  EXPECT_EQ(did_you_mean("qqqq", verbs), "");
}

}  // namespace
}  // namespace tessera
