// table_changes('t', from [, to] [, derive => true]) as a relation: the change data feed of a table
// (data/delta/rows/change_feed.h). `from` and `to` are versions, or times as text; both belong to
// the range, and without `to` it ends with the last version. The table is named as in SQL or is a
// path; table_changes_by_path takes a path, as in Spark.
#pragma once

#include "data/sql/relation_function.h"

namespace millpond::data {

class TableChanges : public RelationFunction {
 public:
  explicit TableChanges(bool by_path) : by_path_(by_path) {}

  std::string name() const override { return by_path_ ? "table_changes_by_path" : "table_changes"; }
  Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const FunctionArguments& arguments,
                                                         const Workspace& workspace) override;

 private:
  bool by_path_;
};

}  // namespace millpond::data
