// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/share_assignments.h"

#include "tessera/parallel/packer.h"

namespace tessera {

void share_assignments(std::vector<Assignment>& all, const std::vector<int64_t>& mine, Comm& comm) {
  const auto pack = [&](int64_t i, Packer& to) {
    const Assignment& one = all[i];
    to.put(one.log_likelihood);
    to.put(one.correlation);
    to.put_all(one.poses);
    to.put_all(one.residual);
  };
  const auto unpack = [&](int64_t i, Unpacker& from) {
    Assignment& one = all[i];
    one.log_likelihood = from.take<double>();
    one.correlation = from.take<double>();
    from.take_all(one.poses);
    from.take_all(one.residual);
  };
  share_packed(mine, comm, pack, unpack);
}

}  // namespace tessera
