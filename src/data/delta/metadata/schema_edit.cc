#include "data/delta/metadata/schema_edit.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace millpond::data {
namespace {

using Fields = std::vector<StructField>;
using Names = std::span<const std::string>;
using EditFields = std::function<Status(Fields&)>;

auto Find(Fields& fields, std::string_view name) {
  return std::ranges::find_if(
      fields, [&](const StructField& field) { return EqualNames(field.name, name); });
}

std::string NamesOf(const Fields& fields) {
  std::vector<std::string> names;
  for (const StructField& field : fields) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::unexpected<Error> NoColumn(std::string_view name, const Fields& fields) {
  return Fail(ErrorKind::kInvalidArgument, "there is no column '{}'; there are {}", name,
              NamesOf(fields));
}

const char* PartsOf(const DataType& type) {
  if (type.kind() == TypeKind::kArray) return "; what it holds is called 'element'";
  return type.kind() == TypeKind::kMap ? "; what it holds is called 'key' and 'value'" : "";
}

std::unexpected<Error> NoPart(std::string_view name, const DataType& type) {
  return Fail(ErrorKind::kInvalidArgument, "'{}' is no part of {}{}", name, type.ToString(),
              PartsOf(type));
}

Status EditAt(Fields& fields, Names parent, const EditFields& edit);

// Changes the fields of the struct to which the path leads within the type.
Result<DataType> EditType(const DataType& type, Names path, const EditFields& edit) {
  if (type.kind() == TypeKind::kStruct) {
    Fields fields = type.fields();
    MP_RETURN_IF_ERROR(EditAt(fields, path, edit));
    return DataType::Struct(std::move(fields));
  }
  if (path.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "{} is no struct and has no columns{}",
                type.ToString(), PartsOf(type));
  }
  if (type.kind() == TypeKind::kArray && EqualNames(path[0], "element")) {
    MP_ASSIGN_OR_RETURN(auto element, EditType(type.element(), path.subspan(1), edit));
    return DataType::Array(std::move(element), type.contains_null());
  }
  if (type.kind() == TypeKind::kMap && EqualNames(path[0], "key")) {
    MP_ASSIGN_OR_RETURN(auto key, EditType(type.key(), path.subspan(1), edit));
    return DataType::Map(std::move(key), type.element(), type.contains_null());
  }
  if (type.kind() == TypeKind::kMap && EqualNames(path[0], "value")) {
    MP_ASSIGN_OR_RETURN(auto value, EditType(type.element(), path.subspan(1), edit));
    return DataType::Map(type.key(), std::move(value), type.contains_null());
  }
  return NoPart(path[0], type);
}

Status EditAt(Fields& fields, Names parent, const EditFields& edit) {
  if (parent.empty()) return edit(fields);
  const auto field = Find(fields, parent[0]);
  if (field == fields.end()) return NoColumn(parent[0], fields);
  MP_ASSIGN_OR_RETURN_CONTEXT(field->type, EditType(field->type, parent.subspan(1), edit),
                              "column '{}'", field->name);
  return OkStatus();
}

Result<Schema> Edited(const Schema& schema, Names parent, const EditFields& edit) {
  Fields fields = schema.fields();
  MP_RETURN_IF_ERROR(EditAt(fields, parent, edit));
  return Schema(std::move(fields));
}

Names ParentOf(const ColumnPath& path) {
  return Names(path).first(path.size() - 1);
}

Status Insert(Fields& fields, StructField column, const ColumnPosition& position) {
  auto place = fields.end();
  if (position.first) {
    place = fields.begin();
  } else if (position.after) {
    place = Find(fields, *position.after);
    if (place == fields.end()) return NoColumn(*position.after, fields);
    ++place;
  }
  fields.insert(place, std::move(column));
  return OkStatus();
}

}  // namespace

std::string ToString(const ColumnPath& path) {
  return fmt::format("{}", fmt::join(path, "."));
}

Result<StructField> ColumnAt(const Schema& schema, const ColumnPath& path) {
  std::optional<StructField> found;
  MP_RETURN_IF_ERROR(Edited(schema, ParentOf(path), [&](Fields& fields) -> Status {
    const auto field = Find(fields, path.back());
    if (field == fields.end()) return NoColumn(path.back(), fields);
    found = *field;
    return OkStatus();
  }));
  return *std::move(found);
}

Result<Schema> AddColumn(const Schema& schema, const ColumnPath& parent, const StructField& column,
                         const ColumnPosition& position) {
  return Edited(schema, parent, [&](Fields& fields) -> Status {
    if (Find(fields, column.name) != fields.end()) {
      return Fail(ErrorKind::kAlreadyExists, "there is already a column '{}'", column.name);
    }
    return Insert(fields, column, position);
  });
}

Result<Schema> RenameColumn(const Schema& schema, const ColumnPath& path, const std::string& name) {
  return Edited(schema, ParentOf(path), [&](Fields& fields) -> Status {
    const auto field = Find(fields, path.back());
    if (field == fields.end()) return NoColumn(path.back(), fields);
    const auto same = Find(fields, name);
    if (same != fields.end() && same != field) {
      return Fail(ErrorKind::kAlreadyExists, "there is already a column '{}'", same->name);
    }
    field->name = name;
    return OkStatus();
  });
}

Result<Schema> DropColumn(const Schema& schema, const ColumnPath& path) {
  return Edited(schema, ParentOf(path), [&](Fields& fields) -> Status {
    const auto field = Find(fields, path.back());
    if (field == fields.end()) return NoColumn(path.back(), fields);
    if (fields.size() == 1) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' is the only one there: a table and a struct keep at least one",
                  ToString(path));
    }
    fields.erase(field);
    return OkStatus();
  });
}

Result<Schema> MoveColumn(const Schema& schema, const ColumnPath& path,
                          const ColumnPosition& position) {
  return Edited(schema, ParentOf(path), [&](Fields& fields) -> Status {
    const auto field = Find(fields, path.back());
    if (field == fields.end()) return NoColumn(path.back(), fields);
    StructField moved = *field;
    if (position.after && EqualNames(*position.after, moved.name)) return OkStatus();
    fields.erase(field);
    return Insert(fields, std::move(moved), position);
  });
}

Result<Schema> EditColumn(const Schema& schema, const ColumnPath& path,
                          const std::function<Status(StructField&)>& edit) {
  return Edited(schema, ParentOf(path), [&](Fields& fields) -> Status {
    const auto field = Find(fields, path.back());
    if (field == fields.end()) return NoColumn(path.back(), fields);
    return edit(*field);
  });
}

Result<size_t> FieldDepth(const Schema& schema, const ColumnPath& path) {
  const Fields* fields = &schema.fields();
  const DataType* type = nullptr;  // null: at the fields
  size_t depth = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    if (fields != nullptr) {
      const auto field = std::ranges::find_if(
          *fields, [&](const StructField& one) { return EqualNames(one.name, path[i]); });
      if (field == fields->end()) return NoColumn(path[i], *fields);
      type = &field->type;
      depth = i + 1;
    } else if (type->kind() == TypeKind::kArray && EqualNames(path[i], "element")) {
      type = &type->element();
    } else if (type->kind() == TypeKind::kMap && EqualNames(path[i], "key")) {
      type = &type->key();
    } else if (type->kind() == TypeKind::kMap && EqualNames(path[i], "value")) {
      type = &type->element();
    } else {
      return NoPart(path[i], *type);
    }
    fields = type->kind() == TypeKind::kStruct ? &type->fields() : nullptr;
  }
  return depth;
}

}  // namespace millpond::data
