#include "data/catalog/table_name.h"

#include <algorithm>
#include <vector>

namespace millpond::data {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Status ValidateNamePart(std::string_view part, std::string_view what) {
  bool valid = !part.empty() && part.size() <= 128 && IsLetter(part.front()) &&
               std::ranges::all_of(part, [](char c) { return IsLetter(c) || IsDigit(c); });
  if (valid) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "not a name for a {}: '{}' (want letters, digits and underscores, not a digit first)",
              what, part);
}

Result<TableName> ParseTableName(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() > 3) {
    return Fail(ErrorKind::kInvalidArgument,
                "not a table's name (want [catalog.][schema.]table): '{}'", text);
  }
  TableName name;
  name.table = parts.back();
  if (parts.size() >= 2) name.schema = parts[parts.size() - 2];
  if (parts.size() == 3) name.catalog = parts[0];
  MP_RETURN_IF_ERROR(ValidateNamePart(name.catalog, "catalog"));
  MP_RETURN_IF_ERROR(ValidateNamePart(name.schema, "schema"));
  MP_RETURN_IF_ERROR(ValidateNamePart(name.table, "table"));
  return name;
}

}  // namespace millpond::data
