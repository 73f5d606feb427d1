#include "data/delta/rows/partition_key.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {
namespace {

Result<ColumnValue> ValueAt(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return std::string(static_cast<const arrow::StringArray&>(array).GetView(row));
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(row);
    case arrow::Type::INT8:
      return int64_t{static_cast<const arrow::Int8Array&>(array).Value(row)};
    case arrow::Type::INT16:
      return int64_t{static_cast<const arrow::Int16Array&>(array).Value(row)};
    case arrow::Type::INT32:
      return int64_t{static_cast<const arrow::Int32Array&>(array).Value(row)};
    case arrow::Type::DATE32:
      return int64_t{static_cast<const arrow::Date32Array&>(array).Value(row)};
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampArray&>(array).Value(row);
    case arrow::Type::FLOAT:
      return double{static_cast<const arrow::FloatArray&>(array).Value(row)};
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleArray&>(array).Value(row);
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      arrow::Decimal128 value(decimals.GetValue(row));
      return DecimalValue{static_cast<__int128>(value.high_bits()) << 64 | value.low_bits(),
                          static_cast<const arrow::DecimalType&>(*array.type()).scale()};
    }
    default:
      return Fail(ErrorKind::kUnsupported, "cannot partition by {}", array.type()->ToString());
  }
}

// The characters that Hive and Spark escape in folder names.
std::string EscapeFolder(std::string_view text) {
  static constexpr std::string_view kEscaped = "\"#%'*/:=?\\{}[]^<>|";
  std::string escaped;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || kEscaped.find(c) != kEscaped.npos) {
      escaped += fmt::format("%{:02X}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Result<std::vector<std::optional<std::string>>> PartitionTexts(const arrow::Array& array,
                                                               const StructField& field) {
  if (field.type.kind() == TypeKind::kBinary) {
    return Fail(
        ErrorKind::kUnsupported,
        "the table is partitioned by BINARY, which this version of Millpond does not write");
  }
  std::vector<std::optional<std::string>> texts(array.length());
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    MP_ASSIGN_OR_RETURN(auto value, ValueAt(array, row));
    texts[row] = FormatPartitionValue(value, field.type);
    if (texts[row] || field.nullable) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "the rows have '' where the table says NOT NULL: a partition cannot tell the empty "
                "text from NULL; write another text for it");
  }
  return texts;
}

std::string PartitionFolder(const std::vector<std::string>& columns,
                            const std::vector<std::optional<std::string>>& values) {
  std::string folder;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!folder.empty()) folder += '/';
    folder += EscapeFolder(columns[i]) + "=" +
              (values[i] ? EscapeFolder(*values[i]) : "__HIVE_DEFAULT_PARTITION__");
  }
  return folder;
}

}  // namespace millpond::data
