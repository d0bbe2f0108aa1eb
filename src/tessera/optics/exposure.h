// SPDX-License-Identifier: GPL-3.0-or-later
// What the beam does to the specimen: the exposure of every tilt, and the damage it leaves.
#pragma once

#include <string>
#include <vector>

namespace tessera {

// Exposure in e⁻/Å² after which the signal's power at frequency k (1/Å) has fallen to 1/e:
//   N_e(k) = 0.24499 k^−1.6649 + 2.8141 at 300 kV                                 (Grant & Grigorieff 2015, Eq. 3)
// elsewhere times β²(V)/β²(300 kV), the inverse ratio of inelastic cross-sections: 0.80 at 200 kV, as they found.
// Infinite at k = 0.
double critical_exposure(double frequency_per_A, double voltage_kV);

// The amplitude left after N e⁻/Å²: exp(−N/2N_e(k)). It is also the best weight of an image taken then (their Eq. 5).
double exposure_amplitude(double frequency_per_A, double exposure, double voltage_kV);

// Its mean over an image that is recorded while the exposure grows from `before` to `after`.
double mean_exposure_amplitude(double frequency_per_A, double before, double after, double voltage_kV);

// Names of the schemes of acquisition_order().
const std::vector<std::string>& exposure_schemes();

// When each tilt (angles in any order, radians) is taken: a permutation of 0 … n−1.
//   dose-symmetric   from the tilt nearest to 0 outwards, changing sides after every second tilt: 0 + − − + + − …
//                    (Hagen, Wan & Briggs 2017)
//   bidirectional    from the tilt nearest to 0 up to the last, then from its lower neighbour down to the first
//   unidirectional   from the lowest to the highest
// UserError for another scheme.
std::vector<int> acquisition_order(const std::vector<double>& tilts, const std::string& scheme);

}  // namespace tessera
