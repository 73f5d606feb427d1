#include "data/delta/type_changes.h"

#include "base/json.h"
#include "data/delta/column_cast.h"

namespace millpond::data {
namespace {

Result<DataType> ReadType(const Json& json) {
  const Json schema = {
      {"type", "struct"},
      {"fields", Json::array({{{"name", "x"}, {"type", json}, {"nullable", true}}})}};
  MP_ASSIGN_OR_RETURN(const Schema read, Schema::FromJson(DumpJson(schema)));
  return read.fields()[0].type;
}

// `type` may be anything that has no columns in it: CanWiden tells of primitive types alone.
Status CheckHistory(const StructField& field, const std::string& history,
                    const std::string& table_path) {
  const auto json = ParseJson(history, kTypeChanges);
  if (!json || !json->is_array()) {
    return Fail(ErrorKind::kCorrupt, "the metadata {} of column '{}' of table {} is no list",
                kTypeChanges, field.name, table_path);
  }
  for (const Json& change : *json) {
    if (!change.is_object() || !change.contains("fromType") || !change.contains("toType")) {
      return Fail(ErrorKind::kCorrupt,
                  "the metadata {} of column '{}' of table {} has a change without types",
                  kTypeChanges, field.name, table_path);
    }
    const auto from = ReadType(change["fromType"]);
    const auto to = ReadType(change["toType"]);
    if (from && to && CanWiden(*from, *to)) continue;
    return Fail(ErrorKind::kUnsupported,
                "column '{}' of table {} was changed from {} to {}, which this version of Millpond "
                "does not read",
                field.name, table_path, DumpJson(change["fromType"]), DumpJson(change["toType"]));
  }
  return OkStatus();
}

Status CheckFields(const std::vector<StructField>& fields, const std::string& table_path);

Status CheckType(const DataType& type, const std::string& table_path) {
  if (type.kind() == TypeKind::kStruct) return CheckFields(type.fields(), table_path);
  if (type.is_primitive()) return OkStatus();
  if (type.kind() == TypeKind::kMap) MP_RETURN_IF_ERROR(CheckType(type.key(), table_path));
  return CheckType(type.element(), table_path);
}

Status CheckFields(const std::vector<StructField>& fields, const std::string& table_path) {
  for (const StructField& field : fields) {
    const auto history = field.metadata.find(kTypeChanges);
    if (history != field.metadata.end()) {
      MP_RETURN_IF_ERROR(CheckHistory(field, history->second, table_path));
    }
    MP_RETURN_IF_ERROR(CheckType(field.type, table_path));
  }
  return OkStatus();
}

}  // namespace

Status CheckTypeChanges(const Schema& schema, const std::string& table_path) {
  return CheckFields(schema.fields(), table_path);
}

}  // namespace millpond::data
