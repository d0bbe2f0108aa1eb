// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// The loop this thread works in, if any: nested loops run in the thread that calls them.
struct Place {
  const Threads* pool = nullptr;
  int worker = 0;
};
thread_local Place place;

}  // namespace

struct Threads::State {
  std::mutex mutex;
  std::mutex one_loop;  // loops of several callers run one after the other
  std::condition_variable wake, finished;
  const std::function<void(int64_t, int)>* body = nullptr;
  std::atomic<int64_t> next{0};
  int64_t items = 0;
  uint64_t generation = 0;
  int busy = 0;
  bool stop = false;
  std::exception_ptr failure;
  std::vector<std::thread> workers;
};

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

Threads::Threads(int count) : count_(count > 0 ? count : available_cores()), state_(std::make_unique<State>()) {
  try {
    for (int worker = 1; worker < count_; ++worker) state_->workers.emplace_back([this, worker] { serve(worker); });
  } catch (const std::system_error& error) {
    const size_t started = state_->workers.size() + 1;
    shut_down();
    throw UserError(fmt::format("the system gives this process {} of {} threads ({}); ask for fewer with --threads",
                                started, count_, error.what()));
  }
}

Threads::~Threads() {
  shut_down();
}

void Threads::shut_down() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

void Threads::serve(int worker) {
  uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(state_->mutex);
      state_->wake.wait(lock, [&] { return state_->stop || state_->generation != seen; });
      if (state_->stop) return;
      seen = state_->generation;
    }
    work(worker);
    std::lock_guard lock(state_->mutex);
    if (--state_->busy == 0) state_->finished.notify_all();
  }
}

void Threads::work(int worker) {
  place = {this, worker};
  for (int64_t item; (item = state_->next.fetch_add(1)) < state_->items;) {
    try {
      (*state_->body)(item, worker);
    } catch (...) {
      std::lock_guard lock(state_->mutex);
      if (!state_->failure) state_->failure = std::current_exception();
      state_->next.store(state_->items);
    }
  }
  place = {};
}

void Threads::for_each(int64_t items, const std::function<void(int64_t, int)>& body) {
  if (place.pool || count_ == 1 || items <= 1) {
    const int worker = place.pool == this ? place.worker : 0;
    for (int64_t item = 0; item < items; ++item) body(item, worker);
    return;
  }
  std::lock_guard one_loop(state_->one_loop);
  {
    std::lock_guard lock(state_->mutex);
    state_->body = &body;
    state_->items = items;
    state_->next.store(0);
    state_->failure = nullptr;
    state_->busy = count_ - 1;
    ++state_->generation;
  }
  state_->wake.notify_all();
  work(0);
  std::unique_lock lock(state_->mutex);
  state_->finished.wait(lock, [&] { return state_->busy == 0; });
  if (state_->failure) std::rethrow_exception(state_->failure);
}

}  // namespace tessera
