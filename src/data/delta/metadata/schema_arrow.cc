// Delta's types as Arrow's and back.
#include "data/delta/metadata/schema_arrow.h"

#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "base/check.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {
namespace {

constexpr const char* kTypeKey = "delta.type";

std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, const DataType& type,
                                           bool nullable) {
  auto field = arrow::field(name, ToArrowType(type), nullable);
  if (type.kind() != TypeKind::kTimestampNtz) return field;
  return field->WithMetadata(arrow::key_value_metadata({kTypeKey}, {type.ToString()}));
}

std::shared_ptr<arrow::Field> ToArrowField(const StructField& field) {
  return ToArrowField(field.name, field.type, field.nullable);
}

std::shared_ptr<arrow::DataType> NestedToArrow(const DataType& type) {
  if (type.kind() == TypeKind::kArray) {
    return arrow::list(ToArrowField("element", type.element(), type.contains_null()));
  }
  if (type.kind() == TypeKind::kMap) {
    return std::make_shared<arrow::MapType>(
        ToArrowField("key", type.key(), /*nullable=*/false),
        ToArrowField("value", type.element(), type.contains_null()));
  }
  CHECK(type.kind() == TypeKind::kStruct);
  arrow::FieldVector fields;
  for (const auto& field : type.fields()) fields.push_back(ToArrowField(field));
  return arrow::struct_(std::move(fields));
}

Result<DataType> NestedFromArrow(const arrow::DataType& type);

Result<StructField> FromArrowField(const arrow::Field& field) {
  StructField converted;
  converted.name = field.name();
  converted.nullable = field.nullable();
  MP_ASSIGN_OR_RETURN_CONTEXT(converted.type, FromArrowType(*field.type()), "column '{}'",
                              field.name());
  return converted;
}

Result<DataType> NestedFromArrow(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& element = *type.field(0);
      MP_ASSIGN_OR_RETURN(auto converted, FromArrowType(*element.type()));
      return DataType::Array(std::move(converted), element.nullable());
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      MP_ASSIGN_OR_RETURN(auto key, FromArrowType(*map.key_type()));
      MP_ASSIGN_OR_RETURN(auto value, FromArrowType(*map.item_type()));
      return DataType::Map(std::move(key), std::move(value), map.item_field()->nullable());
    }
    case arrow::Type::STRUCT: {
      std::vector<StructField> fields;
      for (const auto& field : type.fields()) {
        MP_ASSIGN_OR_RETURN(auto converted, FromArrowField(*field));
        fields.push_back(std::move(converted));
      }
      return DataType::Struct(std::move(fields));
    }
    default:
      return Fail(ErrorKind::kUnsupported, "the type {} has no counterpart in Delta: cast it",
                  type.ToString());
  }
}

}  // namespace

bool IsTimestampNtz(const arrow::Field& field) {
  const auto& metadata = field.metadata();
  return metadata != nullptr &&
         metadata->Get(kTypeKey) == DataType(TypeKind::kTimestampNtz).ToString();
}

std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kString:
      return arrow::utf8();
    case TypeKind::kLong:
      return arrow::int64();
    case TypeKind::kInteger:
      return arrow::int32();
    case TypeKind::kShort:
      return arrow::int16();
    case TypeKind::kByte:
      return arrow::int8();
    case TypeKind::kFloat:
      return arrow::float32();
    case TypeKind::kDouble:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision(), type.scale());
    case TypeKind::kBoolean:
      return arrow::boolean();
    case TypeKind::kBinary:
      return arrow::binary();
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeKind::kTimestampNtz:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kVariant:
      return arrow::struct_({arrow::field("metadata", arrow::binary(), /*nullable=*/false),
                             arrow::field("value", arrow::binary(), /*nullable=*/false)});
    case TypeKind::kVoid:
      return arrow::null();
    default:
      return NestedToArrow(type);
  }
}

Result<DataType> FromArrowType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return DataType(TypeKind::kString);
    case arrow::Type::INT64:
    case arrow::Type::UINT32:
      return DataType(TypeKind::kLong);
    case arrow::Type::INT32:
    case arrow::Type::UINT16:
      return DataType(TypeKind::kInteger);
    case arrow::Type::INT16:
    case arrow::Type::UINT8:
      return DataType(TypeKind::kShort);
    case arrow::Type::INT8:
      return DataType(TypeKind::kByte);
    case arrow::Type::UINT64:
      return DataType::Decimal(20, 0);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return DataType(TypeKind::kFloat);
    case arrow::Type::DOUBLE:
      return DataType(TypeKind::kDouble);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.precision() > 38 || decimal.scale() < 0) break;
      return DataType::Decimal(decimal.precision(), decimal.scale());
    }
    case arrow::Type::BOOL:
      return DataType(TypeKind::kBoolean);
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return DataType(TypeKind::kBinary);
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return DataType(TypeKind::kDate);
    case arrow::Type::TIMESTAMP: {
      bool zoned = !static_cast<const arrow::TimestampType&>(type).timezone().empty();
      return DataType(zoned ? TypeKind::kTimestamp : TypeKind::kTimestampNtz);
    }
    case arrow::Type::DICTIONARY:
      return FromArrowType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::EXTENSION:
      return FromArrowType(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      break;
  }
  return NestedFromArrow(type);
}

std::shared_ptr<arrow::Schema> Schema::ToArrow() const {
  arrow::FieldVector fields;
  for (const auto& field : fields_) fields.push_back(ToArrowField(field));
  return arrow::schema(std::move(fields));
}

Result<Schema> Schema::FromArrow(const arrow::Schema& schema) {
  std::vector<StructField> fields;
  for (const auto& field : schema.fields()) {
    MP_ASSIGN_OR_RETURN(auto converted, FromArrowField(*field));
    fields.push_back(std::move(converted));
  }
  return Schema(std::move(fields));
}

}  // namespace millpond::data
