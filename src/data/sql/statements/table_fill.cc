#include <arrow/array.h>
#include <arrow/scalar.h>

#include "data/arrow/status.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The name of a type in a cast; "" for types whose values are not written as text.
std::string CastName(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kByte:
      return "TINYINT";
    case TypeKind::kShort:
      return "SMALLINT";
    case TypeKind::kLong:
      return "BIGINT";
    case TypeKind::kString:
      return "VARCHAR";
    case TypeKind::kTimestamp:
      return "TIMESTAMPTZ";
    case TypeKind::kTimestampNtz:
      return "TIMESTAMP";
    case TypeKind::kBinary:
      return "";
    default:
      return type.is_primitive() ? type.ToString() : "";
  }
}

}  // namespace

Result<ColumnFill> TableFill::Of(const std::string& column) const {
  const StructField* field = snapshot_->schema().Find(column);
  if (field == nullptr) return ColumnFill::kNone;
  const Protocol& protocol = snapshot_->protocol();
  if (SupportsWriterFeature(protocol, feature::kIdentityColumns)) {
    MP_ASSIGN_OR_RETURN(const auto rule, IdentityRuleOf(*field));
    if (rule) return ColumnFill::kIdentity;
  }
  if (SupportsWriterFeature(protocol, feature::kGeneratedColumns)) {
    MP_ASSIGN_OR_RETURN(const auto text, GenerationExpressionOf(*field));
    if (text) return ColumnFill::kGenerated;
  }
  if (SupportsWriterFeature(protocol, feature::kAllowColumnDefaults)) {
    MP_ASSIGN_OR_RETURN(const auto text, DefaultExpressionOf(*field));
    if (text) return ColumnFill::kDefault;
  }
  return ColumnFill::kNone;
}

Result<bool> TableFill::IsAlwaysFilled(const StructField& field) const {
  MP_ASSIGN_OR_RETURN(const ColumnFill fill, Of(field.name));
  if (fill == ColumnFill::kGenerated) return true;
  if (fill != ColumnFill::kIdentity) return false;
  MP_ASSIGN_OR_RETURN(const auto rule, IdentityRuleOf(field));
  return !rule->allow_explicit_insert;
}

Result<std::string> TableFill::DefaultText(const std::string& column) const {
  MP_ASSIGN_OR_RETURN(const ColumnFill fill, Of(column));
  if (fill != ColumnFill::kDefault) return "NULL";
  const StructField& field = *snapshot_->schema().Find(column);
  MP_ASSIGN_OR_RETURN(const auto text, DefaultExpressionOf(field));
  MP_ASSIGN_OR_RETURN_CONTEXT(const auto value, engine_->Constant({*text, field.type}),
                              "the default of column {} ({})", column, *text);
  if (value->IsNull(0)) return "NULL";
  const std::string type = CastName(field.type);
  if (type.empty()) {
    return Fail(ErrorKind::kUnsupported,
                "the default of column {} is {}: leave the column out instead of saying DEFAULT",
                column, field.type.ToString());
  }
  MP_ARROW_ASSIGN_OR_RETURN(const auto scalar, value->GetScalar(0));
  return fmt::format("CAST({} AS {})", QuoteString(scalar->ToString()), type);
}

bool IsDefaultWord(std::string_view text) {
  return EqualNames(text, "DEFAULT");
}

}  // namespace millpond::data
