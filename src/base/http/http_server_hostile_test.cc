// Clients that are broken, slow, gone or rude. Whatever they do costs them their own connection,
// and the server answers the next one.
#include <array>

#include "base/http/http_server_test_client.h"

namespace millpond {
namespace {

using testing::Eventually;
using testing::Get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Post;
using testing::RawAnswer;
using testing::RawClient;
using ::testing::StartsWith;

class HttpServerHostileTest : public testing::HttpServerTest {
 protected:
  void ExpectStillThere() {
    EXPECT_TRUE(Eventually([&] { return Connections() == 0; }));
    EXPECT_EQ(RawClient(server_->port()).Ask(Get("/inline")).body, "inline");
  }
};

TEST_F(HttpServerHostileTest, RefusesWhatIsNotHttp) {
  Start();
  const std::string host = "Host: localhost\r\n";
  const std::array<std::pair<std::string, int>, 18> cases = {{
      {"GET\r\n\r\n", 400},
      {"GET /inline\r\n\r\n", 400},
      {"GET /inline HTTP/2.0\r\n" + host + "\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"GET /inline HTTP/1.1\n" + host + "\n", 400},
      {"GET inline HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /in%zzline HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /in%00line HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /inline?a=%f HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /inline HTTP/1.1\r\n\r\n", 400},
      {"GET /inline HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET /inline HTTP/1.1\r\n" + host + "Na me: x\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\n" + host + "Expect: a-miracle\r\n\r\n", 417},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\n\r\n", 415},
      {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", 400},
  }};
  for (const auto& [bytes, status] : cases) {
    RawClient client(server_->port());
    RawAnswer answer = client.Ask(bytes);
    EXPECT_EQ(answer.status, status) << bytes;
    EXPECT_THAT(answer.body, StartsWith("{\"error_code\":\"")) << bytes;
    EXPECT_NE(answer.headers.Get("X-Request-Id"), "") << bytes;
  }
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, LetsNobodySmuggleASecondRequest) {
  Start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  const std::string hidden = Get("/inline");
  for (const std::string& lengths :
       {std::string("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        std::string("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde"),
        std::string("Transfer-Encoding: xchunked\r\n\r\n"),
        std::string("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        std::string("Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
        std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n")}) {
    RawClient client(server_->port());
    client.Send(head + lengths + hidden);
    client.EndSending();
    const std::string answers = client.ReceiveAll();
    EXPECT_THAT(answers, StartsWith("HTTP/1.1 ")) << lengths;
    EXPECT_THAT(answers, Not(StartsWith("HTTP/1.1 200"))) << lengths;
    EXPECT_THAT(answers, Not(HasSubstr("inline"))) << lengths;
  }
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, BoundsTheHeader) {
  options_.max_header_bytes = 2000;
  Start();
  const std::string line = "X-Header: 0123456789\r\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += line;
  for (const std::string& request :
       {Get("/inline", "X-Long: " + std::string(100'000, 'x') + "\r\n"), Get("/inline", many),
        "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n", std::string(100'000, 'G')}) {
    RawClient client(server_->port());
    client.Send(request);
    EXPECT_EQ(client.Receive().status, 431) << request.substr(0, 20);
    EXPECT_TRUE(client.IsEnded());
  }
  {
    RawClient dripping(server_->port());
    dripping.Send("GET /inline HTTP/1.1\r\n");
    for (int i = 0; i < 200 && dripping.Send(line); ++i) {
    }
    EXPECT_EQ(dripping.Receive().status, 431) << "field by field";
  }
  EXPECT_EQ(RawClient(server_->port()).Ask(Get("/inline", many.substr(0, line.size() * 80))).status,
            200);
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, WaitsForAHeaderOnlySoLong) {
  options_.header_timeout_ms = 200;
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/inline")).status, 200);
  client.Send("GET /inline HTTP/1.1\r\nHost: loc");
  RawAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("longer than 200 ms"));
  EXPECT_TRUE(client.IsEnded());
  RawClient dripping(server_->port());
  dripping.Send("GET /inline HTTP/1.1\r\n");
  while (dripping.Send("X: y\r\n") && Connections() > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(dripping.ReceiveAll(), StartsWith("HTTP/1.1 4"));
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, WaitsForABodyOnlySoLong) {
  options_.body_timeout_ms = 200;
  Start();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n";
  RawClient silent(server_->port());
  EXPECT_EQ(silent.Ask(head + "abc").status, 408);
  EXPECT_TRUE(silent.IsEnded());
  RawClient dripping(server_->port());
  dripping.Send(head);
  while (dripping.Send("x") && Connections() > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(dripping.ReceiveAll(), StartsWith("HTTP/1.1 408"));
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, EndsConnectionsThatAskNothing) {
  options_.idle_timeout_ms = 200;
  Start();
  RawClient silent(server_->port());
  EXPECT_TRUE(silent.IsEnded());
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/inline")).status, 200);
  EXPECT_TRUE(client.IsEnded());
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, EndsConnectionsThatDoNotRead) {
  options_.body_timeout_ms = 300;
  Handle("GET", "/large",
         [](const HttpRequest&) { return TextResponse(std::string(50'000'000, 'l')); });
  Start();
  RawClient client(server_->port());
  client.Send(Get("/large"));
  EXPECT_TRUE(Eventually([&] { return Connections() == 1; }));
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, RefusesLargeBodies) {
  Start();
  RawClient announced(server_->port());
  announced.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100001\r\n\r\n");
  RawAnswer answer = announced.Receive();
  EXPECT_EQ(answer.status, 413) << "before any of it was sent";
  EXPECT_THAT(answer.body, HasSubstr("POST /echo takes at most 100000"));
  EXPECT_TRUE(announced.IsEnded());
  RawClient huge(server_->port());
  EXPECT_EQ(huge.Ask("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Length: 18446744073709551615\r\n\r\n")
                .status,
            413);
  RawClient sent(server_->port());
  std::thread sender([&] { sent.Send(Post("/echo", std::string(3'000'000, 'x'))); });
  EXPECT_EQ(sent.Receive().status, 413) << "although the client goes on sending";
  sender.join();
  RawClient chunked(server_->port());
  chunked.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) chunked.Send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  EXPECT_EQ(chunked.Receive().status, 413);
  EXPECT_TRUE(chunked.IsEnded());
  RawClient full(server_->port());
  EXPECT_EQ(full.Ask(Post("/echo", std::string(100'000, 'x'))).body.size(), 100'000u);
}

TEST_F(HttpServerHostileTest, ReadsASmallBodyThatItRefuses) {
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Post("/nothing", std::string(50'000, 'x'))).status, 404);
  EXPECT_EQ(client.Ask(Post("/echo", "abc")).body, "abc");
}

TEST_F(HttpServerHostileTest, BoundsWhatHasNoLengthOfItsOwn) {
  Start();
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& endless :
       {"1;" + std::string(200'000, 'e'), "0\r\nT: " + std::string(200'000, 't')}) {
    EXPECT_EQ(RawClient(server_->port()).Ask(head + endless).status, 400);
  }
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, ReservesTheMemoryOfBodies) {
  router_.Add({.method = "POST",
               .pattern = "/large",
               .handler = [](const HttpRequest&) { return TextResponse("taken"); },
               .max_body_bytes = int64_t{64} << 20});
  Start();
  const int64_t before = test_.arbiter.reserved_bytes(ResourceClass::kServing);
  const std::string head =
      "POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n";
  RawClient client(server_->port());
  client.Send(head);
  EXPECT_TRUE(Eventually([&] {
    return test_.arbiter.reserved_bytes(ResourceClass::kServing) == before + 50'000'000;
  }));
  {
    MP_ASSERT_OK_AND_ASSIGN(
        auto rest,
        test_.arbiter.Reserve(
            ResourceClass::kServing,
            test_.arbiter.memory_bytes() - test_.arbiter.reserved_bytes() - 1'000'000, "test"));
    RawAnswer refused = RawClient(server_->port()).Ask(head);
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.headers.Get("Retry-After"), "1");
    RawClient chunked(server_->port());
    std::thread sender([&] {
      chunked.Send("POST /large HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (int i = 0; i < 200; ++i) {
        if (!chunked.Send("2710\r\n" + std::string(10'000, 'x') + "\r\n")) return;
      }
    });
    EXPECT_EQ(chunked.Receive().status, 503);
    sender.join();
  }
  client.Send(std::string(50'000'000, 'x'));
  EXPECT_EQ(client.Receive().body, "taken");
  EXPECT_EQ(test_.arbiter.reserved_bytes(ResourceClass::kServing), before);
}

TEST_F(HttpServerHostileTest, AnswersWhoWillSayNothingMore) {
  Start();
  for (std::string path : {"/inline", "/blocking"}) {
    RawClient client(server_->port());
    client.Send(Get(path) + Get(path));
    client.EndSending();
    const std::string answers = client.ReceiveAll();
    EXPECT_NE(answers.find("HTTP/1.1 200"), answers.rfind("HTTP/1.1 200")) << answers;
  }
  for (std::string part : {"", "GET", "GET /inline HTTP/1.1\r\nHost: lo", "\r\n"}) {
    RawClient client(server_->port());
    client.Send(part);
    client.EndSending();
    EXPECT_TRUE(client.IsEnded()) << part;
  }
  RawClient body(server_->port());
  body.Send(Post("/echo", "abc").substr(0, Post("/echo", "abc").size() - 1));
  body.EndSending();
  EXPECT_TRUE(body.IsEnded());
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, BoundsConnections) {
  options_.max_connections = 40;
  Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<RawClient>(server_->port()));
  EXPECT_TRUE(Eventually([&] { return Connections() == 40; }));
  RawAnswer refused = RawClient(server_->port()).Receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.Get("Retry-After"), "1");
  EXPECT_THAT(refused.body, HasSubstr("too many connections"));
  for (const auto& client : clients) EXPECT_EQ(client->Ask(Get("/inline")).body, "inline");
  clients.clear();
  ExpectStillThere();
}

TEST_F(HttpServerHostileTest, LetsNoHandlerBreakTheHeader) {
  Handle("GET", "/inject", [](const HttpRequest& request) -> Result<HttpResponse> {
    HttpResponse response = TextResponse("x");
    response.headers.Add("X-Echo", std::string(*request.Query("v")));
    response.headers.Add("content-length", "9");
    return response;
  });
  Start();
  RawClient client(server_->port());
  RawAnswer answer = client.Ask(Get("/inject?v=a%0d%0aSet-Cookie:%20b"));
  EXPECT_FALSE(answer.headers.Has("Set-Cookie"));
  EXPECT_EQ(answer.headers.Get("X-Echo"), "a  Set-Cookie: b");
  EXPECT_EQ(answer.headers.Get("Content-Length"), "1");
}

// Well-formed requests with bytes changed, left out, doubled or cut off, and plain noise. Every
// answer must be one; nothing may hang, and the server must be there afterwards.
TEST_F(HttpServerHostileTest, SurvivesNoise) {
  Start();
  SeededRandom random(7);
  const std::array<std::string, 4> seeds = {
      Get("/inline?a=b%20c", "Cookie: x\r\nConnection: keep-alive\r\n"),
      Post("/echo", "0123456789"),
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;e=\"1\"\r\nabc\r\n0\r\nT: v\r\n\r\n",
      Get("/blocking") + Get("/inline")};
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = seeds[NextBelow(random, seeds.size())];
    if (round % 10 == 0) {
      bytes.resize(1 + NextBelow(random, 400));
      for (char& c : bytes) c = static_cast<char>(random.Next());
    }
    for (uint64_t change = NextBelow(random, 4); change > 0; --change) {
      const size_t at = NextBelow(random, bytes.size());
      switch (NextBelow(random, 5)) {
        case 0:
          bytes[at] = static_cast<char>(random.Next());
          break;
        case 1:
          bytes.erase(at, 1 + NextBelow(random, 5));
          break;
        case 2:
          bytes.insert(at, bytes.substr(NextBelow(random, bytes.size()), 20));
          break;
        case 3:
          bytes[at] = "\r\n:; %\0"[NextBelow(random, 7)];
          break;
        default:
          bytes.resize(at + 1);
      }
      if (bytes.empty()) bytes = "x";
    }
    RawClient client(server_->port());
    client.Send(bytes);
    client.EndSending();
    const std::string answers = client.ReceiveAll();
    if (!answers.empty()) {
      ASSERT_THAT(answers, StartsWith("HTTP/1.1 ")) << "round " << round;
    }
  }
  ExpectStillThere();
}

}  // namespace
}  // namespace millpond
