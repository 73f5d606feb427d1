#include <fmt/ranges.h>

#include <algorithm>

#include "data/delta/metadata/column_mapping.h"
#include "data/sql/statements/assignments_internal.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

bool Overlap(const Assignment& a, const Assignment& b) {
  if (!EqualNames(a.column, b.column)) return false;
  const size_t both = std::min(a.fields.size(), b.fields.size());
  return std::equal(a.fields.begin(), a.fields.begin() + static_cast<ptrdiff_t>(both),
                    b.fields.begin(), EqualNames);
}

const StructField* FindField(const DataType& type, const std::string& name) {
  if (type.kind() != TypeKind::kStruct) return nullptr;
  const auto field = std::ranges::find_if(
      type.fields(), [&](const StructField& one) { return EqualNames(one.name, name); });
  return field == type.fields().end() ? nullptr : &*field;
}

// Assignments whose first `depth` fields have led to `place`.
Status Compose(ComposedQuery& sql, const std::string& place, const DataType& type, size_t depth,
               const std::vector<const Assignment*>& assignments) {
  const Assignment& first = *assignments.front();
  if (first.fields.size() == depth) {
    return ComposeExact(sql, type, first.name(), [&] { return sql.Expression(first.value); });
  }
  sql.Text("struct_pack(");
  for (size_t i = 0; i < type.fields().size(); ++i) {
    const StructField& field = type.fields()[i];
    sql.Text(fmt::format("{}{} := ", i == 0 ? "" : ", ", QuoteName(field.name)));
    std::vector<const Assignment*> inside;
    for (const Assignment* one : assignments) {
      if (EqualNames(one->fields[depth], field.name)) inside.push_back(one);
    }
    const std::string below = place.empty() ? "" : place + "." + QuoteName(field.name);
    if (!inside.empty()) {
      MP_RETURN_IF_ERROR(Compose(sql, below, field.type, depth + 1, inside));
    } else {
      sql.Text(below.empty() ? "NULL" : below);
    }
  }
  sql.Text(")");
  return OkStatus();
}

}  // namespace

std::string Assignment::name() const {
  return fields.empty() ? column : fmt::format("{}.{}", column, fmt::join(fields, "."));
}

Result<Assignment> TakeAssigned(TokenCursor& at, const ChangeTarget& target) {
  Assignment one;
  one.offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  const Schema& schema = target.snapshot->schema();
  // A column may be called as the alias is: t.a is the field of the column t where there is no a.
  const bool by_alias = path.size() > 1 && EqualNames(path[0], target.alias) &&
                        (schema.Find(path[1]) != nullptr || schema.Find(path[0]) == nullptr);
  if (by_alias) path.erase(path.begin());
  const StructField* column = schema.Find(path.front());
  one.column = column == nullptr ? path.front() : column->name;
  one.fields.assign(path.begin() + 1, path.end());
  return one;
}

Status AddAssignment(std::vector<Assignment>& assignments, Assignment one,
                     const SourceText& source) {
  const bool twice = std::ranges::any_of(
      assignments, [&](const Assignment& other) { return Overlap(other, one); });
  if (twice) {
    return FailAt(source, one.offset, kBad, "column {} is set twice", one.name());
  }
  assignments.push_back(std::move(one));
  return OkStatus();
}

Status CheckAssigned(const Assignment& one, const Schema& schema, const std::string& table,
                     const SourceText& source) {
  const StructField* field = schema.Find(one.column);
  for (size_t i = 0; field != nullptr && i < one.fields.size(); ++i) {
    if (field->type.kind() != TypeKind::kStruct) {
      return FailAt(source, one.offset, kBad,
                    "column {} of table {} is no struct: its parts are not set alone", field->name,
                    table);
    }
    field = FindField(field->type, one.fields[i]);
  }
  if (field == nullptr) {
    return FailAt(source, one.offset, kBad, "table {} has no column {}", table, one.name());
  }
  if (one.fields.empty() || !IsDefaultWord(one.value)) return OkStatus();
  return FailAt(source, one.offset, kBad, "{} is a field of a struct, which has no DEFAULT",
                one.name());
}

std::vector<const Assignment*> OfColumn(const std::vector<Assignment>& assignments,
                                        const std::string& column) {
  std::vector<const Assignment*> found;
  for (const Assignment& one : assignments) {
    if (EqualNames(one.column, column)) found.push_back(&one);
  }
  return found;
}

Status ComposeExact(ComposedQuery& sql, const DataType& type, const std::string& name,
                    const std::function<Status()>& value) {
  // A variant that is stored is its bytes, which no cast changes.
  if (type.Holds(TypeKind::kVariant)) return value();
  sql.Text(fmt::format("{}(", kExactFunction));
  MP_RETURN_IF_ERROR(value());
  const std::string schema = Schema({{"value", type}}).ToJson();
  sql.Text(fmt::format(", {}, {})", QuoteString(schema), QuoteString(name)));
  return OkStatus();
}

Status ComposeFields(ComposedQuery& sql, const std::string& place, const StructField& column,
                     const std::vector<const Assignment*>& assignments) {
  return Compose(sql, place, column.type, 0, assignments);
}

}  // namespace millpond::data
