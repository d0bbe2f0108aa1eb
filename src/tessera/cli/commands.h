// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs, one file each (cmd_<verb>.cc): parse, run the pipeline, print.
#pragma once

#include "tessera/cli/program.h"

namespace tessera {

int cmd_fetch(const Invocation& call);
int cmd_density(const Invocation& call);
int cmd_coarse_grain(const Invocation& call);
int cmd_pack(const Invocation& call);
int cmd_simulate_particles(const Invocation& call);
int cmd_simulate_tomogram(const Invocation& call);
int cmd_pick(const Invocation& call);
int cmd_extract(const Invocation& call);
int cmd_align(const Invocation& call);
int cmd_average(const Invocation& call);
int cmd_convert(const Invocation& call);
int cmd_compare(const Invocation& call);
int cmd_evaluate_classes(const Invocation& call);
int cmd_evaluate_picks(const Invocation& call);
int cmd_evaluate_segmentation(const Invocation& call);
int cmd_train(const Invocation& call);
int cmd_classify(const Invocation& call);
int cmd_segment(const Invocation& call);
int cmd_subdivide(const Invocation& call);
int cmd_discover(const Invocation& call);
int cmd_run(const Invocation& call);
int cmd_report(const Invocation& call);
int cmd_view(const Invocation& call);
int cmd_demo(const Invocation& call);

}  // namespace tessera
