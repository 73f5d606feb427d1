#include "data/delta/metadata/text_limits.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "data/delta/metadata/type_string_internal.h"

namespace millpond::data {
namespace {

const StructField* FieldNamed(const DataType& type, std::string_view name) {
  for (const StructField& field : type.fields()) {
    if (EqualNames(field.name, name)) return &field;
  }
  return nullptr;
}

// The path with the type's own names, if it leads to a text of it.
std::optional<ColumnPath> PathTo(const DataType& type, const ColumnPath& path) {
  ColumnPath found;
  const DataType* at = &type;
  for (const std::string& part : path) {
    if (at->kind() == TypeKind::kStruct) {
      const StructField* field = FieldNamed(*at, part);
      if (field == nullptr) return std::nullopt;
      found.push_back(field->name);
      at = &field->type;
    } else if (at->kind() == TypeKind::kArray || at->kind() == TypeKind::kMap) {
      found.push_back(part);
      at = at->kind() == TypeKind::kMap && part == "key" ? &at->key() : &at->element();
    } else {
      return std::nullopt;
    }
  }
  if (at->kind() != TypeKind::kString) return std::nullopt;
  return found;
}

void AddUnder(const std::string& part, const TextLimits& inner, TextLimits& limits) {
  for (const auto& [path, limit] : inner) {
    ColumnPath whole = {part};
    whole.insert(whole.end(), path.begin(), path.end());
    limits.try_emplace(std::move(whole), limit);
  }
}

// What fields within the type have in their own metadata.
Result<TextLimits> LimitsInside(const DataType& type) {
  TextLimits limits;
  if (type.kind() == TypeKind::kStruct) {
    for (const StructField& field : type.fields()) {
      MP_ASSIGN_OR_RETURN(const auto inner, TextLimitsOf(field));
      AddUnder(field.name, inner, limits);
    }
  } else if (type.kind() == TypeKind::kArray) {
    MP_ASSIGN_OR_RETURN(const auto inner, LimitsInside(type.element()));
    AddUnder("element", inner, limits);
  } else if (type.kind() == TypeKind::kMap) {
    MP_ASSIGN_OR_RETURN(const auto keys, LimitsInside(type.key()));
    MP_ASSIGN_OR_RETURN(const auto values, LimitsInside(type.element()));
    AddUnder("key", keys, limits);
    AddUnder("value", values, limits);
  }
  return limits;
}

enum class Words { kLog, kSpark };

std::string NameOf(const DataType& type, Words words) {
  if (words == Words::kLog) return type.ToString();
  switch (type.kind()) {
    case TypeKind::kLong:
      return "bigint";
    case TypeKind::kInteger:
      return "int";
    case TypeKind::kShort:
      return "smallint";
    case TypeKind::kByte:
      return "tinyint";
    default:
      return type.ToString();
  }
}

std::string FieldName(const std::string& name, Words words) {
  if (words == Words::kLog || std::ranges::all_of(name, IsTypeWordByte)) return name;
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

std::string Spelled(const DataType& type, const TextLimits& limits, Words words) {
  const auto part = [&](const DataType& inner, const std::string& name) {
    return Spelled(inner, LimitsWithin(limits, name), words);
  };
  switch (type.kind()) {
    case TypeKind::kString: {
      const auto own = limits.find({});
      return own == limits.end() ? "string" : ToString(own->second);
    }
    case TypeKind::kArray:
      return fmt::format("array<{}>", part(type.element(), "element"));
    case TypeKind::kMap:
      return fmt::format("map<{},{}>", part(type.key(), "key"), part(type.element(), "value"));
    case TypeKind::kStruct: {
      std::string text = "struct<";
      for (const StructField& field : type.fields()) {
        if (text.back() != '<') text += ',';
        text += FieldName(field.name, words) + ":" + part(field.type, field.name);
      }
      return text + ">";
    }
    default:
      return NameOf(type, words);
  }
}

// The type with each field in it changed by `change`, the outer ones first.
template <typename Change>
DataType WithFields(const DataType& type, const TextLimits& limits, const Change& change) {
  switch (type.kind()) {
    case TypeKind::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) change(LimitsWithin(limits, field.name), field);
      return DataType::Struct(std::move(fields));
    }
    case TypeKind::kArray:
      return DataType::Array(WithFields(type.element(), LimitsWithin(limits, "element"), change),
                             type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(WithFields(type.key(), LimitsWithin(limits, "key"), change),
                           WithFields(type.element(), LimitsWithin(limits, "value"), change),
                           type.contains_null());
    default:
      return type;
  }
}

void SetOwn(const TextLimits& limits, StructField& field) {
  if (limits.empty()) {
    field.metadata.erase(kTextLimitKey);
  } else {
    field.metadata[kTextLimitKey] = DumpJson(Json(Spelled(field.type, limits, Words::kSpark)));
  }
}

void ForgetWithin(const TextLimits&, StructField& field) {
  field.metadata.erase(kTextLimitKey);
  field.type = WithFields(field.type, {}, ForgetWithin);
}

// Those that no field further in can have: of the field itself, its arrays and maps.
TextLimits OwnLimits(const DataType& type, const TextLimits& limits) {
  TextLimits own;
  for (const auto& [path, limit] : limits) {
    const DataType* at = &type;
    for (const std::string& part : path) {
      if (at->kind() == TypeKind::kStruct) break;
      at = at->kind() == TypeKind::kMap && part == "key" ? &at->key() : &at->element();
    }
    if (at->kind() != TypeKind::kStruct) own[path] = limit;
  }
  return own;
}

// The schema with the limits of each column put where `set` puts them.
template <typename Set>
Schema WithLimits(const Schema& schema, const Set& set) {
  std::vector<StructField> fields = schema.fields();
  for (StructField& field : fields) {
    const auto limits = TextLimitsOf(field);
    if (limits.has_value() && !limits->empty()) set(*limits, field);
  }
  return Schema(std::move(fields));
}

std::string Said(const std::optional<TextLimit>& limit) {
  return limit ? ToString(*limit) : "string";
}

bool MayChange(const std::optional<TextLimit>& from, const std::optional<TextLimit>& to) {
  if (!to || from == to) return true;
  return from && !to->is_char && from->length <= to->length;
}

}  // namespace

std::string ToString(const TextLimit& limit) {
  return fmt::format("{}({})", limit.is_char ? "char" : "varchar", limit.length);
}

Result<TextLimits> TextLimitsOf(const StructField& field) {
  TextLimits limits;
  if (const auto known = field.metadata.find(kTextLimitKey); known != field.metadata.end()) {
    const auto json = ParseJson(known->second, kTextLimitKey);
    const bool is_text = json.has_value() && json->is_string();
    const auto read = is_text ? LimitsInTypeString(json->get<std::string>()) : std::nullopt;
    if (!read) {
      return Fail(
          ErrorKind::kUnsupported,
          "column '{0}' has the type {1} in its metadata ({2}), which cannot be read: how "
          "long its texts may be is not known. ALTER COLUMN {0} TYPE STRING makes it a text "
          "of any length",
          field.name, known->second, kTextLimitKey);
    }
    for (const auto& [path, limit] : *read) {
      if (auto within = PathTo(field.type, path)) limits[*std::move(within)] = limit;
    }
  }
  MP_ASSIGN_OR_RETURN(auto inside, LimitsInside(field.type));
  limits.merge(std::move(inside));
  return limits;
}

void SetLimitsOnColumn(const TextLimits& limits, StructField& field) {
  ForgetWithin({}, field);
  SetOwn(limits, field);
}

void SetLimitsOnFields(const TextLimits& limits, StructField& field) {
  SetOwn(OwnLimits(field.type, limits), field);
  field.type = WithFields(field.type, limits, SetLimitsOnFields);
}

TextLimits LimitsWithin(const TextLimits& limits, std::string_view part) {
  TextLimits within;
  for (const auto& [path, limit] : limits) {
    if (!path.empty() && path[0] == part) within[ColumnPath(path.begin() + 1, path.end())] = limit;
  }
  return within;
}

std::string TypeString(const StructField& field) {
  return Spelled(field.type, TextLimitsOf(field).value_or(TextLimits()), Words::kLog);
}

Schema WithLimitsOnFields(const Schema& schema) {
  return WithLimits(schema, SetLimitsOnFields);
}

Schema WithLimitsOnColumns(const Schema& schema) {
  return WithLimits(schema, SetLimitsOnColumn);
}

Status CheckLimitChange(const TextLimits& from, const TextLimits& to, const std::string& column) {
  const auto limit_at = [](const TextLimits& limits, const ColumnPath& path) {
    const auto found = limits.find(path);
    return found == limits.end() ? std::nullopt : std::optional<TextLimit>(found->second);
  };
  std::set<ColumnPath> paths;
  for (const auto& [path, limit] : from) paths.insert(path);
  for (const auto& [path, limit] : to) paths.insert(path);
  for (const ColumnPath& path : paths) {
    const auto was = limit_at(from, path), is = limit_at(to, path);
    if (MayChange(was, is)) continue;
    return Fail(
        ErrorKind::kInvalidArgument,
        "column '{}{}{}' is {} and cannot become {}: a VARCHAR may get longer, a CHAR become "
        "a VARCHAR, and both STRING. Write the table anew by CREATE OR REPLACE TABLE …",
        column, path.empty() ? "" : ".", ToString(path), Said(was), Said(is));
  }
  return OkStatus();
}

}  // namespace millpond::data
