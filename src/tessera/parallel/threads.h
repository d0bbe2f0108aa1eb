// SPDX-License-Identifier: GPL-3.0-or-later
// A pool of worker threads for loops over independent items.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace tessera {

class Threads {
 public:
  // `count` workers including the caller; 0 means all the cores this process may use. UserError when the system does
  // not give that many threads.
  explicit Threads(int count = 0);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  int count() const { return count_; }

  // Calls body(item, worker) once for every item in [0, items), worker in [0, count()). Items are handed out one at a
  // time in increasing order; which worker gets which is not fixed, so results must depend on the item alone.
  // The first exception thrown stops the handing-out and is rethrown here. Nested calls run serially in the caller,
  // under its worker number (0 in a loop of another pool). Loops of several callers run one after the other.
  void for_each(int64_t items, const std::function<void(int64_t item, int worker)>& body);

 private:
  struct State;
  void serve(int worker);
  void work(int worker);
  void shut_down();
  int count_;
  std::unique_ptr<State> state_;
};

// Cores this process may run on (affinity respected).
int available_cores();

}  // namespace tessera
