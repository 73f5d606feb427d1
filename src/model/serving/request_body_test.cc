#include "model/serving/request_body.h"

#include "base/random.h"
#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using kernel::Value;
using millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RequestBodyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<RequestColumn> columns = {
        {"customer", kernel::kBigint, true, false}, {"price", kernel::Decimal(10, 2), false, true},
        {"region", kernel::kVarchar, true, true},   {"vip", kernel::kBoolean, false, true},
        {"share", kernel::kDouble, false, true},    {"day", kernel::kDate, false, true},
        {"at", kernel::kTimestamp, false, true}};
    for (const auto& column : columns) MP_ASSERT_OK(schema_.Add(column));
    schema_.AddComputed("recency_days", "buying");
    MP_ASSERT_OK(narrow_.Add(columns[0]));
  }

  Result<RequestRows> Read(std::string_view body) const {
    return ReadRequest(body, schema_, {.max_rows = 3});
  }
  Result<RequestRows> Narrow(std::string_view body) const {
    return ReadRequest(body, narrow_, {.max_rows = 3});
  }
  // One record of valid values with `column` set to `value`.
  Result<RequestRows> With(const std::string& column, const std::string& value) const {
    std::map<std::string, std::string> values = {{"customer", "7"},
                                                 {"price", "19.99"},
                                                 {"region", "\"n\""},
                                                 {"vip", "true"},
                                                 {"share", "0.5"},
                                                 {"day", "\"1998-07-01\""},
                                                 {"at", "\"1998-07-01T06:00:00+02:00\""}};
    values[column] = value;
    std::string record;
    for (const auto& [name, text] : values) {
      record += fmt::format("{}\"{}\":{}", record.empty() ? "" : ",", name, text);
    }
    return Read("{\"instances\":[{" + record + "}]}");
  }
  // What `value` becomes in `column`; "NULL" for null, "!" with the message for a refusal.
  std::string Typed(const std::string& column, const std::string& value) const {
    auto read = With(column, value);
    if (!read) return "!" + read.error().message();
    return read->rows.columns[static_cast<size_t>(schema_.Find(column))].ValueAt(0).ToString();
  }

  RequestSchema schema_;
  RequestSchema narrow_;
};

TEST_F(RequestBodyTest, TheFourFormsSayTheSame) {
  const std::string values = R"(7, 19.99, "n", true, 0.5, "1998-07-01", "1998-07-01T04:00:00Z")";
  const std::string record =
      R"({"vip": true, "customer": 7, "price": 19.99, "region": "n", "share": 0.5,
          "day": "1998-07-01", "at": "1998-07-01 04:00"})";
  const std::string bodies[] = {
      R"({"dataframe_split": {"columns": ["customer", "price", "region", "vip", "share", "day",
          "at"], "index": [0, 1], "data": [[)" +
          values + "], [" + values + "]]}}",
      R"({"dataframe_records": [)" + record + "," + record + "]}",
      R"({"instances": [)" + record + "," + record + R"(], "params": null})",
      R"({"inputs": {"customer": [7, 7], "price": ["19.99", 19.99], "region": ["n", "n"],
          "vip": [true, true], "share": [0.5, 0.5], "day": ["1998-07-01", "1998-07-01"],
          "at": ["1998-07-01T04:00:00Z", "1998-07-01T04:00:00Z"]}})"};
  for (const std::string& body : bodies) {
    MP_ASSERT_OK_AND_ASSIGN(auto read, Read(body));
    ASSERT_EQ(read.rows.rows, 2);
    for (int64_t row = 0; row < 2; ++row) {
      std::vector<Value> row_values;
      for (const auto& column : read.rows.columns) row_values.push_back(column.ValueAt(row));
      EXPECT_THAT(row_values,
                  ElementsAre(Value::Bigint(7), Value::MakeDecimal(1999, 10, 2),
                              Value::Varchar("n"), Value::Boolean(true), Value::Double(0.5),
                              Value::Date(10408), Value::Timestamp(899265600000000)))
          << body;
    }
  }
}

TEST_F(RequestBodyTest, ValuesAreCoercedWithoutLossOnly) {
  EXPECT_EQ(Typed("customer", "1400.0"), "1400");
  EXPECT_EQ(Typed("customer", "-9223372036854775808"), "-9223372036854775808");
  EXPECT_THAT(Typed("customer", "9223372036854775808"), HasSubstr("'customer' is BIGINT"));
  EXPECT_THAT(Typed("customer", "1.5"), HasSubstr("want a whole number; found 1.5"));
  EXPECT_THAT(Typed("customer", "1e300"), HasSubstr("want a whole number"));
  EXPECT_THAT(Typed("customer", "\"7\""), HasSubstr("found \"7\""));
  EXPECT_THAT(Typed("customer", "true"), HasSubstr("found true"));
  EXPECT_THAT(Typed("customer", "null"), HasSubstr("entity column 'customer' is null"));
  EXPECT_EQ(Typed("price", "3"), "3.00");
  EXPECT_EQ(Typed("price", "1e2"), "100.00");
  EXPECT_EQ(Typed("price", "0.125"), "0.13");
  EXPECT_EQ(Typed("price", "\"-12.5\""), "-12.50");
  EXPECT_THAT(Typed("price", "1e9"), HasSubstr("DECIMAL(10,2)"));
  EXPECT_THAT(Typed("price", "\"1,5\""), HasSubstr("DECIMAL(10,2)"));
  EXPECT_THAT(Typed("price", "\"1e999999999999\""), HasSubstr("DECIMAL(10,2)"));
  EXPECT_EQ(Typed("price", "null"), "NULL");
  EXPECT_EQ(Typed("share", "3"), "3");
  EXPECT_EQ(Typed("share", "18446744073709551615"), "1.8446744073709552e+19");
  EXPECT_THAT(Typed("share", "\"0.5\""), HasSubstr("want a number"));
  EXPECT_THAT(Typed("vip", "1"), HasSubstr("want true or false"));
  EXPECT_EQ(Typed("region", "\"\\u0000\\ud83d\\ude00\""), std::string("'\0😀'", 7));
  EXPECT_THAT(Typed("region", "5"), HasSubstr("want a text"));
  EXPECT_THAT(Typed("day", "\"1998-13-01\""), HasSubstr("want a date"));
  EXPECT_THAT(Typed("at", "899265600"), HasSubstr("want a time"));
  EXPECT_THAT(Typed("region", "[1,2,{\"a\":\"" + std::string(3000, 'x') + "\"}]"),
              AllOf(HasSubstr("found [1,2,"), HasSubstr("…")));
}

TEST_F(RequestBodyTest, ColumnsAreNamed) {
  EXPECT_THAT(Narrow(R"({"dataframe_records": [{"custommer": 1}]})"),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("no column 'custommer', did you mean 'customer'?")));
  EXPECT_THAT(Narrow(R"({"dataframe_records": [{"customer": 1}, {}]})"),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("row 1 lacks the column 'customer'; the model takes customer "
                                  "(BIGINT)")));
  EXPECT_THAT(Read(R"({"instances": [{"recency_days": 1}]})"),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("'recency_days' is a feature of view buying, which is computed "
                                  "here")));
  EXPECT_THAT(Narrow(R"({"dataframe_split": {"columns": ["a"], "data": []}})"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column 'a'")));
  EXPECT_THAT(Narrow(R"({"dataframe_split": {"columns": ["customer", "customer"], "data": []}})"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'customer' twice")));
  EXPECT_THAT(Narrow(R"({"dataframe_split": {"columns": [], "data": []}})"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'columns' lacks the column")));
  EXPECT_THAT(Narrow(R"({"inputs": {}})"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'inputs' lacks the column")));
  // Another model's columns are passed over where that was said.
  MP_ASSERT_OK_AND_ASSIGN(auto read, ReadRequest(R"({"instances": [{"other": [], "customer": 3}]})",
                                                 narrow_, {.ignore_unknown = true}));
  EXPECT_EQ(read.rows.columns[0].int64s()[0], 3);
}

TEST_F(RequestBodyTest, FormsAreRefusedByWhatIsWrong) {
  const std::pair<const char*, const char*> refused[] = {
      {"", "the body is empty"},
      {"  \n", "the body is empty"},
      {"[]", "must be a JSON object"},
      {"3", "must be a JSON object"},
      {"{", "the body"},
      {R"({"instances": [{"customer": NaN}]})", "line 1"},
      {R"({"instances": [{"customer": 1}]} x)", "the body"},
      {"{\"instances\": \"\xff\"}", "the body"},
      {"{}", "has no rows; want exactly one of dataframe_split"},
      {R"({"params": {}})", "has no rows"},
      {R"({"instances": [], "inputs": {}})", "has 'instances' and 'inputs'"},
      {R"({"instances": [], "x": 1})", "unknown key 'x'"},
      {R"({"instances": {}})", "'instances' must be a list of objects"},
      {R"({"instances": [[1]]})", "row 0 is [1]"},
      {R"({"inputs": [1]})", "the columns have names here"},
      {R"({"inputs": {"customer": 1}})", "'customer' must be a list"},
      {R"({"inputs": {"customer": [1], "b": []}})", "'b' has 0 values"},
      {R"({"dataframe_split": []})", "'dataframe_split' must be"},
      {R"({"dataframe_split": {"columns": ["customer"]}})", "'dataframe_split' must be"},
      {R"({"dataframe_split": {"columns": [1], "data": []}})", "'columns' must be names; found 1"},
      {R"({"dataframe_split": {"columns": ["customer"], "data": [1]}})", "row 0 of 'data'"},
      {R"({"dataframe_split": {"columns": ["customer"], "data": [[1], [1, 2]]}})",
       "row 1 of 'data' must be a list of 1 values"},
      {R"({"dataframe_split": {"columns": ["customer"], "data": [], "rows": 1}})", "not 'rows'"},
      {R"({"instances": [], "params": 1})", "'params' must be an object"},
      {R"({"instances": [], "params": {"reasons": -1}})", "params.reasons: want how many"},
      {R"({"instances": [], "params": {"reasons": 1e9}})", "0 to 100"},
      {R"({"instances": [], "params": {"margins": 1}})", "params.margins: want true or false"}};
  for (const auto& [body, message] : refused) {
    EXPECT_THAT(Narrow(body), FailsWith(ErrorKind::kInvalidArgument, HasSubstr(message))) << body;
  }
}

TEST_F(RequestBodyTest, RowsAreLimited) {
  EXPECT_THAT(Narrow(R"({"inputs": {"customer": [1, 2, 3, 4]}})"),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("at most 3 rows")));
  MP_ASSERT_OK_AND_ASSIGN(auto none, Narrow(R"({"instances": []})"));
  EXPECT_EQ(none.rows.rows, 0);
  const std::string deep = R"({"instances": [{"customer": )" + std::string(100'000, '[');
  EXPECT_THAT(Narrow(deep), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("the body")));
  const std::string closed =
      R"({"instances":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_THAT(Narrow(closed), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("the body")));
}

TEST_F(RequestBodyTest, ParamsAreReadOrNamed) {
  MP_ASSERT_OK_AND_ASSIGN(auto read,
                          Narrow(R"({"params": {"reasons": 2, "margins": true, "temperature": 0.1},
                            "instances": [{"customer": 3}]})"));
  EXPECT_EQ(read.reasons, 2);
  EXPECT_TRUE(read.margins);
  EXPECT_THAT(read.ignored_params, ElementsAre("temperature"));
}

TEST_F(RequestBodyTest, OneNameHasOneType) {
  EXPECT_THAT(schema_.Add({"customer", kernel::kVarchar, false, true}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("would be BIGINT and VARCHAR")));
  EXPECT_THAT(schema_.Add({"x", kernel::kInterval, false, true}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("INTERVAL")));
}

// Bodies that were cut, spliced and flipped: an answer or a refusal, and never anything else.
TEST_F(RequestBodyTest, MangledBodiesAreRefusedOrRead) {
  const std::string seeds[] = {
      R"({"dataframe_split":{"columns":["customer"],"data":[[1],[2]]},"params":{"reasons":1}})",
      R"({"dataframe_records":[{"customer":1},{"customer":-2e0}]})",
      R"({"inputs":{"customer":[1,2,3]}})", R"({"instances":[{"customer":12345678901234567890}]})"};
  const std::string_view pieces[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     "\"",
                                     ",",
                                     ":",
                                     "null",
                                     "1e999",
                                     "\\u12",
                                     "\xff",
                                     "-",
                                     "0.1",
                                     "\"customer\"",
                                     "\"data\":[[]]",
                                     " "};
  SeededRandom random(11);
  int read = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string body = seeds[NextBelow(random, std::size(seeds))];
    for (uint64_t edits = 1 + NextBelow(random, 4); edits > 0; --edits) {
      const size_t at = NextBelow(random, body.size() + 1);
      const size_t cut = std::min<size_t>(NextBelow(random, 6), body.size() - at);
      body.replace(at, cut, pieces[NextBelow(random, std::size(pieces))]);
    }
    auto result = Narrow(body);
    if (result) {
      ++read;
      continue;
    }
    ++refused;
    const ErrorKind kind = result.error().kind();
    EXPECT_TRUE(kind == ErrorKind::kInvalidArgument || kind == ErrorKind::kResourceExhausted)
        << body;
  }
  EXPECT_GT(read, 10);
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace millpond::model
