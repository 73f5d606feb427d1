#include "data/sql/statements/table_version_internal.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <charconv>

#include "data/arrow/status.h"
#include "data/sql/composed_query.h"

namespace millpond::data {
namespace {

// A time as text, or an expression that gives one.
Result<Micros> TakeTime(TokenCursor& at, StatementContext& context) {
  const SourceText& source = context.source();
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const std::string_view expression,
                      at.TakeExpression("a time", {"TBLPROPERTIES", "LOCATION", "COMMENT"}));
  MP_ASSIGN_OR_RETURN(const auto tokens, Tokenize(expression, source));
  if (tokens.size() == 1 && tokens[0].kind == TokenKind::kString) {
    auto time = ParseTimestamp(tokens[0].Value());
    if (!time) return ErrorAt(source, offset, time.error());
    return time;
  }
  ComposedQuery sql(source, offset);
  sql.Text("SELECT CAST(");
  MP_RETURN_IF_ERROR(sql.Expression(expression));
  sql.Text(" AS TIMESTAMPTZ)");
  RunOptions options;
  options.columns = {{"time", DataType(TypeKind::kTimestamp)}};
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(sql.sql(), std::move(options)));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
  } while (batch != nullptr && batch->num_rows() == 0);
  if (batch == nullptr || batch->column(0)->IsNull(0)) {
    return FailAt(source, offset, ErrorKind::kInvalidArgument, "the time is NULL");
  }
  return static_cast<const arrow::TimestampArray&>(*batch->column(0)).Value(0);
}

}  // namespace

Result<std::optional<NamedVersion>> TakeVersion(TokenCursor& at, DeltaTable& table,
                                                StatementContext& context) {
  const SourceText& source = context.source();
  NamedVersion moment;
  const size_t offset = at.offset();
  Result<std::shared_ptr<const Snapshot>> found = nullptr;
  if (at.Accept("VERSION", "AS", "OF")) {
    const Token* number = at.Peek();
    int64_t version = 0;
    if (number == nullptr || number->kind != TokenKind::kNumber) return at.Unexpected("a version");
    const auto [end, error] =
        std::from_chars(number->text.data(), number->text.data() + number->text.size(), version);
    if (error != std::errc() || end != number->text.data() + number->text.size()) {
      return at.Unexpected("a version, a whole number");
    }
    at.Skip();
    moment.parameters["version"] = fmt::format("{}", version);
    found = table.AtVersion(version);
  } else if (at.Accept("TIMESTAMP", "AS", "OF")) {
    MP_ASSIGN_OR_RETURN(const Micros time, TakeTime(at, context));
    moment.parameters["timestamp"] = FormatTimestamp(time);
    found = table.AtTime(time);
  } else {
    return std::optional<NamedVersion>();
  }
  if (!found) return ErrorAt(source, offset, found.error());
  moment.snapshot = *std::move(found);
  return moment;
}

}  // namespace millpond::data
