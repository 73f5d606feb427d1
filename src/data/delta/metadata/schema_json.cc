// The JSON form of a schema: PROTOCOL.md, "Schema Serialization Format".
#include "base/json.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {
namespace {

constexpr int kMaxDepth = 100;  // deeper nesting is an attack, not a table

Result<DataType> ReadType(const Json& json, int depth);

Result<DataType> ReadPrimitive(const std::string& name) {
  static const std::map<std::string, TypeKind> kNames = {
      {"string", TypeKind::kString},       {"long", TypeKind::kLong},
      {"integer", TypeKind::kInteger},     {"short", TypeKind::kShort},
      {"byte", TypeKind::kByte},           {"float", TypeKind::kFloat},
      {"double", TypeKind::kDouble},       {"boolean", TypeKind::kBoolean},
      {"binary", TypeKind::kBinary},       {"date", TypeKind::kDate},
      {"timestamp", TypeKind::kTimestamp}, {"timestamp_ntz", TypeKind::kTimestampNtz},
      {"variant", TypeKind::kVariant},     {"void", TypeKind::kVoid}};
  if (auto found = kNames.find(name); found != kNames.end()) return DataType(found->second);
  if (name == "decimal") return DataType::Decimal(10, 0);
  int precision = 0, scale = 0, read = 0;
  if (std::sscanf(name.c_str(), "decimal(%2d,%2d)%n", &precision, &scale, &read) == 2 &&
      static_cast<size_t>(read) == name.size() && precision >= 1 && precision <= 38 && scale >= 0 &&
      scale <= precision) {
    return DataType::Decimal(precision, scale);
  }
  return Fail(ErrorKind::kUnsupported,
              "the type '{}', which this version of Millpond does not read", name);
}

Result<std::vector<StructField>> ReadFields(const Json& json, int depth) {
  auto list = json.find("fields");
  if (list == json.end() || !list->is_array()) {
    return Fail(ErrorKind::kCorrupt, "a struct type without 'fields'");
  }
  std::vector<StructField> fields;
  for (const Json& entry : *list) {
    auto name = entry.is_object() ? entry.find("name") : entry.end();
    if (!entry.is_object() || name == entry.end() || !name->is_string() ||
        !entry.contains("type")) {
      return Fail(ErrorKind::kCorrupt, "a field without 'name' or 'type'");
    }
    StructField field;
    field.name = name->get<std::string>();
    MP_ASSIGN_OR_RETURN_CONTEXT(field.type, ReadType(entry["type"], depth + 1), "column '{}' has",
                                field.name);
    auto nullable = entry.find("nullable");
    field.nullable = nullable == entry.end() || !nullable->is_boolean() || nullable->get<bool>();
    if (auto metadata = entry.find("metadata"); metadata != entry.end() && metadata->is_object()) {
      for (const auto& [key, value] : metadata->items()) field.metadata[key] = DumpJson(value);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

bool Flag(const Json& json, const char* key) {
  auto found = json.find(key);
  return found == json.end() || !found->is_boolean() || found->get<bool>();
}

Result<DataType> ReadType(const Json& json, int depth) {
  if (depth > kMaxDepth) return Fail(ErrorKind::kCorrupt, "types nested too deeply");
  if (json.is_string()) return ReadPrimitive(json.get<std::string>());
  auto kind = json.is_object() ? json.find("type") : json.end();
  if (!json.is_object() || kind == json.end() || !kind->is_string()) {
    return Fail(ErrorKind::kCorrupt, "a type that is neither a name nor an object with 'type'");
  }
  std::string name = kind->get<std::string>();
  if (name == "struct") {
    MP_ASSIGN_OR_RETURN(auto fields, ReadFields(json, depth));
    return DataType::Struct(std::move(fields));
  }
  if (name == "array" && json.contains("elementType")) {
    MP_ASSIGN_OR_RETURN(auto element, ReadType(json["elementType"], depth + 1));
    return DataType::Array(std::move(element), Flag(json, "containsNull"));
  }
  if (name == "map" && json.contains("keyType") && json.contains("valueType")) {
    MP_ASSIGN_OR_RETURN(auto key, ReadType(json["keyType"], depth + 1));
    MP_ASSIGN_OR_RETURN(auto value, ReadType(json["valueType"], depth + 1));
    return DataType::Map(std::move(key), std::move(value), Flag(json, "valueContainsNull"));
  }
  // The protocol's own example spells a nested variant {"type": "variant"}.
  if (name == "variant") return DataType(TypeKind::kVariant);
  return Fail(ErrorKind::kUnsupported,
              "the type '{}', which this version of Millpond does not read", name);
}

OrderedJson WriteType(const DataType& type);

OrderedJson WriteFields(const std::vector<StructField>& fields) {
  OrderedJson list = OrderedJson::array();
  for (const auto& field : fields) {
    OrderedJson metadata = OrderedJson::object();
    for (const auto& [key, text] : field.metadata) {
      metadata[key] = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
    }
    list.push_back({{"name", field.name},
                    {"type", WriteType(field.type)},
                    {"nullable", field.nullable},
                    {"metadata", std::move(metadata)}});
  }
  return OrderedJson{{"type", "struct"}, {"fields", std::move(list)}};
}

OrderedJson WriteType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return WriteFields(type.fields());
    case TypeKind::kArray:
      return OrderedJson{{"type", "array"},
                         {"elementType", WriteType(type.element())},
                         {"containsNull", type.contains_null()}};
    case TypeKind::kMap:
      return OrderedJson{{"type", "map"},
                         {"keyType", WriteType(type.key())},
                         {"valueType", WriteType(type.element())},
                         {"valueContainsNull", type.contains_null()}};
    default:
      return type.ToString();
  }
}

}  // namespace

std::string Schema::ToJson() const {
  return DumpJson(WriteFields(fields_));
}

Result<Schema> Schema::FromJson(std::string_view text) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(text, "the schema"));
  if (!json.is_object()) return Fail(ErrorKind::kCorrupt, "the schema is not a JSON object");
  MP_ASSIGN_OR_RETURN(auto fields, ReadFields(json, 0));
  return Schema(std::move(fields));
}

}  // namespace millpond::data
