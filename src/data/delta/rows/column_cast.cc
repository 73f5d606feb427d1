#include "data/delta/rows/column_cast.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>

#include <charconv>

#include "data/arrow/status.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/type_widening.h"
#include "data/delta/rows/variant_columns.h"

namespace millpond::data {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

bool IsTimestamp(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
}

// The same values under another type of equal layout.
ArrayPtr Relabel(const ArrayPtr& array, std::shared_ptr<arrow::DataType> type) {
  auto data = array->data()->Copy();
  data->type = std::move(type);
  return arrow::MakeArray(data);
}

Result<ArrayPtr> ArrowCast(const ArrayPtr& array, const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  MP_ARROW_ASSIGN_OR_RETURN(
      auto cast, arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe()));
  return cast;
}

// Dictionary, large, view and extension types become the plain ones of the same logical type.
Result<ArrayPtr> Plain(const ArrayPtr& array) {
  switch (array->type_id()) {
    case arrow::Type::EXTENSION:
      return Plain(static_cast<const arrow::ExtensionArray&>(*array).storage());
    case arrow::Type::DICTIONARY: {
      auto values = static_cast<const arrow::DictionaryType&>(*array->type()).value_type();
      MP_ASSIGN_OR_RETURN(auto decoded, ArrowCast(array, values));
      return Plain(decoded);
    }
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return ArrowCast(array, arrow::utf8());
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return ArrowCast(array, arrow::binary());
    case arrow::Type::LARGE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::FIXED_SIZE_LIST:
      return ArrowCast(array, arrow::list(array->type()->field(0)));
    default:
      return array;
  }
}

bool MayRead(const DataType& from, const DataType& to) {
  if (CanWiden(from, to) || MayWiden(from, to)) return true;
  if (WholeNumberRank(from.kind()) > 0 && WholeNumberRank(to.kind()) > 0)
    return true;  // checked by value
  if (IsTimestamp(from.kind()) && IsTimestamp(to.kind())) return true;
  auto bytes = [](TypeKind kind) { return kind == TypeKind::kString || kind == TypeKind::kBinary; };
  return bytes(from.kind()) && bytes(to.kind());
}

std::unexpected<Error> WrongType(const arrow::DataType& from, const DataType& to, CastRule rule,
                                 const std::string& column) {
  if (rule == CastRule::kRead) {
    return Fail(ErrorKind::kCorrupt, "column '{}' is {} in the file, but {} in the table", column,
                from.ToString(), to.ToString());
  }
  return Fail(ErrorKind::kInvalidArgument,
              "column '{}' is {} in the table, but the rows have {}: cast it", column,
              to.ToString(), from.ToString());
}

Result<ArrayPtr> CastPrimitive(const ArrayPtr& array, const DataType& target, CastRule rule,
                               const std::string& column) {
  auto from = FromArrowType(*array->type());
  if (!from.has_value() ||
      !(rule == CastRule::kWrite ? CanWiden(*from, target) : MayRead(*from, target))) {
    return WrongType(*array->type(), target, rule, column);
  }
  auto type = ToArrowType(target);
  ArrayPtr source = array;
  if (source->type_id() == arrow::Type::TIMESTAMP) {
    // Units first, then the zone: a timestamp without one means UTC.
    const auto& stamp = static_cast<const arrow::TimestampType&>(*source->type());
    auto micros = arrow::timestamp(arrow::TimeUnit::MICRO, stamp.timezone());
    MP_ASSIGN_OR_RETURN_CONTEXT(source, ArrowCast(source, micros), "column '{}'", column);
    return Relabel(source, type);
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(auto cast, ArrowCast(source, type), "column '{}'", column);
  return cast;
}

// A void column has no values: what a file may have under its name is not looked at, and rows may
// have NULLs there.
Result<ArrayPtr> CastVoid(const arrow::Array& array, CastRule rule, const std::string& column) {
  if (rule == CastRule::kWrite && array.null_count() < array.length()) {
    return Fail(ErrorKind::kInvalidArgument,
                "column '{}' is void in the table, which holds nothing but NULL: write NULL, or "
                "leave it out",
                column);
  }
  return std::make_shared<arrow::NullArray>(array.length());
}

std::optional<int64_t> FieldIdOf(const arrow::Field& field) {
  if (field.metadata() == nullptr) return std::nullopt;
  const auto text = field.metadata()->Get("PARQUET:field_id");
  if (!text.ok()) return std::nullopt;
  int64_t id = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return id;
}

Result<ArrayPtr> CastStruct(const ArrayPtr& array, const DataType& target, CastRule rule,
                            const std::string& column, FieldMatch match) {
  const auto& source = static_cast<const arrow::StructType&>(*array->type());
  auto data = array->data()->Copy();
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  size_t found = 0;
  for (const auto& field : target.fields()) {
    const int index = FindField(source.fields(), field, match);
    std::string name = column + "." + field.name;
    if (index < 0) {
      if (!field.nullable && rule == CastRule::kWrite) {
        return Fail(ErrorKind::kInvalidArgument, "the rows lack the column '{}'", name);
      }
      MP_ARROW_ASSIGN_OR_RETURN(
          auto nulls,
          arrow::MakeArrayOfNull(ToArrowType(field.type), array->offset() + array->length()));
      children.push_back(nulls->data());
      continue;
    }
    ++found;
    MP_ASSIGN_OR_RETURN(auto child, CastColumn(arrow::MakeArray(data->child_data[index]),
                                               field.type, rule, name, match));
    children.push_back(child->data());
  }
  if (rule == CastRule::kWrite && found < static_cast<size_t>(source.num_fields())) {
    return Fail(ErrorKind::kInvalidArgument,
                "the rows have fields in column '{}' that the table lacks: {} has {}", column,
                array->type()->ToString(), target.ToString());
  }
  data->child_data = std::move(children);
  data->type = ToArrowType(target);
  return arrow::MakeArray(data);
}

Result<ArrayPtr> CastList(const ArrayPtr& array, const DataType& target, CastRule rule,
                          const std::string& column, FieldMatch match) {
  auto data = array->data()->Copy();
  MP_ASSIGN_OR_RETURN(auto values, CastColumn(arrow::MakeArray(data->child_data[0]),
                                              target.element(), rule, column + ".element", match));
  data->child_data[0] = values->data();
  data->type = ToArrowType(target);
  return arrow::MakeArray(data);
}

Result<ArrayPtr> CastMap(const ArrayPtr& array, const DataType& target, CastRule rule,
                         const std::string& column, FieldMatch match) {
  auto data = array->data()->Copy();
  auto entries = data->child_data[0]->Copy();
  MP_ASSIGN_OR_RETURN(auto keys, CastColumn(arrow::MakeArray(entries->child_data[0]), target.key(),
                                            rule, column + ".key", match));
  MP_ASSIGN_OR_RETURN(auto values, CastColumn(arrow::MakeArray(entries->child_data[1]),
                                              target.element(), rule, column + ".value", match));
  auto type = ToArrowType(target);
  entries->child_data = {keys->data(), values->data()};
  entries->type = static_cast<const arrow::MapType&>(*type).value_type();
  data->child_data[0] = entries;
  data->type = type;
  return arrow::MakeArray(data);
}

}  // namespace

bool CanWiden(const DataType& from, const DataType& to) {
  if (from.kind() == TypeKind::kDecimal && to.kind() == TypeKind::kDecimal) {
    return to.scale() >= from.scale() &&
           to.precision() - to.scale() >= from.precision() - from.scale();
  }
  if (from.kind() == to.kind()) return from.is_primitive();
  int rank = WholeNumberRank(from.kind());
  if (rank > 0 && WholeNumberRank(to.kind()) > rank) return true;
  if (rank > 0 && to.kind() == TypeKind::kDecimal) {
    static constexpr int kDigits[] = {0, 3, 5, 10, 19};
    return to.precision() - to.scale() >= kDigits[rank];
  }
  if (rank > 0 && rank <= 3 && to.kind() == TypeKind::kDouble) return true;
  if (rank > 0 && rank <= 2 && to.kind() == TypeKind::kFloat) return true;
  if (from.kind() == TypeKind::kFloat && to.kind() == TypeKind::kDouble) return true;
  if (from.kind() == TypeKind::kDate && to.kind() == TypeKind::kTimestampNtz) return true;
  return from.kind() == TypeKind::kTimestampNtz && to.kind() == TypeKind::kTimestamp;
}

FieldMatch MatchInFiles(const Metadata& metadata) {
  const auto mode = ColumnMappingModeOf(metadata);
  return mode.has_value() && *mode == ColumnMappingMode::kId ? FieldMatch::kId
                                                             : FieldMatch::kPhysicalName;
}

int FindField(const arrow::FieldVector& fields, const StructField& field, FieldMatch match) {
  int found = -1;
  const std::string name = match == FieldMatch::kName ? field.name : PhysicalName(field);
  const std::optional<int64_t> id = ColumnId(field);
  for (int i = 0; i < static_cast<int>(fields.size()); ++i) {
    if (match == FieldMatch::kId && id) {
      if (FieldIdOf(*fields[i]) == id) return i;
    } else {
      if (fields[i]->name() == name) return i;
      if (found < 0 && EqualNames(fields[i]->name(), name)) found = i;
    }
  }
  return found;
}

Result<ArrayPtr> CastColumn(ArrayPtr array, const DataType& target, CastRule rule,
                            const std::string& column, FieldMatch match) {
  if (array->type_id() == arrow::Type::NA) {
    MP_ARROW_ASSIGN_OR_RETURN(auto nulls,
                              arrow::MakeArrayOfNull(ToArrowType(target), array->length()));
    return nulls;
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(array, Plain(array), "column '{}'", column);
  if (target.kind() == TypeKind::kVariant) return CastVariant(array, rule, column);
  if (target.kind() == TypeKind::kVoid) return CastVoid(*array, rule, column);
  // Nested types go part by part even if they are equal: names may be mapped, and files name the
  // inner fields of maps and lists as they like.
  if (target.is_primitive() && array->type()->Equals(*ToArrowType(target))) return array;
  auto id = array->type_id();
  if (target.kind() == TypeKind::kStruct && id == arrow::Type::STRUCT) {
    return CastStruct(array, target, rule, column, match);
  }
  if (target.kind() == TypeKind::kArray && id == arrow::Type::LIST) {
    return CastList(array, target, rule, column, match);
  }
  if (target.kind() == TypeKind::kMap && id == arrow::Type::MAP) {
    return CastMap(array, target, rule, column, match);
  }
  if (!target.is_primitive()) return WrongType(*array->type(), target, rule, column);
  return CastPrimitive(array, target, rule, column);
}

Status CheckNullability(const arrow::Array& array, const StructField& field,
                        const std::string& column) {
  if (!field.nullable && array.null_count() > 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "column '{}' is NOT NULL in the table, but the rows have a NULL there", column);
  }
  if (field.type.kind() == TypeKind::kStruct) {
    const auto& node = static_cast<const arrow::StructArray&>(array);
    for (size_t i = 0; i < field.type.fields().size(); ++i) {
      // A NULL struct says nothing about its fields: look only where the parent is there.
      StructField child = field.type.fields()[i];
      MP_ARROW_ASSIGN_OR_RETURN(auto flat, node.GetFlattenedField(static_cast<int>(i)));
      if (array.null_count() > 0 && flat->null_count() <= array.null_count()) child.nullable = true;
      MP_RETURN_IF_ERROR(CheckNullability(*flat, child, column + "." + child.name));
    }
  }
  if (field.type.kind() == TypeKind::kArray) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    MP_ARROW_ASSIGN_OR_RETURN(auto values, list.Flatten());
    const StructField element{"element", field.type.element(), field.type.contains_null()};
    return CheckNullability(*values, element, column + ".element");
  }
  if (field.type.kind() == TypeKind::kMap && array.length() > 0) {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    const int64_t first = map.value_offset(0);
    const int64_t length = map.value_offset(map.length()) - first;
    const StructField value{"value", field.type.element(), field.type.contains_null()};
    const StructField key{"key", field.type.key(), false};
    MP_RETURN_IF_ERROR(CheckNullability(*map.keys()->Slice(first, length), key, column + ".key"));
    return CheckNullability(*map.items()->Slice(first, length), value, column + ".value");
  }
  return OkStatus();
}

Result<ArrayPtr> ConstantColumn(const ColumnValue& value, const DataType& type, int64_t length) {
  auto arrow_type = ToArrowType(type);
  std::shared_ptr<arrow::Scalar> scalar = arrow::MakeNullScalar(arrow_type);
  if (const auto* flag = std::get_if<bool>(&value)) {
    scalar = std::make_shared<arrow::BooleanScalar>(*flag);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    auto buffer = arrow::Buffer::FromString(*text);
    scalar = type.kind() == TypeKind::kBinary
                 ? std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::BinaryScalar>(buffer))
                 : std::make_shared<arrow::StringScalar>(buffer);
  } else if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    arrow::Decimal128 number(static_cast<int64_t>(decimal->unscaled >> 64),
                             static_cast<uint64_t>(decimal->unscaled));
    scalar = std::make_shared<arrow::Decimal128Scalar>(number, arrow_type);
  } else if (HasValue(value)) {
    const auto* word = std::get_if<int64_t>(&value);
    auto made = word != nullptr ? arrow::MakeScalar(arrow_type, *word)
                                : arrow::MakeScalar(arrow_type, std::get<double>(value));
    MP_ARROW_ASSIGN_OR_RETURN(scalar, std::move(made));
  }
  MP_ARROW_ASSIGN_OR_RETURN(auto array, arrow::MakeArrayFromScalar(*scalar, length));
  return array;
}

}  // namespace millpond::data
