// Collects the statistics of one data file while its rows are written (PROTOCOL.md, "Per-file
// Statistics"): numRecords, and minValues, maxValues and nullCount of the first 32 leaf columns, or
// of those the table's properties name. Strings are cut to 32 characters, maxima rounded up, and
// timestamps cut to milliseconds; a column with a NaN gets no bounds.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/column_value.h"

namespace millpond::data {

class StatsCollector {
 public:
  // `columns`: the data columns of the file, without partition columns. The statistics name them
  // physically, the table's properties logically.
  StatsCollector(const Schema& columns, const StringMap& table_properties);
  ~StatsCollector();
  StatsCollector(StatsCollector&&) noexcept;
  StatsCollector& operator=(StatsCollector&&) noexcept;

  // Begins with the columns of the schema given, of its Arrow types.
  Status Update(const arrow::RecordBatch& batch);
  std::string ToJson() const;

 private:
  struct Node;  // a column or a field of a struct
  std::vector<Node> nodes_;
  int64_t num_records_ = 0;
};

// The shortest text at most `limit` code points long that is not below `text`, or nullopt if there
// is none (no code point can be raised).
std::optional<std::string> RoundUpText(const std::string& text, size_t limit);
// The first `limit` code points.
std::string CutText(const std::string& text, size_t limit);

}  // namespace millpond::data
