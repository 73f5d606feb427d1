#include "model/scoring/tree_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <variant>

#include "model/scoring/forest_internal.h"
#include "model/scoring/tree_file_internal.h"

namespace millpond::model {
namespace {

// On the stack up to here, so that a single row costs no allocation.
constexpr size_t kStackLanes = 1024;

}  // namespace

struct TreeModel::Forest {
  explicit Forest(TreeFile tree_file) : file(std::move(tree_file)) {
    if (walk.emplace<WalkForest<uint16_t>>().Build(file)) return;
    fits = walk.emplace<WalkForest<uint32_t>>().Build(file);
  }

  TreeFile file;  // kept for contributions
  std::variant<WalkForest<uint16_t>, WalkForest<uint32_t>> walk;
  bool fits = true;
};

TreeModel::TreeModel(std::unique_ptr<Forest> forest) : forest_(std::move(forest)) {}
TreeModel::~TreeModel() = default;

Result<std::unique_ptr<TreeModel>> TreeModel::Load(std::string_view bytes, std::string_view what) {
  MP_ASSIGN_OR_RETURN(TreeFile file, ReadTreeFile(bytes, what));
  auto forest = std::make_unique<Forest>(std::move(file));
  if (!forest->fits) {
    return Fail(ErrorKind::kUnsupported, "{} has more than 4 billion nodes", what);
  }
  return std::unique_ptr<TreeModel>(new TreeModel(std::move(forest)));
}

size_t TreeModel::columns() const {
  return forest_->file.columns;
}
size_t TreeModel::trees() const {
  return forest_->file.trees.size();
}
const std::string& TreeModel::objective() const {
  return forest_->file.objective;
}
float TreeModel::base_margin() const {
  return forest_->file.base_margin;
}
const std::vector<std::string>& TreeModel::feature_names() const {
  return forest_->file.feature_names;
}

float TreeModel::Margin(const float* row) const {
  auto walk = [&](uint32_t* lanes) {
    SpreadOverLanes(row, columns(), lanes, 1);
    return std::visit([&](const auto& f) { return f.One(lanes, forest_->file.base_margin); },
                      forest_->walk);
  };
  if (LaneCount(columns()) <= kStackLanes) {
    std::array<uint32_t, kStackLanes> lanes;
    return walk(lanes.data());
  }
  std::vector<uint32_t> lanes(LaneCount(columns()));
  return walk(lanes.data());
}

Status TreeModel::FloatMargins(MatrixView features, std::span<float> out) const {
  if (features.columns != columns() || out.size() != features.rows) {
    return Fail(ErrorKind::kInvalidArgument,
                "the model takes {} columns and one output a row; given {} columns, {} rows and {} "
                "outputs",
                columns(), features.columns, features.rows, out.size());
  }
  std::vector<uint32_t> lanes(LaneCount(columns()) * kWalksInStep);
  size_t i = 0;
  for (; i + kWalksInStep <= features.rows; i += kWalksInStep) {
    for (size_t j = 0; j < kWalksInStep; ++j) {
      SpreadOverLanes(features.row(i + j).data(), columns(), lanes.data() + j, kWalksInStep);
      out[i + j] = forest_->file.base_margin;
    }
    std::visit([&](const auto& f) { f.Eight(lanes.data(), out.data() + i); }, forest_->walk);
  }
  for (; i < features.rows; ++i) out[i] = Margin(features.row(i).data());
  return OkStatus();
}

Status TreeModel::Margins(MatrixView features, std::span<double> out) const {
  if (out.size() != features.rows) {
    return Fail(ErrorKind::kInvalidArgument, "{} rows but room for {} margins", features.rows,
                out.size());
  }
  std::vector<float> margins(features.rows);
  MP_RETURN_IF_ERROR(FloatMargins(features, margins));
  std::copy(margins.begin(), margins.end(), out.begin());
  return OkStatus();
}

Result<double> TreeModel::Contributions(std::span<const float> row, std::span<double> out) const {
  if (row.size() != columns() || out.size() != columns()) {
    return Fail(ErrorKind::kInvalidArgument, "the model takes {} columns; given {} values for {}",
                columns(), row.size(), out.size());
  }
  std::fill(out.begin(), out.end(), 0.0);
  double bias = forest_->file.base_margin;
  for (const std::vector<FileNode>& tree : forest_->file.trees) {
    bias += tree[0].expected;
    for (size_t at = 0; tree[at].left != 0;) {
      const FileNode& node = tree[at];
      float value = row[node.column];
      bool left = std::isnan(value) ? node.default_left : value < node.split;
      at = node.left + (left ? 0 : 1);
      out[node.column] += static_cast<double>(tree[at].expected) - node.expected;
    }
  }
  return bias;
}

}  // namespace millpond::model
