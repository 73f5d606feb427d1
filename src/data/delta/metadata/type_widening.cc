#include "data/delta/metadata/type_widening.h"

#include <span>

#include "base/json.h"

namespace millpond::data {
namespace {

constexpr const char* kTypeChanges = "delta.typeChanges";

// decimal(p, s) -> decimal(p + k1, s + k2) with k1 >= k2 >= 0
bool DecimalHolds(int precision, int scale, const DataType& to) {
  const int more_digits = to.precision() - precision, more_scale = to.scale() - scale;
  return more_digits >= more_scale && more_scale >= 0;
}

std::string JoinNames(std::span<const std::string> path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : ".") + name;
  return text;
}

Status NoteChange(StructField& field, const DataType& from, const DataType& to,
                  const std::string& within) {
  Json changes = Json::array();
  if (const auto known = field.metadata.find(kTypeChanges); known != field.metadata.end()) {
    MP_ASSIGN_OR_RETURN(changes, ParseJson(known->second, "the type changes of a column"));
    if (!changes.is_array()) {
      return Fail(ErrorKind::kCorrupt, "the type changes of column '{}' are no list", field.name);
    }
  }
  Json change = {{"fromType", from.ToString()}, {"toType", to.ToString()}};
  if (!within.empty()) change["fieldPath"] = within;
  changes.push_back(std::move(change));
  field.metadata[kTypeChanges] = DumpJson(changes);
  return OkStatus();
}

// The type with the part at the path put in the place of what was there, which goes to `was`.
Result<DataType> WithPart(const DataType& type, std::span<const std::string> path,
                          const DataType& to, DataType* was) {
  if (path.empty()) {
    *was = type;
    return to;
  }
  if (type.kind() == TypeKind::kArray) {
    MP_ASSIGN_OR_RETURN(auto element, WithPart(type.element(), path.subspan(1), to, was));
    return DataType::Array(std::move(element), type.contains_null());
  }
  if (type.kind() != TypeKind::kMap) {
    return Fail(ErrorKind::kInvalidArgument, "'{}' is no part of {}", path[0], type.ToString());
  }
  if (EqualNames(path[0], "key")) {
    MP_ASSIGN_OR_RETURN(auto key, WithPart(type.key(), path.subspan(1), to, was));
    return DataType::Map(std::move(key), type.element(), type.contains_null());
  }
  MP_ASSIGN_OR_RETURN(auto value, WithPart(type.element(), path.subspan(1), to, was));
  return DataType::Map(type.key(), std::move(value), type.contains_null());
}

// "decimal(10,2)" as a schema spells it.
Result<DataType> TypeNamed(const Json& name) {
  const Json field = {{"name", "x"}, {"type", name}, {"nullable", true}};
  const Json fields = Json::array({field});
  MP_ASSIGN_OR_RETURN(const Schema schema,
                      Schema::FromJson(DumpJson(Json{{"type", "struct"}, {"fields", fields}})));
  return schema.fields()[0].type;
}

Status CheckChange(const Json& change, const std::string& column) {
  if (!change.is_object() || !change.contains("fromType") || !change.contains("toType")) {
    return Fail(ErrorKind::kCorrupt, "the type changes of column '{}' cannot be read", column);
  }
  const auto from = TypeNamed(change["fromType"]), to = TypeNamed(change["toType"]);
  if (from && to && (*from == *to || MayWiden(*from, *to))) return OkStatus();
  return Fail(ErrorKind::kUnsupported,
              "the type of column '{}' was changed from {} to {}, which is no widening that this "
              "version of Millpond reads",
              column, DumpJson(change["fromType"]), DumpJson(change["toType"]));
}

Status CheckFields(const std::vector<StructField>& fields);

Status CheckType(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return CheckFields(type.fields());
    case TypeKind::kMap:
      MP_RETURN_IF_ERROR(CheckType(type.key()));
      return CheckType(type.element());
    case TypeKind::kArray:
      return CheckType(type.element());
    default:
      return OkStatus();
  }
}

Status CheckFields(const std::vector<StructField>& fields) {
  for (const StructField& field : fields) {
    MP_RETURN_IF_ERROR(CheckType(field.type));
    const auto known = field.metadata.find(kTypeChanges);
    if (known == field.metadata.end()) continue;
    MP_ASSIGN_OR_RETURN(const Json changes, ParseJson(known->second, "the type changes"));
    for (const Json& change : changes) MP_RETURN_IF_ERROR(CheckChange(change, field.name));
  }
  return OkStatus();
}

DataType Forget(const DataType& type);

std::vector<StructField> Forget(const std::vector<StructField>& fields) {
  std::vector<StructField> plain = fields;
  for (StructField& field : plain) {
    field.metadata.erase(kTypeChanges);
    field.type = Forget(field.type);
  }
  return plain;
}

DataType Forget(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return DataType::Struct(Forget(type.fields()));
    case TypeKind::kArray:
      return DataType::Array(Forget(type.element()), type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(Forget(type.key()), Forget(type.element()), type.contains_null());
    default:
      return type;
  }
}

}  // namespace

int WholeNumberRank(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte:
      return 1;
    case TypeKind::kShort:
      return 2;
    case TypeKind::kInteger:
      return 3;
    case TypeKind::kLong:
      return 4;
    default:
      return 0;
  }
}

bool MayWiden(const DataType& from, const DataType& to) {
  const int rank = WholeNumberRank(from.kind());
  switch (to.kind()) {
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      return rank > 0 && rank < WholeNumberRank(to.kind());
    case TypeKind::kDouble:
      return from.kind() == TypeKind::kFloat || (rank > 0 && rank < 4);
    case TypeKind::kTimestampNtz:
      return from.kind() == TypeKind::kDate;
    case TypeKind::kDecimal:
      if (from.kind() == TypeKind::kDecimal) {
        return from != to && DecimalHolds(from.precision(), from.scale(), to);
      }
      return rank > 0 && DecimalHolds(rank < 4 ? 10 : 20, 0, to);
    default:
      return false;
  }
}

Result<Schema> WidenColumn(const Schema& schema, const ColumnPath& path, const DataType& to) {
  MP_ASSIGN_OR_RETURN(const size_t depth, FieldDepth(schema, path));
  const ColumnPath field_path(path.begin(), path.begin() + static_cast<int64_t>(depth));
  const auto within = std::span<const std::string>(path).subspan(depth);
  return EditColumn(schema, field_path, [&](StructField& field) -> Status {
    DataType was = field.type;
    MP_ASSIGN_OR_RETURN(DataType type, WithPart(field.type, within, to, &was));
    if (was == to) return OkStatus();
    if (!MayWiden(was, to)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' is {} and cannot become {}: types only widen (byte, short, int, "
                  "long; float, double; decimals with more digits; date to timestamp_ntz). Write "
                  "the table anew by CREATE OR REPLACE TABLE t AS SELECT …",
                  ToString(path), was.ToString(), to.ToString());
    }
    field.type = std::move(type);
    return NoteChange(field, was, to, JoinNames(within));
  });
}

Status CheckTypeChanges(const Schema& schema) {
  return CheckFields(schema.fields());
}

Schema WithoutTypeChanges(const Schema& schema) {
  return Schema(Forget(schema.fields()));
}

}  // namespace millpond::data
