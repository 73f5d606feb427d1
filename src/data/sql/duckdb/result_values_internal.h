// The rows of a query in the types of its result. Thread-safe.
#pragma once

#include <duckdb/common/error_data.hpp>
#include <duckdb/common/types/data_chunk.hpp>
#include <string>

#include "data/sql/query_engine.h"

namespace millpond::data {

class ResultValues {
 public:
  // `types`, `names`: the query's own columns. They become those of options.columns, or what a
  // Delta table can hold.
  ResultValues(const QueryText& query, const RunOptions& options,
               const duckdb::vector<duckdb::LogicalType>& types,
               const duckdb::vector<duckdb::string>& names);

  const duckdb::vector<duckdb::LogicalType>& types() const { return types_; }
  const std::vector<std::string>& names() const { return names_; }
  const RunOptions& options() const { return options_; }
  // Of what the query throws while it runs.
  Error ErrorOf(const duckdb::ErrorData& error) const;

  // Those of `chunk` in `cast`, which may refer to it. Throws where a value would not be the same;
  // `row` is the number of the first one.
  void Cast(duckdb::ClientContext& context, duckdb::DataChunk& chunk, duckdb::idx_t row,
            duckdb::DataChunk& cast) const;

 private:
  void CastColumn(duckdb::ClientContext& context, duckdb::Vector& from, duckdb::Vector& to,
                  duckdb::idx_t count, duckdb::idx_t column, duckdb::idx_t row) const;
  [[noreturn]] void Refuse(duckdb::idx_t column, duckdb::idx_t row, const std::string& why) const;

  SourceText source_;
  RewrittenSql rewritten_;
  RunOptions options_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::vector<std::string> names_;
};

}  // namespace millpond::data
