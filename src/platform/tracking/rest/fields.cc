#include "platform/tracking/rest/fields.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace millpond::platform {

namespace {

constexpr std::string_view kSeeDocs =
    " See the API docs for more information about request parameters.";

// "run_id" → "runId", protobuf's JSON name.
std::string CamelCase(std::string_view name) {
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      ++i;
      camel += name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
    } else {
      camel += name[i];
    }
  }
  return camel;
}

// As Python calls it, since clients look for it.
std::string_view TypeName(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "NoneType";
    case Json::value_t::boolean:
      return "bool";
    case Json::value_t::string:
      return "str";
    case Json::value_t::array:
      return "list";
    case Json::value_t::object:
      return "dict";
    case Json::value_t::number_float:
      return "float";
    default:
      return "int";
  }
}

template <typename T>
std::optional<T> NumberOfText(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::optional<Json> AsInteger(const Json& value) {
  if (value.is_string()) {
    if (auto whole = NumberOfText<int64_t>(value.get_ref<const std::string&>())) return *whole;
    return std::nullopt;
  }
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value;
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number == std::floor(number) && std::abs(number) < 9e15) {
      return static_cast<int64_t>(number);
    }
  }
  return std::nullopt;
}

std::optional<Json> AsNumber(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (text.find_first_of("0123456789") == text.npos) return std::nullopt;
  if (auto number = NumberOfText<double>(text)) return *number;
  return std::nullopt;
}

// The value as the type wants it; none if it is not of that type.
std::optional<Json> Convert(const Json& value, FieldType type) {
  switch (type) {
    case FieldType::kText:
      if (value.is_string()) return value;
      break;
    case FieldType::kEnum:
      if (value.is_string()) return value;
      if (value.is_number_integer()) return value.dump();
      break;
    case FieldType::kInteger:
      return AsInteger(value);
    case FieldType::kNumber:
      return AsNumber(value);
    case FieldType::kBoolean:
      if (value.is_boolean()) return value;
      if (value == "true" || value == "True") return true;
      if (value == "false" || value == "False") return false;
      break;
    case FieldType::kTexts:
      if (!value.is_array()) break;
      for (const auto& item : value) {
        if (!item.is_string()) return std::nullopt;
      }
      return value;
    case FieldType::kObjects:
      if (!value.is_array()) break;
      for (const auto& item : value) {
        if (!item.is_object()) return std::nullopt;
      }
      return value;
  }
  return std::nullopt;
}

// The value of a field under any of its names; null if it is absent.
Result<const Json*> Lookup(const Json& object, const FieldSpec& spec) {
  static const Json kNull;
  const auto find = [&](std::string_view name) -> const Json* {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  };
  const Json* value = find(spec.name);
  if (spec.name.find('_') != spec.name.npos) {
    const std::string camel = CamelCase(spec.name);
    const Json* other = find(camel);
    if (value != nullptr && other != nullptr) {
      return Fail(ErrorKind::kInvalidArgument,
                  "Request specifies both '{}' and '{}'; provide only one of them.", spec.name,
                  camel);
    }
    if (value == nullptr) value = other;
  }
  if ((value == nullptr || value->is_null() || *value == "") && !spec.former.empty()) {
    if (const Json* other = find(spec.former)) value = other;
  }
  return value == nullptr ? &kNull : value;
}

// The query as the object a body would be.
Json ObjectOfQuery(const HttpRequest& request, std::span<const FieldSpec> specs) {
  Json object = Json::object();
  for (const auto& [name, value] : request.query) {
    bool list = false;
    for (const auto& spec : specs) list |= spec.name == name && spec.type == FieldType::kTexts;
    if (list) {
      object[name].push_back(value);
    } else if (!object.contains(name)) {
      object[name] = value;
    }
  }
  return object;
}

}  // namespace

std::unexpected<Error> InvalidField(std::string_view name, const Json& value,
                                    std::string_view why) {
  std::string shown = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (shown.size() > 200) shown = shown.substr(0, 200) + "…";
  return Fail(ErrorKind::kInvalidArgument, "Invalid value {} for parameter '{}' supplied: {}",
              shown, name, why);
}

Result<Fields> Fields::Of(const Json& object, std::span<const FieldSpec> specs,
                          const std::string& path) {
  Fields fields;
  for (const auto& spec : specs) {
    MP_ASSIGN_OR_RETURN(const Json* value, Lookup(object, spec));
    const std::string name =
        path.empty() ? std::string(spec.name) : fmt::format("{}.{}", path, spec.name);
    if (value->is_null() || (spec.required && *value == "")) {
      if (!spec.required) continue;
      return Fail(ErrorKind::kInvalidArgument, "Missing value for required parameter '{}'.{}", name,
                  kSeeDocs);
    }
    auto converted = Convert(*value, spec.type);
    if (!converted) {
      return InvalidField(
          name, *value,
          fmt::format(" Hint: Value was of type '{}'.{}", TypeName(*value), kSeeDocs));
    }
    fields.values_.emplace_back(spec.name, std::move(*converted));
  }
  return fields;
}

Result<Fields> Fields::Of(const HttpRequest& request, std::span<const FieldSpec> specs) {
  if (request.body.empty() && request.method != "POST") {
    return Of(ObjectOfQuery(request, specs), specs, "");
  }
  MP_ASSIGN_OR_RETURN(const Json body, JsonBody(request));
  return Of(body, specs, "");
}

const Json* Fields::Find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Fields::Text(std::string_view name, std::string_view missing) const {
  const Json* value = Find(name);
  return value ? value->get<std::string>() : std::string(missing);
}

int64_t Fields::Integer(std::string_view name, int64_t missing) const {
  const Json* value = Find(name);
  return value ? value->get<int64_t>() : missing;
}

double Fields::Number(std::string_view name) const {
  const Json* value = Find(name);
  return value ? value->get<double>() : 0;
}

bool Fields::Boolean(std::string_view name, bool missing) const {
  const Json* value = Find(name);
  return value ? value->get<bool>() : missing;
}

std::vector<std::string> Fields::Texts(std::string_view name) const {
  const Json* value = Find(name);
  return value ? value->get<std::vector<std::string>>() : std::vector<std::string>();
}

const Json& Fields::Objects(std::string_view name) const {
  static const Json kNone = Json::array();
  const Json* value = Find(name);
  return value ? *value : kNone;
}

Json SchemaOf(std::span<const FieldSpec> specs) {
  Json schema = {{"type", "object"}, {"properties", Json::object()}};
  for (const auto& spec : specs) {
    Json& property = schema["properties"][std::string(spec.name)];
    switch (spec.type) {
      case FieldType::kText:
      case FieldType::kEnum:
        property["type"] = "string";
        break;
      case FieldType::kInteger:
        property["type"] = "integer";
        break;
      case FieldType::kNumber:
        property["type"] = "number";
        break;
      case FieldType::kBoolean:
        property["type"] = "boolean";
        break;
      case FieldType::kTexts:
        property = {{"type", "array"}, {"items", {{"type", "string"}}}};
        break;
      case FieldType::kObjects:
        property = {{"type", "array"}, {"items", {{"type", "object"}}}};
        break;
    }
    if (spec.required) schema["required"].push_back(std::string(spec.name));
  }
  return schema;
}

}  // namespace millpond::platform
