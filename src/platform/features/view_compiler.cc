#include "platform/features/view_compiler.h"

#include <utility>

#include "platform/features/kernel_expression.h"

namespace millpond::platform {
namespace {

using data::FailAt;

// The definition but for the columns of the source.
Result<kernel::FeatureViewDefinition> Define(const ViewStatement& statement) {
  const data::TableRef& from = statement.select.from;
  std::vector<std::string> prefixes;
  if (!from.alias.empty()) {
    prefixes = {from.alias};
  } else {
    const data::TableName& table = statement.table;
    prefixes = {table.table, table.schema + "." + table.table, table.ToString()};
  }
  KernelExpressions expressions(statement.source, std::move(prefixes));

  kernel::FeatureViewDefinition definition;
  definition.name = statement.name.name;
  definition.source = statement.table.ToString();
  for (const PlacedName& column : statement.entity) definition.entity.push_back(column.name);
  definition.entity_offset = static_cast<int64_t>(statement.entity.front().offset);
  definition.timestamp = statement.timestamp.name;
  definition.timestamp_offset = static_cast<int64_t>(statement.timestamp.offset);
  definition.settle = statement.settle;
  if (statement.known_at) {
    MP_ASSIGN_OR_RETURN(definition.known_at, expressions.Convert(*statement.known_at));
  }
  if (statement.select.where) {
    MP_ASSIGN_OR_RETURN(definition.where, expressions.Convert(*statement.select.where));
  }
  for (const data::SqlExpr& item : statement.select.select) {
    if (item.alias.empty() && item.kind != data::SqlExprKind::kStar) {
      return FailAt(statement.source, item.offset, ErrorKind::kInvalidArgument,
                    "every feature has a name: write AS name behind it");
    }
    MP_ASSIGN_OR_RETURN(kernel::Expr expression, expressions.Convert(item));
    definition.outputs.push_back(
        {item.alias, std::move(expression), static_cast<int64_t>(item.offset)});
  }
  definition.windows = expressions.windows();
  return definition;
}

Status CheckOutputNames(const ViewStatement& statement,
                        const kernel::FeatureViewDefinition& definition) {
  std::vector<std::string_view> taken{statement.timestamp.name};
  for (const PlacedName& column : statement.entity) taken.push_back(column.name);
  const size_t keys = taken.size();
  for (const kernel::OutputDefinition& output : definition.outputs) {
    for (size_t i = 0; i < taken.size(); ++i) {
      if (!data::EqualNames(taken[i], output.name)) continue;
      return FailAt(statement.source, static_cast<size_t>(output.offset),
                    ErrorKind::kInvalidArgument, "the name {} is taken by {}: choose another",
                    output.name,
                    i < keys ? "ENTITY or TIMESTAMP" : "a feature further up in this view");
    }
    taken.push_back(output.name);
  }
  return OkStatus();
}

// A column that is there but of a type the kernel lacks deserves better than "no such column".
Status RefuseTypes(const ViewStatement& statement, const data::Schema& source) {
  Status status;
  const auto check_name = [&](const std::string& name, size_t offset) {
    const data::StructField* field = source.Find(name);
    if (field == nullptr || KernelType(field->type) || !status) return;
    status = FailAt(statement.source, offset, ErrorKind::kUnsupported,
                    "column {} is {}: features cannot read that type yet; take what you need out "
                    "of it in a pipeline",
                    field->name, field->type.ToString());
  };
  const auto check = [&](const data::SqlExpr& e) {
    if (e.kind == data::SqlExprKind::kColumn) check_name(e.names.back(), e.offset);
  };
  for (const PlacedName& column : statement.entity) check_name(column.name, column.offset);
  check_name(statement.timestamp.name, statement.timestamp.offset);
  data::ForEachExpression(statement.select, check);
  if (statement.known_at) data::ForEachExpression(*statement.known_at, check);
  return status;
}

}  // namespace

std::optional<kernel::Type> KernelType(const data::DataType& type) {
  switch (type.kind()) {
    case data::TypeKind::kString:
      return kernel::kVarchar;
    case data::TypeKind::kLong:
    case data::TypeKind::kInteger:
    case data::TypeKind::kShort:
    case data::TypeKind::kByte:
      return kernel::kBigint;
    case data::TypeKind::kFloat:
    case data::TypeKind::kDouble:
      return kernel::kDouble;
    case data::TypeKind::kDecimal:
      return kernel::Decimal(type.precision(), type.scale());
    case data::TypeKind::kBoolean:
      return kernel::kBoolean;
    case data::TypeKind::kDate:
      return kernel::kDate;
    case data::TypeKind::kTimestamp:
    case data::TypeKind::kTimestampNtz:
      return kernel::kTimestamp;
    case data::TypeKind::kBinary:
    case data::TypeKind::kStruct:
    case data::TypeKind::kArray:
    case data::TypeKind::kMap:
    case data::TypeKind::kVariant:
    case data::TypeKind::kVoid:
      break;
  }
  return std::nullopt;
}

Status CheckView(const ViewStatement& statement) {
  MP_ASSIGN_OR_RETURN(kernel::FeatureViewDefinition definition, Define(statement));
  return CheckOutputNames(statement, definition);
}

Result<std::shared_ptr<const kernel::FeatureProgram>> CompileView(const ViewStatement& statement,
                                                                  const data::Schema& source) {
  MP_ASSIGN_OR_RETURN(kernel::FeatureViewDefinition definition, Define(statement));
  MP_RETURN_IF_ERROR(CheckOutputNames(statement, definition));
  MP_RETURN_IF_ERROR(RefuseTypes(statement, source));
  for (const data::StructField& field : source.fields()) {
    if (const auto type = KernelType(field.type)) definition.columns.push_back({field.name, *type});
  }
  const data::SourceText& text = statement.source;
  return kernel::Compile(definition, [&text](int64_t offset) {
    return text.Place(offset < 0 ? 0 : static_cast<size_t>(offset));
  });
}

std::string CanonicalText(const kernel::FeatureProgram& program) {
  std::string text;
  for (const kernel::FeatureOutput& output : program.outputs) {
    text += output.name + "\n" + output.canonical_text + "\n";
  }
  return text;
}

}  // namespace millpond::platform
