// SPDX-License-Identifier: GPL-3.0-or-later
// Ids, the environment, and the folders that downloads go to.
#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "tessera/base/errors.h"
#include "tessera/io/fetch.h"
#include "tessera/io/http_test_server.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::HttpAnswer;
using test::HttpRequest;
using test::HttpServer;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(PdbId, FormsOfIds) {
  for (const char* id : {"1kp8", "1KP8", "1Kp8", "pdb_00001kp8", "PDB_00001KP8"})
    EXPECT_EQ(normalise_pdb_id(id), "1KP8") << id;
  EXPECT_EQ(normalise_pdb_id("PDB_1000A1B2"), "pdb_1000a1b2") << "no short form";
  for (const char* id : {"", "1", "1KP", "12345", "abcd", "1k/8", "1k.8", "../../x", "..", "1kp8.pdb", "1kp 8", " 1kp8",
                         "pdb_0001kp8", "pdb_../../xyz", "pdb_0000/kp8", "1kp\xc3", "-1kp", "1kp8\n"})
    EXPECT_THAT(message_of<UserError>([&] { normalise_pdb_id(id); }), AllOf(HasSubstr(id), HasSubstr("like 1KP8")));
}

class FetchFolders : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    for (const char* name : {"TESSERA_PDB_URL", "TESSERA_CACHE", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      saved_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      unsetenv(name);
    }
    test::write_gzip(path("atom.gz"),
                     "ATOM      1  CA  ALA A   1      11.000  12.000  13.000  1.00 10.00           C\n");
    structure_ = bytes_of(path("atom.gz"));
    fs::remove(path("atom.gz"));
  }
  void TearDown() override {
    for (const auto& [name, value] : saved_) value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    ScratchFolder::TearDown();
  }
  // Has 1ABC and 2ABC, in PDB format.
  HttpAnswer answer(const HttpRequest& request) const {
    const bool known = request.path == "/1ABC.pdb.gz" || request.path == "/2ABC.pdb.gz";
    return known ? HttpAnswer{.body = structure_} : HttpAnswer{.status = 404};
  }
  FetchOptions options(const HttpServer& server) const { return {server.url(), path("cache"), 0, 0.01, 1, 2}; }

  SilentSink sink_;
  std::string structure_;
  std::map<std::string, std::optional<std::string>> saved_;
};

TEST_F(FetchFolders, EnvironmentNamesServerAndCache) {
  EXPECT_THAT(message_of<UserError>([] { fetch_options_from_environment(); }), HasSubstr("set TESSERA_CACHE"));
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(fetch_options_from_environment().cache, "/home/someone/.cache/tessera");
  EXPECT_EQ(fetch_options_from_environment().server, "https://files.rcsb.org/download");
  setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(fetch_options_from_environment().cache, "/caches/tessera");
  setenv("TESSERA_CACHE", path("cache").c_str(), 1);
  EXPECT_EQ(fetch_options_from_environment().cache, path("cache"));
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  setenv("TESSERA_PDB_URL", (server.url() + "//").c_str(), 1);
  FetchOptions options = fetch_options_from_environment();
  EXPECT_EQ(options.server, server.url());
  EXPECT_EQ(fetch_structure("1abc", options, sink_), path("cache/1ABC.pdb.gz"));
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(FetchFolders, CopiesInOrder) {
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  const auto copies = fetch_structures({"2abc", "1ABC", "2ABC"}, path("deep/out"), options(server), sink_);
  EXPECT_THAT(copies, ElementsAre(path("deep/out/2ABC.pdb.gz"), path("deep/out/1ABC.pdb.gz"), copies[0]));
  for (const auto& copy : copies) EXPECT_TRUE(bytes_of(copy) == structure_);
  EXPECT_THAT(entries(), ElementsAre("cache", "cache/1ABC.pdb.gz", "cache/2ABC.pdb.gz", "deep", "deep/out",
                                     "deep/out/1ABC.pdb.gz", "deep/out/2ABC.pdb.gz"));
}

TEST_F(FetchFolders, OneFailureDoesNotStopTheOthers) {
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  EXPECT_THAT(message_of<IoError>([&] {
                fetch_structures({"9xyz", "1abc", "8xyz", "2abc"}, path("out"), options(server), sink_);
              }),
              AllOf(HasSubstr("9XYZ"), HasSubstr("8XYZ"), Not(HasSubstr("1ABC")), Not(HasSubstr("2ABC"))));
  EXPECT_TRUE(fs::exists(path("out/1ABC.pdb.gz")));
  EXPECT_TRUE(fs::exists(path("out/2ABC.pdb.gz")));
}

TEST_F(FetchFolders, WrongIdsAreAllNamedBeforeAnythingIsAsked) {
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  EXPECT_THAT(message_of<UserError>([&] {
                fetch_structures({"1abc", "../../x", "ABCD"}, path("out"), options(server), sink_);
              }),
              AllOf(HasSubstr("'../../x'"), HasSubstr("'ABCD'"), Not(HasSubstr("1abc"))));
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(FetchFolders, UnwritableCache) {
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  put("file", "");
  for (const fs::path& cache : {path("file"), path("file/cache"), fs::path("/proc/tessera"), fs::path("/proc")}) {
    FetchOptions wrong = options(server);
    wrong.cache = cache;
    EXPECT_THAT(message_of<IoError>([&] { fetch_structure("1abc", wrong, sink_); }),
                AllOf(HasSubstr(cache.string()), HasSubstr("TESSERA_CACHE")));
  }
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_THAT(entries(), ElementsAre("file"));
}

TEST_F(FetchFolders, UnwritableOutput) {
  HttpServer server([&](const HttpRequest& request) { return answer(request); });
  put("file", "");
  EXPECT_THAT(message_of<IoError>([&] { fetch_structures({"1abc"}, path("file"), options(server), sink_); }),
              AllOf(HasSubstr(path("file").string()), HasSubstr("--output")));
  fs::create_directories(path("out/1ABC.pdb.gz"));  // a folder of the file's name
  EXPECT_THAT(message_of<IoError>([&] { fetch_structures({"1abc"}, path("out"), options(server), sink_); }),
              HasSubstr(path("out/1ABC.pdb.gz").string()));
  EXPECT_FALSE(fs::exists(path("out/1ABC.pdb.gz.part")));
}

TEST_F(FetchFolders, FullDisk) {
  HttpServer server([&](const HttpRequest&) { return HttpAnswer{.body = structure_ + std::string(100000, 'x')}; });
  const std::string message =
      test::message_on_full_disk<IoError>(8192, [&] { fetch_structure("1abc", options(server), sink_); });
  EXPECT_THAT(message, AllOf(HasSubstr("1ABC.cif.gz.part"), HasSubstr("disk full")));
  EXPECT_FALSE(fs::exists(path("cache/1ABC.cif.gz")));
}

}  // namespace
}  // namespace tessera
