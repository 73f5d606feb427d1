#include "base/http/http_client.h"

#include <latch>

#include "base/http/http_server_test_client.h"
#include "base/http/tls_test_certificate.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;

class HttpClientTest : public testing::HttpServerTest {
 protected:
  HttpCall Call(std::string method, std::string path, std::string body = "") {
    return {.method = std::move(method), .url = server_->url() + path, .body = std::move(body)};
  }

  void UseTls() {
    options_.tls_certificate_file = dir_ / "cert.pem";
    options_.tls_key_file = dir_ / "key.pem";
    testing::WriteTestCertificate(options_.tls_certificate_file, options_.tls_key_file);
  }
};

std::string HeaderOf(const HttpReply& reply, std::string_view name) {
  HttpHeaders headers;
  for (const auto& [key, value] : reply.headers) headers.Add(key, value);
  return std::string(headers.Get(name));
}

TEST_F(HttpClientTest, SendsAnyMethodAndReadsAnyStatus) {
  for (std::string method : {"PUT", "PATCH", "DELETE"}) {
    Handle(method, "/echo", [](const HttpRequest& request) {
      return TextResponse(request.method + " " + request.body + " " +
                          std::string(request.headers.Get("X-Custom")));
    });
  }
  Start();
  for (std::string method : {"PUT", "PATCH", "DELETE"}) {
    HttpCall call = Call(method, "/echo", "body");
    call.headers = {{"X-Custom", "v"}, {"Content-Type", "application/json"}};
    MP_ASSERT_OK_AND_ASSIGN(HttpReply reply, SendHttp(call));
    EXPECT_EQ(reply.body, method + " body v");
  }
  MP_ASSERT_OK_AND_ASSIGN(HttpReply empty, SendHttp(Call("POST", "/echo")));
  EXPECT_EQ(empty.status, 200);
  MP_ASSERT_OK_AND_ASSIGN(HttpReply missing, SendHttp(Call("GET", "/nothing")));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(HeaderOf(missing, "content-type"), "application/json");
  MP_ASSERT_OK_AND_ASSIGN(HttpReply head, SendHttp(Call("HEAD", "/inline")));
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(HeaderOf(head, "Content-Length"), "6");
  const std::string large(90'000, 'x');
  MP_ASSERT_OK_AND_ASSIGN(HttpReply echoed, SendHttp(Call("POST", "/echo", large)));
  EXPECT_EQ(echoed.body, large);
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
  Handle("GET", "/away", [](const HttpRequest&) {
    HttpResponse response = TextResponse("", 302);
    response.headers.Add("Location", "/inline");
    return response;
  });
  Start();
  MP_ASSERT_OK_AND_ASSIGN(HttpReply reply, SendHttp(Call("GET", "/away")));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(HeaderOf(reply, "Location"), "/inline");
}

TEST_F(HttpClientTest, SaysWhyThereIsNoAnswer) {
  Start();
  const std::string url = server_->url();
  HttpCall call = Call("GET", "/inline");
  call.max_response_bytes = 5;
  EXPECT_THAT(SendHttp(call), FailsWith(ErrorKind::kResourceExhausted, HasSubstr("5 bytes")));
  EXPECT_THAT(SendHttp({.url = "file:///etc/passwd"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("file:///etc/passwd")));
  EXPECT_THAT(SendHttp({.url = "http://"}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("")));
  EXPECT_THAT(SendHttp({.url = url, .headers = {{"A", "b\r\nC: d"}}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("line break")));
  server_.reset();
  const std::string secret =
      "http://user:secret@" + url.substr(url.find("//") + 2) + "/hook?token=secret";
  EXPECT_THAT(SendHttp({.url = secret}),
              FailsWith(ErrorKind::kUnavailable,
                        ::testing::AllOf(HasSubstr(url + "/hook"), Not(HasSubstr("secret")))));
}

TEST_F(HttpClientTest, EndsInTimeAndOnCancel) {
  std::latch go(1);
  std::atomic<bool> is_running = false;
  Handle(
      "GET", "/slow",
      [&](const HttpRequest&) {
        is_running = true;
        go.wait();
        return TextResponse("");
      },
      RouteThread::kBlocking);
  Start();
  HttpCall call = Call("GET", "/slow");
  call.timeout_ms = 100;
  EXPECT_THAT(SendHttp(call), FailsWith(ErrorKind::kUnavailable, HasSubstr("/slow")));
  is_running = false;
  call.timeout_ms = 60'000;
  CancellationToken cancellation;
  std::thread canceller([&] {
    testing::Eventually([&] { return is_running.load(); });
    cancellation.Cancel();
  });
  EXPECT_THAT(SendHttp(call, cancellation), FailsWith(ErrorKind::kCancelled, HasSubstr("/slow")));
  canceller.join();
  EXPECT_THAT(SendHttp(call, cancellation), FailsWith(ErrorKind::kCancelled, HasSubstr("")));
  go.count_down();
  server_.reset();  // before the latch goes, which its handlers look at
}

TEST_F(HttpClientTest, SpeaksTls) {
  UseTls();
  Handle("GET", "/large",
         [](const HttpRequest&) { return TextResponse(std::string(1'000'000, 'l')); });
  Start();
  EXPECT_THAT(server_->url(), HasSubstr("https://"));
  EXPECT_THAT(SendHttp(Call("GET", "/inline")),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("certificate")));
  HttpCall call = Call("POST", "/echo", std::string(90'000, 'x'));
  call.ca_file = options_.tls_certificate_file;
  MP_ASSERT_OK_AND_ASSIGN(HttpReply reply, SendHttp(call));
  EXPECT_EQ(reply.body.size(), 90'000u);
  call = Call("GET", "/large");
  call.ca_file = options_.tls_certificate_file;
  MP_ASSERT_OK_AND_ASSIGN(reply, SendHttp(call));
  EXPECT_EQ(reply.body, std::string(1'000'000, 'l'));
  // Refused before its end, and still answered: what follows is read below TLS.
  call = Call("POST", "/echo", std::string(3'000'000, 'x'));
  call.ca_file = options_.tls_certificate_file;
  MP_ASSERT_OK_AND_ASSIGN(reply, SendHttp(call));
  EXPECT_EQ(reply.status, 413);
}

TEST_F(HttpClientTest, TlsEndsWhatIsNoHandshake) {
  options_.header_timeout_ms = 200;
  UseTls();
  Start();
  RawClient plain(server_->port());
  plain.Send(testing::Get("/inline"));
  EXPECT_THAT(plain.ReceiveAll(), Not(HasSubstr("HTTP/")));
  RawClient silent(server_->port());
  EXPECT_TRUE(silent.IsEnded());
  EXPECT_TRUE(testing::Eventually([&] { return Connections() == 0; }));
}

TEST_F(HttpClientTest, TlsNeedsAKeyThatFits) {
  UseTls();
  testing::WriteTestCertificate(dir_ / "other.pem", options_.tls_key_file);
  EXPECT_THAT(HttpServer::Start(options_, test_.env, router_, nullptr, metrics_),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("key.pem")));
}

}  // namespace
}  // namespace millpond
