// What needs no server: names, files of keys, answers, waiting. Against real servers the whole is
// tested by tests/stores.
#include <gmock/gmock.h>

#include <map>

#include "base/metrics/metrics.h"
#include "base/s3/backoff.h"
#include "base/s3/ini_file.h"
#include "base/s3/request_counts.h"
#include "base/s3/s3_answers.h"
#include "base/s3/s3_config.h"
#include "base/s3/s3_path.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"

namespace millpond {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using ::testing::Not;
using testing::TempDir;
using testing::TestEnvironment;

TEST(S3PathTest, TakesBucketAndKeyApart) {
  MP_ASSERT_OK_AND_ASSIGN(const S3Path path, ParseS3Path("s3://lake/a b/c.parquet/"));
  EXPECT_EQ(path.bucket, "lake");
  EXPECT_EQ(path.key, "a b/c.parquet");
  EXPECT_EQ(path.ToString(), "s3://lake/a b/c.parquet");
  MP_ASSERT_OK_AND_ASSIGN(const S3Path bucket, ParseS3Path("s3://lake"));
  EXPECT_EQ(bucket.key, "");
}

TEST(S3PathTest, RefusesWhatIsNoName) {
  for (const char* path : {"/local", "s3://", "s3:///key", "s3://bu cket/key", "s3://b/a//b",
                           "s3://b/../c", "s3://b/a/./c", "s3://b@evil.example/x"}) {
    EXPECT_THAT(ParseS3Path(path), FailsWith(ErrorKind::kInvalidArgument, HasSubstr(path)));
  }
}

TEST(S3PathTest, EscapesAsAwsSignsIt) {
  EXPECT_EQ(EscapeKey("a b/c=1/ä+~.x"), "a%20b/c%3D1/%C3%A4%2B~.x");
  EXPECT_EQ(MakeQuery({{"prefix", "a/b c"}, {"delimiter", "/"}, {"uploads", ""}}),
            "delimiter=%2F&prefix=a%2Fb%20c&uploads=");
  EXPECT_EQ(Unescape("a%20b+c%2Fd%zz%4"), "a b c/d%zz%4");
}

TEST(IniFileTest, ReadsSectionsCommentsAndNestedSettings) {
  MP_ASSERT_OK_AND_ASSIGN(auto file, ParseIniFile("# c\n[default]\nRegion = eu-west-1 # here\n"
                                                  "s3 =\n  addressing_style = path\n"
                                                  "[ profile dev ]\r\nk=a#b\r\n",
                                                  "config"));
  EXPECT_EQ(file["default"]["region"], "eu-west-1");
  EXPECT_EQ(file["default"]["s3.addressing_style"], "path");
  EXPECT_EQ(file["profile dev"]["k"], "a#b");
}

TEST(IniFileTest, AnErrorNamesTheLineAndNotWhatStandsThere) {
  EXPECT_THAT(ParseIniFile("[default]\nSECRETSECRET\n", "creds"),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("creds:2"), Not(HasSubstr("SECRET")))));
  EXPECT_THAT(ParseIniFile("a = b\n", "creds"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("creds:1")));
  EXPECT_THAT(ParseIniFile("[open\n", "creds"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("']'")));
}

class S3ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override { variables_["HOME"] = home_.path(); }
  Result<S3Config> Load() {
    return LoadS3Config(
        [this](const char* name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          if (found == variables_.end()) return std::nullopt;
          return found->second;
        },
        machine_.env.fs);
  }
  void Write(const std::string& name, const std::string& text) {
    MP_ASSERT_OK(machine_.env.fs.CreateDirectories(home_ / ".aws"));
    MP_ASSERT_OK(machine_.env.fs.ReplaceFile(home_ / (".aws/" + name), text));
  }

  TestEnvironment machine_;
  TempDir home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(S3ConfigTest, TheEnvironmentComesFirst) {
  Write("credentials", "[default]\naws_access_key_id=file\naws_secret_access_key=file\n");
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_SESSION_TOKEN"] = "token";
  variables_["AWS_DEFAULT_REGION"] = "eu-central-1";
  MP_ASSERT_OK_AND_ASSIGN(const S3Config config, Load());
  EXPECT_EQ(config.credentials.access_key_id, "AKIAENV");
  EXPECT_EQ(config.credentials.session_token, "token");
  EXPECT_EQ(config.BaseUrl("lake"), "https://lake.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(config.PathPrefix("lake"), "");
  EXPECT_EQ(config.PathPrefix("a.lake"), "/a.lake");
}

TEST_F(S3ConfigTest, AProfileOfTheFilesWithAnEndpointOfItsService) {
  Write("credentials", "[dev]\naws_access_key_id = AK\naws_secret_access_key = SK\n");
  Write("config",
        "[profile dev]\nregion = here\nservices = local\n"
        "[services local]\ns3 =\n  endpoint_url = http://127.0.0.1:9000/\n");
  variables_["AWS_PROFILE"] = "dev";
  MP_ASSERT_OK_AND_ASSIGN(const S3Config config, Load());
  EXPECT_EQ(config.credentials.secret_access_key, "SK");
  EXPECT_EQ(config.region, "here");
  EXPECT_EQ(config.BaseUrl("lake") + config.PathPrefix("lake"), "http://127.0.0.1:9000/lake");
  EXPECT_THAT(config.credentials.source, HasSubstr("profile 'dev'"));
}

TEST_F(S3ConfigTest, SaysWhatIsMissingAndHowToGiveIt) {
  EXPECT_THAT(Load(), FailsWith(ErrorKind::kPermissionDenied, HasSubstr("AWS_ACCESS_KEY_ID")));
  Write("config", "[default]\nsso_session = corp\n");
  EXPECT_THAT(Load(), FailsWith(ErrorKind::kPermissionDenied, HasSubstr("export-credentials")));
  variables_["AWS_ACCESS_KEY_ID"] = "half";
  EXPECT_THAT(Load(), FailsWith(ErrorKind::kPermissionDenied, HasSubstr("only one is set")));
  variables_["AWS_PROFILE"] = "nobody";
  EXPECT_THAT(Load(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'nobody'")));
}

TEST_F(S3ConfigTest, AnEndpointWithUserOrPathIsRefusedWithoutShowingIt) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIA";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  for (const char* endpoint :
       {"ftp://host", "http://user:hush@host", "https://host/path", "host"}) {
    variables_["AWS_ENDPOINT_URL"] = endpoint;
    EXPECT_THAT(Load(), FailsWith(ErrorKind::kInvalidArgument,
                                  AllOf(HasSubstr("AWS_ENDPOINT_URL"), Not(HasSubstr("hush")))));
  }
}

TEST(S3CredentialsTest, RedactsEveryKey) {
  const S3Credentials keys{"AKIAIOSFODNN", "wJalrXUtnFEMI", "tokentoken", "test"};
  EXPECT_EQ(keys.Redact("AKIAIOSFODNN wJalrXUtnFEMI, tokentoken wJalrXUtnFEMI"),
            "*** ***, *** ***");
}

constexpr char kListing[] = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated>
<EncodingType>url</EncodingType><NextContinuationToken>next</NextContinuationToken>
<Contents><Key>t/a%20b%2B.json</Key><LastModified>2026-11-26T23:42:01.123Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>7</Size></Contents>
<CommonPrefixes><Prefix>t/x%3D1/</Prefix></CommonPrefixes></ListBucketResult>)";

TEST(S3AnswersTest, ReadsAListing) {
  MP_ASSERT_OK_AND_ASSIGN(const S3Listing listing, ParseListing(kListing));
  ASSERT_EQ(listing.objects.size(), 1);
  EXPECT_EQ(listing.objects[0].key, "t/a b+.json");
  EXPECT_EQ(listing.objects[0].size_bytes, 7);
  EXPECT_EQ(FormatTimestamp(listing.objects[0].modified), "2026-11-26T23:42:01.123000Z");
  EXPECT_EQ(listing.objects[0].etag, "\"e1\"");
  EXPECT_THAT(listing.prefixes, ElementsAre("t/x=1/"));
  EXPECT_EQ(listing.continuation, "next");
}

TEST(S3AnswersTest, RefusesWhatIsNoListing) {
  for (const std::string text :
       {"", "no xml", "<Error><Code>X</Code></Error>",
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>9x</Size><LastModified>2026-01-01T00:00:00Z"
        "</LastModified></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_THAT(ParseListing(text), FailsWith(ErrorKind::kCorrupt, HasSubstr("store")));
  }
  for (size_t cut = 0; cut + 1 < sizeof kListing; cut += 7) {
    EXPECT_FALSE(ParseListing(std::string_view(kListing, cut)).has_value());
  }
}

TEST(S3AnswersTest, ReadsErrorsAndOpensNoEntities) {
  const auto error = ParseErrorAnswer(
      "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
      "<Error><Code>SlowDown</Code><Message>a\nb &e;</Message><Region>eu</Region></Error>");
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_EQ(error.message, "a b &e;");
  EXPECT_EQ(error.region, "eu");
  EXPECT_EQ(ParseErrorAnswer("<html>gone</html>").code, "");
  EXPECT_THAT(ParseElement("<R><UploadId>u1</UploadId></R>", "UploadId"), IsOkAnd("u1"));
  EXPECT_THAT(ParseElement("<R/>", "UploadId"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("UploadId")));
}

class BackoffTest : public ::testing::Test {
 protected:
  Backoff Make(RetryLimits limits) {
    return Backoff(limits, machine_.clock, machine_.random,
                   [this](int64_t ms, const CancellationToken&) {
                     waits_.push_back(ms);
                     machine_.clock.Advance(ms * kMicrosPerMilli);
                     return OkStatus();
                   });
  }
  TestEnvironment machine_;
  std::vector<int64_t> waits_;
};

TEST_F(BackoffTest, WaitsBelowABoundThatDoublesUpToItsLimit) {
  Backoff backoff =
      Make({.max_tries = 9, .max_ms = 1'000'000, .first_wait_ms = 100, .longest_wait_ms = 1'600});
  while (*backoff.Next({})) continue;
  ASSERT_EQ(waits_.size(), 8);
  int64_t bound = 100;
  for (const int64_t wait : waits_) {
    EXPECT_LT(wait, bound);
    bound = std::min<int64_t>(bound * 2, 1'600);
  }
}

TEST_F(BackoffTest, EndsByTime) {
  Backoff backoff = Make({.max_tries = 1'000'000, .max_ms = 5'000});
  while (*backoff.Next({})) continue;
  EXPECT_LT(backoff.elapsed_ms(), 5'000);
  EXPECT_LT(backoff.tries(), 1'000);
}

TEST(WaitOnThisThreadTest, IsEndedByCancelling) {
  CancellationToken cancellation;
  cancellation.Cancel();
  EXPECT_THAT(WaitOnThisThread(60'000, cancellation),
              FailsWith(ErrorKind::kCancelled, HasSubstr("cancelled")));
}

TEST(RequestCountsTest, AreShownInWordsAndAsMetrics) {
  RequestCounts counts;
  counts.Add(StoreRequest::kGet, 0, 100, false);
  counts.Add(StoreRequest::kPut, 10, 0, true);
  EXPECT_EQ(counts.totals().ToString(),
            "2 requests (1 GET, 1 PUT; 1 retried), 100 bytes in, 10 out");
  MetricsRegistry registry;
  ShowRequestCounts(registry, counts);
  EXPECT_THAT(registry.Render(), HasSubstr("millpond_store_requests_total{kind=\"GET\"} 1"));
  counts.Add(StoreRequest::kGet, 0, 1, false);
  EXPECT_THAT(registry.Render(),
              AllOf(HasSubstr("millpond_store_requests_total{kind=\"GET\"} 2"),
                    HasSubstr("millpond_store_bytes_total{direction=\"in\"} 101"),
                    HasSubstr("millpond_store_retries_total 1")));
}

}  // namespace
}  // namespace millpond
