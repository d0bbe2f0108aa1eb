// SPDX-License-Identifier: GPL-3.0-or-later
// Method template of tessera pick: from files of structures to matches.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "tessera/pick/template_matching.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/pipeline/density.h"

namespace tessera {

struct TemplateRequest {
  std::vector<std::string> templates, masks;
  SelectionOptions selection;
  MatchOptions match;
  TransferOptions transfer;

  template <typename Visitor>
  void describe(Visitor& visit) {
    const char* group = "Template matching";
    visit(Option{"template", "file", "Maps (MRC) or atomic models (PDB, mmCIF, builtin:NAME); one class each", group},
          templates);
    visit(
        Option{"template-mask", "file.mrc", "Multiply the templates with these masks; one each, or one for all", group},
        masks);
    match.describe(visit);
    selection.describe(visit);
    transfer.describe(visit);
  }
  void add_faults(Faults& faults) const;
};

// `tomogram`: prepared by prepare_search (mean 0, protein bright). Maps are brought to its voxel size; models become
// densities of resolution two voxels. UserError naming the template: empty masks, maps without a voxel size, and what
// match_templates refuses.
MatchResult pick_by_template(const TemplateRequest& request, const Volume<float>& tomogram, double voxel_size_A,
                             std::span<const uint8_t> allowed, int64_t border, int64_t keep, ExecContext& context);

class RunRecord;
void record_templates(RunRecord& record, const TemplateRequest& request);
nlohmann::ordered_json template_json(const MatchReport& report);

}  // namespace tessera
