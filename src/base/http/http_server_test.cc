#include "base/http/http_server.h"

#include <fstream>
#include <latch>

#include "base/http/http_server_test_client.h"

namespace millpond {
namespace {

using ::testing::AllOf;
using testing::Eventually;
using testing::FailsWith;
using testing::Get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Post;
using testing::RawAnswer;
using testing::RawClient;
using ::testing::StartsWith;

class HttpServerTest : public testing::HttpServerTest {};

TEST_F(HttpServerTest, GivesHandlersWhatCameAndSendsWhatTheySay) {
  Handle("GET", "/views/{view}", [](const HttpRequest& request) -> Result<HttpResponse> {
    HttpResponse response = TextResponse(fmt::format(
        "{} {} {} {} {} {}", request.method, request.path, request.Parameter("view"),
        request.Query("a b").value_or("?"), request.headers.Get("x-custom"), request.principal));
    response.headers.Add("X-Answer", "42");
    return response;
  });
  Start();
  EXPECT_EQ(server_->url(), fmt::format("http://127.0.0.1:{}", server_->port()));
  RawClient client(server_->port());
  RawAnswer answer =
      client.Ask(Get("/views/a%20b%3F?x=&a+b=%26c", "X-Custom:  v \r\nX-Request-Id: abc-7\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /views/a b? a b? &c v local");
  EXPECT_EQ(answer.headers.Get("X-Answer"), "42");
  EXPECT_EQ(answer.headers.Get("X-Request-Id"), "abc-7");
  EXPECT_EQ(answer.headers.Get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(client.Ask(Get("/blocking", "X-Request-Id: a b\r\n")).headers.Get("X-Request-Id"),
            "910a2dec89025cc1")
      << "not one that could stand in a log; drawn from the seeded source";
}

TEST_F(HttpServerTest, SaysWhatIsNotThere) {
  Start();
  RawClient client(server_->port());
  RawAnswer missing = client.Ask(Get("/nothing"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("\"error_code\":\"ENDPOINT_NOT_FOUND\""));
  RawAnswer other = client.Ask(Post("/inline", "{}"));
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.headers.Get("Allow"), "GET, HEAD");
  EXPECT_EQ(client.Ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  EXPECT_EQ(client.Ask(Get("/inline")).status, 200) << "the connection goes on";
}

TEST_F(HttpServerTest, AnswersAPipelineInOrder) {
  std::ofstream(dir_ / "file") << std::string(600'000, 'f');
  Handle("GET", "/file", [&](const HttpRequest&) -> Result<HttpResponse> {
    return HttpResponse{.content_type = "text/plain", .body_file = dir_ / "file"};
  });
  Handle("GET", "/large",
         [](const HttpRequest&) { return TextResponse(std::string(200'000, 'l')); });
  Start();
  RawClient client(server_->port());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += Get("/inline") + Post("/echo", std::to_string(i)) + Get("/blocking") +
                Get("/file") + Get("/large") + "\r\n" + Get("/nothing");
  }
  // Much more comes back than the sockets hold: the client has to read while it sends.
  std::thread sender([&] { EXPECT_TRUE(client.Send(requests)); });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.Receive().body, "inline");
    EXPECT_EQ(client.Receive().body, std::to_string(i));
    EXPECT_EQ(client.Receive().body, "blocking");
    EXPECT_EQ(client.Receive().body, std::string(600'000, 'f'));
    EXPECT_EQ(client.Receive().body, std::string(200'000, 'l'));
    EXPECT_EQ(client.Receive().status, 404);
  }
  sender.join();
}

TEST_F(HttpServerTest, ClosesWhenTheClientWantsIt) {
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/inline", "Connection: close\r\n")).headers.Get("Connection"), "close");
  EXPECT_TRUE(client.IsEnded());
  RawClient old(server_->port());
  EXPECT_EQ(old.Ask("GET /inline HTTP/1.0\r\n\r\n").body, "inline");
  EXPECT_TRUE(old.IsEnded());
  RawClient kept(server_->port());
  const std::string request = "GET /inline HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.Ask(request).headers.Get("Connection"), "keep-alive");
  EXPECT_EQ(kept.Ask(request).body, "inline");
}

TEST_F(HttpServerTest, ReadsChunksAndNoTrailersAsHeaders) {
  Handle("POST", "/trailer", [](const HttpRequest& request) {
    return TextResponse(request.body + "," + std::string(request.headers.Get("Authorization")));
  });
  Start();
  RawClient client(server_->port());
  const std::string head =
      "POST /trailer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string request =
      head + "3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\nAuthorization: Bearer x\r\n\r\n";
  EXPECT_EQ(client.Ask(request).body, "abcdefg,");
  for (char c : request) client.Send(std::string_view(&c, 1));
  EXPECT_EQ(client.Receive().body, "abcdefg,");
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  std::ofstream(dir_ / "file") << "12345";
  Handle("GET", "/file", [&](const HttpRequest&) -> Result<HttpResponse> {
    return HttpResponse{.content_type = "text/plain", .body_file = dir_ / "file"};
  });
  Start();
  RawClient client(server_->port());
  for (auto [path, length] : {std::pair("/inline", "6"), {"/blocking", "8"}, {"/file", "5"}}) {
    client.Send(fmt::format("HEAD {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path));
    RawAnswer answer = client.Receive(/*to_head=*/true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.Get("Content-Length"), length);
  }
  EXPECT_EQ(client.Ask(Get("/file")).body, "12345");
}

TEST_F(HttpServerTest, AsksForABodyOnlyIfItWantsIt) {
  Start();
  RawClient client(server_->port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 100);
  EXPECT_EQ(client.Ask("abc").body, "abc");
  RawAnswer refused = client.Ask(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(refused.status, 413);
  EXPECT_TRUE(client.IsEnded());
}

class OneToken : public Authenticator {
 public:
  Result<std::string> Authenticate(const HttpRequest& request) override {
    if (request.headers.Get("Authorization") == "Bearer right") return std::string("ann");
    return Fail(ErrorKind::kPermissionDenied, "a token is needed");
  }
};

TEST_F(HttpServerTest, AsksWhoIsThere) {
  OneToken tokens;
  authenticator_ = &tokens;
  router_.Add({.pattern = "/healthz",
               .handler = [](const HttpRequest&) { return TextResponse("ok"); },
               .open = true});
  Handle("GET", "/me", [](const HttpRequest& request) { return TextResponse(request.principal); });
  Start();
  RawClient client(server_->port());
  for (std::string_view path : {"/me", "/no/such/thing"}) {
    RawAnswer refused = client.Ask(Get(path, "Authorization: Bearer wrong\r\n"));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.headers.Get("WWW-Authenticate"), "Bearer realm=\"millpond\"");
    EXPECT_THAT(refused.body, HasSubstr("UNAUTHENTICATED"));
  }
  EXPECT_EQ(client.Ask(Get("/me", "Authorization: Bearer right\r\n")).body, "ann");
  EXPECT_EQ(client.Ask(Get("/healthz")).body, "ok");
  EXPECT_EQ(client.Ask("GET /healthz HTTP/1.1\r\nHost: example.com\r\n\r\n").body, "ok")
      << "with tokens the name does not matter";
}

TEST_F(HttpServerTest, KeepsWebPagesOut) {
  Start();
  RawClient client(server_->port());
  auto status = [&](std::string_view host, std::string_view origin = "") {
    return client
        .Ask(fmt::format("GET /inline HTTP/1.1\r\nHost: {}\r\n{}\r\n", host,
                         origin.empty() ? "" : fmt::format("Origin: {}\r\n", origin)))
        .status;
  };
  EXPECT_EQ(status("127.0.0.1:5000"), 200);
  EXPECT_EQ(status("[::1]:5000", "http://localhost:3000"), 200);
  EXPECT_EQ(status("evil.example"), 403);
  EXPECT_EQ(status("localhost", "https://evil.example"), 403);
  EXPECT_EQ(status("localhost", "null"), 403);
  EXPECT_EQ(client.Ask("GET http://evil.example/inline HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
            403);
}

TEST_F(HttpServerTest, RefusesWhatItCannotServeSoon) {
  options_.worker_threads = 1;
  options_.max_waiting = 1;
  std::latch go(1);
  std::atomic<int> running = 0;
  Handle(
      "GET", "/slow",
      [&](const HttpRequest&) {
        ++running;
        go.wait();
        return TextResponse("done");
      },
      RouteThread::kBlocking);
  Start();
  RawClient first(server_->port());
  RawClient second(server_->port());
  RawClient third(server_->port());
  first.Send(Get("/slow"));
  EXPECT_TRUE(Eventually([&] { return running == 1; }));
  second.Send(Get("/slow"));
  EXPECT_TRUE(Eventually(
      [&] { return metrics_.FindGauge("millpond_http_requests_waiting", "").value() == 1; }));
  RawAnswer refused = third.Ask(Get("/slow"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.Get("Retry-After"), "1");
  EXPECT_THAT(refused.body, HasSubstr("TEMPORARILY_UNAVAILABLE"));
  EXPECT_EQ(third.Ask(Get("/inline")).body, "inline") << "inline routes need no worker";
  go.count_down();
  EXPECT_EQ(first.Receive().body, "done");
  EXPECT_EQ(second.Receive().body, "done");
}

TEST_F(HttpServerTest, CountsAndLogs) {
  options_.access_log_file = dir_ / "access.log";
  Start();
  RawClient client(server_->port());
  client.Ask(Get("/inline?token=secret&x", "X-Request-Id: id-1\r\n"));
  client.Ask(Post("/echo", "12345"));
  client.Ask(Get("/never/seen"));
  server_->Stop(1000);
  EXPECT_THAT(
      metrics_.Render(),
      AllOf(HasSubstr(
                "millpond_http_requests_total{method=\"GET\",route=\"/inline\",status=\"2xx\"} 1"),
            HasSubstr(
                "millpond_http_requests_total{method=\"none\",route=\"none\",status=\"4xx\"} 1"),
            HasSubstr("millpond_http_request_seconds_count{method=\"POST\",route=\"/echo\"} 1"),
            HasSubstr("millpond_http_request_body_bytes_total{method=\"POST\",route=\"/echo\"} 5"),
            HasSubstr("millpond_http_requests_in_flight 0"),
            HasSubstr("millpond_http_connections 0"), Not(HasSubstr("seen"))));
  std::ifstream file(dir_ / "access.log");
  const std::string log(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(log, StartsWith("{\"time\":\"2023-11-14T22:13:20.000000Z\",\"id\":\"id-1\","
                              "\"principal\":\"local\",\"remote\":\"127.0.0.1:"));
  EXPECT_THAT(log, HasSubstr("\"method\":\"GET\",\"path\":\"/inline\",\"query\":\"token,x\","
                             "\"status\":200,\"bytes\":6,\"micros\":"));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3);
}

TEST_F(HttpServerTest, StopsWhenItsRequestsAreAnswered) {
  std::latch go(1);
  std::atomic<bool> is_running = false;
  Handle(
      "GET", "/slow",
      [&](const HttpRequest&) {
        is_running = true;
        go.wait();
        return TextResponse("done");
      },
      RouteThread::kBlocking);
  Start();
  RawClient idle(server_->port());
  EXPECT_EQ(idle.Ask(Get("/inline")).status, 200);
  RawClient busy(server_->port());
  busy.Send(Get("/slow"));
  EXPECT_TRUE(Eventually([&] { return is_running.load(); }));
  std::thread stopper([&] { server_->Stop(20'000); });
  EXPECT_TRUE(idle.IsEnded());
  EXPECT_FALSE(RawClient(server_->port()).is_connected());
  go.count_down();
  RawAnswer answer = busy.Receive();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.headers.Get("Connection"), "close");
  EXPECT_TRUE(busy.IsEnded());
  stopper.join();
  server_->Stop(1000);
}

TEST_F(HttpServerTest, CutsWhatTakesLongerThanTheGrace) {
  std::latch go(1);
  std::atomic<bool> is_running = false;
  Handle(
      "GET", "/slow",
      [&](const HttpRequest&) {
        is_running = true;
        go.wait();
        return TextResponse("done");
      },
      RouteThread::kBlocking);
  Start();
  RawClient busy(server_->port());
  busy.Send(Get("/slow"));
  EXPECT_TRUE(Eventually([&] { return is_running.load(); }));
  RawClient half(server_->port());
  half.Send("GET /inli");
  std::thread stopper([&] { server_->Stop(50); });
  EXPECT_TRUE(busy.IsEnded());
  EXPECT_TRUE(half.IsEnded());
  go.count_down();
  stopper.join();
  EXPECT_EQ(metrics_.FindGauge("millpond_http_requests_in_flight", "").value(), 0);
}

TEST_F(HttpServerTest, NamesThePortThatIsTaken) {
  Start();
  HttpServerOptions again = options_;
  again.port = server_->port();
  EXPECT_THAT(
      HttpServer::Start(again, test_.env, router_, nullptr, metrics_),
      FailsWith(ErrorKind::kUnavailable, HasSubstr(fmt::format("127.0.0.1:{}", server_->port()))));
  EXPECT_EQ(RawClient(server_->port()).Ask(Get("/inline")).status, 200);
  server_.reset();
  MP_EXPECT_OK(HttpServer::Start(again, test_.env, router_, nullptr, metrics_));
}

TEST_F(HttpServerTest, RefusesOptionsThatDoNotGoTogether) {
  auto start = [&](auto change) {
    HttpServerOptions options = options_;
    change(options);
    return HttpServer::Start(options, test_.env, router_, nullptr, metrics_);
  };
  EXPECT_THAT(start([](auto& o) { o.address = "0.0.0.0"; }),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("make access tokens first")));
  EXPECT_THAT(start([](auto& o) { o.tls_key_file = "k.pem"; }),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("both a certificate file and")));
  EXPECT_THAT(start([](auto& o) { o.tls_key_file = o.tls_certificate_file = "/no/k.pem"; }),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("/no/k.pem")));
  EXPECT_THAT(start([](auto& o) { o.port = 70'000; }),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("70000")));
  EXPECT_THAT(start([](auto& o) { o.access_log_file = "/no/such/folder/log"; }),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("/no/such/folder/log")));
  OneToken tokens;
  options_.address = "no.such.name";
  EXPECT_THAT(HttpServer::Start(options_, test_.env, router_, &tokens, metrics_),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no.such.name")));
  router_.Add({.method = "PUT",
               .pattern = "/spool",
               .handler = [](const HttpRequest&) { return TextResponse(""); },
               .spool_body = true});
  options_.address = "127.0.0.1";
  EXPECT_THAT(start([](auto& o) { o.spool_dir = ""; }),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("PUT /spool")));
}

}  // namespace
}  // namespace millpond
