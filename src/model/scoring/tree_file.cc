#include <charconv>
#include <cmath>
#include <optional>

#include "model/scoring/model_document_internal.h"
#include "model/scoring/tree_file_internal.h"

namespace millpond::model {
namespace {

std::unexpected<Error> Corrupt(std::string_view what, const std::string& message) {
  return Fail(ErrorKind::kCorrupt, "{} is not a sound model file: {}", what, message);
}

std::unexpected<Error> Unsupported(std::string_view what, const std::string& feature) {
  return Fail(ErrorKind::kUnsupported,
              "{} uses {}, which Millpond's tree walker does not have; train with booster gbtree, "
              "one output and numerical columns",
              what, feature);
}

// The member of an object, or null: a path that leads nowhere is reported once, by its user.
const ModelDocument& Member(const ModelDocument& object, const char* key) {
  static const ModelDocument kNull;
  if (!object.is_object()) return kNull;
  auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

// XGBoost keeps numbers of its parameter blocks as text.
template <typename T>
std::optional<T> NumberText(const ModelDocument& value) {
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {  // since 3.1: "[5E-1]"
    text = text.substr(1, text.size() - 2);
  }
  T number{};
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

template <typename T>
std::optional<std::vector<T>> Numbers(const ModelDocument& array, size_t size) {
  if (!array.is_array() || array.size() != size) return std::nullopt;
  std::vector<T> out;
  out.reserve(size);
  for (const ModelDocument& value : array) {
    if (value.is_boolean()) {
      out.push_back(static_cast<T>(value.get<bool>()));
    } else if constexpr (std::is_integral_v<T>) {
      if (!value.is_number_integer()) return std::nullopt;
      out.push_back(value.get<T>());
    } else {
      if (!value.is_number()) return std::nullopt;
      out.push_back(value.get<T>());
    }
  }
  return out;
}

// A tree as the file has it: parallel arrays over node ids, in any order.
struct RawTree {
  std::vector<int64_t> left, right, column, default_left;
  std::vector<float> split, hessian;
};

Result<RawTree> ReadArrays(const ModelDocument& tree, size_t index, std::string_view what) {
  auto nodes = NumberText<uint64_t>(Member(Member(tree, "tree_param"), "num_nodes"));
  const ModelDocument& left = Member(tree, "left_children");
  if (!nodes || *nodes == 0 || !left.is_array() || left.size() != *nodes) {
    return Corrupt(what, fmt::format("tree {} has no proper num_nodes", index));
  }
  auto leaf_size = NumberText<uint64_t>(Member(Member(tree, "tree_param"), "size_leaf_vector"));
  if (leaf_size.value_or(1) > 1) return Unsupported(what, "leaves with several values");
  size_t n = *nodes;
  const ModelDocument& types = Member(tree, "split_type");
  if (types.is_array() && !types.empty()) {
    auto type = Numbers<int64_t>(types, n);
    if (!type) return Corrupt(what, fmt::format("tree {}: split_type", index));
    for (int64_t t : *type) {
      if (t != 0) return Unsupported(what, fmt::format("categorical splits (tree {})", index));
    }
  }
  auto lefts = Numbers<int64_t>(left, n);
  auto rights = Numbers<int64_t>(Member(tree, "right_children"), n);
  auto columns = Numbers<int64_t>(Member(tree, "split_indices"), n);
  auto defaults = Numbers<int64_t>(Member(tree, "default_left"), n);
  auto splits = Numbers<float>(Member(tree, "split_conditions"), n);
  auto hessians = Numbers<float>(Member(tree, "sum_hessian"), n);
  if (!lefts || !rights || !columns || !defaults || !splits || !hessians) {
    return Corrupt(what, fmt::format("tree {} lacks an array of {} nodes", index, n));
  }
  return RawTree{std::move(*lefts),    std::move(*rights), std::move(*columns),
                 std::move(*defaults), std::move(*splits), std::move(*hessians)};
}

// Breadth-first from the root; a node met twice would be a cycle or a shared subtree.
Result<std::vector<FileNode>> Relayout(const RawTree& raw, size_t columns, size_t index,
                                       std::string_view what, std::vector<size_t>& raw_ids) {
  size_t n = raw.left.size();
  std::vector<bool> seen(n, false);
  raw_ids.assign(1, 0);
  seen[0] = true;
  std::vector<FileNode> nodes(1);
  for (size_t at = 0; at < nodes.size(); ++at) {
    size_t id = raw_ids[at];
    FileNode node{.split = raw.split[id]};
    if (raw.left[id] != -1) {
      for (int64_t child : {raw.left[id], raw.right[id]}) {
        if (child < 0 || static_cast<uint64_t>(child) >= n || seen[static_cast<size_t>(child)]) {
          return Corrupt(
              what, fmt::format("tree {}, node {}: child {} is out of range or used twice", index,
                                id, child));
        }
        seen[static_cast<size_t>(child)] = true;
        raw_ids.push_back(static_cast<size_t>(child));
      }
      if (raw.column[id] < 0 || static_cast<uint64_t>(raw.column[id]) >= columns) {
        return Corrupt(what, fmt::format("tree {}, node {}: column {} of {}", index, id,
                                         raw.column[id], columns));
      }
      node.column = static_cast<uint32_t>(raw.column[id]);
      node.default_left = raw.default_left[id] != 0;
      node.left = static_cast<uint32_t>(nodes.size());
      nodes.resize(nodes.size() + 2);
    } else if (raw.right[id] != -1 || !std::isfinite(node.split)) {
      return Corrupt(what, fmt::format("tree {}, node {}: a leaf with one child, or of value {}",
                                       index, id, node.split));
    }
    nodes[at] = node;
  }
  return nodes;
}

// Children come after their parent, so one backward pass sees them first. Weighted by hessian sums
// in floats, as XGBoost computes the means of its approximate contributions.
void FillExpected(std::vector<FileNode>& nodes, const RawTree& raw,
                  const std::vector<size_t>& raw_ids) {
  for (size_t i = nodes.size(); i-- > 0;) {
    FileNode& node = nodes[i];
    if (node.left == 0) {
      node.expected = node.split;
      continue;
    }
    float mean = nodes[node.left].expected * raw.hessian[raw_ids[node.left]];
    mean += nodes[node.left + 1].expected * raw.hessian[raw_ids[node.left + 1]];
    mean /= raw.hessian[raw_ids[i]];
    node.expected = std::isfinite(mean) ? mean : 0.0F;
  }
}

Result<float> BaseMargin(const TreeFile& file, const ModelDocument& parameters,
                         std::string_view what) {
  auto base = NumberText<float>(Member(parameters, "base_score"));
  if (!base || !std::isfinite(*base)) return Corrupt(what, "no base_score of one number");
  if (file.objective == "binary:logistic") {
    if (!(*base > 0 && *base < 1)) {
      return Corrupt(what, fmt::format("a base_score of {} is not a probability", *base));
    }
    return -std::log(1.0F / *base - 1.0F);  // in float, as the library does
  }
  if (file.objective == "binary:logitraw" || file.objective == "reg:squarederror") return *base;
  return Unsupported(what, fmt::format("objective '{}'", file.objective));
}

Status ReadHead(TreeFile& file, const ModelDocument& learner, std::string_view what) {
  const ModelDocument& parameters = Member(learner, "learner_model_param");
  const ModelDocument& objective = Member(Member(learner, "objective"), "name");
  const ModelDocument& booster = Member(Member(learner, "gradient_booster"), "name");
  auto columns = NumberText<uint64_t>(Member(parameters, "num_feature"));
  if (!objective.is_string() || !booster.is_string() || !columns) {
    return Corrupt(what, "it lacks learner.objective, gradient_booster or num_feature");
  }
  file.objective = objective.get<std::string>();
  if (booster != "gbtree") return Unsupported(what, "booster " + booster.get<std::string>());
  if (*columns > (1U << 24)) return Corrupt(what, fmt::format("it claims {} columns", *columns));
  file.columns = static_cast<size_t>(*columns);
  if (NumberText<uint64_t>(Member(parameters, "num_class")).value_or(0) > 1) {
    return Unsupported(what, "several classes (num_class)");
  }
  if (NumberText<uint64_t>(Member(parameters, "num_target")).value_or(1) > 1) {
    return Unsupported(what, "several targets (num_target)");
  }
  MP_ASSIGN_OR_RETURN(file.base_margin, BaseMargin(file, parameters, what));
  const ModelDocument& names = Member(learner, "feature_names");
  if (!names.is_array()) return OkStatus();
  for (const ModelDocument& name : names) {
    if (!name.is_string()) return Corrupt(what, "a feature name is not a text");
    file.feature_names.push_back(name.get<std::string>());
  }
  if (!file.feature_names.empty() && file.feature_names.size() != file.columns) {
    return Corrupt(what, fmt::format("{} feature names for {} columns", file.feature_names.size(),
                                     file.columns));
  }
  return OkStatus();
}

}  // namespace

Result<TreeFile> ReadTreeFile(std::string_view bytes, std::string_view what) {
  MP_ASSIGN_OR_RETURN(ModelDocument document, ParseModelDocument(bytes, what));
  const ModelDocument& learner = Member(document, "learner");
  TreeFile file;
  MP_RETURN_IF_ERROR(ReadHead(file, learner, what));
  const ModelDocument& trees =
      Member(Member(Member(learner, "gradient_booster"), "model"), "trees");
  if (!trees.is_array()) return Corrupt(what, "it has no list of trees");
  std::vector<size_t> raw_ids;
  for (size_t i = 0; i < trees.size(); ++i) {
    MP_ASSIGN_OR_RETURN(RawTree raw, ReadArrays(trees[i], i, what));
    MP_ASSIGN_OR_RETURN(auto nodes, Relayout(raw, file.columns, i, what, raw_ids));
    FillExpected(nodes, raw, raw_ids);
    file.trees.push_back(std::move(nodes));
  }
  return file;
}

}  // namespace millpond::model
