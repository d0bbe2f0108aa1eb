// SPDX-License-Identifier: GPL-3.0-or-later
// The two symbols by which the program finds the networks in their library.
#pragma once

#include "tessera/nn/network.h"

namespace tessera {

using MakeNetwork = Network* (*)(const NetworkOptions&);
inline constexpr const char* torch_entry_name = "tessera_make_network";
using MatrixProductRate = double (*)(int threads, const char* device);
inline constexpr const char* torch_rate_name = "tessera_matrix_product_rate";
inline constexpr const char* torch_library_name = "libtessera_torch.so";

}  // namespace tessera
