// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the places that templates were matched to are picks.
#pragma once

#include <vector>

#include "tessera/pick/template_body.h"
#include "tessera/pick/template_matching.h"

namespace tessera {

// The score that independent trials of normal noise exceed so many times in all.
double noise_score(double trials, double false_positives);

// Of result.matches, every template's refined candidates, leaves the picks, best score first, and raises the thresholds
// of result.templates. No two structures share more than `overlap` of their volume (take_apart), whatever their
// templates; what stays is that of more evidence, ½ score² − ln(independent rotations): the more poses were tried, the
// higher noise alone reaches. keep > 0: those of most evidence, so many, and thresholds do not count. Otherwise those
// above the threshold of their template, which `automatic` raises to where the scores that it won part from clutter
// (pick/score_threshold.h); what falls below takes no room from others.
void select_matches(MatchResult& result, const std::vector<TemplateBody>& bodies, double overlap, int64_t keep,
                    bool automatic);

}  // namespace tessera
