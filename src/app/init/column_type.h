// From what a column's values look like to how SQL reads them. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/init/column_profile.h"

namespace millpond::app {

enum class ColumnKind { kEmpty, kInteger, kDecimal, kDouble, kBoolean, kDate, kTimestamp, kText };
std::string_view ToString(ColumnKind kind);

struct ColumnType {
  ColumnKind kind = ColumnKind::kText;
  // Reads the text of the column; NULL where it cannot be read.
  std::string sql = {};
  std::string format = {};  // of a time, in words
  std::string doubt = {};   // what the values leave open; "": nothing
  int64_t unreadable = 0;

  bool is_number() const {
    return kind == ColumnKind::kInteger || kind == ColumnKind::kDecimal ||
           kind == ColumnKind::kDouble;
  }
  bool is_time() const { return kind == ColumnKind::kDate || kind == ColumnKind::kTimestamp; }
};

// What nearly all values (99 of 100) are. Numbers that could be times (yyyymmdd, epochs) stay
// numbers here; see TimeTypeOf.
ColumnType TypeOf(const ColumnProfile& column);

// The column as a time, or kText if fewer than 95 of 100 values can be read as one. `time_format`
// (strptime's) in place of the known ones.
ColumnType TimeTypeOf(const ColumnProfile& column, const std::string& time_format);

}  // namespace millpond::app
