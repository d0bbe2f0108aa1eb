// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>

#include "tessera/base/errors.h"

namespace tessera {
namespace fs = std::filesystem;

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// What a lock file says of the run that made it.
struct Holder {
  int64_t pid = 0;
  std::string host, since;
};

std::optional<Holder> read_holder(int descriptor) {
  std::array<char, 512> bytes{};
  if (pread(descriptor, bytes.data(), bytes.size() - 1, 0) <= 0) return std::nullopt;
  std::istringstream words(bytes.data());
  Holder out;
  words >> out.pid >> out.host >> out.since;
  return words && out.pid > 0 ? std::optional(out) : std::nullopt;
}

void write_holder(int descriptor) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> since{};
  std::strftime(since.data(), since.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  const std::string text = fmt::format("{} {} {}\n", getpid(), host_name(), since.data());
  // On a full disk the lock holds all the same; it only cannot say whose it is.
  if (ftruncate(descriptor, 0) == 0) [[maybe_unused]]
    const auto written = pwrite(descriptor, text.data(), text.size(), 0);
}

fs::path lock_file(const fs::path& output) {
  if (fs::is_directory(output)) return output / ".tessera-lock";
  return output.parent_path() / fmt::format(".{}.tessera-lock", output.filename().string());
}

// Temporary files (.NAME.tmp-PID-N, atomic_file.h) and folders (.partial-PID, pending_folder.h) of a dead process.
void remove_leavings(const fs::path& folder, int64_t pid) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? fs::path(".") : folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool temporary = name.starts_with('.') && name.find(fmt::format(".tmp-{}-", pid)) != std::string::npos;
    if (temporary || name == fmt::format(".partial-{}", pid)) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

struct RunLock::Held {
  fs::path file;
  int descriptor = -1;

  // Locked, and still the file of that name: a run that ends removes its lock, others may wait at the removed one.
  // False when the file system knows no locks.
  bool acquire(const fs::path& output) {
    file = lock_file(output);
    while (true) {
      descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (descriptor < 0) return false;  // the run itself will say why nothing can be written here
      if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const bool taken = errno == EWOULDBLOCK;
        if (taken) refuse(output);
        close(descriptor);
        descriptor = -1;
        return false;
      }
      struct stat mine {
      }, named{};
      if (fstat(descriptor, &mine) == 0 && stat(file.c_str(), &named) == 0 && mine.st_ino == named.st_ino) return true;
      close(descriptor);
    }
  }

  [[noreturn]] void refuse(const fs::path& output) {
    const auto holder = read_holder(descriptor);
    close(descriptor);
    descriptor = -1;
    throw UserError(fmt::format(
        "{}: another run writes here{}; wait for its end, or choose another --output", output.string(),
        holder ? fmt::format(" (process {} on {}, since {})", holder->pid, holder->host, holder->since) : ""));
  }

  ~Held() {
    if (descriptor < 0) return;
    unlink(file.c_str());
    close(descriptor);
  }
};

namespace {

std::mutex registry_mutex;

}  // namespace

RunLock::RunLock(const fs::path& output) {
  static std::map<fs::path, std::weak_ptr<Held>> registry;  // of this process
  std::error_code error;
  if (fs::exists(output, error) && !fs::is_directory(output, error) && !fs::is_regular_file(output, error)) return;
  const fs::path place = fs::weakly_canonical(fs::absolute(output), error);
  const std::lock_guard guard(registry_mutex);
  held_ = registry[place].lock();
  if (held_) return;
  held_ = std::make_shared<Held>();
  if (!held_->acquire(place)) return;
  registry[place] = held_;
  if (const auto dead = read_holder(held_->descriptor); dead && dead->host == host_name() && dead->pid != getpid())
    remove_leavings(held_->file.parent_path(), dead->pid);
  write_holder(held_->descriptor);
}

RunLock::~RunLock() {
  const std::lock_guard guard(registry_mutex);
  held_.reset();
}

}  // namespace tessera
