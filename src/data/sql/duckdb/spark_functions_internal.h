// An expression of a Delta log, parsed after FromSparkSql (data/sql/spark_text.h), with Spark's
// functions put in DuckDB's terms. Only functions that are known to give the same stay; everything
// else is refused by its name, and so are subqueries, windows and lambdas.
#pragma once

#include <duckdb/common/types/value.hpp>
#include <duckdb/parser/parsed_expression.hpp>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "data/delta/metadata/schema.h"
#include "data/sql/duckdb/errors_internal.h"

namespace millpond::data {

struct SparkScope {
  const Schema& schema;        // whose columns may be named
  std::optional<Micros> now;   // what current_timestamp() is; nullopt: refused
  std::set<int> columns = {};  // that were named
};

// Throws Error (errors_internal.h, Throw). spark_expression.cc.
void TranslateSpark(duckdb::unique_ptr<duckdb::ParsedExpression>& expression, SparkScope& scope);

// A call, its arguments translated already, in DuckDB's terms; false: not a function that is known
// to mean the same. spark_functions.cc.
bool TranslateCall(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);

// The text of a constant string; "" if it is none.
std::string ConstantText(const duckdb::ParsedExpression& expression);

duckdb::unique_ptr<duckdb::ParsedExpression> Constant(duckdb::Value value);
duckdb::unique_ptr<duckdb::ParsedExpression> Cast(
    duckdb::unique_ptr<duckdb::ParsedExpression> value, const duckdb::LogicalType& type);

template <typename... Args>
[[noreturn]] void Refuse(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  Throw(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace millpond::data
