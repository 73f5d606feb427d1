// Which columns of a table a statement may set, and what stands for a column that it leaves out or
// sets to DEFAULT: what INSERT, UPDATE and MERGE share of data/delta/commit/row_rules.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/row_expressions.h"

namespace millpond::data {

enum class ColumnFill {
  kNone,       // NULL
  kDefault,    // a value
  kGenerated,  // the table computes it
  kIdentity,   // the table gives it
};

class TableFill {
 public:
  TableFill(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<RowExpressionEngine> engine)
      : snapshot_(std::move(snapshot)), engine_(std::move(engine)) {}

  // A column that the table does not have (yet) is kNone. kCorrupt: the metadata cannot be read.
  Result<ColumnFill> Of(const std::string& column) const;
  // Is it GENERATED ALWAYS AS IDENTITY or a generated column, so that an INSERT without a list of
  // columns does without it?
  Result<bool> IsAlwaysFilled(const StructField& field) const;
  // The value of DEFAULT as SQL; "NULL" for a column without.
  Result<std::string> DefaultText(const std::string& column) const;

 private:
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<RowExpressionEngine> engine_;
};

// Is the text the word DEFAULT alone?
bool IsDefaultWord(std::string_view text);

}  // namespace millpond::data
