// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::Not;

template <typename ErrorType>
void expect_exit_code(int code) {
  try {
    throw ErrorType("map.mrc: it broke");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), code);
    EXPECT_THAT(error.what(), HasSubstr("map.mrc: it broke"));
  }
}

TEST(Errors, EachTypeHasItsExitCodeAndKeepsItsMessage) {
  expect_exit_code<UserError>(2);
  expect_exit_code<IoError>(3);
  expect_exit_code<NumericalError>(4);
  expect_exit_code<InternalError>(70);
  expect_exit_code<Interrupted>(130);
  EXPECT_THAT(InternalError("x").what(), HasSubstr("please report"));
}

TEST(Faults, NoneIsNoError) {
  const Faults faults;
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(faults.size(), 0u);
  EXPECT_NO_THROW(faults.raise<UserError>("heading"));
}

TEST(Faults, OneIsOneLine) {
  Faults faults;
  faults.add("box is zero");
  EXPECT_EQ(faults.text("options"), "options: box is zero");
  EXPECT_EQ(faults.text(""), "box is zero");
}

TEST(Faults, AllAreReportedAtOnceInOrderUnderTheTypeAskedFor) {
  Faults faults;
  for (const char* text : {"first", "second", "third"}) faults.add(text);
  try {
    faults.raise<IoError>("particles.star");
    FAIL() << "nothing thrown";
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "particles.star: 3 problems\n  - first\n  - second\n  - third");
  }
  EXPECT_EQ(faults.text(""), "3 problems\n  - first\n  - second\n  - third");
}

TEST(Faults, ManyAreCountedBeyondTheLimit) {
  Faults faults;
  for (int i = 0; i < 1000; ++i) faults.add(fmt::format("fault {}", i));
  const std::string text = faults.text("list", 5);
  EXPECT_THAT(text, HasSubstr("1000 problems"));
  EXPECT_THAT(text, HasSubstr("fault 4\n  … and 995 more"));
  EXPECT_THAT(text, Not(HasSubstr("fault 5")));
  EXPECT_THAT(faults.text("list", 1000), Not(HasSubstr("more")));
}

}  // namespace
}  // namespace tessera
