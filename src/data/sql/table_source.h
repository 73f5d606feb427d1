// What the names of tables stand for while one statement runs, and what its scans touched. The
// query engine asks; the session answers (data/sql/session_tables_internal.h), with one version of
// each table for the whole statement.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

// A stream of rows that can be read once, or, with `again`, as often as a query names it. Binding a
// query looks at the schema only.
class OnceReader {
 public:
  using Again = std::function<std::shared_ptr<arrow::RecordBatchReader>()>;
  explicit OnceReader(std::shared_ptr<arrow::RecordBatchReader> rows, std::string name = "",
                      Again again = nullptr)
      : rows_(std::move(rows)), name_(std::move(name)), again_(std::move(again)) {}
  const std::string& name() const { return name_; }  // under which it was registered, or ""
  const std::shared_ptr<arrow::RecordBatchReader>& rows() const { return rows_; }
  // The rows, or null if somebody has taken them.
  std::shared_ptr<arrow::RecordBatchReader> Take() {
    if (!taken_.exchange(true)) return rows_;
    return again_ ? again_() : nullptr;
  }
  bool is_spent() const { return taken_ && !again_; }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  std::string name_;
  Again again_;  // thread-safe
  std::atomic<bool> taken_{false};
};

// AT (VERSION => …), AT (TIMESTAMP => …), or neither.
struct TableMoment {
  std::optional<int64_t> version;
  std::optional<Micros> at;
  auto operator<=>(const TableMoment&) const = default;
};

struct ResolvedTable {
  std::string name;                          // for people: main.default.orders
  std::shared_ptr<const Snapshot> snapshot;  // or
  std::shared_ptr<OnceReader> reader;
  // The target of a change: its scan also gives each row's place, as columns that no user sees.
  bool with_places = false;
  std::optional<std::vector<uint32_t>> files = {};  // only these of the snapshot's files
};

// The columns of places: the file's index in the snapshot's list, the row's position in the file.
inline constexpr const char* kFilePlace = "__millpond_file";
inline constexpr const char* kRowPlace = "__millpond_row";
// And, of a table that tracks rows, the row's id.
inline constexpr const char* kRowIdPlace = "__millpond_row_id";

// The type of a variant that goes into a table, as the engine's SQL names it.
inline constexpr const char* kStoredVariant = "lake_variant";

class TableSource {
 public:
  virtual ~TableSource() = default;
  // `schema` and `table` as QueryName spells them. Thread-safe.
  virtual Result<ResolvedTable> Resolve(const std::string& schema, const std::string& table,
                                        const TableMoment& moment) = 0;
  // The time of the statement: what now() is in each of its queries.
  virtual Micros Now() const = 0;
};

// How the engine spells a table: schema "main.default" (or "delta" for a path) and the table's
// name.
struct QueryName {
  std::string schema;
  std::string table;
};

// One scan of a table in a plan, as far as the log could narrow it; and the row groups of the files
// that are left, of which Parquet's own statistics leave out some while the query runs.
struct ScanReport {
  std::string table;
  int64_t version = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t files_by_partition = 0;  // that partition values leave
  int64_t files_read = 0;
  int64_t bytes_read = 0;
  std::optional<int64_t> row_groups = {};       // considered; nullopt: nobody has looked
  std::optional<int64_t> row_groups_read = {};  // nullopt: the query did not run
};

}  // namespace millpond::data
