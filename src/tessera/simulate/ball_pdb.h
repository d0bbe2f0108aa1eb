// SPDX-License-Identifier: GPL-3.0-or-later
// Balls as a PDB file that opens in VMD and ChimeraX: one atom a ball, one residue a body, bonds as CONECT.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/simulate/balls.h"

namespace tessera {

struct PdbBall {
  Ball ball;
  int64_t body = 0;  // its residue
  int64_t kind = 0;  // its residue's name, B00, B01, … and chain: the species, say
};

// Text of the ATOM records: radius in the B factor, name CA, element C; serial and residue numbers beyond 99999 and
// 9999 in hybrid-36 (Grosse-Kunstleve), as CONECT.
std::string pdb_atoms(const std::vector<PdbBall>& balls);
std::string pdb_bonds(const std::vector<std::array<int32_t, 2>>& bonds);

// The whole file. Coordinates have three decimals, fewer beyond −999.999 … 9999.999 Å. UserError beyond eight digits.
void write_ball_pdb(const std::filesystem::path& path, const std::vector<PdbBall>& balls,
                    const std::vector<std::array<int32_t, 2>>& bonds, const std::string& title);

}  // namespace tessera
