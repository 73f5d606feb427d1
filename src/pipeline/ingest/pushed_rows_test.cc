#include "pipeline/ingest/pushed_rows.h"

#include <arrow/type.h>

#include "base/testing/result_matchers.h"
#include "pipeline/sources/column_list.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::millpond::testing::IsOkAnd;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<std::vector<std::string>> Read(std::string_view body, PushForm form = PushForm::kJson) {
  static const auto schema = *ParseColumnList(
      "a BIGINT, b DECIMAL(10,2), c STRING, d DATE, t TIMESTAMP, x DOUBLE, f FLOAT, ok BOOLEAN, "
      "small TINYINT, \"od\"\"d\" INT");
  return ReadPushedRows(body, form, *schema);
}

TEST(PushedRowsTest, EachTypeIsWrittenAnew) {
  EXPECT_THAT(Read(R"([{"a": -9223372036854775808, "b": 12.5, "c": "x\"y\n", "d": "1998-06-30",
               "t": "1998-06-30 10:00+02", "x": 1e-3, "f": 2, "ok": true, "small": 127},
              {"b": "-0.10", "x": 0.1, "c": "é"}, {"b": 3, "a": null}, {}])"),
              IsOkAnd(ElementsAre(
                  R"({"a":-9223372036854775808,"b":"12.50","c":"x\"y\u000a","d":"1998-06-30",)"
                  R"("t":"1998-06-30T08:00:00.000000Z","x":0.001,"f":2,"ok":true,"small":127})",
                  R"({"b":"-0.10","x":0.1,"c":"é"})", R"({"b":"3.00"})", "{}")));
  EXPECT_THAT(Read(R"({"rows": [{"a": 1}, {"od\"d": 2}]})"),
              IsOkAnd(ElementsAre(R"({"a":1})", R"({"od\"d":2})")));
  EXPECT_THAT(Read("[]"), IsOkAnd(IsEmpty()));
  EXPECT_THAT(Read("{\"a\": 1}\n\n{\"a\": 2}\r\n", PushForm::kLines),
              IsOkAnd(ElementsAre(R"({"a":1})", R"({"a":2})")));
  EXPECT_THAT(Read("", PushForm::kLines), IsOkAnd(IsEmpty()));
}

TEST(PushedRowsTest, DecimalsKeepEveryDigitThatWasWritten) {
  auto schema = *ParseColumnList("d DECIMAL(38,18)");
  EXPECT_THAT(ReadPushedRows(R"([{"d": 12345678901234567890.123456789012345678}])", PushForm::kJson,
                             *schema),
              IsOkAnd(ElementsAre(R"({"d":"12345678901234567890.123456789012345678"})")));
  EXPECT_THAT(ReadPushedRows(R"([{"d": 12345678901234567890}])", PushForm::kJson, *schema),
              IsOkAnd(ElementsAre(R"({"d":"12345678901234567890.000000000000000000"})")));
}

TEST(PushedRowsTest, AWrongValueNamesRowAndField) {
  for (auto [value, message] : std::vector<std::pair<std::string, std::string>>{
           {R"("a": "7")", "row 2, field 'a': '7' is no long"},
           {R"("a": 1.5)", "1.5 is no long"},
           {R"("a": 9223372036854775808)", "9223372036854775808 is no long"},
           {R"("a": true)", "true is no long"},
           {R"("a": [1])", "an object or array is no long"},
           {R"("a": {"b": 1})", "an object or array is no long"},
           {R"("small": 128)", "from -128 to 127"},
           {R"("b": 1.234)", "at most 10 digits, 2 of them after the point"},
           {R"("b": 123456789)", "at most 10 digits"},
           {R"("b": "ten")", "'ten' is no decimal(10,2)"},
           {R"("b": "")", "'' is no decimal(10,2)"},
           {R"("c": 5)", "5 is no string"},
           {R"("d": "1998-02-30")", "not a date"},
           {R"("d": 19980630)", "want a text such as"},
           {R"("t": "yesterday")", "not a timestamp"},
           {R"("x": "1")", "'1' is no double"},
           {R"("f": 1e300)", "in its range"},
           {R"("ok": 1)", "1 is no boolean"},
           {R"("z": 1)", "row 2, field 'z': there is no such column; there is a, b, c"},
           {R"("a": 1, "a": 2)", "row 2, field 'a': it stands there twice"}}) {
    EXPECT_THAT(Read("[{\"a\": 1}, {" + value + "}]"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr(message)))
        << value;
  }
  EXPECT_THAT(Read("{\"a\": 1}\n\n{\"a\": \"x\"}", PushForm::kLines),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 3, field 'a'")));
}

TEST(PushedRowsTest, WhatIsNoListOfRowsIsRefused) {
  for (const char* body :
       {"5", "{}", "\"x\"", "null", "{\"a\": 1}", "{\"rows\": 5}", "{\"rows\": {\"a\": 1}}", "[1]",
        "[[{\"a\":1}]]", "{\"rows\": [], \"more\": 1}", "{\"rows\": [], \"rows\": []}"}) {
    EXPECT_THAT(Read(body), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("{\"rows\": [{…}")))
        << body;
  }
  for (const char* body : {"", "[{\"a\": 1}", "[{\"a\": 1}] x", "[{\"a\": \"\xff\"}]", "[{a: 1}]",
                           "[{\"x\": 1e999}]", "[{\"a\": NaN}]"}) {
    EXPECT_THAT(Read(body), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("not valid JSON")))
        << body;
  }
  EXPECT_THAT(Read("{\"a\": 1}\n[]", PushForm::kLines),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("line 2 is no JSON object")));
  EXPECT_THAT(Read("{\"a\": 1}\n{\"a\": 1", PushForm::kLines),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("line 2 is not valid JSON")));
  EXPECT_THAT(Read("{\"a\": 1}{\"a\": 1}", PushForm::kLines),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("line 1 is not valid JSON")));
  std::string deep(100'000, '[');
  EXPECT_THAT(Read(deep), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("rows")));
  std::string wide = R"([{"c": ")" + std::string(kMaxRowBytes, 'x') + R"("}])";
  EXPECT_THAT(Read(wide), FailsWith(ErrorKind::kInvalidArgument,
                                    AllOf(HasSubstr("row 1 has"), HasSubstr("524288"))));
}

}  // namespace
}  // namespace millpond::pipeline
