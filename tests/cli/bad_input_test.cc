// SPDX-License-Identifier: GPL-3.0-or-later
// Wrong input of every kind: a message that names file, place and remedy, the right exit code, nothing half-written.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "tessera/base/random.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr int64_t box = 16;

Map noise(uint64_t item, int64_t edge = box, double voxel_size_A = 8) {
  Map map{Volume<float>(Shape3::cube(edge)), voxel_size_A, {}};
  Random random(1, "bad input test", item);
  for (float& value : map.voxels) value = static_cast<float>(random.normal());
  return map;
}

// Six sound particles without weights, to be spoilt by each test.
class BadParticles : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    set_.optics.push_back({"one", box, 8, 300, 2.7, 0.1, {}});
    set_.directory = folder_;
    for (int i = 0; i < 6; ++i) {
      Particle& particle = set_.particles.emplace_back();
      particle.image = "p" + std::to_string(i) + ".mrc";
      write_mrc(path(particle.image), noise(i));
    }
    write_particles(path("particles.star"), set_);
  }
  Result average(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        "average", "particles.star", "--start", "particles", "--starts", "1",      "--start-iterations",
        "1",       "--iterations",   "1",       "--output",  "out",      "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // The run is refused with `exit_code` and leaves no result.
  void expect_refused(const Result& result, int exit_code) const {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    if (fs::exists(path("out"))) {
      EXPECT_THAT(files("out"), IsEmpty());
    }
  }
  void overwrite(const std::string& name, int64_t offset, const void* data, size_t bytes) const {
    std::fstream file(path(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  }
  ParticleSet set_;
};
using BadStructure = CliTest;

TEST_F(BadParticles, SoundOnesPass) {
  const Result result = average();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "") << "--quiet";
  EXPECT_THAT(files("out"), testing::Contains("class_1.mrc"));
}

TEST_F(BadParticles, TruncatedMap) {
  fs::resize_file(path("p2.mrc"), 1024 + 4 * box * box * box - 100);
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("p2.mrc"), Not(HasSubstr("p1.mrc"))));
}

TEST_F(BadParticles, OversizedHeaderNeedsNoMemory) {
  const int32_t dimensions[3] = {2000000000, 2000000000, 2000000000};
  overwrite("p3.mrc", 0, dimensions, sizeof dimensions);
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, HasSubstr("p3.mrc"));
  EXPECT_LT(result.peak_memory_bytes, int64_t{1} << 30);
}

TEST_F(BadParticles, OtherByteOrderIsRead) {
  for (const std::string name : {"p0.mrc", "p5.mrc"}) {
    std::string bytes = text_of(path(name));
    const auto swap_words = [&](size_t begin, size_t end) {
      for (size_t i = begin; i + 4 <= end; i += 4) std::reverse(bytes.begin() + i, bytes.begin() + i + 4);
    };
    swap_words(0, 208);  // header words before the MAP tag, machine stamp apart
    swap_words(216, 224);
    swap_words(1024, bytes.size());
    bytes[212] = bytes[213] = 0x11;
    overwrite(name, 0, bytes.data(), bytes.size());
  }
  const Result swapped = average();
  EXPECT_EQ(swapped.exit_code, 0) << swapped.err;
  const std::string map = text_of(path("out/class_1.mrc"));
  fs::remove_all(path("out"));
  for (int i = 0; i < 6; ++i) write_mrc(path(set_.particles[i].image), noise(i));
  EXPECT_EQ(average().exit_code, 0);
  EXPECT_EQ(map, text_of(path("out/class_1.mrc"))) << "byte order must not change the result";
}

TEST_F(BadParticles, NotFiniteVoxelsOfSeveralFiles) {
  const float values[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  overwrite("p1.mrc", 1024 + 4 * 100, &values[0], 4);
  overwrite("p4.mrc", 1024 + 4 * 200, &values[1], 4);
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("p1.mrc"), HasSubstr("p4.mrc"), Not(HasSubstr("p2.mrc"))));
}

TEST_F(BadParticles, AllMissingOnesAtOnce) {
  for (const char* name : {"p0.mrc", "p2.mrc", "p5.mrc"}) fs::remove(path(name));
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("p0.mrc"), HasSubstr("p2.mrc"), HasSubstr("p5.mrc")));
  EXPECT_THAT(result.err, Not(HasSubstr("p1.mrc")));
}

TEST_F(BadParticles, BoxesOfDifferentSize) {
  write_mrc(path("p4.mrc"), noise(4, 18));
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("p4.mrc"), HasSubstr("18"), HasSubstr("16")));
}

TEST_F(BadParticles, WeightOfAnotherBox) {
  write_mrc(path("wedge.mrc"), noise(9, 20));
  for (Particle& particle : set_.particles) particle.weight = "wedge.mrc";
  write_particles(path("particles.star"), set_);
  const Result result = average();
  expect_refused(result, 3);
  EXPECT_THAT(result.err, HasSubstr("wedge.mrc"));
}

TEST_F(BadParticles, EmptyAndRaggedLists) {
  std::ofstream(path("particles.star"), std::ios::trunc) << "";
  const Result empty = average();
  expect_refused(empty, 3);
  EXPECT_THAT(empty.err, HasSubstr("particles.star"));
  std::ofstream(path("particles.star"))
      << "data_particles\nloop_\n_rlnImageName #1\n_rlnVoltage #2\np0.mrc 300\np1.mrc\n";
  const Result ragged = average();
  expect_refused(ragged, 3);
  EXPECT_THAT(ragged.err, AllOf(HasSubstr("particles.star"), HasSubstr("particles")));
}

TEST_F(BadParticles, ConstantParticle) {
  write_mrc(path("p3.mrc"), {Volume<float>(Shape3::cube(box), 2.0f), 8, {}});
  const Result result = average();
  expect_refused(result, 2);
  EXPECT_THAT(result.err, HasSubstr("particle 4 (p3.mrc) is constant"));
}

TEST_F(BadParticles, AllWrongOptionsAtOnce) {
  const Result result = average({"--method", "best", "--classes", "0", "--start", "guess", "--search", "all"});
  expect_refused(result, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("--method best"), HasSubstr("--classes 0"), HasSubstr("--start guess")));
}

TEST_F(BadParticles, PosesOfOtherParticles) {
  ParticleSet fewer = set_;
  fewer.particles.erase(fewer.particles.begin() + 2, fewer.particles.begin() + 4);
  write_particles(path("fewer.star"), fewer);
  const Result result = average({"--poses", "fewer.star"});
  expect_refused(result, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("fewer.star"), HasSubstr("p2.mrc"), HasSubstr("p3.mrc")));
}

TEST_F(BadParticles, UnwritableFolderAndFullDisk) {
  const Result nowhere = run({"average", "particles.star", "--output", "/proc/tessera"});
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_THAT(nowhere.err, HasSubstr("/proc/tessera"));
  const Result file = run({"average", "particles.star", "--output", "p0.mrc"});
  EXPECT_EQ(file.exit_code, 3);
  EXPECT_THAT(file.err, HasSubstr("p0.mrc"));
  // A map of 16³ takes 17 kB.
  const Result full = run({"average", "particles.star", "--start", "particles", "--starts", "1", "--start-iterations",
                           "1", "--iterations", "1", "--output", "out"},
                          {.file_bytes = 8192});
  EXPECT_EQ(full.exit_code, 3) << full.err;
  EXPECT_THAT(full.err, HasSubstr("class_1.mrc"));
  EXPECT_THAT(files("out"), IsEmpty());
}

TEST_F(BadParticles, InterruptedInItsStartsARunLeavesNothing) {
  const Result result =
      run({"average", "particles.star", "--start", "particles", "--starts", "100000", "--output", "out"},
          {.signal_after_s = 1});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("nothing was written"));
  EXPECT_THAT(files("out"), IsEmpty());
}

TEST_F(BadParticles, InterruptedLaterARunSaysWhatIsSaved) {
  const std::vector<std::string> words = {"average", "particles.star", "--start", "particles", "--starts",
                                          "1",       "--output",       "out"};
  const Result result = run(words, {.signal_when_exists = "out/checkpoint.cbor"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--resume continues from it"));
  for (const std::string& name : files("out")) EXPECT_THAT(name, Not(HasSubstr("tmp"))) << "no temporary file";
}

TEST_F(BadStructure, FileWithoutAtoms) {
  std::ofstream(path("empty.pdb")) << "HEADER    NOTHING\nEND\n";
  const Result result = run({"density", "empty.pdb", "--output", "map.mrc"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("empty.pdb"));
  EXPECT_THAT(files(), testing::ElementsAre("empty.pdb"));
}

TEST_F(BadStructure, LargerThanTheBox) {
  const Result result = run({"density", "builtin:ribosome", "--box", "16", "--voxel-size", "4", "--output", "map.mrc"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("atoms"), HasSubstr("box")));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(BadStructure, UnknownBuiltin) {
  const Result result = run({"density", "builtin:nothing-like-it", "--output", "map.mrc"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("nothing-like-it"));
}

TEST_F(BadStructure, SimulationLeavesNothingOnAFullDisk) {
  const Result listed = run({"density", "--list-builtins", "--json"});
  const std::string name = "builtin:" + listed.json().at("builtins")[0].at("name").get<std::string>();
  const Result result = run({"simulate", "particles", "--structure", name, "--copies", "3", "--box", "32",
                             "--voxel-size", "12", "--resolution", "24", "--max-shift", "1", "--output", "data"},
                            {.file_bytes = 65536});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(BadStructure, SimulationNamesAllFaults) {
  const Result result = run({"simulate", "particles", "--structure", "no.pdb", "neither.cif", "--copies", "1", "0", "3",
                             "--snr", "-1", "--tilt-range", "60", "-60"});
  EXPECT_EQ(result.exit_code, 2);
  for (const char* text : {"no.pdb", "neither.cif", "--copies has 3 numbers", "--copies 0", "--output is missing"})
    EXPECT_THAT(result.err, HasSubstr(text));
}

TEST_F(BadStructure, CutShort) {
  // Deflated data that end early, and a web page under a structure's name.
  std::ofstream(path("cut.pdb.gz"), std::ios::binary) << std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x73\x74", 12);
  std::ofstream(path("page.cif")) << "<html><body>no such entry</body></html>\n";
  for (const std::string name : {"cut.pdb.gz", "page.cif"}) {
    const Result result = run({"density", name, "--output", "new.mrc"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.err, HasSubstr(name));
    EXPECT_FALSE(fs::exists(path("new.mrc")));
  }
}

TEST_F(BadStructure, UnwritableOrFullOutputOfADensity) {
  const auto density = [&](const std::string& output, const RunLimits& limits = {}) {
    return run({"density", "builtin:ring", "--box", "32", "--voxel-size", "8", "--output", output}, limits);
  };
  for (const std::string output : {"/proc/map.mrc", "/dev/full"}) {
    const Result result = density(output);
    EXPECT_EQ(result.exit_code, 3) << output;
    EXPECT_THAT(result.err, HasSubstr(output));
  }
  const Result full = density("map.mrc", {.file_bytes = 8192});  // the map has 132 kB
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_THAT(full.err, HasSubstr("map.mrc"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(BadStructure, FetchNamesEveryWrongIdAndAsksNobody) {
  const Result result = run({"fetch", "1KP8", "../../x", "ABCD", "--output", "out"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("'../../x'"), HasSubstr("'ABCD'"), Not(HasSubstr("'1KP8'"))));
  EXPECT_THAT(files(), IsEmpty());
  const Result flag = run({"fetch", "1KP8", "--outptu", "out"});
  EXPECT_EQ(flag.exit_code, 2);
  EXPECT_THAT(flag.err, HasSubstr("did you mean --output?"));
}

}  // namespace
}  // namespace tessera::cli_test
