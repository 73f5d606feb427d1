// Which files can hold a row that passes a condition, by what the log knows of them: partition
// values, and the bounds and NULL counts of the statistics (PROTOCOL.md, "Per-file Statistics"),
// of fields of structs too. Nothing is opened. A file is ruled out only if certainly no row of it
// passes; the condition is still to be asked of the rows.
//
// The condition is a tree over ranges (value_range.h). What the reader of an expression does not
// understand it makes kUnknown, which may be anything: the rest of the tree still counts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/rows/value_range.h"

namespace millpond::data {

struct FilterNode {
  enum class Kind {
    kUnknown,
    kColumn,
    kConstant,
    kFunction,  // of the child
    kFirst,     // of the children that is not NULL: COALESCE
    kEqual,     // of two children, as are the next three
    kLess,
    kLessOrEqual,
    kSame,    // IS NOT DISTINCT FROM
    kIsNull,  // of the child, as are the next three
    kIsIn,
    kStartsWith,
    kNot,
    kAnd,
    kOr,
  };
  Kind kind = Kind::kUnknown;
  std::vector<FilterNode> children = {};
  size_t column = 0;                     // kColumn: which of the columns given
  ColumnValue value = {};                // kConstant; no value: NULL. kStartsWith: the prefix
  RangeFunction function = {};           // kFunction
  std::vector<ColumnValue> values = {};  // kIsIn: none is NULL; sorted (SortValues)
  bool has_null = false;                 // kIsIn: NULL is among them as well

  static FilterNode Column(size_t column);
  static FilterNode Constant(ColumnValue value);
  static FilterNode Of(Kind kind, std::vector<FilterNode> children);
};

void SortValues(std::vector<ColumnValue>& values);

// What the expression can be in a file where the columns are in these ranges.
ValueRange RangeOf(const FilterNode& node, std::span<const ValueRange> columns);

// One column, or a field of a struct, in all files of a snapshot, which must outlive it.
class FileColumn {
 public:
  // `path`: names from the top through structs down to the leaf.
  FileColumn(const Snapshot& snapshot, std::vector<std::string> path);

  bool is_partition() const { return is_partition_; }
  // Of the column itself; null: no such column.
  const StructField* field() const { return field_; }
  ValueRange At(size_t file) const;

 private:
  const Snapshot* snapshot_;
  std::vector<std::string> path_;
  const StructField* field_ = nullptr;
  bool is_partition_ = false;
  ColumnBounds bounds_;
};

}  // namespace millpond::data
