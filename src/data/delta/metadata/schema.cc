#include "data/delta/metadata/schema.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/check.h"
#include "data/delta/metadata/column_mapping.h"

namespace millpond::data {

DataType DataType::Decimal(int precision, int scale) {
  DataType type(TypeKind::kDecimal);
  type.precision_ = precision;
  type.scale_ = scale;
  return type;
}

DataType DataType::Struct(std::vector<StructField> fields) {
  DataType type(TypeKind::kStruct);
  type.fields_ = std::make_shared<const std::vector<StructField>>(std::move(fields));
  return type;
}

DataType DataType::Array(DataType element, bool contains_null) {
  DataType type(TypeKind::kArray);
  type.element_ = std::make_shared<const DataType>(std::move(element));
  type.contains_null_ = contains_null;
  return type;
}

DataType DataType::Map(DataType key, DataType value, bool value_contains_null) {
  DataType type(TypeKind::kMap);
  type.key_ = std::make_shared<const DataType>(std::move(key));
  type.element_ = std::make_shared<const DataType>(std::move(value));
  type.contains_null_ = value_contains_null;
  return type;
}

const std::vector<StructField>& DataType::fields() const {
  CHECK(fields_ != nullptr);
  return *fields_;
}

const DataType& DataType::element() const {
  CHECK(element_ != nullptr);
  return *element_;
}

const DataType& DataType::key() const {
  CHECK(key_ != nullptr);
  return *key_;
}

bool DataType::Holds(TypeKind kind) const {
  if (kind_ == kind) return true;
  if (kind_ == TypeKind::kStruct) {
    return std::ranges::any_of(*fields_,
                               [&](const StructField& field) { return field.type.Holds(kind); });
  }
  return (key_ != nullptr && key_->Holds(kind)) || (element_ != nullptr && element_->Holds(kind));
}

std::string DataType::ToString() const {
  static constexpr std::string_view kNames[] = {
      "string", "long",    "integer", "short", "byte",      "float",        "double",
      "",       "boolean", "binary",  "date",  "timestamp", "timestamp_ntz"};
  switch (kind_) {
    case TypeKind::kDecimal:
      return fmt::format("decimal({},{})", precision_, scale_);
    case TypeKind::kArray:
      return fmt::format("array<{}>", element_->ToString());
    case TypeKind::kMap:
      return fmt::format("map<{},{}>", key_->ToString(), element_->ToString());
    case TypeKind::kStruct: {
      std::string text = "struct<";
      for (const auto& field : *fields_) {
        if (text.back() != '<') text += ',';
        text += field.name + ":" + field.type.ToString();
      }
      return text + ">";
    }
    case TypeKind::kVariant:
      return "variant";
    case TypeKind::kVoid:
      return "void";
    default:
      return std::string(kNames[static_cast<int>(kind_)]);
  }
}

bool DataType::operator==(const DataType& other) const {
  if (kind_ != other.kind_) return false;
  switch (kind_) {
    case TypeKind::kDecimal:
      return precision_ == other.precision_ && scale_ == other.scale_;
    case TypeKind::kArray:
      return contains_null_ == other.contains_null_ && *element_ == *other.element_;
    case TypeKind::kMap:
      return contains_null_ == other.contains_null_ && *key_ == *other.key_ &&
             *element_ == *other.element_;
    case TypeKind::kStruct:
      return *fields_ == *other.fields_;
    default:
      return true;
  }
}

bool StructField::operator==(const StructField& other) const {
  return name == other.name && type == other.type && nullable == other.nullable;
}

bool EqualNames(std::string_view a, std::string_view b) {
  auto lower = [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Status ValidateType(const DataType& type, const std::string& where, bool any_names = false);

Status ValidateFields(const std::vector<StructField>& fields, const std::string& prefix,
                      bool any_names) {
  std::set<std::string> seen;
  for (const auto& field : fields) {
    std::string where = prefix + field.name;
    if (field.name.empty()) {
      return Fail(ErrorKind::kInvalidArgument, "a column {}has no name",
                  prefix.empty() ? "" : "in " + prefix + " ");
    }
    if (!any_names && field.name.find_first_of(" ,;{}()\n\t=") != std::string::npos) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column name '{}' has one of the characters ' ,;{{}}()=' or a line break or tab, "
                  "which Delta tables allow only with the property 'delta.columnMapping.mode' = "
                  "'name': rename it, or set that",
                  where);
    }
    if (!seen.insert(Lower(field.name)).second) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' is there twice (names do not differ by case)", where);
    }
    MP_RETURN_IF_ERROR(ValidateType(field.type, where, any_names));
  }
  return OkStatus();
}

Status ValidateType(const DataType& type, const std::string& where, bool any_names) {
  switch (type.kind()) {
    case TypeKind::kDecimal:
      if (type.precision() < 1 || type.precision() > 38 || type.scale() < 0 ||
          type.scale() > type.precision()) {
        return Fail(ErrorKind::kInvalidArgument,
                    "column '{}' has the type {}: a precision is 1 to 38, a scale 0 to the "
                    "precision",
                    where, type.ToString());
      }
      return OkStatus();
    case TypeKind::kStruct:
      if (type.fields().empty()) {
        return Fail(ErrorKind::kInvalidArgument, "column '{}' is a struct without fields", where);
      }
      return ValidateFields(type.fields(), where + ".", any_names);
    case TypeKind::kMap:
      MP_RETURN_IF_ERROR(ValidateType(type.key(), where + ".key", any_names));
      return ValidateType(type.element(), where + ".value", any_names);
    case TypeKind::kArray:
      return ValidateType(type.element(), where + ".element", any_names);
    default:
      return OkStatus();
  }
}

}  // namespace

int Schema::IndexOf(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (EqualNames(fields_[i].name, name)) return static_cast<int>(i);
  }
  return -1;
}

const StructField* Schema::Find(std::string_view name) const {
  int index = IndexOf(name);
  return index < 0 ? nullptr : &fields_[index];
}

Status Schema::Validate() const {
  return ValidateFields(fields_, "", /*any_names=*/false);
}

Status ValidateSchema(const Schema& schema, ColumnMappingMode mode) {
  return ValidateFields(schema.fields(), "", mode != ColumnMappingMode::kNone);
}

Result<DataType> ParseSqlType(std::string_view text) {
  std::string name;
  for (char c : text) {
    if (c != ' ') name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (name.starts_with("DECIMAL(") || name.starts_with("NUMERIC(")) {
    int precision = 0, scale = 0, read = 0;
    if ((std::sscanf(name.c_str() + 8, "%2d,%2d)%n", &precision, &scale, &read) == 2 && read > 0) ||
        (std::sscanf(name.c_str() + 8, "%2d)%n", &precision, &read) == 1 && read > 0)) {
      DataType type = DataType::Decimal(precision, scale);
      MP_RETURN_IF_ERROR(ValidateType(type, "?"));
      return type;
    }
  }
  static const std::map<std::string, TypeKind> kNames = {{"STRING", TypeKind::kString},
                                                         {"VARCHAR", TypeKind::kString},
                                                         {"TEXT", TypeKind::kString},
                                                         {"BIGINT", TypeKind::kLong},
                                                         {"LONG", TypeKind::kLong},
                                                         {"INT", TypeKind::kInteger},
                                                         {"INTEGER", TypeKind::kInteger},
                                                         {"SMALLINT", TypeKind::kShort},
                                                         {"SHORT", TypeKind::kShort},
                                                         {"TINYINT", TypeKind::kByte},
                                                         {"BYTE", TypeKind::kByte},
                                                         {"FLOAT", TypeKind::kFloat},
                                                         {"REAL", TypeKind::kFloat},
                                                         {"DOUBLE", TypeKind::kDouble},
                                                         {"BOOLEAN", TypeKind::kBoolean},
                                                         {"BOOL", TypeKind::kBoolean},
                                                         {"BINARY", TypeKind::kBinary},
                                                         {"BLOB", TypeKind::kBinary},
                                                         {"DATE", TypeKind::kDate},
                                                         {"TIMESTAMP", TypeKind::kTimestamp},
                                                         {"TIMESTAMPTZ", TypeKind::kTimestamp},
                                                         {"TIMESTAMP_LTZ", TypeKind::kTimestamp},
                                                         {"TIMESTAMP_NTZ", TypeKind::kTimestampNtz},
                                                         {"VARIANT", TypeKind::kVariant},
                                                         {"VOID", TypeKind::kVoid}};
  if (name == "DECIMAL" || name == "NUMERIC") return DataType::Decimal(10, 0);
  if (auto found = kNames.find(name); found != kNames.end()) return DataType(found->second);
  return Fail(
      ErrorKind::kInvalidArgument,
      "'{}' is not a type; known are STRING, BIGINT, INT, SMALLINT, TINYINT, FLOAT, DOUBLE, "
      "DECIMAL(p,s), BOOLEAN, BINARY, DATE, TIMESTAMP, TIMESTAMP_NTZ, VARIANT",
      text);
}

}  // namespace millpond::data
