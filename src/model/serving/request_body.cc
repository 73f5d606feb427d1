#include "model/serving/request_body.h"

#include <simdjson.h>

#include <cmath>

#include "base/clock.h"
#include "base/json.h"

namespace millpond::model {
namespace {

using kernel::Column;
using kernel::TypeId;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// A parser keeps the memory of its largest document; a thread keeps one for documents up to here.
constexpr size_t kKeptBytes = 256 << 10;
constexpr size_t kShownBytes = 40;

std::unexpected<Error> Bad(std::string message) {
  return std::unexpected<Error>(Error(ErrorKind::kInvalidArgument, std::move(message)));
}

std::string Shown(element value) {
  std::string text = simdjson::minify(value);
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole UTF-8
  return text.substr(0, end) + "…";
}

std::string_view Wanted(kernel::Type type) {
  switch (type.id) {
    case TypeId::kBigint:
      return "a whole number";
    case TypeId::kDouble:
      return "a number";
    case TypeId::kDecimal:
      return "a number, or a text that is one, of so many digits";
    case TypeId::kBoolean:
      return "true or false";
    case TypeId::kVarchar:
      return "a text";
    case TypeId::kDate:
      return "a date such as \"1998-07-01\"";
    case TypeId::kTimestamp:
      return "a time such as \"1998-07-01T06:00:00Z\"";
    default:
      return "nothing";
  }
}

// A double that is a whole number within the range where doubles name every one.
bool IsWhole(double x) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  return std::abs(x) <= kExact && std::trunc(x) == x;
}

bool ReadBigint(element value, int64_t* out) {
  if (value.get(*out) == simdjson::SUCCESS) return true;
  double number = 0;
  if (!value.is_double() || value.get(number) != simdjson::SUCCESS || !IsWhole(number)) {
    return false;
  }
  *out = static_cast<int64_t>(number);
  return true;
}

bool ReadDecimal(element value, kernel::Type type, kernel::Int128* out) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    return kernel::ParseDecimal(text, type.precision, type.scale, out);
  }
  if (!value.is_number()) return false;
  // A fraction as the shortest text that gives the same double: what the client wrote, up to 15
  // digits.
  const std::string number = value.is_double()
                                 ? fmt::format("{}", value.get_double().value_unsafe())
                                 : simdjson::minify(value);
  return kernel::ParseDecimal(number, type.precision, type.scale, out);
}

// Whether the value is one of the column's type; writes it.
bool ReadValue(element value, kernel::Type type, Column& column, size_t row) {
  std::string_view text;
  switch (type.id) {
    case TypeId::kBigint:
      return ReadBigint(value, &column.mutable_int64s()[row]);
    case TypeId::kDouble:
      return value.is_number() && value.get(column.mutable_doubles()[row]) == simdjson::SUCCESS;
    case TypeId::kDecimal:
      return ReadDecimal(value, type, &column.mutable_decimals()[row]);
    case TypeId::kBoolean: {
      bool read = false;
      if (value.get(read) != simdjson::SUCCESS) return false;
      column.mutable_booleans()[row] = read ? 1 : 0;
      return true;
    }
    case TypeId::kVarchar:
      if (value.get(text) != simdjson::SUCCESS) return false;
      column.SetText(static_cast<int64_t>(row), std::string(text));
      return true;
    case TypeId::kDate: {
      if (value.get(text) != simdjson::SUCCESS) return false;
      const auto days = ParseDate(text);
      if (days) column.mutable_int64s()[row] = *days;
      return days.has_value();
    }
    case TypeId::kTimestamp: {
      if (value.get(text) != simdjson::SUCCESS) return false;
      const auto at = ParseTimestamp(text);
      if (at) column.mutable_int64s()[row] = *at;
      return at.has_value();
    }
    default:
      return false;
  }
}

// Fills the rows of one request, whatever form it comes in.
class Reader {
 public:
  Reader(const RequestSchema& schema, const RequestReading& reading)
      : schema_(schema), reading_(reading) {}

  Status ReadBody(object body);
  RequestRows Take() { return std::move(out_); }

 private:
  Status Begin(size_t rows);
  Status ReadRecords(std::string_view form, element value);
  Status ReadSplit(element value);
  Status ReadColumns(element value);
  Status ReadParams(element value);
  Status Set(size_t column, size_t row, element value);
  // The column of a name: -1 for one to be passed over.
  Result<int> Find(std::string_view name, size_t hint) const;
  std::unexpected<Error> Missing(size_t column, std::string_view where) const;

  const RequestSchema& schema_;
  const RequestReading& reading_;
  RequestRows out_;
};

Status Reader::Begin(size_t rows) {
  if (static_cast<int64_t>(rows) > reading_.max_rows) {
    return Fail(ErrorKind::kResourceExhausted,
                "a request has at most {} rows here, this one has {}: send it in parts, or score "
                "a table with `millpond run`",
                reading_.max_rows, rows);
  }
  out_.rows = schema_.MakeBatch(static_cast<int64_t>(rows));
  return OkStatus();
}

Result<int> Reader::Find(std::string_view name, size_t hint) const {
  const int found = schema_.Find(name, hint);
  if (found < 0 && !reading_.ignore_unknown) return Bad(schema_.ComplaintAbout(name));
  return found;
}

std::unexpected<Error> Reader::Missing(size_t column, std::string_view where) const {
  const RequestColumn& wanted = schema_.columns()[column];
  return Bad(fmt::format("{} lacks the column '{}'{}; the model takes {}", where, wanted.name,
                         wanted.is_entity ? "" : " (send null where it is not known)",
                         schema_.Names()));
}

Status Reader::Set(size_t column, size_t row, element value) {
  const RequestColumn& wanted = schema_.columns()[column];
  Column& into = out_.rows.columns[column];
  if (value.is_null()) {
    if (wanted.is_entity) {
      return Bad(fmt::format("row {}: the entity column '{}' is null: whose features are meant?",
                             row, wanted.name));
    }
    into.Set(static_cast<int64_t>(row), kernel::Value());
    return OkStatus();
  }
  if (!ReadValue(value, wanted.type, into, row)) {
    return Bad(fmt::format("row {}: column '{}' is {}, want {}; found {}", row, wanted.name,
                           kernel::ToString(wanted.type), Wanted(wanted.type), Shown(value)));
  }
  into.mutable_valid()[row] = 1;
  return OkStatus();
}

Status Reader::ReadRecords(std::string_view form, element value) {
  array records;
  if (value.get(records) != simdjson::SUCCESS) {
    return Bad(fmt::format("'{}' must be a list of objects, one a row", form));
  }
  MP_RETURN_IF_ERROR(Begin(records.size()));
  const size_t width = schema_.columns().size();
  std::vector<size_t> seen_in(width, SIZE_MAX);  // the last row that had the column
  size_t row = 0;
  for (element record : records) {
    object fields;
    if (record.get(fields) != simdjson::SUCCESS) {
      return Bad(fmt::format("'{}' must be a list of objects {{name: value}}; row {} is {}", form,
                             row, Shown(record)));
    }
    size_t hint = 0, seen = 0;
    for (auto [name, field] : fields) {
      MP_ASSIGN_OR_RETURN(const int found, Find(name, hint++));
      if (found < 0) continue;
      const auto column = static_cast<size_t>(found);
      MP_RETURN_IF_ERROR(Set(column, row, field));
      if (seen_in[column] != row) ++seen;
      seen_in[column] = row;
    }
    for (size_t column = 0; seen < width && column < width; ++column) {
      if (seen_in[column] != row) return Missing(column, fmt::format("row {}", row));
    }
    ++row;
  }
  return OkStatus();
}

Status Reader::ReadSplit(element value) {
  object parts;
  array names, data;
  if (value.get(parts) != simdjson::SUCCESS || parts["columns"].get(names) != simdjson::SUCCESS ||
      parts["data"].get(data) != simdjson::SUCCESS) {
    return Bad(R"('dataframe_split' must be {"columns": [name, …], "data": [[value, …], …]})");
  }
  for (auto [name, part] : parts) {
    if (name == "columns" || name == "data" || name == "index") continue;
    return Bad(fmt::format("'dataframe_split' has columns, data and index, not '{}'", name));
  }
  MP_RETURN_IF_ERROR(Begin(data.size()));
  std::vector<int> places;
  std::vector<bool> seen(schema_.columns().size());
  for (element name : names) {
    std::string_view text;
    if (name.get(text) != simdjson::SUCCESS) {
      return Bad(fmt::format("'columns' must be names; found {}", Shown(name)));
    }
    MP_ASSIGN_OR_RETURN(places.emplace_back(), Find(text, places.size()));
    if (places.back() < 0) continue;
    if (seen[static_cast<size_t>(places.back())]) {
      return Bad(fmt::format("'columns' has '{}' twice", text));
    }
    seen[static_cast<size_t>(places.back())] = true;
  }
  for (size_t column = 0; column < seen.size(); ++column) {
    if (!seen[column]) return Missing(column, "'columns'");
  }
  size_t row = 0;
  for (element entry : data) {
    array values;
    if (entry.get(values) != simdjson::SUCCESS || values.size() != places.size()) {
      return Bad(fmt::format("row {} of 'data' must be a list of {} values, as 'columns' has", row,
                             places.size()));
    }
    size_t at = 0;
    for (element field : values) {
      const int column = places[at++];
      if (column >= 0) MP_RETURN_IF_ERROR(Set(static_cast<size_t>(column), row, field));
    }
    ++row;
  }
  return OkStatus();
}

Status Reader::ReadColumns(element value) {
  object columns;
  if (value.get(columns) != simdjson::SUCCESS) {
    return Bad(R"('inputs' must be {name: [value, …], …}: the columns have names here)");
  }
  std::vector<bool> seen(schema_.columns().size());
  size_t rows = 0, at = 0;
  for (auto [name, list] : columns) {
    array values;
    if (list.get(values) != simdjson::SUCCESS) {
      return Bad(fmt::format("'inputs': '{}' must be a list of values, one a row", name));
    }
    if (at == 0) {
      rows = values.size();
      MP_RETURN_IF_ERROR(Begin(rows));
    }
    if (values.size() != rows) {
      return Bad(fmt::format("'inputs': '{}' has {} values and the column before it {}", name,
                             values.size(), rows));
    }
    MP_ASSIGN_OR_RETURN(const int column, Find(name, at++));
    if (column < 0) continue;
    seen[static_cast<size_t>(column)] = true;
    size_t row = 0;
    for (element field : values) {
      MP_RETURN_IF_ERROR(Set(static_cast<size_t>(column), row++, field));
    }
  }
  for (size_t column = 0; column < seen.size(); ++column) {
    if (!seen[column]) return Missing(column, "'inputs'");
  }
  return OkStatus();
}

Status Reader::ReadParams(element value) {
  if (value.is_null()) return OkStatus();
  object params;
  if (value.get(params) != simdjson::SUCCESS) return Bad("'params' must be an object");
  for (auto [name, param] : params) {
    if (name == "reasons") {
      int64_t reasons = 0;
      if (!ReadBigint(param, &reasons) || reasons < 0 || reasons > kMaxReasons) {
        return Bad(fmt::format("params.reasons: want how many contributions, 0 to {}; found {}",
                               kMaxReasons, Shown(param)));
      }
      out_.reasons = static_cast<int>(reasons);
    } else if (name == "margins") {
      if (param.get(out_.margins) != simdjson::SUCCESS) {
        return Bad(fmt::format("params.margins: want true or false; found {}", Shown(param)));
      }
    } else if (out_.ignored_params.size() < kMaxReasons) {
      out_.ignored_params.emplace_back(name);
    }
  }
  return OkStatus();
}

Status Reader::ReadBody(object body) {
  constexpr std::string_view kForms =
      "want exactly one of dataframe_split, dataframe_records, instances, inputs";
  std::string_view form;
  element data, params;
  bool has_params = false;
  for (auto [name, value] : body) {
    if (name == "params") {
      params = value;
      has_params = true;
    } else if (name == "dataframe_split" || name == "dataframe_records" || name == "instances" ||
               name == "inputs") {
      if (!form.empty()) {
        return Bad(fmt::format("the body has '{}' and '{}'; {}", form, name, kForms));
      }
      form = name;
      data = value;
    } else {
      return Bad(fmt::format("the body has an unknown key '{}'; {}, beside it 'params'",
                             name.substr(0, kShownBytes), kForms));
    }
  }
  if (form.empty()) return Bad(fmt::format("the body has no rows; {}", kForms));
  if (form == "dataframe_split") {
    MP_RETURN_IF_ERROR(ReadSplit(data));
  } else if (form == "inputs") {
    MP_RETURN_IF_ERROR(ReadColumns(data));
  } else {
    MP_RETURN_IF_ERROR(ReadRecords(form, data));
  }
  return has_params ? ReadParams(params) : OkStatus();
}

// What simdjson refused; the other parser says where.
std::unexpected<Error> Unparsable(std::string_view body, simdjson::error_code error) {
  constexpr size_t kLongest = 64 << 10;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Bad("the body is empty; send JSON such as {\"dataframe_records\": [{…}]}");
  }
  if (error != simdjson::DEPTH_ERROR && body.size() <= kLongest) {
    auto parsed = ParseJson(body, "the body");
    if (!parsed) return Bad(parsed.error().message());
  }
  return Bad(
      fmt::format("the body is not JSON that can be read: {}", simdjson::error_message(error)));
}

}  // namespace

Result<RequestRows> ReadRequest(std::string_view body, const RequestSchema& schema,
                                const RequestReading& reading) {
  thread_local simdjson::dom::parser kept;
  simdjson::dom::parser own;
  simdjson::dom::parser& parser = body.size() <= kKeptBytes ? kept : own;
  element document;
  const simdjson::error_code error = parser.parse(body.data(), body.size()).get(document);
  if (error != simdjson::SUCCESS) return Unparsable(body, error);
  object fields;
  if (document.get(fields) != simdjson::SUCCESS) {
    return Bad("the body must be a JSON object such as {\"dataframe_records\": [{…}]}");
  }
  Reader reader(schema, reading);
  MP_RETURN_IF_ERROR(reader.ReadBody(fields));
  return reader.Take();
}

}  // namespace millpond::model
