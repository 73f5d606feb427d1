// Fields of a request or of an object inside one, read as MLflow reads its protobuf messages from
// JSON: snake_case or camelCase names, whole numbers also as texts, null as if absent; for GET the
// fields stand in the query. What a route declares is checked here, in MLflow's words, and is what
// the OpenAPI document says of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/message.h"
#include "base/json.h"
#include "base/result.h"

namespace millpond::platform {

enum class FieldType {
  kText,
  kInteger,
  kNumber,  // "NaN", "Infinity" and "-Infinity" are numbers too
  kBoolean,
  kEnum,     // a name, or its number as a text
  kTexts,    // a list of texts
  kObjects,  // a list of objects
};

struct FieldSpec {
  std::string_view name;
  FieldType type = FieldType::kText;
  bool required = false;         // and a text not empty
  std::string_view former = {};  // a name that old clients use: run_uuid
};

class Fields {
 public:
  // From the body, or from the query where there is no body.
  static Result<Fields> Of(const HttpRequest& request, std::span<const FieldSpec> specs);
  // From an object inside a body; `path` ("metrics[3]") goes before names in messages.
  static Result<Fields> Of(const Json& object, std::span<const FieldSpec> specs,
                           const std::string& path);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  std::string Text(std::string_view name, std::string_view missing = "") const;  // kText, kEnum
  int64_t Integer(std::string_view name, int64_t missing = 0) const;
  double Number(std::string_view name) const;
  bool Boolean(std::string_view name, bool missing) const;
  std::vector<std::string> Texts(std::string_view name) const;
  const Json& Objects(std::string_view name) const;  // an array

 private:
  const Json* Find(std::string_view name) const;

  std::vector<std::pair<std::string_view, Json>> values_;  // of the type that was asked for
};

// JSON Schema of such an object.
Json SchemaOf(std::span<const FieldSpec> specs);

// "Invalid value … for parameter '…' supplied: …".
std::unexpected<Error> InvalidField(std::string_view name, const Json& value, std::string_view why);

}  // namespace millpond::platform
