// What the partition of a file says about a column that is not a partition column: a partition
// column that is generated from it (PROTOCOL.md, "Generated Columns") bounds its values. A filter
// on ts prunes the files of a table that is partitioned by CAST(ts AS DATE), or by year(ts) and
// month(ts), or a filter on name those of substring(name, 1, 2), also where the log has no
// statistics of the column.
//
// Understood: casts to DATE, to_date, year, month, day, hour (together, from the year down), trunc,
// date_trunc, date_format with yyyy, yyyy-MM, yyyy-MM-dd or yyyy-MM-dd-HH, substring from the
// start, left. Parts of a timestamp are those of the writer's time zone, which the log does not
// tell: its bounds are a day wider on both sides.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

class GeneratedPartitions {
 public:
  explicit GeneratedPartitions(const Snapshot& snapshot);

  // Whether a partition column is generated from this one.
  bool Knows(const StructField& field) const { return by_source_.contains(field.name); }

  struct Bounds {
    ColumnValue min, max;  // both are there, max included
  };
  // Of the values of a column in a file; nullopt: nothing is known.
  std::optional<Bounds> Of(const Snapshot& snapshot, size_t file, const StructField& field) const;

  enum class Part { kDate, kYear, kMonth, kDay, kHour, kTruncated, kFormatted, kPrefix };
  struct Source {
    std::string column;  // as the expression names it
    Part part;
    std::string unit = {};   // of kTruncated
    int64_t characters = 0;  // of kPrefix
  };

 private:
  struct Partition {
    StructField field;
    Source source;
  };
  std::map<std::string, std::vector<Partition>> by_source_;  // by the schema's name
};

}  // namespace millpond::data
