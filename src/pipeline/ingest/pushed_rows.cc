#include "pipeline/ingest/pushed_rows.h"

#include <arrow/type.h>

#include "base/json.h"
#include "pipeline/ingest/pushed_value.h"

namespace millpond::pipeline {
namespace {

// Hears the events of a JSON text and makes lines of its rows; the first error stops the parser.
class RowsBuilder : public nlohmann::json_sax<Json> {
 public:
  RowsBuilder(const arrow::Schema& schema, PushForm form) : schema_(schema), form_(form) {
    for (const auto& field : schema.fields()) {
      std::string name;
      AppendJsonText(field->name(), name);
      names_.push_back(name + ":");
    }
  }

  // For kLines: the row that comes next stands in this line.
  void SetRow(int64_t row) {
    row_ = row - 1;
    line_number_ = row;
  }

  Status status() const { return status_; }
  std::vector<std::string> Take() { return std::move(lines_); }

  bool null() override { return Value({}); }
  bool boolean(bool value) override {
    return Value({.kind = PushedValue::Kind::kBool, .boolean = value});
  }
  bool number_integer(number_integer_t value) override {
    return Value({.kind = PushedValue::Kind::kInteger, .integer = value});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Value({.kind = PushedValue::Kind::kUnsigned, .unsigned_integer = value});
  }
  bool number_float(number_float_t value, const string_t& text) override {
    return Value({.kind = PushedValue::Kind::kFloat, .number = value, .text = text});
  }
  bool string(string_t& text) override {
    return Value({.kind = PushedValue::Kind::kText, .text = text});
  }
  bool binary(binary_t&) override { return Shape(); }  // JSON has none

  bool start_object(std::size_t) override {
    if (in_row_) return Value({.kind = PushedValue::Kind::kNested});
    if (form_ == PushForm::kLines || in_rows_) return BeginRow();
    if (in_wrapper_ || closed_) return Shape();
    in_wrapper_ = true;
    return true;
  }

  bool key(string_t& name) override {
    if (in_row_) return Field(name);
    if (name == "rows" && !closed_) return true;
    return Refuse(Fail(ErrorKind::kInvalidArgument,
                       "beside \"rows\" the body has '{}'; it is {{\"rows\": [{{…}}, {{…}}]}}",
                       name));
  }

  bool end_object() override {
    if (!in_row_) return true;  // the wrapper's
    in_row_ = false;
    line_ += '}';
    if (line_.size() > kMaxRowBytes) {
      return Refuse(Fail(ErrorKind::kInvalidArgument, "row {} has {} bytes, at most {} may", row_,
                         line_.size(), kMaxRowBytes));
    }
    lines_.push_back(line_);
    return true;
  }

  bool start_array(std::size_t) override {
    if (in_row_) return Value({.kind = PushedValue::Kind::kNested});
    if (form_ == PushForm::kLines || in_rows_ || closed_) return Shape();
    in_rows_ = true;
    return true;
  }

  bool end_array() override {
    in_rows_ = false;
    closed_ = true;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    std::string_view message = error.what();
    if (size_t end = message.find("] "); end != message.npos) message.remove_prefix(end + 2);
    // The parser counts lines and columns of what it was given: of a body, or of one line.
    std::string where =
        form_ == PushForm::kLines ? fmt::format("line {}", line_number_) : "the body";
    return Refuse(Fail(ErrorKind::kInvalidArgument, "{} is not valid JSON: {}", where, message));
  }

  // A body without rows in it, such as 5 or {}.
  Status CheckComplete() {
    if (status_.has_value() && form_ == PushForm::kJson && !closed_) Shape();
    return status_;
  }

 private:
  bool Refuse(std::unexpected<Error> error) {
    status_ = std::move(error);
    return false;
  }

  bool Shape() {
    if (form_ == PushForm::kLines) {
      return Refuse(Fail(ErrorKind::kInvalidArgument,
                         "line {} is no JSON object; a row is {{\"column\": value, …}}",
                         line_number_));
    }
    return Refuse(Fail(ErrorKind::kInvalidArgument,
                       "the body is {} rows: want [{{…}}, {{…}}] or {{\"rows\": [{{…}}, {{…}}]}}",
                       in_rows_ ? "not only of" : "no list of"));
  }

  bool BeginRow() {
    ++row_;
    in_row_ = true;
    seen_.assign(names_.size(), false);
    line_ = "{";
    return true;
  }

  bool Field(const std::string& name) {
    column_ = schema_.GetFieldIndex(name);
    if (column_ < 0) {
      return Refuse(Fail(ErrorKind::kInvalidArgument,
                         "row {}, field '{}': there is no such column; there is {}", row_, name,
                         fmt::join(schema_.field_names(), ", ")));
    }
    if (seen_[column_]) {
      return Refuse(Fail(ErrorKind::kInvalidArgument, "row {}, field '{}': it stands there twice",
                         row_, name));
    }
    seen_[column_] = true;
    return true;
  }

  bool Value(const PushedValue& value) {
    if (!in_row_) return Shape();
    if (value.kind == PushedValue::Kind::kNull) return true;
    if (line_.size() > 1) line_ += ',';
    line_ += names_[column_];
    const auto& field = schema_.field(column_);
    Status appended = AppendPushedValue(value, *field->type(), line_);
    if (appended.has_value()) return true;
    return Refuse(Fail(appended.error().kind(), "row {}, field '{}': {}", row_, field->name(),
                       appended.error().message()));
  }

  const arrow::Schema& schema_;
  PushForm form_;
  std::vector<std::string> names_;  // of the columns, as JSON: "a":
  Status status_ = OkStatus();
  std::vector<std::string> lines_;
  std::string line_;
  std::vector<bool> seen_;
  int64_t row_ = 0, line_number_ = 0;
  int column_ = 0;
  bool in_wrapper_ = false, in_rows_ = false, in_row_ = false;
  bool closed_ = false;  // the list of rows has ended
};

}  // namespace

Result<std::vector<std::string>> ReadPushedRows(std::string_view body, PushForm form,
                                                const arrow::Schema& schema) {
  RowsBuilder builder(schema, form);
  if (form == PushForm::kJson) {
    (void)Json::sax_parse(body, &builder);  // what it returns is in the builder's status
    MP_RETURN_IF_ERROR(builder.CheckComplete());
    return builder.Take();
  }
  int64_t number = 0;
  while (!body.empty()) {
    size_t end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    builder.SetRow(number);
    (void)Json::sax_parse(line, &builder);
    MP_RETURN_IF_ERROR(builder.status());
  }
  return builder.Take();
}

}  // namespace millpond::pipeline
