#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/parser/parsed_data/create_collation_info.hpp>

#include "data/delta/metadata/text_limits.h"
#include "data/sql/duckdb/char_texts_internal.h"

namespace millpond::data {
namespace {

constexpr char kCollation[] = "millpond_char";

void WithoutSpaces(duckdb::DataChunk& arguments, duckdb::ExpressionState&, duckdb::Vector& result) {
  duckdb::UnaryExecutor::Execute<duckdb::string_t, duckdb::string_t>(
      arguments.data[0], result, arguments.size(), [&](duckdb::string_t text) {
        duckdb::idx_t size = text.GetSize();
        while (size > 0 && text.GetData()[size - 1] == ' ') --size;
        return duckdb::StringVector::AddString(result, text.GetData(), size);
      });
}

}  // namespace

void RegisterCharTexts(duckdb::DatabaseInstance& db) {
  duckdb::ScalarFunction function(kCollation, {duckdb::LogicalType::VARCHAR},
                                  duckdb::LogicalType::VARCHAR, WithoutSpaces);
  duckdb::CreateCollationInfo collation(kCollation, std::move(function), /*combinable=*/false,
                                        /*not_required_for_equality=*/false);
  collation.on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  duckdb::ExtensionLoader(db, "millpond").RegisterCollation(collation);
}

duckdb::LogicalType WithCharCompared(const StructField& field, duckdb::LogicalType type) {
  if (field.type.kind() != TypeKind::kString || !field.metadata.contains(kTextLimitKey)) {
    return type;
  }
  const auto limits = TextLimitsOf(field);
  const bool padded = limits.has_value() && limits->contains({}) && limits->at({}).padded;
  return padded ? duckdb::LogicalType::VARCHAR_COLLATION(kCollation) : type;
}

}  // namespace millpond::data
