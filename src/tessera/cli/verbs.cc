// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of Tessera, in the order in which tessera --help lists them.
#include <array>

#include "tessera/cli/commands.h"

namespace tessera {
namespace {

constexpr std::array verbs = {
    Verb{"fetch", cmd_fetch, "Download structures of the Protein Data Bank"},
    Verb{"density", cmd_density, "Make the density map of an atomic model"},
    Verb{"coarse-grain", cmd_coarse_grain, "Stand a few balls for each macromolecule"},
    Verb{"pack", cmd_pack, "Pack macromolecules, filaments and membranes into a box"},
    Verb{"simulate particles", cmd_simulate_particles, "Make subtomograms of known structures"},
    Verb{"simulate tomogram", cmd_simulate_tomogram, "Image a packed scene: tilt series, tomogram and truth"},
    Verb{"pick", cmd_pick, "Find the particles of a tomogram"},
    Verb{"extract", cmd_extract, "Cut subtomograms out of a tomogram"},
    Verb{"align", cmd_align, "Find the pose of every subtomogram against a map"},
    Verb{"average", cmd_average, "Average subtomograms, reference-free or from a map"},
    Verb{"train", cmd_train, "Train a network to tell the classes of subtomograms or voxels"},
    Verb{"classify", cmd_classify, "Find the class of every subtomogram by a trained network"},
    Verb{"segment", cmd_segment, "Find the class of every voxel by a trained network"},
    Verb{"subdivide", cmd_subdivide, "Divide mixed subtomograms into clusters of like ones"},
    Verb{"discover", cmd_discover, "Leave each class out of training: is its structure found?"},
    Verb{"compare", cmd_compare, "Compare a map with another map or an atomic model"},
    Verb{"evaluate classes", cmd_evaluate_classes, "Judge a classification by the true classes"},
    Verb{"evaluate picks", cmd_evaluate_picks, "Judge picks by the particles that are there"},
    Verb{"evaluate segmentation", cmd_evaluate_segmentation, "Judge the labels of voxels by the true ones"},
    Verb{"convert", cmd_convert, "Bring maps and particle lists into another program's format"},
    Verb{"report", cmd_report, "Show a folder of results as pages that open from disk"},
    Verb{"view", cmd_view, "Serve a report to the browser of this machine", VerbKind::whole},
    Verb{"run", cmd_run, "Do the steps of a pipeline file that are not up to date", VerbKind::whole},
    Verb{"demo", cmd_demo, "Simulate, average and judge built-in structures; needs no file", VerbKind::whole},
};

}  // namespace

std::span<const Verb> all_verbs() {
  return verbs;
}

}  // namespace tessera
