#include "data/delta/rows/text_fit.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/rows/column_cast.h"

namespace millpond::data {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr int64_t kShownCharacters = 40;

bool Continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

int64_t Characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return !Continues(c); });
}

std::string Start(std::string_view text) {
  size_t end = 0;
  for (int64_t seen = 0; end < text.size(); ++end) {
    if (!Continues(text[end]) && seen++ == kShownCharacters) break;
  }
  return fmt::format("'{}'{}", text.substr(0, end), end < text.size() ? "…" : "");
}

// Of the text, what the column takes.
Result<std::string_view> FitText(std::string_view text, const TextLimit& limit,
                                 const std::string& column) {
  std::string_view kept = text;
  if (limit.is_char) kept = text.substr(0, text.find_last_not_of(' ') + 1);
  int64_t excess = Characters(kept) - limit.length;
  for (; excess > 0 && kept.ends_with(' '); --excess) kept.remove_suffix(1);
  if (excess <= 0) return kept;
  return Fail(ErrorKind::kInvalidArgument,
              "column '{}' is {}, but a text has {} characters: {}. Shorten it, or let the column "
              "take longer ones by ALTER COLUMN … TYPE",
              column, ToString(limit), Characters(text), Start(text));
}

// A text of so few bytes has at most as many characters.
bool FitsAsItIs(std::string_view text, const TextLimit& limit) {
  if (limit.is_char && text.ends_with(' ')) return false;
  return static_cast<int64_t>(text.size()) <= limit.length || Characters(text) <= limit.length;
}

Result<ArrayPtr> FitColumn(ArrayPtr values, const TextLimit& limit, const std::string& column) {
  const auto& texts = static_cast<const arrow::StringArray&>(*values);
  int64_t row = 0;
  while (row < texts.length() && (texts.IsNull(row) || FitsAsItIs(texts.GetView(row), limit))) {
    ++row;
  }
  if (row == texts.length()) return values;
  arrow::StringBuilder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.Reserve(texts.length()));
  for (row = 0; row < texts.length(); ++row) {
    if (texts.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    MP_ASSIGN_OR_RETURN(const auto kept, FitText(texts.GetView(row), limit, column));
    MP_ARROW_RETURN_IF_ERROR(builder.Append(kept));
  }
  MP_ARROW_ASSIGN_OR_RETURN(ArrayPtr fitted, builder.Finish());
  return fitted;
}

// Nested arrays from their own beginning, so that their parts line up with them.
Result<ArrayPtr> FromZero(ArrayPtr values) {
  if (values->offset() == 0) return values;
  MP_ARROW_ASSIGN_OR_RETURN(ArrayPtr whole, arrow::Concatenate({values}));
  return whole;
}

// A child that is NULL only because its parent is, is not looked at; it gets its own NULLs back.
Result<ArrayPtr> FitChild(const arrow::StructArray& node, int index, const StructField& field,
                          const TextLimits& limits, const std::string& column) {
  MP_ARROW_ASSIGN_OR_RETURN(const ArrayPtr seen, node.GetFlattenedField(index));
  MP_ASSIGN_OR_RETURN(const ArrayPtr fitted,
                      FitTexts(seen, field.type, limits, column + "." + field.name));
  if (fitted == seen) return node.field(index);
  MP_ASSIGN_OR_RETURN(const ArrayPtr own, FromZero(node.field(index)));
  const auto data = fitted->data()->Copy();
  data->buffers[0] = own->data()->buffers[0];
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
}

Result<ArrayPtr> FitStruct(ArrayPtr values, const DataType& type, const TextLimits& limits,
                           const std::string& column) {
  MP_ASSIGN_OR_RETURN(const ArrayPtr whole, FromZero(values));
  const auto& node = static_cast<const arrow::StructArray&>(*whole);
  const auto data = whole->data()->Copy();
  bool same = true;
  for (size_t i = 0; i < type.fields().size(); ++i) {
    const StructField& field = type.fields()[i];
    const TextLimits within = LimitsWithin(limits, field.name);
    if (within.empty()) continue;
    const int index = static_cast<int>(i);
    MP_ASSIGN_OR_RETURN(const ArrayPtr child, FitChild(node, index, field, within, column));
    same = same && child == node.field(index);
    data->child_data[i] = child->data();
  }
  return same ? values : arrow::MakeArray(data);
}

// The lists (or maps) with other elements: those of the lists that are not NULL, one after the
// other.
Result<ArrayPtr> WithElements(ArrayPtr values, const ArrayPtr& elements) {
  MP_ASSIGN_OR_RETURN(const ArrayPtr whole, FromZero(std::move(values)));
  const auto& lists = static_cast<const arrow::ListArray&>(*whole);
  arrow::TypedBufferBuilder<int32_t> ends;
  MP_ARROW_RETURN_IF_ERROR(ends.Reserve(lists.length() + 1));
  int32_t end = 0;
  ends.UnsafeAppend(end);
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsValid(row)) end += lists.value_length(row);
    ends.UnsafeAppend(end);
  }
  const auto data = whole->data()->Copy();
  MP_ARROW_ASSIGN_OR_RETURN(data->buffers[1], ends.Finish());
  data->child_data[0] = elements->data();
  return arrow::MakeArray(data);
}

Result<ArrayPtr> FitList(ArrayPtr values, const DataType& type, const TextLimits& limits,
                         const std::string& column) {
  MP_ARROW_ASSIGN_OR_RETURN(const ArrayPtr elements,
                            static_cast<const arrow::ListArray&>(*values).Flatten());
  MP_ASSIGN_OR_RETURN(
      const ArrayPtr fitted,
      FitTexts(elements, type.element(), LimitsWithin(limits, "element"), column + ".element"));
  return fitted == elements ? values : WithElements(std::move(values), fitted);
}

Result<ArrayPtr> FitMap(ArrayPtr values, const DataType& type, const TextLimits& limits,
                        const std::string& column) {
  MP_ARROW_ASSIGN_OR_RETURN(const ArrayPtr seen,
                            static_cast<const arrow::ListArray&>(*values).Flatten());
  const auto& entries = static_cast<const arrow::StructArray&>(*seen);
  MP_ASSIGN_OR_RETURN(const ArrayPtr keys, FitTexts(entries.field(0), type.key(),
                                                    LimitsWithin(limits, "key"), column + ".key"));
  MP_ASSIGN_OR_RETURN(
      const ArrayPtr items,
      FitTexts(entries.field(1), type.element(), LimitsWithin(limits, "value"), column + ".value"));
  if (keys == entries.field(0) && items == entries.field(1)) return values;
  MP_ARROW_ASSIGN_OR_RETURN(const ArrayPtr fitted,
                            arrow::StructArray::Make({keys, items}, entries.type()->fields()));
  return WithElements(std::move(values), fitted);
}

}  // namespace

Result<ArrayPtr> FitTexts(ArrayPtr values, const DataType& type, const TextLimits& limits,
                          const std::string& column) {
  if (limits.empty()) return values;
  switch (type.kind()) {
    case TypeKind::kString:
      return FitColumn(std::move(values), limits.at({}), column);
    case TypeKind::kStruct:
      return FitStruct(std::move(values), type, limits, column);
    case TypeKind::kArray:
      return FitList(std::move(values), type, limits, column);
    case TypeKind::kMap:
      return FitMap(std::move(values), type, limits, column);
    default:
      return values;
  }
}

Result<ArrayPtr> CastAndFit(ArrayPtr values, const StructField& field, const TextLimits& limits) {
  MP_ASSIGN_OR_RETURN(values,
                      CastColumn(std::move(values), field.type, CastRule::kWrite, field.name));
  return FitTexts(std::move(values), field.type, limits, field.name);
}

}  // namespace millpond::data
