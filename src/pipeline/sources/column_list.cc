#include "pipeline/sources/column_list.h"

#include <arrow/type.h>

#include "data/delta/metadata/schema.h"
#include "data/sql/tokenizer.h"

namespace millpond::pipeline {
namespace {

using data::Token;

// Tokens of one column: a name, then the type's words and parentheses.
Result<std::shared_ptr<arrow::Field>> ParseColumn(const std::vector<Token>& tokens, size_t begin,
                                                  size_t end, std::string_view text) {
  if (end - begin < 2 || !tokens[begin].IsName()) {
    return Fail(ErrorKind::kInvalidArgument,
                "schema '{}': each column is a name and a type, as in 'a BIGINT, b STRING'", text);
  }
  std::string type;
  for (size_t i = begin + 1; i < end; ++i) type += tokens[i].text;
  auto parsed = data::ParseSqlType(type);
  if (!parsed.has_value()) {
    return std::unexpected(std::move(parsed).error().WithContext(
        fmt::format("column '{}' of schema '{}'", tokens[begin].Value(), text)));
  }
  return arrow::field(tokens[begin].Value(), data::ToArrowType(*parsed));
}

std::string_view TypeName(data::TypeKind kind) {
  using enum data::TypeKind;
  switch (kind) {
    case kString:
      return "STRING";
    case kLong:
      return "BIGINT";
    case kInteger:
      return "INT";
    case kShort:
      return "SMALLINT";
    case kByte:
      return "TINYINT";
    case kFloat:
      return "FLOAT";
    case kDouble:
      return "DOUBLE";
    case kBoolean:
      return "BOOLEAN";
    case kBinary:
      return "BINARY";
    case kDate:
      return "DATE";
    case kTimestamp:
      return "TIMESTAMP";
    case kTimestampNtz:
      return "TIMESTAMP_NTZ";
    default:
      return "";
  }
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> ParseColumnList(std::string_view text) {
  data::SourceText source("schema", std::string(text));
  MP_ASSIGN_OR_RETURN(auto tokens, data::Tokenize(source));
  std::vector<std::shared_ptr<arrow::Field>> fields;
  size_t begin = 0;
  int depth = 0;
  for (size_t i = 0; i <= tokens.size(); ++i) {
    bool ends = i == tokens.size() || (depth == 0 && tokens[i].IsPunctuation(","));
    if (ends) {
      MP_ASSIGN_OR_RETURN(auto field, ParseColumn(tokens, begin, i, text));
      for (const auto& other : fields) {
        if (data::EqualNames(other->name(), field->name())) {
          return Fail(ErrorKind::kInvalidArgument, "schema '{}' has two columns '{}'", text,
                      field->name());
        }
      }
      fields.push_back(std::move(field));
      begin = i + 1;
    } else if (tokens[i].IsPunctuation("(")) {
      ++depth;
    } else if (tokens[i].IsPunctuation(")")) {
      --depth;
    }
  }
  return arrow::schema(std::move(fields));
}

Result<std::string> FormatColumnList(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) {
    MP_ASSIGN_OR_RETURN(data::DataType type, data::FromArrowType(*field->type()));
    std::string name(TypeName(type.kind()));
    if (type.kind() == data::TypeKind::kDecimal) {
      name = fmt::format("DECIMAL({},{})", type.precision(), type.scale());
    }
    if (name.empty()) {
      return Fail(ErrorKind::kUnsupported,
                  "column '{}' has the nested type {}; read it as STRING and take it apart in SQL",
                  field->name(), type.ToString());
    }
    text += (text.empty() ? "" : ", ") + data::QuoteName(field->name()) + " " + name;
  }
  return text;
}

}  // namespace millpond::pipeline
