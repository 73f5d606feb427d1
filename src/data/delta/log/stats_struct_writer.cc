#include "data/delta/log/stats_struct_writer_internal.h"

#include <arrow/api.h>
#include <simdjson.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

using simdjson::dom::element;
constexpr int kDefaultIndexedColumns = 32;

bool HasBounds(const DataType& type) {
  const TypeKind kind = type.kind();
  return kind == TypeKind::kStruct ||
         (kind < TypeKind::kStruct && kind != TypeKind::kBoolean && kind != TypeKind::kBinary);
}

// The first `left` leaves, in order.
std::vector<StructField> TakeLeaves(const std::vector<StructField>& fields, int* left) {
  std::vector<StructField> taken;
  for (const StructField& field : fields) {
    if (*left == 0) break;
    StructField copy = field;
    if (field.type.kind() == TypeKind::kStruct) {
      copy.type = DataType::Struct(TakeLeaves(field.type.fields(), left));
    } else {
      --*left;
    }
    taken.push_back(std::move(copy));
  }
  return taken;
}

bool IsNamed(std::string_view list, std::string_view column) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    name = name.substr(0, name.find('.'));  // a part of a struct: all of it
    while (name.starts_with(' ') || name.starts_with('`')) name.remove_prefix(1);
    while (name.ends_with(' ') || name.ends_with('`')) name.remove_suffix(1);
    if (EqualNames(name, column)) return true;
  }
  return false;
}

bool IsPartition(const Metadata& metadata, const StructField& field) {
  return std::ranges::any_of(metadata.partition_columns,
                             [&](const auto& name) { return EqualNames(name, field.name); });
}

std::vector<StructField> WithBounds(const std::vector<StructField>& fields) {
  std::vector<StructField> kept;
  for (StructField field : fields) {
    if (!HasBounds(field.type)) continue;
    if (field.type.kind() == TypeKind::kStruct) {
      field.type = DataType::Struct(WithBounds(field.type.fields()));
      if (field.type.fields().empty()) continue;
    }
    field.nullable = true;
    kept.push_back(std::move(field));
  }
  return kept;
}

std::vector<StructField> AsCounts(const std::vector<StructField>& fields) {
  std::vector<StructField> counts;
  for (const StructField& field : fields) {
    const bool nested = field.type.kind() == TypeKind::kStruct;
    counts.push_back(
        {field.name,
         nested ? DataType::Struct(AsCounts(field.type.fields())) : DataType(TypeKind::kLong),
         true});
  }
  return counts;
}

}  // namespace

Schema StatsColumns(const Schema& schema, const Metadata& metadata) {
  std::vector<StructField> data;
  const auto list = metadata.configuration.find(property::kStatsColumns);
  const bool named = list != metadata.configuration.end();
  for (const StructField& field : schema.fields()) {
    if (IsPartition(metadata, field)) continue;
    if (!named || IsNamed(list->second, field.name)) data.push_back(field);
  }
  int left = kDefaultIndexedColumns;
  const auto count = metadata.configuration.find(property::kIndexedColumns);
  if (count != metadata.configuration.end()) left = std::atoi(count->second.c_str());
  if (named || left < 0) left = INT32_MAX;
  return PhysicalSchema(Schema(TakeLeaves(data, &left)));
}

Schema PartitionColumns(const Schema& schema, const Metadata& metadata) {
  std::vector<StructField> columns;
  for (const StructField& field : schema.fields()) {
    if (IsPartition(metadata, field)) columns.push_back(field);
  }
  return PhysicalSchema(Schema(std::move(columns)));
}

Status AppendValue(const ColumnValue& value, arrow::ArrayBuilder* builder) {
  auto append = [&](auto* typed, auto converted) -> Status {
    using Typed = std::remove_pointer_t<decltype(typed)>;
    using Value = typename Typed::value_type;
    MP_ARROW_RETURN_IF_ERROR(typed->Append(static_cast<Value>(converted)));
    return OkStatus();
  };
  const auto* word = std::get_if<int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  switch (builder->type()->id()) {
    case arrow::Type::INT8:
      if (word != nullptr) return append(static_cast<arrow::Int8Builder*>(builder), *word);
      break;
    case arrow::Type::INT16:
      if (word != nullptr) return append(static_cast<arrow::Int16Builder*>(builder), *word);
      break;
    case arrow::Type::INT32:
      if (word != nullptr) return append(static_cast<arrow::Int32Builder*>(builder), *word);
      break;
    case arrow::Type::INT64:
      if (word != nullptr) return append(static_cast<arrow::Int64Builder*>(builder), *word);
      break;
    case arrow::Type::DATE32:
      if (word != nullptr) return append(static_cast<arrow::Date32Builder*>(builder), *word);
      break;
    case arrow::Type::TIMESTAMP:
      if (word != nullptr) return append(static_cast<arrow::TimestampBuilder*>(builder), *word);
      break;
    case arrow::Type::FLOAT:
      if (real != nullptr) return append(static_cast<arrow::FloatBuilder*>(builder), *real);
      break;
    case arrow::Type::DOUBLE:
      if (real != nullptr) return append(static_cast<arrow::DoubleBuilder*>(builder), *real);
      break;
    case arrow::Type::BOOL:
      if (const auto* flag = std::get_if<bool>(&value)) {
        MP_ARROW_RETURN_IF_ERROR(static_cast<arrow::BooleanBuilder*>(builder)->Append(*flag));
        return OkStatus();
      }
      break;
    case arrow::Type::DECIMAL128:
      if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
        const auto bits = static_cast<unsigned __int128>(decimal->unscaled);
        const arrow::Decimal128 number(static_cast<int64_t>(bits >> 64),
                                       static_cast<uint64_t>(bits));
        MP_ARROW_RETURN_IF_ERROR(static_cast<arrow::Decimal128Builder*>(builder)->Append(number));
        return OkStatus();
      }
      break;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      if (const auto* text = std::get_if<std::string>(&value)) {
        MP_ARROW_RETURN_IF_ERROR(static_cast<arrow::BinaryBuilder*>(builder)->Append(*text));
        return OkStatus();
      }
      break;
    default:
      break;
  }
  MP_ARROW_RETURN_IF_ERROR(builder->AppendNull());
  return OkStatus();
}

struct StatsStructWriter::Impl {
  Schema bounds, counts;
  simdjson::dom::parser parser;
  StatsTextReader exact;  // decimals: the parser would round them
  const std::string* json = nullptr;
  std::vector<std::string> path = {};

  ColumnValue Leaf(const element& value, const DataType& type, const char* section) {
    if (type.kind() == TypeKind::kDecimal) {
      return ParseBound(exact.ReadText(*json, section, path).value_or(""), type);
    }
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return ParseBound(text, type);
    int64_t word = 0;
    const bool whole = value.get(word) == simdjson::SUCCESS;
    const bool real = type.kind() == TypeKind::kDouble || type.kind() == TypeKind::kFloat;
    if (whole && real) return static_cast<double>(word);
    if (whole) return type.kind() == TypeKind::kString ? ColumnValue() : ColumnValue(word);
    double number = 0;
    if (real && value.get(number) == simdjson::SUCCESS) return number;
    return {};
  }

  Status Fill(const element* object, const std::vector<StructField>& fields, const char* section,
              arrow::StructBuilder* builder) {
    if (object == nullptr || !object->is_object()) {
      MP_ARROW_RETURN_IF_ERROR(builder->AppendNull());
      return OkStatus();
    }
    MP_ARROW_RETURN_IF_ERROR(builder->Append());
    for (size_t i = 0; i < fields.size(); ++i) {
      auto* child = builder->field_builder(static_cast<int>(i));
      element value;
      const bool there = (*object)[fields[i].name].get(value) == simdjson::SUCCESS;
      path.push_back(fields[i].name);
      if (fields[i].type.kind() == TypeKind::kStruct) {
        MP_RETURN_IF_ERROR(Fill(there ? &value : nullptr, fields[i].type.fields(), section,
                                static_cast<arrow::StructBuilder*>(child)));
      } else {
        MP_RETURN_IF_ERROR(
            AppendValue(there ? Leaf(value, fields[i].type, section) : ColumnValue(), child));
      }
      path.pop_back();
    }
    return OkStatus();
  }
};

StatsStructWriter::StatsStructWriter(Schema columns)
    : impl_(std::make_unique<Impl>(Schema(WithBounds(columns.fields())),
                                   Schema(AsCounts(columns.fields())))) {
  arrow::FieldVector fields = {arrow::field("numRecords", arrow::int64())};
  if (impl_->bounds.size() > 0) {  // Parquet knows no empty struct
    const auto bounds = arrow::struct_(impl_->bounds.ToArrow()->fields());
    fields.push_back(arrow::field("minValues", bounds));
    fields.push_back(arrow::field("maxValues", bounds));
  }
  if (impl_->counts.size() > 0) {
    fields.push_back(arrow::field("nullCount", arrow::struct_(impl_->counts.ToArrow()->fields())));
  }
  fields.push_back(arrow::field("tightBounds", arrow::boolean()));
  type_ = arrow::struct_(fields);
}

StatsStructWriter::~StatsStructWriter() = default;

Status StatsStructWriter::Append(const std::string& json, arrow::StructBuilder* builder) {
  element root;
  const bool there =
      !json.empty() && impl_->parser.parse(json).get(root) == simdjson::SUCCESS && root.is_object();
  if (!there) {
    MP_ARROW_RETURN_IF_ERROR(builder->AppendNull());
    return OkStatus();
  }
  impl_->json = &json;
  MP_ARROW_RETURN_IF_ERROR(builder->Append());
  for (int i = 0; i < builder->num_fields(); ++i) {
    const std::string& name = type_->field(i)->name();
    element value;
    const bool has = root[name].get(value) == simdjson::SUCCESS;
    auto* child = builder->field_builder(i);
    if (name == "numRecords") {
      int64_t count = 0;
      const bool counted = has && value.get(count) == simdjson::SUCCESS;
      MP_RETURN_IF_ERROR(AppendValue(counted ? ColumnValue(count) : ColumnValue(), child));
    } else if (name == "tightBounds") {
      bool tight = false;
      const bool said = has && value.get(tight) == simdjson::SUCCESS;
      MP_RETURN_IF_ERROR(AppendValue(said ? ColumnValue(tight) : ColumnValue(), child));
    } else {
      const Schema& schema = name == "nullCount" ? impl_->counts : impl_->bounds;
      MP_RETURN_IF_ERROR(impl_->Fill(has ? &value : nullptr, schema.fields(), name.c_str(),
                                     static_cast<arrow::StructBuilder*>(child)));
    }
  }
  return OkStatus();
}

}  // namespace millpond::data
