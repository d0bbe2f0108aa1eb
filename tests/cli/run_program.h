// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the tessera binary as a user would, in a folder of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace tessera::cli_test {

namespace fs = std::filesystem;

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Result {
  int exit_code = -1;  // 128 + signal when killed
  std::string out, err;
  int64_t peak_memory_bytes = 0;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

struct RunLimits {
  rlim_t file_bytes = RLIM_INFINITY;    // as ulimit -f: writes beyond fail, like a full disk
  rlim_t memory_bytes = RLIM_INFINITY;  // as ulimit -v: of the address space
  std::string standard_output = {};     // a file to redirect to; empty: captured
  double signal_after_s = 0;            // > 0: `signal` is sent then
  std::string signal_when_exists = {};  // `signal` is sent when this file of the folder appears
  int signal = SIGINT;
};

// The path of the binary comes from the environment (TESSERA_BINARY), set by ctest.
inline std::string binary() {
  const char* path = std::getenv("TESSERA_BINARY");
  if (!path) throw std::runtime_error("TESSERA_BINARY is not set; run through ctest");
  return path;
}

// The folder of the sources; from the environment too.
inline fs::path project() {
  const char* docs = std::getenv("TESSERA_CLI_DOCS");
  if (!docs) throw std::runtime_error("TESSERA_CLI_DOCS is not set; run through ctest");
  return fs::path(docs).parent_path().parent_path();
}

// Whether the networks were built, which the program opens when it needs them.
inline bool has_torch() {
  return fs::exists(fs::path(binary()).parent_path() / "libtessera_torch.so");
}

// While it lives, sanitized runs that open LibTorch do not look for leaks at their end: its threads make that search
// crash now and then, and what OpenMM registers for good is taken for lost.
struct NoLeakSearch {
  NoLeakSearch() { setenv("LSAN_OPTIONS", "detect_leaks=0", 1); }
  ~NoLeakSearch() { unsetenv("LSAN_OPTIONS"); }
};

// A fresh folder for each test, the working directory of the runs; removed afterwards.
class CliTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("tessera-cli-") + std::to_string(getpid()) + "-" + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    fs::remove_all(folder_);
    fs::remove(folder_.string() + ".background");
  }

  fs::path path(const std::string& name) const { return folder_ / name; }

  Result run(std::vector<std::string> words, const RunLimits& limits = {}) const {
    words.insert(words.begin(), binary());
    return run_other(words, limits);
  }
  // Any program.
  Result run_other(const std::vector<std::string>& words, const RunLimits& limits = {}) const {
    const fs::path out =
        limits.standard_output.empty() ? fs::path(folder_.string() + ".out") : fs::path(limits.standard_output);
    const fs::path err = folder_.string() + ".err";
    const pid_t child = fork();
    if (child == 0) start(words, limits, out, err);
    if (limits.signal_after_s > 0) {
      usleep(static_cast<useconds_t>(limits.signal_after_s * 1e6));
      kill(child, limits.signal);
    }
    int status = 0;
    if (!limits.signal_when_exists.empty()) {
      siginfo_t ended{};
      while (!fs::exists(path(limits.signal_when_exists)) &&
             waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0)
        usleep(200);
      kill(child, limits.signal);
    }
    rusage usage{};
    wait4(child, &status, 0, &usage);
    Result result;
    result.peak_memory_bytes = int64_t{1024} * usage.ru_maxrss;
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (limits.standard_output.empty()) result.out = text_of(out);
    result.err = text_of(err);
    if (limits.standard_output.empty()) fs::remove(out);
    fs::remove(err);
    return result;
  }

  // Its end is the caller's to wait for.
  pid_t start_in_background(std::vector<std::string> words) const {
    words.insert(words.begin(), binary());
    const pid_t child = fork();
    if (child == 0) start(words, {}, folder_.string() + ".background", folder_.string() + ".background");
    return child;
  }

  // Names of all files under the folder, relative and sorted: to see that nothing half-written stays.
  std::vector<std::string> files(const std::string& below = ".") const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / below))
      if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(folder_ / below).string());
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path folder_;

 private:
  [[noreturn]] void start(const std::vector<std::string>& words, const RunLimits& limits, const fs::path& out,
                          const fs::path& err) const {
    const auto redirect = [](const fs::path& file, int descriptor) {
      const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      if (opened < 0 || dup2(opened, descriptor) < 0) _exit(125);
    };
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    if (chdir(folder_.c_str()) != 0) _exit(125);
    const rlimit file_limit{limits.file_bytes, limits.file_bytes};
    if (limits.file_bytes != RLIM_INFINITY) setrlimit(RLIMIT_FSIZE, &file_limit);
    const rlimit memory_limit{limits.memory_bytes, limits.memory_bytes};
    if (limits.memory_bytes != RLIM_INFINITY) setrlimit(RLIMIT_AS, &memory_limit);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(126);
  }
};

}  // namespace tessera::cli_test
