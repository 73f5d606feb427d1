#include "data/delta/rows/partition_key.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include "data/delta/metadata/column_value.h"
#include "data/delta/rows/array_value.h"

namespace millpond::data {
namespace {

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
    const ColumnValue value = PrimitiveAt(array, row);
    if (!HasValue(value)) {
      return Fail(ErrorKind::kUnsupported, "cannot partition by {}", array.type()->ToString());
    }
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
