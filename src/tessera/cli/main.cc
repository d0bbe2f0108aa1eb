// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of Tessera.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "tessera/cli/commands.h"

namespace {

#ifdef TESSERA_NEEDS_X86_64_V3
// Before every other initialiser: this file alone is compiled for any x86-64, the rest may not run here at all.
__attribute__((constructor(101))) void check_processor() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return;
  std::fputs(
      "tessera: this program was built for processors with AVX2, FMA and BMI2, which this one lacks;\n"
      "build it here with: cmake -DTESSERA_ARCH=native (see README.md)\n",
      stderr);
  std::_Exit(2);
}
#endif

constexpr std::array verbs = {
    tessera::Verb{"fetch", tessera::cmd_fetch, "Download structures of the Protein Data Bank"},
    tessera::Verb{"density", tessera::cmd_density, "Make the density map of an atomic model"},
    tessera::Verb{"coarse-grain", tessera::cmd_coarse_grain, "Stand a few balls for each macromolecule"},
    tessera::Verb{"pack", tessera::cmd_pack, "Pack macromolecules, filaments and membranes into a box"},
    tessera::Verb{"simulate particles", tessera::cmd_simulate_particles, "Make subtomograms of known structures"},
    tessera::Verb{"simulate tomogram", tessera::cmd_simulate_tomogram,
                  "Image a packed scene: tilt series, tomogram and truth"},
    tessera::Verb{"pick", tessera::cmd_pick, "Find the particles of a tomogram"},
    tessera::Verb{"extract", tessera::cmd_extract, "Cut subtomograms out of a tomogram"},
    tessera::Verb{"align", tessera::cmd_align, "Find the pose of every subtomogram against a map"},
    tessera::Verb{"average", tessera::cmd_average, "Average subtomograms, reference-free or from a map"},
    tessera::Verb{"train", tessera::cmd_train, "Train a network to tell the classes of subtomograms or voxels"},
    tessera::Verb{"classify", tessera::cmd_classify, "Find the class of every subtomogram by a trained network"},
    tessera::Verb{"segment", tessera::cmd_segment, "Find the class of every voxel by a trained network"},
    tessera::Verb{"subdivide", tessera::cmd_subdivide, "Divide mixed subtomograms into clusters of like ones"},
    tessera::Verb{"discover", tessera::cmd_discover, "Leave each class out of training: is its structure found?"},
    tessera::Verb{"compare", tessera::cmd_compare, "Compare a map with another map or an atomic model"},
    tessera::Verb{"evaluate classes", tessera::cmd_evaluate_classes, "Judge a classification by the true classes"},
    tessera::Verb{"evaluate picks", tessera::cmd_evaluate_picks, "Judge picks by the particles that are there"},
    tessera::Verb{"evaluate segmentation", tessera::cmd_evaluate_segmentation,
                  "Judge the labels of voxels by the true ones"},
    tessera::Verb{"convert", tessera::cmd_convert, "Bring maps and particle lists into another program's format"},
    tessera::Verb{"report", tessera::cmd_report, "Show a folder of results as pages that open from disk"},
    tessera::Verb{"view", tessera::cmd_view, "Serve a report to the browser of this machine", tessera::VerbKind::whole},
    tessera::Verb{"run", tessera::cmd_run, "Do the steps of a pipeline file that are not up to date",
                  tessera::VerbKind::whole},
    tessera::Verb{"demo", tessera::cmd_demo, "Simulate, average and judge built-in structures; needs no file",
                  tessera::VerbKind::whole},
};

}  // namespace

int main(int argc, char** argv) {
  return tessera::run_program(verbs, argc, argv);
}
