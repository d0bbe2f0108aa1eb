// SPDX-License-Identifier: GPL-3.0-or-later
// Downloads from a server on the loopback that answers rightly, wrongly, partly, late or not at all.
#include "tessera/io/fetch.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
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

constexpr const char* cif_path = "/1ABC.cif.gz";

class FetchTest : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    structure_ = compressed(structure_text("1ABC"));
    ASSERT_GT(structure_.size(), 4000u) << "large enough to be cut";
  }

  // A minimal mmCIF entry of random atoms.
  static std::string structure_text(const std::string& id) {
    std::string text = "data_" + id +
                       "\nloop_\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n"
                       "_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n"
                       "_atom_site.label_seq_id\n_atom_site.label_alt_id\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n"
                       "_atom_site.Cartn_z\n_atom_site.occupancy\n_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n_"
                       "atom_site.auth_asym_id\n";
    Random random(1, "fetch test");
    const auto place = [&] { return random.uniform(-99, 99); };
    for (int i = 1; i <= 500; ++i)
      text += fmt::format("{0} C CA ALA A 1 {0} . {1:.3f} {2:.3f} {3:.3f} 1 20 {0} A\n", i, place(), place(), place());
    return text;
  }
  std::string compressed(const std::string& text) const {
    test::write_gzip(path("temporary.gz"), text);
    const std::string bytes = bytes_of(path("temporary.gz"));
    fs::remove(path("temporary.gz"));
    return bytes;
  }
  FetchOptions options(const HttpServer& server, int retries = 0) const {
    return {server.url(), path("cache"), retries, 0.01, 1, 2};
  }
  // The whole, or what a Range asks for.
  HttpAnswer good(const HttpRequest& request) const {
    if (request.path != cif_path) return {.status = 404, .body = "no such entry"};
    if (request.range_from < 0) return {.body = structure_};
    const auto from = static_cast<size_t>(request.range_from);
    if (from >= structure_.size()) return {.status = 416};
    return {
        .status = 206,
        .body = structure_.substr(from),
        .headers = fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, structure_.size() - 1, structure_.size())};
  }
  HttpAnswer truncated(size_t bytes) const {
    return {.body = structure_.substr(0, bytes), .stated_length = static_cast<int64_t>(structure_.size())};
  }
  std::string refusal(const HttpServer& server, int retries = 0) {
    return message_of<IoError>([&] { fetch_structure("1abc", options(server, retries), sink_); });
  }
  void expect_whole(const HttpServer& server, int retries = 0) {
    EXPECT_EQ(fetch_structure("1abc", options(server, retries), sink_), path("cache/1ABC.cif.gz"));
    EXPECT_TRUE(bytes_of(path("cache/1ABC.cif.gz")) == structure_);
    EXPECT_THAT(entries(), ElementsAre("cache", "cache/1ABC.cif.gz"));
  }
  void put_partial(const std::string& bytes) const {
    fs::create_directories(path("cache"));
    put("cache/1ABC.cif.gz.part", bytes);
  }

  SilentSink sink_;
  std::string structure_;
};

TEST_F(FetchTest, SecondTimeFromTheCache) {
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  expect_whole(server);
  expect_whole(server);
  EXPECT_EQ(server.requests().size(), 1u) << "a hit asks nobody";
}

TEST_F(FetchTest, PdbFormatWhereThereIsNoMmcif) {
  const std::string pdb =
      compressed("ATOM      1  CA  ALA A   1      11.000  12.000  13.000  1.00 10.00           C\n");
  HttpServer server([&](const HttpRequest& request) {
    return request.path == "/1ABC.pdb.gz" ? HttpAnswer{.body = pdb} : HttpAnswer{.status = 404};
  });
  EXPECT_EQ(fetch_structure("1ABC", options(server), sink_), path("cache/1ABC.pdb.gz"));
  EXPECT_THAT(entries(), ElementsAre("cache", "cache/1ABC.pdb.gz"));
}

TEST_F(FetchTest, NoSuchEntry) {
  HttpServer server([](const HttpRequest&) { return HttpAnswer{.status = 404, .body = "<html>nothing</html>"}; });
  EXPECT_THAT(refusal(server, 3), AllOf(HasSubstr("1ABC"), HasSubstr(server.url() + cif_path),
                                        HasSubstr("/1ABC.pdb.gz"), HasSubstr("check the id")));
  EXPECT_EQ(server.requests().size(), 2u) << "no use to try again";
  EXPECT_THAT(entries(), ElementsAre("cache"));
}

TEST_F(FetchTest, TruncatedBodyIsResumed) {
  HttpServer server(
      [&](const HttpRequest& request) { return request.range_from < 0 ? truncated(1500) : good(request); });
  expect_whole(server, 2);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].range_from, 1500);
}

TEST_F(FetchTest, TruncatedForEverIsKeptForTheNextRun) {
  {
    HttpServer server([&](const HttpRequest&) { return truncated(1500); });
    EXPECT_THAT(refusal(server), AllOf(HasSubstr(server.url() + cif_path), HasSubstr("TESSERA_PDB_URL")));
    EXPECT_THAT(entries(), ElementsAre("cache", "cache/1ABC.cif.gz.part"));
  }
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  expect_whole(server);
  EXPECT_EQ(server.requests().at(0).range_from, 1500);
}

TEST_F(FetchTest, TruncatedWithoutStatedLength) {
  HttpServer server(
      [&](const HttpRequest&) { return HttpAnswer{.body = structure_.substr(0, 1500), .stated_length = -2}; });
  EXPECT_THAT(refusal(server), AllOf(HasSubstr(cif_path), HasSubstr("broken gzip")));
  EXPECT_FALSE(fs::exists(path("cache/1ABC.cif.gz")));
}

TEST_F(FetchTest, ServerWithoutRangeStartsAgain) {
  put_partial(structure_.substr(0, 1500));
  HttpServer server([&](const HttpRequest& request) { return good({request.path, -1}); });
  expect_whole(server);
  EXPECT_EQ(server.requests().at(0).range_from, 1500);
}

TEST_F(FetchTest, PartialFileOfSomethingElse) {
  for (const std::string& wrong : {std::string(700, 'x'), structure_ + "more than the server has"}) {
    fs::remove_all(path("cache"));
    put_partial(wrong);
    HttpServer server([&](const HttpRequest& request) { return good(request); });
    expect_whole(server, 1);
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST_F(FetchTest, PartialFileThatIsWhole) {
  put_partial(structure_);  // stopped between the last byte and the renaming
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  expect_whole(server, 1);
}

TEST_F(FetchTest, StalledConnectionIsGivenUpThenResumed) {
  std::atomic<int> stalls{1};
  HttpServer server([&](const HttpRequest& request) {
    HttpAnswer answer = stalls-- > 0 ? truncated(1000) : good(request);
    answer.stall = answer.stated_length > 0;
    return answer;
  });
  expect_whole(server, 1);
  EXPECT_EQ(server.requests().at(1).range_from, 1000);
  fs::remove_all(path("cache"));
  stalls = 1;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(refusal(server), AllOf(HasSubstr(server.url() + cif_path), HasSubstr("nothing arrived for 1 s")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(FetchTest, AnswersThatAreNoStructure) {
  const auto answered = [&](const std::string& body) {
    HttpServer server([&](const HttpRequest&) { return HttpAnswer{.body = body}; });
    const std::string message = refusal(server, 2);
    EXPECT_THAT(message,
                AllOf(HasSubstr(server.url() + cif_path), HasSubstr("nothing was kept"), HasSubstr("TESSERA_PDB_URL")));
    EXPECT_EQ(server.requests().size(), 1u);
    EXPECT_FALSE(fs::exists(path("cache/1ABC.cif.gz")));
    return message;
  };
  EXPECT_THAT(answered("<!DOCTYPE html><html><body>Please log in</body></html>"), HasSubstr("a web page"));
  EXPECT_THAT(answered(compressed("<html>Please log in</html>")), HasSubstr("no atoms"));
  EXPECT_THAT(answered(structure_text("1ABC")), HasSubstr("no gzip")) << "cut text could not be told from whole";
  EXPECT_THAT(answered(compressed(structure_text("2XYZ"))), HasSubstr("entry 2XYZ"));
  EXPECT_THAT(answered(""), HasSubstr("no gzip"));
  std::string damaged = structure_;
  damaged[2000] ^= 0x10;
  EXPECT_THAT(answered(damaged), HasSubstr("broken gzip"));
}

TEST_F(FetchTest, BusyServersAreAskedAgainRefusalsAreNot) {
  for (const int status : {500, 503, 429, 408}) {
    fs::remove_all(path("cache"));
    std::atomic<int> failures{2};
    HttpServer server(
        [&](const HttpRequest& request) { return failures-- > 0 ? HttpAnswer{.status = status} : good(request); });
    expect_whole(server, 2);
    EXPECT_EQ(server.requests().size(), 3u);
    fs::remove_all(path("cache"));
    failures = 100;
    EXPECT_THAT(refusal(server, 1), AllOf(HasSubstr(server.url()), HasSubstr(std::to_string(status))));
  }
  for (const int status : {400, 401, 403}) {
    HttpServer server([&](const HttpRequest&) { return HttpAnswer{.status = status}; });
    EXPECT_THAT(refusal(server, 5), HasSubstr(std::to_string(status)));
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST_F(FetchTest, RedirectsAreFollowedWithinTheWeb) {
  HttpServer server([&](const HttpRequest& request) {
    if (request.path.starts_with("/file"))
      return HttpAnswer{.status = 302, .headers = "Location: file:///etc/passwd\r\n"};
    if (request.path.starts_with("/old"))
      return HttpAnswer{.status = 301, .headers = "Location: " + std::string(cif_path) + "\r\n"};
    return good(request);
  });
  FetchOptions moved = options(server);
  moved.server += "/old";
  EXPECT_NO_THROW(fetch_structure("1abc", moved, sink_));
  fs::remove_all(path("cache"));
  moved.server = server.url() + "/file";
  EXPECT_THAT(message_of<IoError>([&] { fetch_structure("1abc", moved, sink_); }), HasSubstr("cannot download"));
}

TEST_F(FetchTest, NoServerThere) {
  std::string url;
  {
    url = HttpServer([](const HttpRequest&) { return HttpAnswer{}; }).url();
  }
  FetchOptions gone{url, path("cache"), 0, 0.01, 1, 2};
  EXPECT_THAT(message_of<IoError>([&] { fetch_structure("1abc", gone, sink_); }),
              AllOf(HasSubstr(url), HasSubstr("check the network"), HasSubstr("TESSERA_PDB_URL")));
  EXPECT_THAT(entries(), ElementsAre("cache")) << "nothing came: no empty partial file";
  gone.retries = 100;  // would take very long
  gone.server = "ftp://127.0.0.1";
  EXPECT_THAT(message_of<IoError>([&] { fetch_structure("1abc", gone, sink_); }), HasSubstr("ftp://"));
}

TEST_F(FetchTest, StopKeepsWhatHasCome) {
  std::atomic<bool> stop{false};
  HttpServer server([&](const HttpRequest&) {
    HttpAnswer answer = truncated(1500);
    answer.stall = true;
    answer.then = [&] { stop = true; };
    return answer;
  });
  EXPECT_THAT(message_of<Interrupted>([&] { fetch_structure("1abc", options(server, 5), sink_, &stop); }),
              HasSubstr("resumed"));
  EXPECT_FALSE(fs::exists(path("cache/1ABC.cif.gz")));
}

TEST_F(FetchTest, TwoRunsAtOnceDoNotMix) {
  HttpServer server([&](const HttpRequest& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return good(request);
  });
  std::vector<std::thread> runs;
  for (int i = 0; i < 3; ++i)
    runs.emplace_back([&] { EXPECT_NO_THROW(fetch_structure("1abc", options(server), sink_)); });
  for (auto& run : runs) run.join();
  EXPECT_EQ(server.requests().size(), 1u);
  expect_whole(server);
}

}  // namespace
}  // namespace tessera
