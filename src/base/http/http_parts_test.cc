// The parts of the server that need no socket.
#include <fstream>
#include <latch>

#include "base/http/access_log_internal.h"
#include "base/http/host_check_internal.h"
#include "base/http/request_parser_internal.h"
#include "base/http/request_target_internal.h"
#include "base/http/worker_queue_internal.h"
#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(RequestTargetTest, TakesPathQueryAndAuthorityApart) {
  auto target = ParseRequestTarget("/a%20b/+?x=1&y&&z=%26+&=v#f");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/a b/+");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("x", "1"), Pair("y", ""), Pair("z", "& "), Pair("", "v#f")));
  EXPECT_EQ(target->authority, "");
  target = ParseRequestTarget("http://example.com:80?q=1");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/");
  EXPECT_EQ(target->authority, "example.com:80");
  EXPECT_THAT(target->query, ElementsAre(Pair("q", "1")));
  EXPECT_EQ(ParseRequestTarget("*")->path, "*");
  for (std::string bad : {"", "a", "http://", "/%", "/?a=%0", "/%00", "ftp://x/", "x:80"}) {
    EXPECT_FALSE(ParseRequestTarget(bad).has_value()) << bad;
  }
}

TEST(HostCheckTest, KnowsLoopbackNames) {
  for (std::string host : {"localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (std::string host :
       {"", "127.evil.com", "127.0.0.1.evil.com", "127.0.0", "127.0.0.1.1", "127.0..1",
        "localhost.evil.com", "10.0.0.1", "0.0.0.0", "::", "[::1]"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(HostCheckTest, LooksAtHostAndOrigin) {
  auto comes = [](std::vector<std::pair<std::string, std::string>> fields,
                  std::string_view authority = "") {
    HttpHeaders headers;
    for (auto& [name, value] : fields) headers.Add(name, value);
    return ComesFromLoopback(headers, authority);
  };
  EXPECT_TRUE(comes({}));  // HTTP/1.0
  EXPECT_TRUE(comes({{"Host", "localhost:80"}, {"Origin", "https://127.0.0.1:3000"}}));
  EXPECT_TRUE(comes({{"Host", "[::1]"}, {"Origin", "http://[::1]:3000"}}));
  EXPECT_TRUE(comes({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "navigate"}}));
  EXPECT_TRUE(comes({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Mode", "no-cors"}}));
  EXPECT_FALSE(comes({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}}));
  EXPECT_FALSE(comes({{"Host", ""}}));
  EXPECT_FALSE(comes({{"Host", "localhost:80@evil.com"}}));
  EXPECT_FALSE(comes({{"Host", "[::1]evil.com"}}));
  EXPECT_FALSE(comes({{"Host", "localhost"}}, "evil.com"));
  EXPECT_FALSE(comes({{"Host", "localhost"}, {"Origin", "null"}}));
  EXPECT_FALSE(comes({{"Host", "localhost"}, {"Origin", ""}}));
  EXPECT_FALSE(comes({{"Host", "localhost"}, {"Origin", "http://localhost.evil.com"}}));
  EXPECT_FALSE(comes({{"Host", "localhost"}, {"Origin", "chrome-extension://localhost"}}));
}

// Fed in pieces of every size, a request is the same.
TEST(RequestParserTest, DoesNotCareWhereBytesAreCut) {
  const std::string bytes =
      "POST /x?y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestParser parser(4096);
    HttpRequest request;
    std::string waiting;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      waiting += bytes.substr(at, piece);
      size_t taken;
      do {
        taken = parser.Feed(waiting, request);
        waiting.erase(0, taken);
      } while (taken > 0 && !waiting.empty());
    }
    ASSERT_EQ(parser.state(), RequestParser::State::kDone) << piece;
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(parser.target(), "/x?y");
    EXPECT_EQ(request.headers.all().size(), 2u);
    EXPECT_EQ(request.body, "hello world");
    EXPECT_EQ(waiting, "");
  }
}

TEST(WorkerQueueTest, RefusesWhatIsOverItsBoundAndRunsTheRest) {
  MetricsRegistry metrics;
  Gauge& waiting = metrics.FindGauge("waiting", "w");
  std::atomic<int> ran = 0;
  std::latch go(1);
  std::latch is_running(1);
  {
    WorkerQueue queue(1, 2, waiting);
    auto submit = [&](auto body) {
      WorkerQueue::Job job = std::move(body);
      return queue.TrySubmit(job);
    };
    ASSERT_TRUE(submit([&] {
      is_running.count_down();
      go.wait();
      ++ran;
    }));
    is_running.wait();
    EXPECT_TRUE(submit([&] {
      ++ran;
      (void)std::string("x").substr(5);  // throws: the thread goes on
    }));
    std::latch done(1);
    EXPECT_TRUE(submit([&] {
      ++ran;
      done.count_down();
    }));
    EXPECT_FALSE(submit([&] { ++ran; }));
    EXPECT_EQ(waiting.value(), 2);
    go.count_down();
    done.wait();
  }
  EXPECT_EQ(ran, 3);
}

TEST(AccessLogTest, WritesOneJsonObjectALine) {
  const std::string line = AccessLogLine({.time = 0,
                                          .id = "i",
                                          .principal = "p",
                                          .remote = "r",
                                          .method = "GET",
                                          .path = "/\"\\\n\xff\xC3\xA4",
                                          .status = 200,
                                          .bytes = 1,
                                          .micros = 2});
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  MP_ASSERT_OK_AND_ASSIGN(Json json, ParseJson(line, "line"));
  EXPECT_EQ(json["path"], "/\"\\\n\xEF\xBF\xBD\xC3\xA4");
  EXPECT_EQ(json["status"], 200);
}

TEST(AccessLogTest, BeginsANewFileWhenTheOldOneIsFull) {
  testing::TempDir dir;
  MetricsRegistry metrics;
  for (std::string path : {"/first", "/second"}) {
    MP_ASSERT_OK_AND_ASSIGN(auto log,
                            AccessLog::Open(dir / "log", 10, metrics.FindCounter("l", "")));
    log->Add({.path = path});
  }
  auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_THAT(read(dir / "log.1"), HasSubstr("/first"));
  EXPECT_THAT(read(dir / "log"), HasSubstr("/second"));
}

TEST(AccessLogTest, CountsWhatItLoses) {
  MetricsRegistry metrics;
  Counter& lost = metrics.FindCounter("l", "");
  {
    MP_ASSERT_OK_AND_ASSIGN(auto log, AccessLog::Open("/dev/full", 1000, lost));
    log->Add({.path = "/a"});
  }
  EXPECT_EQ(lost.value(), 1);
}

}  // namespace
}  // namespace millpond
