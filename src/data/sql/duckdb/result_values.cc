#include "data/sql/duckdb/result_values_internal.h"

#include <duckdb/common/vector_operations/vector_operations.hpp>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/exact_cast_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/duckdb/variant_functions_internal.h"

namespace millpond::data {

ResultValues::ResultValues(const QueryText& query, const RunOptions& options,
                           const duckdb::vector<duckdb::LogicalType>& types,
                           const duckdb::vector<duckdb::string>& names)
    : source_(query.source),
      rewritten_(query.rewritten),
      options_(options),
      names_(names.begin(), names.end()) {
  for (const auto& column : options.columns) types_.push_back(ToLogicalType(column.type));
  if (!types_.empty()) return;
  for (const auto& type : types) types_.push_back(ResultType(type));
}

Error ResultValues::ErrorOf(const duckdb::ErrorData& error) const {
  return ToError(error, {source_, rewritten_, 0, &options_});
}

void ResultValues::Cast(duckdb::ClientContext& context, duckdb::DataChunk& chunk, duckdb::idx_t row,
                        duckdb::DataChunk& cast) const {
  cast.Initialize(duckdb::Allocator::DefaultAllocator(), types_, chunk.size());
  for (duckdb::idx_t i = 0; i < types_.size(); ++i) {
    const duckdb::LogicalType& type = chunk.data[i].GetType();
    if (type == types_[i]) {
      cast.data[i].Reference(chunk.data[i]);
    } else if (type.IsNested()) {  // a look at its parts may flatten them, and they are the plan's
      duckdb::Vector own(type, chunk.size());
      duckdb::VectorOperations::Copy(chunk.data[i], own, chunk.size(), 0, 0);
      CastColumn(context, own, cast.data[i], chunk.size(), i, row);
    } else {
      CastColumn(context, chunk.data[i], cast.data[i], chunk.size(), i, row);
    }
  }
  cast.SetCardinality(chunk.size());
}

namespace {

// The first row with a value in `from`, and none in `to` if that is given; `count` where there is
// none.
duckdb::idx_t FirstValue(const duckdb::Vector& from, const duckdb::Vector* to,
                         duckdb::idx_t count) {
  for (duckdb::idx_t row = 0; row < count; ++row) {
    if (from.GetValue(row).IsNull()) continue;
    if (to == nullptr || to->GetValue(row).IsNull()) return row;
  }
  return count;
}

}  // namespace

void ResultValues::CastColumn(duckdb::ClientContext& context, duckdb::Vector& from,
                              duckdb::Vector& to, duckdb::idx_t count, duckdb::idx_t column,
                              duckdb::idx_t row) const {
  const duckdb::LogicalType& type = types_[column];
  // A void column, or what a query made of one.
  if (type.id() == duckdb::LogicalTypeId::SQLNULL || IsVoidType(type)) {
    if (const duckdb::idx_t value = FirstValue(from, nullptr, count); value < count) {
      Refuse(column, row + value,
             "void holds nothing but NULL: write NULL, or cast to the type that is meant");
    }
    to.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::SetNull(to, true);
    return;
  }
  if (from.GetType().id() == duckdb::LogicalTypeId::VARIANT &&
      type.id() == duckdb::LogicalTypeId::VARCHAR) {
    return DuckVariantsAsText(context, from, to, count);
  }
  duckdb::string message;
  if (!duckdb::VectorOperations::TryCast(context, from, to, count, &message)) {
    const duckdb::idx_t lost = FirstValue(from, &to, count);
    Refuse(column, row + (lost < count ? lost : 0), message);
  }
  if (options_.columns.empty()) return;
  const auto changed = FirstChanged(context, from, to, count);
  if (!changed) return;
  Refuse(column, row + *changed, ChangedText(from.GetValue(*changed), to.GetValue(*changed), type));
}

void ResultValues::Refuse(duckdb::idx_t column, duckdb::idx_t row, const std::string& why) const {
  const auto& places = options_.places;
  const std::string& name =
      options_.columns.empty() ? names_[column] : options_.columns[column].name;
  size_t offset = rewritten_.SourceOffset(0);
  if (places.size() == 1) offset = places[0][column];
  if (places.size() > 1 && row < places.size()) offset = places[row][column];
  Throw(Error(ErrorKind::kInvalidArgument,
              fmt::format("{}: column {}: {}", source_.Place(offset), name, why)));
}

}  // namespace millpond::data
