// One value of a variant column: two binaries, `metadata` (the names of fields) and `value`, in
// Parquet's encoding (VariantEncoding.md of apache/parquet-format; PROTOCOL.md, "Variant Data
// Type"). Bytes of files are not trusted: every length and offset is checked, nesting is bounded,
// and parts that overlap are refused, so that the text of a value is bounded by its bytes. Errors
// are kCorrupt and say what is wrong, not where: the caller knows column and file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

inline constexpr int kMaxVariantDepth = 500;
inline constexpr size_t kMaxVariantBytes = 16 << 20;  // of a value that is made; as Spark's

struct VariantView {
  std::string_view metadata;
  std::string_view value;
};

// The two as one string, metadata first. It tells its own length, so that they part again.
Result<VariantView> SplitVariant(std::string_view joined);
// Appends the value in that form; what lies behind the metadata's own length is left out.
Status AppendJoinedVariant(const VariantView& variant, std::string* out);

// Is it sound from end to end?
Status CheckVariant(const VariantView& variant);

// Appends the value as JSON, as Spark's to_json writes it: decimals without zeros at their end,
// doubles as Java does (1.0E10), dates and times as text, binary as base64.
Status AppendVariantJson(const VariantView& variant, std::string* out);

struct VariantBytes {
  std::string metadata;
  std::string value;
};

// JSON text as a value (Spark's parse_json): the narrowest integer, decimals exact up to 38 digits,
// other numbers as doubles, fields sorted by name. kInvalidArgument: not JSON, a field twice,
// nesting over kMaxVariantDepth, or more than kMaxVariantBytes.
Result<VariantBytes> VariantFromJson(std::string_view json);

}  // namespace millpond::data
