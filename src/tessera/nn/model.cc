// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/model.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "tessera/base/json_value.h"

namespace tessera {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

OpenSet::OpenSet(const std::vector<float>& linear, const std::vector<int>& labels, int classes) : classes_(classes) {
  const int64_t n = std::ssize(labels);
  Matrix values(n, classes), means = Matrix::Zero(classes, classes), covariance = Matrix::Zero(classes, classes);
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(classes);
  for (int64_t i = 0; i < n; ++i) {
    for (int k = 0; k < classes; ++k) values(i, k) = linear[i * classes + k];
    means.row(labels[i]) += values.row(i);
    counts[labels[i]] += 1;
  }
  for (int c = 0; c < classes; ++c) means.row(c) /= std::max(1.0, counts[c]);
  for (int64_t i = 0; i < n; ++i) {
    const Eigen::VectorXd d = (values.row(i) - means.row(labels[i])).transpose();
    covariance += d * d.transpose();
  }
  covariance /= static_cast<double>(std::max<int64_t>(1, n));
  covariance.diagonal().array() += std::max(1e-12, 1e-3 * covariance.trace() / classes);
  const Matrix lower = covariance.llt().matrixL();
  const Matrix inverse = lower.triangularView<Eigen::Lower>().solve(Matrix::Identity(classes, classes));
  for (int r = 0; r < classes; ++r)
    for (int c = 0; c < classes; ++c) {
      means_.push_back(static_cast<float>(means(r, c)));
      whitening_.push_back(static_cast<float>(inverse(r, c)));
    }
  calibrate(linear);
}

double OpenSet::distance(const float* linear) const {
  double least = std::numeric_limits<double>::infinity();
  for (int c = 0; c < classes_; ++c) {
    double square = 0;
    for (int r = 0; r < classes_; ++r) {
      double sum = 0;
      for (int k = 0; k <= r; ++k)
        sum += static_cast<double>(whitening_[r * classes_ + k]) * (linear[k] - means_[c * classes_ + k]);
      square += sum * sum;
    }
    least = std::min(least, square);
  }
  return std::sqrt(least);
}

void OpenSet::calibrate(const std::vector<float>& linear) {
  reference_.clear();
  for (size_t i = 0; i + classes_ <= linear.size(); i += classes_)
    reference_.push_back(static_cast<float>(distance(linear.data() + i)));
  std::sort(reference_.begin(), reference_.end());
}

double OpenSet::score(const float* linear) const {
  if (reference_.empty()) return 0.5;
  const auto below = std::lower_bound(reference_.begin(), reference_.end(), static_cast<float>(distance(linear)));
  return static_cast<double>(below - reference_.begin()) / static_cast<double>(reference_.size());
}

std::vector<NamedTensor> OpenSet::tensors() const {
  if (empty()) return {};
  return {{"open_set.means", {classes_, classes_}, means_},
          {"open_set.whitening", {classes_, classes_}, whitening_},
          {"open_set.reference", {std::ssize(reference_)}, reference_}};
}

OpenSet OpenSet::from(const TensorFile& file, int classes, const std::string& source) {
  const NamedTensor *means = file.find("open_set.means"), *whitening = file.find("open_set.whitening"),
                    *reference = file.find("open_set.reference");
  OpenSet out;
  if (!means && !whitening && !reference) return out;
  const std::vector<int64_t> square = {classes, classes};
  if (!means || !whitening || !reference || means->shape != square || whitening->shape != square ||
      !std::is_sorted(reference->values.begin(), reference->values.end()))
    throw IoError(source + ": its open-set score does not fit its classes; train again");
  out.classes_ = classes;
  out.means_ = means->values;
  out.whitening_ = whitening->values;
  out.reference_ = reference->values;
  return out;
}

void write_model(const std::filesystem::path& path, const Model& model, bool half) {
  TensorFile file;
  file.kind = "model";
  auto classes = nlohmann::ordered_json::array();
  for (const ModelClass& c : model.classes) {
    classes.push_back({{"number", c.number}, {"name", c.name}});
    if (finds_centres(model.network.network)) classes.back()["radius_A"] = c.radius_A;
  }
  file.header = {{"network", model.network.network},
                 {"box", model.network.box},
                 {"width", model.network.width},
                 {"dropout", model.network.dropout},
                 {"voxel_size_A", model.voxel_size_A},
                 {"normalisation", model.normalisation},
                 {"classes", classes},
                 {"training", model.training}};
  if (finds_centres(model.network.network))
    file.header["hit_chance"] = {
        {"offset", model.chance.offset}, {"slope", model.chance.slope}, {"share", model.chance.share}};
  for (const NamedTensor& tensor : model.weights)
    file.tensors.push_back({"network." + tensor.name, tensor.shape, tensor.values});
  for (NamedTensor& tensor : model.open_set.tensors()) file.tensors.push_back(std::move(tensor));
  write_tensor_file(path, file, half);
}

Model read_model(const std::filesystem::path& path) {
  TensorFile file = read_tensor_file(path, "model");
  Model model;
  try {
    const auto& header = file.header;
    model.network.network = header.at("network").get<std::string>();
    model.network.box = json_value<int>(header.at("box"));
    model.network.width = header.at("width").get<double>();
    model.network.dropout = header.at("dropout").get<double>();
    model.voxel_size_A = header.at("voxel_size_A").get<double>();
    model.normalisation = header.at("normalisation").get<std::string>();
    for (const auto& c : header.at("classes")) {
      model.classes.push_back({json_value<int>(c.at("number")), c.at("name").get<std::string>()});
      if (finds_centres(model.network.network)) model.classes.back().radius_A = c.at("radius_A").get<double>();
    }
    if (finds_centres(model.network.network)) {
      model.chance.offset = header.at("hit_chance").at("offset").get<double>();
      model.chance.slope = header.at("hit_chance").at("slope").get<double>();
      model.chance.share = header.at("hit_chance").at("share").get<double>();
    }
    model.training = header.at("training");
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: its header is incomplete ({}); it is of another version of Tessera: train again",
                              path.string(), error.what()));
  }
  model.network.classes = outputs_of(model.network.network, model.classes.size());
  Faults faults;
  model.network.add_faults(faults);
  const char* normalisation = answers_voxels(model.network.network) ? "tomogram" : "box";
  if (model.normalisation != normalisation)
    faults.add(fmt::format("normalisation \"{}\" is not known", model.normalisation));
  if (!(model.network.width > 0 && model.network.width <= 16)) faults.add("its width is out of range");
  if (!(model.voxel_size_A > 0)) faults.add("its voxel size is not positive");
  std::set<int> numbers;
  for (const ModelClass& c : model.classes)
    if (!numbers.insert(c.number).second) faults.add(fmt::format("class {} is there twice", c.number));
  for (const ModelClass& c : model.classes)
    if (finds_centres(model.network.network) && !(c.radius_A > 0))
      faults.add(fmt::format("the radius of class {} is out of range", c.number));
  if (!(model.chance.share > 0 && model.chance.share < 1)) faults.add("its share of hits is out of range");
  faults.raise<IoError>(path.string() + ": a model of another version of Tessera, or damaged");
  model.open_set = OpenSet::from(file, model.network.classes, path.string());
  for (NamedTensor& tensor : file.tensors)
    if (tensor.name.starts_with("network."))
      model.weights.push_back({tensor.name.substr(8), std::move(tensor.shape), std::move(tensor.values)});
  return model;
}

std::filesystem::path model_file(const std::string& name, const std::string& builtin) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (name != "builtin" || fs::exists(name, ignored)) return name;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  fs::path installed = program.parent_path() / "share" / "tessera" / builtin;
  for (fs::path above = program; above != above.parent_path(); above = above.parent_path())
    if (fs::exists(above / "models" / builtin, ignored)) return above / "models" / builtin;
  return installed;
}

std::unique_ptr<Network> network_of(const Model& model, const std::string& device, int threads,
                                    const std::string& source) {
  NetworkOptions options = model.network;
  options.device = device;
  options.threads = threads;
  auto network = make_network(options);
  try {
    network->set_state(model.weights);
  } catch (const InternalError&) {
    throw IoError(
        fmt::format("{}: its weights are not those of a {} of this version; train again", source, options.network));
  }
  return network;
}

}  // namespace tessera
