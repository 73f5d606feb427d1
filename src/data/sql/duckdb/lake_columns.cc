#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>

#include "data/delta/metadata/column_mapping.h"
#include "data/sql/duckdb/lake_columns_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

using Definition = duckdb::MultiFileColumnDefinition;
using Definitions = duckdb::vector<Definition>;

// No column of a Parquet file that DuckDB reads has a name with this byte in it.
constexpr char kNowhere[] = "\x01 not in this file";

constexpr char kElement[] = "list";
constexpr char kKey[] = "key";
constexpr char kValue[] = "value";

// Where things lie in one file; `columns` null: nowhere.
struct FilePlace {
  const Definitions* columns = nullptr;
  FieldMatch match = FieldMatch::kPhysicalName;
};

const Definition* Find(const FilePlace& place, const StructField& field) {
  if (place.columns == nullptr) return nullptr;
  const Definition* found = nullptr;
  const std::string name = PhysicalName(field);
  const auto id = ColumnId(field);
  for (const Definition& column : *place.columns) {
    if (place.match == FieldMatch::kId) {
      if (id && !column.identifier.IsNull() && column.identifier.GetValue<int64_t>() == *id) {
        return &column;
      }
    } else {
      if (column.name == name) return &column;
      if (found == nullptr && EqualNames(column.name, name)) found = &column;
    }
  }
  return found;
}

struct How {
  FieldMatch match;
  VariantForm variants;
};

Definition Define(const std::string& name, const DataType& type, const Definition* in_file,
                  const How& how);

// The parts of a nested type. `in_file` null: not there.
void DefineChildren(const DataType& type, const Definition* in_file, const How& how,
                    Definition* column) {
  const Definitions* parts = in_file == nullptr ? nullptr : &in_file->children;
  const auto part = [&](const Definitions* of, size_t i) {
    return of != nullptr && i < of->size() ? &(*of)[i] : nullptr;
  };
  switch (type.kind()) {
    case TypeKind::kStruct:
      for (const StructField& field : type.fields()) {
        const Definition* there = Find(FilePlace{parts, how.match}, field);
        column->children.push_back(Define(field.name, field.type, there, how));
      }
      break;
    case TypeKind::kArray:
      column->children.push_back(Define(kElement, type.element(), part(parts, 0), how));
      break;
    case TypeKind::kMap: {
      const Definition* entries = part(parts, 0);
      const Definitions* both = entries == nullptr ? nullptr : &entries->children;
      column->children.push_back(Define(kKey, type.key(), part(both, 0), how));
      column->children.push_back(Define(kValue, type.element(), part(both, 1), how));
      break;
    }
    default:
      break;
  }
}

Definition Define(const std::string& name, const DataType& type, const Definition* in_file,
                  const How& how) {
  const duckdb::LogicalType logical = ToLogicalType(type, how.variants);
  Definition column(name, logical);
  column.identifier = duckdb::Value(in_file == nullptr ? std::string(kNowhere) : in_file->name);
  // A column that a file does not have is NULL in it.
  column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(logical));
  // Where the file has another kind of type, the cast of the whole column says so.
  if (in_file == nullptr || in_file->type.id() == logical.id()) {
    DefineChildren(type, in_file, how, &column);
  }
  return column;
}

}  // namespace

Definitions ColumnDefinitions(const Schema& schema, VariantForm variants) {
  return ColumnsInFile(schema, {}, FieldMatch::kPhysicalName, variants);
}

void NameParts(Definitions& file) {
  for (Definition& column : file) {
    if (column.type.id() == duckdb::LogicalTypeId::LIST && column.children.size() == 1) {
      column.children[0].name = kElement;
    }
    if (column.type.id() == duckdb::LogicalTypeId::MAP && column.children.size() == 1 &&
        column.children[0].children.size() == 2) {
      column.children[0].children[0].name = kKey;
      column.children[0].children[1].name = kValue;
    }
    NameParts(column.children);
  }
}

Definitions ColumnsInFile(const Schema& schema, const Definitions& file, FieldMatch match,
                          VariantForm variants) {
  Definitions columns;
  for (const StructField& field : schema.fields()) {
    const Definition* there = Find(FilePlace{&file, match}, field);
    if (field.type.Holds(TypeKind::kVariant) || field.type.kind() == TypeKind::kVoid) {
      there = nullptr;
    }
    columns.push_back(Define(field.name, field.type, there, {match, variants}));
  }
  return columns;
}

}  // namespace millpond::data
