// The schema of a Delta table as its log spells it (PROTOCOL.md, "Schema Serialization Format"):
// primitive types, structs, arrays and maps, each field with its nullability and metadata. Values:
// copied freely, nested parts shared. JSON goes both ways without loss, Arrow too, except that a
// table's logical types are what counts (Arrow's dictionary or large types become the plain ones).
//
//   timestamp      <-> arrow timestamp[us, tz=UTC]
//   timestamp_ntz  <-> arrow timestamp[us]
//   decimal(p,s)   <-> arrow decimal128(p, s)
//   variant        --> arrow struct<metadata: binary, value: binary>, as files hold it
//   void           --> arrow null
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::data {

enum class TypeKind {
  kString,
  kLong,
  kInteger,
  kShort,
  kByte,
  kFloat,
  kDouble,
  kDecimal,
  kBoolean,
  kBinary,
  kDate,
  kTimestamp,
  kTimestampNtz,
  kStruct,
  kArray,
  kMap,
  kVariant,  // not one of the primitive types: nothing compares or partitions by it
  kVoid,     // has no values but NULL, and no column in files
};

struct StructField;

class DataType {
 public:
  // One of the kinds without parameters.
  DataType(TypeKind kind = TypeKind::kString) : kind_(kind) {}  // NOLINT: a kind is a type
  static DataType Decimal(int precision, int scale);
  static DataType Struct(std::vector<StructField> fields);
  static DataType Array(DataType element, bool contains_null);
  static DataType Map(DataType key, DataType value, bool value_contains_null);

  TypeKind kind() const { return kind_; }
  bool is_primitive() const { return kind_ < TypeKind::kStruct; }
  // The type itself, or one nested in it.
  bool Holds(TypeKind kind) const;
  int precision() const { return precision_; }  // of a decimal
  int scale() const { return scale_; }
  const std::vector<StructField>& fields() const;  // of a struct
  const DataType& element() const;                 // of an array, or a map's value
  const DataType& key() const;                     // of a map
  bool contains_null() const { return contains_null_; }

  // As the log spells it: "long", "decimal(10,2)", "array<string>", "struct<a:long>".
  std::string ToString() const;

  // Field metadata does not count; nullability does.
  bool operator==(const DataType& other) const;

 private:
  TypeKind kind_;
  int precision_ = 0;
  int scale_ = 0;
  bool contains_null_ = true;
  std::shared_ptr<const std::vector<StructField>> fields_;
  std::shared_ptr<const DataType> key_, element_;
};

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  std::map<std::string, std::string> metadata = {};  // key -> JSON text of its value

  bool operator==(const StructField& other) const;
};

class Schema {
 public:
  Schema() = default;
  explicit Schema(std::vector<StructField> fields) : fields_(std::move(fields)) {}

  const std::vector<StructField>& fields() const { return fields_; }
  size_t size() const { return fields_.size(); }
  // By name, without regard to case, as Delta and DuckDB look names up. -1: no such column.
  int IndexOf(std::string_view name) const;
  const StructField* Find(std::string_view name) const;

  std::string ToJson() const;
  static Result<Schema> FromJson(std::string_view json);

  // Duplicate names (without regard to case), empty structs and characters that Parquet refuses
  // are kInvalidArgument and name the column.
  Status Validate() const;

  std::shared_ptr<arrow::Schema> ToArrow() const;
  static Result<Schema> FromArrow(const arrow::Schema& schema);

  bool operator==(const Schema& other) const = default;

 private:
  std::vector<StructField> fields_;
};

std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type);
Result<DataType> FromArrowType(const arrow::DataType& type);
// "BIGINT", "STRING", "DECIMAL(10,2)" … as SQL and configuration spell a primitive type.
Result<DataType> ParseSqlType(std::string_view text);

// Equal without regard to ASCII case.
bool EqualNames(std::string_view a, std::string_view b);

}  // namespace millpond::data
