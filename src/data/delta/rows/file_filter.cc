#include "data/delta/rows/file_filter.h"

#include <algorithm>
#include <limits>

namespace millpond::data {
namespace {

using Kind = FilterNode::Kind;

bool IsBefore(const ColumnValue& a, const ColumnValue& b) {
  const auto order = CompareValues(a, b);
  return order && *order < 0;
}

ValueRange Not(const ValueRange& range) {
  return ValueRange::Truth(range.MayBeFalse(), range.MayBeTrue(), range.may_be_null);
}

// Of conditions that may hang together: all outcomes that some choice of theirs gives.
ValueRange AllOf(const FilterNode& node, std::span<const ValueRange> columns) {
  bool all_true = true, one_false = false, one_null = false, none_false = true;
  for (const FilterNode& child : node.children) {
    const ValueRange range = RangeOf(child, columns);
    all_true = all_true && range.MayBeTrue();
    one_false = one_false || range.MayBeFalse();
    one_null = one_null || range.may_be_null;
    none_false = none_false && (range.MayBeTrue() || range.may_be_null);
    if (!none_false) return ValueRange::Truth(false, true, false);
  }
  return ValueRange::Truth(all_true, one_false, one_null && none_false);
}

ValueRange AnyOf(const FilterNode& node, std::span<const ValueRange> columns) {
  bool one_true = false, all_false = true, one_null = false, none_true = true;
  for (const FilterNode& child : node.children) {
    const ValueRange range = RangeOf(child, columns);
    one_true = one_true || range.MayBeTrue();
    all_false = all_false && range.MayBeFalse();
    one_null = one_null || range.may_be_null;
    none_true = none_true && (range.MayBeFalse() || range.may_be_null);
  }
  return ValueRange::Truth(one_true, all_false, one_null && none_true);
}

ValueRange IsIn(const FilterNode& node, const ValueRange& range) {
  const bool null = range.may_be_null || node.has_null;
  if (!range.may_have_value) return ValueRange::Truth(false, false, null);
  const auto& values = node.values;
  auto first = values.begin();
  if (HasValue(range.min)) first = std::ranges::lower_bound(values, range.min, IsBefore);
  const bool may = first != values.end() && (!HasValue(range.max) || !IsBefore(range.max, *first));
  return ValueRange::Truth(may, !(may && range.only() != nullptr), null);
}

ValueRange FirstOf(const FilterNode& node, std::span<const ValueRange> columns) {
  ValueRange first = ValueRange::Only({});
  for (const FilterNode& child : node.children) {
    if (!first.may_be_null) break;
    ValueRange range = RangeOf(child, columns);
    first.may_be_null = false;  // then the child's NULL counts
    first = UnionOf(first, range);
  }
  return first;
}

ValueRange IsNull(const ValueRange& range) {
  return ValueRange::Truth(range.may_be_null, range.may_have_value, false);
}

}  // namespace

FilterNode FilterNode::Column(size_t column) {
  FilterNode node;
  node.kind = Kind::kColumn;
  node.column = column;
  return node;
}

FilterNode FilterNode::Constant(ColumnValue value) {
  FilterNode node;
  node.kind = Kind::kConstant;
  node.value = std::move(value);
  return node;
}

FilterNode FilterNode::Of(Kind kind, std::vector<FilterNode> children) {
  FilterNode node;
  node.kind = kind;
  node.children = std::move(children);
  return node;
}

void SortValues(std::vector<ColumnValue>& values) {
  std::ranges::sort(values, IsBefore);
}

ValueRange RangeOf(const FilterNode& node, std::span<const ValueRange> columns) {
  const auto child = [&](size_t i) { return RangeOf(node.children[i], columns); };
  switch (node.kind) {
    case Kind::kUnknown:
      return {};
    case Kind::kColumn:
      return columns[node.column];
    case Kind::kConstant:
      return ValueRange::Only(node.value);
    case Kind::kFunction:
      return Image(node.function, child(0));
    case Kind::kFirst:
      return FirstOf(node, columns);
    case Kind::kEqual:
      return EqualRanges(child(0), child(1));
    case Kind::kLess:
    case Kind::kLessOrEqual:
      return LessRanges(child(0), child(1), node.kind == Kind::kLessOrEqual);
    case Kind::kSame:
      return SameRanges(child(0), child(1));
    case Kind::kIsNull:
      return IsNull(child(0));
    case Kind::kIsIn:
      return IsIn(node, child(0));
    case Kind::kStartsWith:
      return StartsWithRange(child(0), std::get<std::string>(node.value));
    case Kind::kNot:
      return Not(child(0));
    case Kind::kAnd:
      return AllOf(node, columns);
    case Kind::kOr:
      return AnyOf(node, columns);
  }
  return {};
}

FileColumn::FileColumn(const Snapshot& snapshot, std::vector<std::string> path)
    : snapshot_(&snapshot), path_(std::move(path)) {
  const std::vector<StructField>* fields = &snapshot.schema().fields();
  for (const std::string& name : path_) {
    const auto found = std::ranges::find_if(
        *fields, [&](const StructField& field) { return EqualNames(field.name, name); });
    field_ = found == fields->end() ? nullptr : &*found;
    if (field_ == nullptr) return;
    static const std::vector<StructField> kNone;
    fields = field_->type.kind() == TypeKind::kStruct ? &field_->type.fields() : &kNone;
  }
  if (field_ == nullptr || !field_->type.is_primitive()) return;
  is_partition_ = path_.size() == 1 && snapshot.IsPartitionColumn(path_[0]);
  if (!is_partition_) bounds_ = snapshot.files().Bounds(path_);
}

ValueRange FileColumn::At(size_t file) const {
  if (field_ == nullptr || !field_->type.is_primitive()) return {};
  const FileList& files = snapshot_->files();
  if (is_partition_) {
    const auto text = files.partition_value(file, path_[0]);
    if (!text) return ValueRange::Only({});
    auto value = ParsePartitionValue(*text, field_->type);
    return value ? ValueRange::Only(std::move(*value)) : ValueRange();  // the reader will complain
  }
  FileBounds bounds = bounds_.at(file);
  ValueRange range{std::move(bounds.min), std::move(bounds.max)};
  if (field_->type.kind() == TypeKind::kFloat || field_->type.kind() == TypeKind::kDouble) {
    // NaN is the greatest value, and writers may leave it out of the bounds.
    range.max = std::numeric_limits<double>::quiet_NaN();
  }
  if (bounds.null_count) {
    const auto rows = files.num_records(file);
    range.may_have_value = !rows || *bounds.null_count != *rows;
    // Writers do not agree on whether a field of a struct that is NULL counts.
    range.may_be_null = *bounds.null_count != 0 || path_.size() > 1;
  }
  return range;
}

}  // namespace millpond::data
