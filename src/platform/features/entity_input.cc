#include "platform/features/entity_input.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "data/delta/metadata/schema.h"
#include "kernel/bound_expression.h"

namespace millpond::platform {
namespace {

using kernel::Column;
using kernel::TypeId;
using kernel::Value;

// Integers up to here are doubles.
constexpr int64_t kExactInDouble = int64_t{1} << 53;

std::unexpected<Error> WrongField(const Json& value, kernel::Type wanted, const std::string& why) {
  return Fail(ErrorKind::kInvalidArgument, "is {}, but {} is wanted{}", DumpJson(value),
              kernel::ToString(wanted), why);
}

Result<Value> NumberField(const Json& value, kernel::Type wanted) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) {
    return WrongField(value, wanted, " (it is past the greatest BIGINT)");
  }
  if (wanted.id == TypeId::kDouble) {
    if (value.is_number_float()) return Value::Double(value.get<double>());
    const auto whole = value.get<int64_t>();
    if (whole >= -kExactInDouble && whole <= kExactInDouble) {
      return Value::Double(static_cast<double>(whole));
    }
    return WrongField(value, wanted, " (no double has this value)");
  }
  if (!EntityTypeFits(kernel::kBigint, wanted)) return WrongField(value, wanted, "");
  if (value.is_number_integer()) return Value::Bigint(value.get<int64_t>());
  // Some clients know doubles only: 9.0 is 9.
  const auto number = value.get<double>();
  if (std::trunc(number) != number || std::abs(number) > kExactInDouble) {
    return WrongField(value, wanted, "");
  }
  return Value::Bigint(static_cast<int64_t>(number));
}

Result<Value> TextField(const Json& value, kernel::Type wanted) {
  const auto& text = value.get_ref<const std::string&>();
  if (wanted == kernel::kVarchar) return Value::Varchar(text);
  if (wanted == kernel::kDate) {
    auto days = ParseDate(text);
    if (days) return Value::Date(*days);
    return WrongField(value, wanted, ": " + days.error().ToString());
  }
  if (wanted == kernel::kTimestamp) {
    auto at = ParseTimestamp(text);
    if (at) return Value::Timestamp(*at);
    return WrongField(value, wanted, ": " + at.error().ToString());
  }
  return WrongField(value, wanted, "");
}

Result<Value> Field(const Json& value, kernel::Type wanted) {
  if (value.is_null()) return Value();
  if (value.is_number()) return NumberField(value, wanted);
  if (value.is_string()) return TextField(value, wanted);
  if (value.is_boolean() && wanted == kernel::kBoolean) return Value::Boolean(value.get<bool>());
  return WrongField(value, wanted, "");
}

// The type that fields of an entity column have before they are cast.
kernel::Type FieldType(kernel::Type wanted) {
  return wanted.id == TypeId::kDecimal ? kernel::kBigint : wanted;
}

Status AddRow(std::span<const kernel::SourceColumn> entity, const Json& row, size_t number,
              std::vector<Column>& columns) {
  if (!row.is_object()) {
    return Fail(ErrorKind::kInvalidArgument,
                "entities[{}] is {}: an object with the entity's columns is wanted", number,
                DumpJson(row));
  }
  std::vector<bool> given(entity.size());
  for (const auto& [name, value] : row.items()) {
    const auto found = std::ranges::find_if(
        entity, [&](const auto& column) { return data::EqualNames(column.name, name); });
    if (found == entity.end()) {
      std::string names;
      for (const auto& column : entity) names += (names.empty() ? "" : ", ") + column.name;
      return Fail(ErrorKind::kInvalidArgument, "entities[{}] has {}, but the entity is ({})",
                  number, name, names);
    }
    const auto index = static_cast<size_t>(found - entity.begin());
    if (given[index]) {
      return Fail(ErrorKind::kInvalidArgument, "entities[{}].{} is given twice", number, name);
    }
    given[index] = true;
    auto field = Field(value, found->type);
    if (!field) {
      return Fail(ErrorKind::kInvalidArgument, "entities[{}].{} {}", number, name,
                  field.error().ToString());
    }
    columns[index].Append(*field);
  }
  for (size_t i = 0; i < entity.size(); ++i) {
    if (given[i]) continue;
    return Fail(ErrorKind::kInvalidArgument, "entities[{}] lacks {} (null stands for no value)",
                number, entity[i].name);
  }
  return OkStatus();
}

}  // namespace

bool EntityTypeFits(kernel::Type from, kernel::Type to) {
  if (from == to || from.id == TypeId::kNull) return true;
  const auto whole = [](kernel::Type t) {
    return t.id == TypeId::kBigint || (t.id == TypeId::kDecimal && t.scale == 0);
  };
  if (whole(from) && whole(to)) return true;
  return from.id == TypeId::kDecimal && to.id == TypeId::kDecimal && from.scale <= to.scale;
}

Result<Column> CastToEntity(Column values, kernel::Type type) {
  if (values.type() == type) return values;
  if (values.type().id == TypeId::kNull) return Column(type, values.size());
  const std::string names[] = {"value"};
  const kernel::Type types[] = {values.type()};
  MP_ASSIGN_OR_RETURN(
      kernel::BoundExpression cast,
      kernel::BindOver(kernel::Cast(kernel::ColumnRef("value"), type), names, types));
  const Column* inputs[] = {&values};
  return cast.Evaluate(inputs, values.size());
}

std::vector<kernel::SourceColumn> EntityColumnsOf(const kernel::FeatureProgram& program) {
  std::vector<kernel::SourceColumn> columns;
  for (int index : program.entity) {
    columns.push_back(program.used_columns[static_cast<size_t>(index)]);
  }
  return columns;
}

Result<kernel::Batch> EntityRows(std::span<const kernel::SourceColumn> entity, const Json& rows) {
  if (!rows.is_array()) {
    return Fail(ErrorKind::kInvalidArgument, "entities must be an array of objects");
  }
  std::vector<Column> columns;
  for (const auto& column : entity) columns.emplace_back(FieldType(column.type));
  for (size_t number = 0; number < rows.size(); ++number) {
    MP_RETURN_IF_ERROR(AddRow(entity, rows[number], number, columns));
  }
  kernel::Batch batch;
  batch.rows = static_cast<int64_t>(rows.size());
  for (size_t i = 0; i < entity.size(); ++i) {
    batch.names.push_back(entity[i].name);
    MP_ASSIGN_OR_RETURN(Column cast, CastToEntity(std::move(columns[i]), entity[i].type));
    batch.columns.push_back(std::move(cast));
  }
  return batch;
}

}  // namespace millpond::platform
