// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/toml_file.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::HasSubstr;

class TomlFile : public test::ScratchFolder {
 protected:
  nlohmann::ordered_json read(const std::string& text) const {
    write_text_file(path("a.toml"), text);
    return read_toml(path("a.toml"));
  }
  std::string fault(const std::string& text) const {
    try {
      read(text);
    } catch (const IoError& error) {
      return error.what();
    }
    return "no error";
  }
};

TEST_F(TomlFile, ValuesOfEveryKind) {
  const auto json = read("a = 1\nb = -2\nc = 2.5\nd = true\ne = [1, 2]\n[f]\ng = 'text'\n");
  EXPECT_EQ(json.dump(), R"({"a":1,"b":-2,"c":2.5,"d":true,"e":[1,2],"f":{"g":"text"}})");
}

TEST_F(TomlFile, LettersBeyondAsciiInStringsAndCommentsAlone) {
  const auto json = read(
      "\xef\xbb\xbf# in Å, \"not closed\na = \"Å \\\" Å\"\nb = 'Å\"' # Å\n\"Å\" = 1\nc = \"\"\"Å\n\"Å\" Å\"\"\"\n");
  EXPECT_EQ(json.at("a"), "Å \" Å");
  EXPECT_EQ(json.at("b"), "Å\"");
  EXPECT_EQ(json.at("c"), "Å\n\"Å\" Å");
  EXPECT_EQ(json.at("Å"), 1);
  EXPECT_THAT(fault("a = 1\nb\xcf\xa8 = 2\n"), HasSubstr("a.toml line 2, column 2 is not TOML"));
  EXPECT_THAT(fault("a = 1 \xc3\x85\n"), HasSubstr("line 1"));
  EXPECT_THAT(fault("box_A = [100, 1\"\xce\x88\n"), HasSubstr("line 1"));
}

TEST_F(TomlFile, SaysWhereItIsNoToml) {
  EXPECT_THAT(fault("a = 1\nb = = 2\n"), HasSubstr("line 2, column 5"));
}

}  // namespace
}  // namespace tessera
