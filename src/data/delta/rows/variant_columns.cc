#include "data/delta/rows/variant_columns.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

#include "data/arrow/status.h"
#include "data/delta/rows/variant.h"

namespace millpond::data {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr const char* kMetadata = "metadata";
constexpr const char* kValue = "value";

const arrow::BinaryArray& Binary(const arrow::Array& array) {
  return static_cast<const arrow::BinaryArray&>(array);
}

// The two binaries of a file's group, over its whole buffers, since the group's offset is theirs.
Result<ArrayPtr> Part(const arrow::ArrayData& data, const arrow::StructType& type, const char* name,
                      const std::string& column) {
  const int index = type.GetFieldIndex(name);
  if (index < 0) {
    return Fail(ErrorKind::kCorrupt, "column '{}' is a variant, but the file has no '{}' in it",
                column, name);
  }
  return CastColumn(arrow::MakeArray(data.child_data[index]), TypeKind::kBinary, CastRule::kRead,
                    column + "." + name);
}

Result<ArrayPtr> FromGroup(const ArrayPtr& array, const std::string& column) {
  const auto& type = static_cast<const arrow::StructType&>(*array->type());
  if (type.GetFieldIndex("typed_value") >= 0) {
    return Fail(ErrorKind::kUnsupported,
                "column '{}' is a shredded variant (feature variantShredding), which this version "
                "of Millpond does not read",
                column);
  }
  MP_ASSIGN_OR_RETURN(const ArrayPtr metadata, Part(*array->data(), type, kMetadata, column));
  MP_ASSIGN_OR_RETURN(const ArrayPtr value, Part(*array->data(), type, kValue, column));
  auto data = array->data()->Copy();
  data->child_data = {metadata->data(), value->data()};
  data->type = ToArrowType(TypeKind::kVariant);
  return arrow::MakeArray(data);
}

// One binary a value, taken apart. What is NULL has empty parts.
Result<ArrayPtr> FromJoined(const arrow::BinaryArray& array, const std::string& column) {
  arrow::BinaryBuilder metadata, value;
  for (int64_t row = 0; row < array.length(); ++row) {
    VariantView parts;
    if (array.IsValid(row)) {
      MP_ASSIGN_OR_RETURN_CONTEXT(parts, SplitVariant(array.GetView(row)), "column '{}'", column);
    }
    MP_ARROW_RETURN_IF_ERROR(metadata.Append(parts.metadata));
    MP_ARROW_RETURN_IF_ERROR(value.Append(parts.value));
  }
  MP_ARROW_ASSIGN_OR_RETURN(auto metadata_array, metadata.Finish());
  MP_ARROW_ASSIGN_OR_RETURN(auto value_array, value.Finish());
  auto nulls = array.null_bitmap();
  if (nulls != nullptr && array.offset() != 0) {
    MP_ARROW_ASSIGN_OR_RETURN(
        nulls, arrow::internal::CopyBitmap(arrow::default_memory_pool(), nulls->data(),
                                           array.offset(), array.length()));
  }
  return std::make_shared<arrow::StructArray>(ToArrowType(TypeKind::kVariant), array.length(),
                                              arrow::ArrayVector{metadata_array, value_array},
                                              std::move(nulls), array.null_count());
}

// Calls visit(row, view) for each value; NULLs are passed over.
template <typename Visit>
Status ForEachVariant(const arrow::Array& array, const std::string& column, Visit visit) {
  const auto& group = static_cast<const arrow::StructArray&>(array);
  const auto& metadata = Binary(*group.field(0));
  const auto& value = Binary(*group.field(1));
  for (int64_t row = 0; row < group.length(); ++row) {
    if (group.IsNull(row)) continue;
    MP_RETURN_IF_ERROR_CONTEXT(visit(row, VariantView{metadata.GetView(row), value.GetView(row)}),
                               "column '{}'", column);
  }
  return OkStatus();
}

template <typename Builder>
Result<ArrayPtr> Rebuilt(VariantForm form, const arrow::Array& array, const std::string& column) {
  Builder builder;
  std::string text;
  int64_t next = 0;
  MP_RETURN_IF_ERROR(
      ForEachVariant(array, column, [&](int64_t row, const VariantView& variant) -> Status {
        MP_ARROW_RETURN_IF_ERROR(builder.AppendNulls(row - next));
        text.clear();
        MP_RETURN_IF_ERROR(form == VariantForm::kJson ? AppendVariantJson(variant, &text)
                                                      : CheckVariant(variant));
        if (form == VariantForm::kJoined) {
          MP_RETURN_IF_ERROR(AppendJoinedVariant(variant, &text));
        }
        MP_ARROW_RETURN_IF_ERROR(builder.Append(text));
        next = row + 1;
        return OkStatus();
      }));
  MP_ARROW_RETURN_IF_ERROR(builder.AppendNulls(array.length() - next));
  MP_ARROW_ASSIGN_OR_RETURN(auto built, builder.Finish());
  return built;
}

// Children of a nested array, each in its new form. Slices of the parent stay as they are: its
// children are converted whole.
Result<ArrayPtr> WithChildren(VariantForm form, const ArrayPtr& array, const DataType& type,
                              const std::string& column) {
  auto data = array->data()->Copy();
  const auto convert = [&](std::shared_ptr<arrow::ArrayData>& child, const DataType& child_type,
                           const std::string& name) -> Status {
    MP_ASSIGN_OR_RETURN(const ArrayPtr made,
                        VariantsAs(form, arrow::MakeArray(child), child_type, column + "." + name));
    child = made->data();
    return OkStatus();
  };
  data->type = TypeWithVariantsAs(form, type);
  if (type.kind() == TypeKind::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      MP_RETURN_IF_ERROR(convert(data->child_data[i], field.type, field.name));
    }
  } else if (type.kind() == TypeKind::kArray) {
    MP_RETURN_IF_ERROR(convert(data->child_data[0], type.element(), "element"));
  } else {
    auto entries = data->child_data[0]->Copy();
    MP_RETURN_IF_ERROR(convert(entries->child_data[0], type.key(), "key"));
    MP_RETURN_IF_ERROR(convert(entries->child_data[1], type.element(), "value"));
    entries->type = static_cast<const arrow::MapType&>(*data->type).value_type();
    data->child_data[0] = std::move(entries);
  }
  return arrow::MakeArray(data);
}

}  // namespace

Result<ArrayPtr> CastVariant(const ArrayPtr& array, CastRule rule, const std::string& column) {
  if (rule == CastRule::kRead && array->type_id() == arrow::Type::STRUCT) {
    return FromGroup(array, column);
  }
  ArrayPtr made;
  if (rule == CastRule::kWrite && array->type_id() == arrow::Type::BINARY) {
    MP_ASSIGN_OR_RETURN(made, FromJoined(Binary(*array), column));
  } else if (rule == CastRule::kWrite && array->type_id() == arrow::Type::STRUCT &&
             array->num_fields() == 2) {
    MP_ASSIGN_OR_RETURN(made, FromGroup(array, column));
  } else if (rule == CastRule::kWrite) {
    return Fail(ErrorKind::kInvalidArgument,
                "column '{}' is variant in the table, but the rows have {}: write parse_json(…) "
                "around JSON text",
                column, array->type()->ToString());
  } else {
    return Fail(ErrorKind::kCorrupt, "column '{}' is {} in the file, but variant in the table",
                column, array->type()->ToString());
  }
  MP_RETURN_IF_ERROR(ForEachVariant(
      *made, column, [](int64_t, const VariantView& variant) { return CheckVariant(variant); }));
  return made;
}

std::shared_ptr<arrow::DataType> TypeWithVariantsAs(VariantForm form, const DataType& type) {
  const auto child = [&](const DataType& of) { return TypeWithVariantsAs(form, of); };
  if (!type.Holds(TypeKind::kVariant)) return ToArrowType(type);
  switch (type.kind()) {
    case TypeKind::kArray:
      return arrow::list(arrow::field("element", child(type.element()), type.contains_null()));
    case TypeKind::kMap:
      return arrow::map(child(type.key()),
                        arrow::field("value", child(type.element()), type.contains_null()));
    case TypeKind::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields()) {
        fields.push_back(arrow::field(field.name, child(field.type), field.nullable));
      }
      return arrow::struct_(std::move(fields));
    }
    default:
      return form == VariantForm::kJson ? arrow::utf8() : arrow::binary();
  }
}

Result<ArrayPtr> VariantsAs(VariantForm form, const ArrayPtr& array, const DataType& type,
                            const std::string& column) {
  if (!type.Holds(TypeKind::kVariant)) return array;
  if (type.kind() != TypeKind::kVariant) return WithChildren(form, array, type, column);
  return form == VariantForm::kJson ? Rebuilt<arrow::StringBuilder>(form, *array, column)
                                    : Rebuilt<arrow::BinaryBuilder>(form, *array, column);
}

}  // namespace millpond::data
