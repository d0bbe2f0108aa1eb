// SPDX-License-Identifier: GPL-3.0-or-later
// Written as relion_pipeliner 3.1.3 writes it. Numbers: job type 0 is Import, status 2 finished; node type 3 is a list
// of particles, 6 a reference.
#include "tessera/io/relion_project.h"

#include <fmt/format.h>

#include <sstream>
#include <string>

#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr const char* pipeline_file = "default_pipeline.star";

struct ImportJob {
  std::string name;  // Import/job001/
  std::string file;  // particles.star
  int node_type = 3;
  std::string kind;  // as the window of RELION calls it
};

std::string table(const std::string& block, const std::vector<std::string>& columns, const std::string& rows) {
  std::string out = fmt::format("\n# version 30001\n\ndata_{}\n\nloop_ \n", block);
  for (size_t i = 0; i < columns.size(); ++i) out += fmt::format("_rln{} #{} \n", columns[i], i + 1);
  return out + rows + " \n";
}

std::string pipeline_text(const std::vector<ImportJob>& jobs) {
  std::string processes, nodes, edges;
  for (const ImportJob& job : jobs) {
    processes += fmt::format("{} None 0 2 \n", job.name);
    nodes += fmt::format("{}{} {} \n", job.name, job.file, job.node_type);
    edges += fmt::format("{0} {0}{1} \n", job.name, job.file);
  }
  return fmt::format("\n# version 30001\n\ndata_pipeline_general\n\n_rlnPipeLineJobCounter {}\n \n", jobs.size() + 1) +
         table("pipeline_processes",
               {"PipeLineProcessName", "PipeLineProcessAlias", "PipeLineProcessType", "PipeLineProcessStatus"},
               processes) +
         table("pipeline_nodes", {"PipeLineNodeName", "PipeLineNodeType"}, nodes) +
         table("pipeline_output_edges", {"PipeLineEdgeProcess", "PipeLineEdgeToNode"}, edges);
}

std::string job_text(const ImportJob& job) {
  const std::string rows =
      fmt::format("do_raw No \ndo_other Yes \nfn_in_other {} \nnode_type \"{}\" \n", job.file, job.kind);
  return "\n# version 30001\n\ndata_job\n\n_rlnJobType 0\n_rlnJobIsContinue 0\n \n" +
         table("joboptions_values", {"JobOptionVariable", "JobOptionValue"}, rows);
}

void write_job(const fs::path& project, const ImportJob& job, const fs::path& source) {
  const fs::path folder = project / job.name, node = project / ".Nodes" / std::to_string(job.node_type) / job.name;
  for (const fs::path& made : {folder, node}) {
    std::error_code error;
    fs::create_directories(made, error);
    if (error) throw IoError(fmt::format("{}: the folder cannot be made: {}", made.string(), error.message()));
  }
  write_text_file(folder / job.file, read_text_file(source));
  write_text_file(folder / "job.star", job_text(job));
  write_text_file(folder / "job_pipeline.star", pipeline_text({job}));
  write_text_file(folder / "note.txt", " ++++ Imported by tessera convert\n");
  for (const char* empty : {"run.out", "run.err", "RELION_JOB_EXIT_SUCCESS"}) write_text_file(folder / empty, "");
  write_text_file(node / job.file, "");
}

}  // namespace

void check_relion_project(const fs::path& folder, Faults& faults) {
  if (!fs::exists(folder / pipeline_file)) return;
  std::istringstream words(read_text_file(folder / pipeline_file));
  for (std::string word; words >> word;)
    if (word.find("/job") != std::string::npos && !word.starts_with("Import/"))
      return faults.add(
          fmt::format("{}: RELION has worked in this project ({}); name another folder", folder.string(), word));
}

void write_relion_project(const fs::path& folder, const std::vector<fs::path>& references) {
  std::vector<ImportJob> jobs = {{"Import/job001/", "particles.star", 3, "Particles STAR file (.star)"}};
  write_job(folder, jobs[0], folder / "particles.star");
  for (const fs::path& reference : references) {
    const std::string name = fmt::format("Import/job{:03}/", jobs.size() + 1);
    jobs.push_back({name, reference.filename().string(), 6, "3D reference (.mrc)"});
    write_job(folder, jobs.back(), reference);
  }
  write_text_file(folder / ".gui_projectdir", "");
  write_text_file(folder / pipeline_file, pipeline_text(jobs));
}

}  // namespace tessera
