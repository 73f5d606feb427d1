#include "data/delta/metadata/column_mapping.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

constexpr const char* kId = "delta.columnMapping.id";
constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";

using MapField = std::function<StructField(const StructField&)>;

// The type with `map` applied to every field at every level, outer ones first.
DataType MapFields(const DataType& type, const MapField& map) {
  switch (type.kind()) {
    case TypeKind::kStruct: {
      std::vector<StructField> fields;
      for (const StructField& field : type.fields()) fields.push_back(map(field));
      return DataType::Struct(std::move(fields));
    }
    case TypeKind::kArray:
      return DataType::Array(MapFields(type.element(), map), type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(MapFields(type.key(), map), MapFields(type.element(), map),
                           type.contains_null());
    default:
      return type;
  }
}

StructField Physical(const StructField& field) {
  StructField physical = field;
  physical.name = PhysicalName(field);
  physical.type = PhysicalType(field.type);
  return physical;
}

int64_t MaxIn(const DataType& type);

int64_t MaxIn(const StructField& field) {
  return std::max(ColumnId(field).value_or(0), MaxIn(field.type));
}

int64_t MaxIn(const DataType& type) {
  int64_t max = 0;
  if (type.kind() == TypeKind::kStruct) {
    for (const StructField& field : type.fields()) max = std::max(max, MaxIn(field));
  } else if (type.kind() == TypeKind::kArray || type.kind() == TypeKind::kMap) {
    max = MaxIn(type.element());
    if (type.kind() == TypeKind::kMap) max = std::max(max, MaxIn(type.key()));
  }
  return max;
}

StructField Unmapped(const StructField& field) {
  StructField plain = field;
  plain.metadata.erase(kId);
  plain.metadata.erase(kPhysicalName);
  plain.type = MapFields(field.type, Unmapped);
  return plain;
}

std::vector<StructField> KnownFields(const std::vector<StructField>& fields,
                                     const std::vector<StructField>& known);

DataType KnownType(const DataType& type, const DataType& known) {
  if (type.kind() != known.kind()) return type;
  switch (type.kind()) {
    case TypeKind::kStruct:
      return DataType::Struct(KnownFields(type.fields(), known.fields()));
    case TypeKind::kArray:
      return DataType::Array(KnownType(type.element(), known.element()), type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(KnownType(type.key(), known.key()),
                           KnownType(type.element(), known.element()), type.contains_null());
    default:
      return type;
  }
}

std::vector<StructField> KnownFields(const std::vector<StructField>& fields,
                                     const std::vector<StructField>& known) {
  std::vector<StructField> mapped = fields;
  for (StructField& field : mapped) {
    const auto same = std::ranges::find_if(
        known, [&](const StructField& other) { return EqualNames(other.name, field.name); });
    if (same == known.end() || same->type.kind() != field.type.kind()) continue;
    for (const char* key : {kId, kPhysicalName}) {
      const auto entry = same->metadata.find(key);
      if (entry != same->metadata.end()) field.metadata.insert(*entry);
    }
    field.type = KnownType(field.type, same->type);
  }
  return mapped;
}

}  // namespace

Result<ColumnMappingMode> ColumnMappingModeOf(const Metadata& metadata) {
  const auto mode = metadata.configuration.find(property::kColumnMappingMode);
  if (mode == metadata.configuration.end() || EqualNames(mode->second, "none")) {
    return ColumnMappingMode::kNone;
  }
  if (EqualNames(mode->second, "id")) return ColumnMappingMode::kId;
  if (EqualNames(mode->second, "name")) return ColumnMappingMode::kName;
  return Fail(ErrorKind::kCorrupt, "the column mapping mode '{}' is none of none, id and name",
              mode->second);
}

std::string PhysicalName(const StructField& field) {
  const auto entry = field.metadata.find(kPhysicalName);
  if (entry == field.metadata.end()) return field.name;
  const auto json = ParseJson(entry->second, "column mapping");
  return json && json->is_string() ? json->get<std::string>() : field.name;
}

std::optional<int64_t> ColumnId(const StructField& field) {
  const auto entry = field.metadata.find(kId);
  if (entry == field.metadata.end()) return std::nullopt;
  const std::string& text = entry->second;
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

DataType PhysicalType(const DataType& type) {
  return MapFields(type, Physical);
}

Schema PhysicalSchema(const Schema& schema) {
  std::vector<StructField> fields;
  for (const StructField& field : schema.fields()) fields.push_back(Physical(field));
  return Schema(std::move(fields));
}

Schema WithColumnMapping(const Schema& schema, bool keep_names, RandomSource& random,
                         int64_t* max_id) {
  const MapField give = [&](const StructField& field) {
    StructField mapped = field;
    if (!mapped.metadata.contains(kId)) mapped.metadata[kId] = fmt::format("{}", ++*max_id);
    if (!mapped.metadata.contains(kPhysicalName)) {
      const std::string name = keep_names ? field.name : "col-" + NewUuid4(random);
      mapped.metadata[kPhysicalName] = DumpJson(Json(name));
    }
    mapped.type = MapFields(field.type, give);
    return mapped;
  };
  std::vector<StructField> fields;
  for (const StructField& field : schema.fields()) fields.push_back(give(field));
  return Schema(std::move(fields));
}

Schema WithoutColumnMapping(const Schema& schema) {
  std::vector<StructField> fields;
  for (const StructField& field : schema.fields()) fields.push_back(Unmapped(field));
  return Schema(std::move(fields));
}

Schema WithKnownMapping(const Schema& schema, const Schema& known) {
  return Schema(KnownFields(schema.fields(), known.fields()));
}

int64_t MaxColumnId(const Schema& schema) {
  int64_t max = 0;
  for (const StructField& field : schema.fields()) max = std::max(max, MaxIn(field));
  return max;
}

}  // namespace millpond::data
