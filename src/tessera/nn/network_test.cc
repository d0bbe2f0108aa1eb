// SPDX-License-Identifier: GPL-3.0-or-later
// Networks through their library, as the program reaches them.
#include "tessera/nn/network.h"

#include <gmock/gmock.h>

namespace tessera {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Network, IsMadeThroughItsLibrary) {
  std::string reason;
  if (!networks_available(&reason)) {
    ASSERT_THAT(reason, HasSubstr("install LibTorch"));  // a library that is there must load
    GTEST_SKIP() << reason;
  }
  NetworkOptions options;
  options.box = 16;
  options.classes = 3;
  const auto network = make_network(options);
  EXPECT_EQ(network->evaluate(std::vector<float>(16 * 16 * 16, 0.5f).data(), 1).linear.size(), 3u);
}

TEST(Network, TellsAllThatIsWrongAtOnce) {
  NetworkOptions options;
  options.network = "inception4d";
  options.classes = 1;
  options.dropout = 1.5;
  try {
    make_network(options);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("inception4d"), HasSubstr("1 class"), HasSubstr("1.5")));
  }
}

}  // namespace
}  // namespace tessera
