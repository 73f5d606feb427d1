#include "data/sql/duckdb/types_internal.h"

#include <duckdb/common/types/hugeint.hpp>

namespace millpond::data {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

namespace {

constexpr const char* kVariantName = "VARIANT";
constexpr const char* kVoidName = "VOID";
constexpr const char* kNtzName = "TIMESTAMP_NTZ";

bool IsNamed(const LogicalType& type, const char* name) {
  return type.HasAlias() && type.GetAlias() == name;
}

// A list, map or struct of what `of` makes of its parts; another type as it is.
LogicalType WithParts(const LogicalType& type, LogicalType (*of)(const LogicalType&)) {
  switch (type.id()) {
    case LogicalTypeId::LIST:
      return LogicalType::LIST(of(duckdb::ListType::GetChildType(type)));
    case LogicalTypeId::MAP:
      return LogicalType::MAP(of(duckdb::MapType::KeyType(type)),
                              of(duckdb::MapType::ValueType(type)));
    case LogicalTypeId::STRUCT: {
      duckdb::child_list_t<LogicalType> children;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        children.emplace_back(name, of(child));
      }
      return LogicalType::STRUCT(std::move(children));
    }
    default:
      return type;
  }
}

}  // namespace

LogicalType VariantType() {
  LogicalType type(LogicalTypeId::BLOB);
  type.SetAlias(kVariantName);
  return type;
}

bool IsVariantType(const LogicalType& type) {
  return type.id() == LogicalTypeId::BLOB && IsNamed(type, kVariantName);
}

bool IsVoidType(const LogicalType& type) {
  return type.id() == LogicalTypeId::BOOLEAN && IsNamed(type, kVoidName);
}

LogicalType NtzType() {
  LogicalType type(LogicalTypeId::TIMESTAMP);
  type.SetAlias(kNtzName);
  return type;
}

LogicalType WithNtzNamed(const LogicalType& type) {
  if (type.id() == LogicalTypeId::TIMESTAMP) return NtzType();
  return WithParts(type, WithNtzNamed);
}

bool IsSameType(const LogicalType& a, const LogicalType& b) {
  return a == b || WithNtzNamed(a) == WithNtzNamed(b);
}

LogicalType ToLogicalType(const DataType& type, VariantForm variants) {
  switch (type.kind()) {
    case TypeKind::kString:
      return LogicalType::VARCHAR;
    case TypeKind::kLong:
      return LogicalType::BIGINT;
    case TypeKind::kInteger:
      return LogicalType::INTEGER;
    case TypeKind::kShort:
      return LogicalType::SMALLINT;
    case TypeKind::kByte:
      return LogicalType::TINYINT;
    case TypeKind::kFloat:
      return LogicalType::FLOAT;
    case TypeKind::kDouble:
      return LogicalType::DOUBLE;
    case TypeKind::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()),
                                  static_cast<uint8_t>(type.scale()));
    case TypeKind::kBoolean:
      return LogicalType::BOOLEAN;
    case TypeKind::kBinary:
      return LogicalType::BLOB;
    case TypeKind::kDate:
      return LogicalType::DATE;
    case TypeKind::kTimestamp:
      return LogicalType::TIMESTAMP_TZ;
    case TypeKind::kTimestampNtz:
      return LogicalType::TIMESTAMP;
    case TypeKind::kStruct: {
      duckdb::child_list_t<LogicalType> children;
      for (const StructField& field : type.fields()) {
        children.emplace_back(field.name, ToLogicalType(field.type, variants));
      }
      return LogicalType::STRUCT(std::move(children));
    }
    case TypeKind::kArray:
      return LogicalType::LIST(ToLogicalType(type.element(), variants));
    case TypeKind::kMap:
      return LogicalType::MAP(ToLogicalType(type.key(), variants),
                              ToLogicalType(type.element(), variants));
    case TypeKind::kVariant:
      return variants == VariantForm::kJson ? LogicalType::JSON() : VariantType();
    case TypeKind::kVoid: {
      LogicalType named(LogicalTypeId::BOOLEAN);
      named.SetAlias(kVoidName);
      return named;
    }
  }
  return LogicalType::SQLNULL;
}

namespace {

duckdb::Value Integer(int64_t value, const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
      return duckdb::Value::TINYINT(static_cast<int8_t>(value));
    case LogicalTypeId::SMALLINT:
      return duckdb::Value::SMALLINT(static_cast<int16_t>(value));
    case LogicalTypeId::INTEGER:
      return duckdb::Value::INTEGER(static_cast<int32_t>(value));
    case LogicalTypeId::BIGINT:
      return duckdb::Value::BIGINT(value);
    case LogicalTypeId::DATE:
      return duckdb::Value::DATE(duckdb::date_t(static_cast<int32_t>(value)));
    case LogicalTypeId::TIMESTAMP_TZ:
      return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(value));
    case LogicalTypeId::TIMESTAMP:
      return duckdb::Value::TIMESTAMP(duckdb::timestamp_t(value));
    default:
      return duckdb::Value(type);
  }
}

duckdb::Value Decimal(const DecimalValue& value, const LogicalType& type) {
  if (type.id() != LogicalTypeId::DECIMAL || value.scale != duckdb::DecimalType::GetScale(type)) {
    return duckdb::Value(type);
  }
  duckdb::hugeint_t wide;
  wide.lower = static_cast<uint64_t>(value.unscaled);
  wide.upper = static_cast<int64_t>(value.unscaled >> 64);
  // Through the widest representation: narrower ones are made by the cast, which is exact.
  const auto width = duckdb::DecimalType::GetWidth(type);
  return duckdb::Value::DECIMAL(wide, 38, static_cast<uint8_t>(value.scale))
      .DefaultCastAs(LogicalType::DECIMAL(width, static_cast<uint8_t>(value.scale)));
}

}  // namespace

duckdb::Value ToValue(const ColumnValue& value, const DataType& type) {
  const LogicalType logical = ToLogicalType(type);
  if (const auto* boolean = std::get_if<bool>(&value)) {
    if (logical.id() == LogicalTypeId::BOOLEAN) return duckdb::Value::BOOLEAN(*boolean);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    return Integer(*integer, logical);
  } else if (const auto* number = std::get_if<double>(&value)) {
    if (logical.id() == LogicalTypeId::DOUBLE) return duckdb::Value::DOUBLE(*number);
    if (logical.id() == LogicalTypeId::FLOAT) {
      return duckdb::Value::FLOAT(static_cast<float>(*number));
    }
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (logical.id() == LogicalTypeId::VARCHAR) return duckdb::Value(*text);
    if (logical.id() == LogicalTypeId::BLOB) return duckdb::Value::BLOB_RAW(*text);
  } else if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    return Decimal(*decimal, logical);
  }
  return duckdb::Value(logical);
}

std::optional<DataType> FromLogicalType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return TypeKind::kBoolean;
    case LogicalTypeId::TINYINT:
      return TypeKind::kByte;
    case LogicalTypeId::SMALLINT:
      return TypeKind::kShort;
    case LogicalTypeId::INTEGER:
      return TypeKind::kInteger;
    case LogicalTypeId::BIGINT:
      return TypeKind::kLong;
    case LogicalTypeId::FLOAT:
      return TypeKind::kFloat;
    case LogicalTypeId::DOUBLE:
      return TypeKind::kDouble;
    case LogicalTypeId::DECIMAL:
      return DataType::Decimal(duckdb::DecimalType::GetWidth(type),
                               duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::DATE:
      return TypeKind::kDate;
    case LogicalTypeId::TIMESTAMP:
      return TypeKind::kTimestampNtz;
    case LogicalTypeId::TIMESTAMP_TZ:
      return TypeKind::kTimestamp;
    case LogicalTypeId::VARCHAR:
      return TypeKind::kString;
    default:
      return std::nullopt;
  }
}

std::optional<ColumnValue> FromValue(const duckdb::Value& value) {
  if (value.IsNull()) return ColumnValue();
  const LogicalType& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return value.GetValue<bool>();
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
      return value.GetValue<int64_t>();
    case LogicalTypeId::FLOAT:
      return double{value.GetValueUnsafe<float>()};
    case LogicalTypeId::DOUBLE:
      return value.GetValueUnsafe<double>();
    case LogicalTypeId::DATE:
      return int64_t{value.GetValueUnsafe<duckdb::date_t>().days};
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ:
      return value.GetValueUnsafe<duckdb::timestamp_t>().value;
    case LogicalTypeId::VARCHAR:
      return duckdb::StringValue::Get(value);
    case LogicalTypeId::DECIMAL: {
      const auto scale = duckdb::DecimalType::GetScale(type);
      const auto wide = value.DefaultCastAs(LogicalType::DECIMAL(38, scale));
      const auto unscaled = wide.GetValueUnsafe<duckdb::hugeint_t>();
      return DecimalValue{static_cast<__int128>(unscaled.upper) << 64 | unscaled.lower, scale};
    }
    default:
      return std::nullopt;
  }
}

LogicalType ResultType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::HUGEINT:
      return LogicalType::BIGINT;
    case LogicalTypeId::BOOLEAN:
      return IsVoidType(type) ? LogicalType(LogicalTypeId::SQLNULL) : type;
    case LogicalTypeId::UTINYINT:
      return LogicalType::SMALLINT;
    case LogicalTypeId::USMALLINT:
      return LogicalType::INTEGER;
    case LogicalTypeId::UINTEGER:
      return LogicalType::BIGINT;
    case LogicalTypeId::UBIGINT:
      return LogicalType::DECIMAL(20, 0);
    case LogicalTypeId::UHUGEINT:
      return LogicalType::DECIMAL(38, 0);
    case LogicalTypeId::TIMESTAMP:
      return IsNamed(type, kNtzName) ? LogicalType::TIMESTAMP : LogicalType::TIMESTAMP_TZ;
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
      return LogicalType::TIMESTAMP_TZ;
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::UUID:
    case LogicalTypeId::ENUM:
    case LogicalTypeId::BIT:
    case LogicalTypeId::BIGNUM:
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::SQLNULL:
    case LogicalTypeId::VARIANT:  // as JSON
      return LogicalType::VARCHAR;
    case LogicalTypeId::BLOB:
      return IsVariantType(type) ? LogicalType::VARCHAR : type;
    case LogicalTypeId::ARRAY:
      return LogicalType::LIST(ResultType(duckdb::ArrayType::GetChildType(type)));
    default:
      return WithParts(type, ResultType);
  }
}

}  // namespace millpond::data
