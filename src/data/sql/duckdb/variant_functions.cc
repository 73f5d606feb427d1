#include "data/sql/duckdb/variant_functions_internal.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/common/operator/cast_operators.hpp>
#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <duckdb/function/cast/cast_function_set.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/connection.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include "data/delta/rows/variant.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/table_source.h"

namespace millpond::data {
namespace {

using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::Vector;

// The cost of an implicit cast: the one to JSON comes first.
constexpr int64_t kToJson = 1, kToText = 150;

std::string_view View(const string_t& text) {
  return {text.GetData(), text.GetSize()};
}

void AsJson(Vector& from, Vector& to, duckdb::idx_t count) {
  std::string text;
  duckdb::UnaryExecutor::Execute<string_t, string_t>(from, to, count, [&](string_t joined) {
    text.clear();
    auto variant = SplitVariant(View(joined));
    if (!variant) Throw(variant.error());
    if (auto written = AppendVariantJson(*variant, &text); !written) Throw(written.error());
    return duckdb::StringVector::AddString(to, text);
  });
}

bool CastToJson(Vector& from, Vector& to, duckdb::idx_t count, duckdb::CastParameters&) {
  AsJson(from, to, count);
  return true;
}

bool CastFromJson(Vector& from, Vector& to, duckdb::idx_t count,
                  duckdb::CastParameters& parameters) {
  bool all = true;
  duckdb::UnaryExecutor::ExecuteWithNulls<string_t, string_t>(
      from, to, count, [&](string_t json, duckdb::ValidityMask& valid, duckdb::idx_t row) {
        auto made = VariantFromJson(View(json));
        if (made) {
          return duckdb::StringVector::AddStringOrBlob(to, made->metadata + made->value);
        }
        duckdb::HandleCastError::AssignError(made.error().ToString(), parameters);
        valid.SetInvalid(row);
        all = false;
        return string_t();
      });
  return all;
}

// Text could be meant as JSON or as the text that it is; bytes are not checked by anybody.
bool RefuseCast(Vector& from, Vector& to, duckdb::idx_t count, duckdb::CastParameters& parameters) {
  bool all = true;
  for (duckdb::idx_t row = 0; row < count; ++row) {
    if (from.GetValue(row).IsNull()) continue;
    all = false;
    break;
  }
  to.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  duckdb::ConstantVector::SetNull(to, true);
  if (all) return true;
  duckdb::HandleCastError::AssignError(
      fmt::format("{} does not become a variant by itself: write parse_json(…) around JSON text, "
                  "or to_json(…) around a value",
                  from.GetType().ToString()),
      parameters);
  return false;
}

void ToJson(duckdb::DataChunk& arguments, duckdb::ExpressionState&, Vector& result) {
  AsJson(arguments.data[0], result, arguments.size());
}

void RegisterCasts(duckdb::DatabaseInstance& db) {
  auto& casts = duckdb::CastFunctionSet::Get(db);
  const LogicalType variant = VariantType();
  casts.RegisterCastFunction(variant, LogicalType::JSON(), duckdb::BoundCastInfo(CastToJson),
                             kToJson);
  casts.RegisterCastFunction(variant, LogicalType::VARCHAR, duckdb::BoundCastInfo(CastToJson),
                             kToText);
  casts.RegisterCastFunction(LogicalType::JSON(), variant, duckdb::BoundCastInfo(CastFromJson));
  for (const LogicalType& type : {LogicalType(LogicalType::VARCHAR), LogicalType(LogicalType::BLOB),
                                  LogicalType::VARIANT()}) {
    casts.RegisterCastFunction(type, variant, duckdb::BoundCastInfo(RefuseCast));
  }
  casts.RegisterCastFunction(variant, LogicalType::VARIANT(), duckdb::BoundCastInfo(RefuseCast));
}

constexpr const char* kMacros = R"(
  CREATE MACRO parse_json(json) AS CAST(json AS JSON);
  CREATE MACRO try_parse_json(json) AS TRY_CAST(json AS JSON);
  CREATE MACRO variant_get(v, path) AS json_extract(v, path);
  CREATE MACRO is_variant_null(v) AS v IS NOT NULL AND json_type(v) = 'NULL';)";

}  // namespace

Status RegisterVariants(duckdb::DuckDB& db) {
  try {
    RegisterCasts(*db.instance);
    duckdb::ExtensionLoader loader(*db.instance, "millpond");
    loader.RegisterType(kStoredVariant, VariantType());
    duckdb::ScalarFunction to_json("to_json", {VariantType()}, LogicalType::JSON(), ToJson);
    to_json.SetFallible();
    loader.RegisterFunction(std::move(to_json));
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception)));
  }
  const auto result = duckdb::Connection(db).Query(kMacros);
  if (!result->HasError()) return OkStatus();
  return Fail(ErrorKind::kInternal, "DuckDB cannot be set up: {}", result->GetError());
}

void DuckVariantsAsText(duckdb::ClientContext& context, Vector& from, Vector& to,
                        duckdb::idx_t count) {
  Vector json(LogicalType::JSON(), count);
  duckdb::VectorOperations::Cast(context, from, json, count);
  json.Flatten(count);
  for (duckdb::idx_t row = 0; row < count; ++row) {  // a NULL is not a JSON null
    if (from.GetValue(row).IsNull()) duckdb::FlatVector::SetNull(json, row, true);
  }
  to.Reinterpret(json);
}

}  // namespace millpond::data
