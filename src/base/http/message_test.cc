#include "base/http/message.h"

#include "base/json.h"
#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using ::testing::Eq;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(HttpHeadersTest, NamesHaveNoCaseAndTheFirstOneCounts) {
  HttpHeaders headers;
  headers.Add("Content-Type", "text/csv");
  headers.Add("content-type", "text/plain");
  EXPECT_EQ(headers.Get("CONTENT-TYPE"), "text/csv");
  EXPECT_TRUE(headers.Has("content-TYPE"));
  EXPECT_FALSE(headers.Has("Content-Typ"));
  EXPECT_EQ(headers.Get("Accept"), "");
  EXPECT_EQ(headers.all().size(), 2u);
}

TEST(HttpRequestTest, FindsQueryFieldsAndParameters) {
  HttpRequest request;
  request.query = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  request.parameters = {{"view", "clv"}};
  EXPECT_THAT(request.Query("a"), Optional(Eq("1")));
  EXPECT_THAT(request.Query("b"), Optional(Eq("")));
  EXPECT_EQ(request.Query("c"), std::nullopt);
  EXPECT_EQ(request.Parameter("view"), "clv");
  EXPECT_EQ(request.Parameter("name"), "");
}

TEST(ErrorResponseTest, SaysKindAndWholeMessage) {
  Error error = Error(ErrorKind::kNotFound, "no run 'a\xff'").WithContext("while reading");
  HttpResponse response = ErrorResponse(error);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\","
            "\"message\":\"while reading: no run 'a\xEF\xBF\xBD'\"}");
}

TEST(ErrorResponseTest, EveryKindHasItsStatus) {
  auto status = [](ErrorKind kind) { return ErrorResponse(Error(kind, "x")).status; };
  EXPECT_EQ(status(ErrorKind::kAlreadyExists), 400);
  EXPECT_EQ(status(ErrorKind::kInvalidArgument), 400);
  EXPECT_EQ(status(ErrorKind::kConflict), 409);
  EXPECT_EQ(status(ErrorKind::kPermissionDenied), 403);
  EXPECT_EQ(status(ErrorKind::kUnsupported), 501);
  EXPECT_EQ(status(ErrorKind::kResourceExhausted), 429);
  EXPECT_EQ(status(ErrorKind::kUnavailable), 503);
  EXPECT_EQ(status(ErrorKind::kOutcomeUnknown), 503);
  EXPECT_EQ(status(ErrorKind::kCancelled), 503);
  EXPECT_EQ(status(ErrorKind::kCorrupt), 500);
  EXPECT_EQ(status(ErrorKind::kInternal), 500);
}

Result<Json> ReadBody(std::string body) {
  HttpRequest request;
  request.body = std::move(body);
  return JsonBody(request);
}

TEST(JsonBodyTest, TakesAnObjectOrNothing) {
  MP_ASSERT_OK_AND_ASSIGN(Json json, ReadBody("{\"a\": [1, \"[[\\\"\"]}"));
  EXPECT_EQ(json["a"][0], 1);
  MP_ASSERT_OK_AND_ASSIGN(Json empty, ReadBody(""));
  EXPECT_EQ(empty, Json::object());
}

TEST(JsonBodyTest, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(ReadBody("{\"a\": }"), FailsWith(ErrorKind::kInvalidArgument,
                                               HasSubstr("request's body is not valid JSON")));
  EXPECT_THAT(ReadBody("{\"a\": }"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("line 1")));
  EXPECT_THAT(ReadBody("[1]"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("but it is: array")));
  EXPECT_THAT(ReadBody("{\"a\":\"\xff\"}"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("UTF-8")));
}

TEST(JsonBodyTest, RefusesWhatIsNestedTooDeep) {
  EXPECT_THAT(ReadBody(std::string(1'000'000, '[')),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("deeper than 128")));
}

TEST(PercentTest, DecodesAndEncodes) {
  EXPECT_THAT(PercentDecode("a%20b%2Fc"), Optional(Eq("a b/c")));
  EXPECT_THAT(PercentDecode("a+b"), Optional(Eq("a+b")));
  EXPECT_THAT(PercentDecode("a+b%2b", true), Optional(Eq("a b+")));
  EXPECT_THAT(PercentDecode(""), Optional(Eq("")));
  for (std::string bad : {"%", "%2", "a%2", "%zz", "%00", "%+1"}) {
    EXPECT_EQ(PercentDecode(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(PercentDecode(std::string_view("a\0b", 3)), std::nullopt);
  EXPECT_EQ(PercentEncode("a b/\xC3\xA4~"), "a%20b%2F%C3%A4~");
}

TEST(PercentTest, DecodesWhatItEncoded) {
  std::string every;
  for (int c = 1; c < 256; ++c) every.push_back(static_cast<char>(c));
  EXPECT_THAT(PercentDecode(PercentEncode(every)), Optional(Eq(every)));
}

}  // namespace
}  // namespace millpond
