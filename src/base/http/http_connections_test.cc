#include "base/http/http_connections.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>

#include "base/http/http_server_test_client.h"
#include "base/sha256.h"

namespace millpond {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// -- AWS Signature Version 4 once more, from AWS's description, to check what libcurl sends.

std::string Hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return {reinterpret_cast<char*>(digest), size};
}

std::string Hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

struct SignedRequest {
  std::string method, path, query;             // canonical
  std::map<std::string, std::string> headers;  // by name in lower case
  std::string signed_headers;                  // "host;x-amz-date"
};

std::string SignatureOf(const SignedRequest& request, const std::string& secret,
                        const std::string& region) {
  std::string canonical = request.method + "\n" + request.path + "\n" + request.query + "\n";
  for (size_t begin = 0; begin < request.signed_headers.size();) {
    const size_t end =
        std::min(request.signed_headers.find(';', begin), request.signed_headers.size());
    const std::string name = request.signed_headers.substr(begin, end - begin);
    canonical += name + ":" + request.headers.at(name) + "\n";
    begin = end + 1;
  }
  canonical += "\n" + request.signed_headers + "\n" + request.headers.at("x-amz-content-sha256");
  const std::string time = request.headers.at("x-amz-date"), day = time.substr(0, 8);
  const std::string scope = day + "/" + region + "/s3/aws4_request";
  const std::string key =
      Hmac(Hmac(Hmac(Hmac("AWS4" + secret, day), region), "s3"), "aws4_request");
  return Hex(Hmac(key, "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + Sha256::Hex(canonical)));
}

constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kExampleSecret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

// The two examples of AWS's "Signature Calculations for the Authorization Header".
TEST(AwsSignatureTest, TheCheckItselfGivesThePublishedSignatures) {
  SignedRequest get{"GET",
                    "/test.txt",
                    "",
                    {{"host", "examplebucket.s3.amazonaws.com"},
                     {"range", "bytes=0-9"},
                     {"x-amz-content-sha256", kEmptyHash},
                     {"x-amz-date", "20130524T000000Z"}},
                    "host;range;x-amz-content-sha256;x-amz-date"};
  EXPECT_EQ(SignatureOf(get, kExampleSecret, "us-east-1"),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  SignedRequest list{"GET",
                     "/",
                     "max-keys=2&prefix=J",
                     {{"host", "examplebucket.s3.amazonaws.com"},
                      {"x-amz-content-sha256", kEmptyHash},
                      {"x-amz-date", "20130524T000000Z"}},
                     "host;x-amz-content-sha256;x-amz-date"};
  EXPECT_EQ(SignatureOf(list, kExampleSecret, "us-east-1"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// One connection after the other, each answered with what the test says.
class HttpConnectionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener_, 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
  }
  void TearDown() override {
    if (server_.joinable()) server_.join();
    ::close(listener_);
  }

  // Answers `answers` in turn over one connection, then ends it.
  void Answer(std::vector<std::string> answers) {
    server_ = std::thread([this, answers = std::move(answers)] {
      const int socket = ::accept(listener_, nullptr, nullptr);
      for (const std::string& answer : answers) {
        std::string head;
        char buffer[4096];
        while (head.find("\r\n\r\n") == head.npos) {
          const ssize_t n = ::recv(socket, buffer, sizeof buffer, 0);
          if (n <= 0) break;
          head.append(buffer, static_cast<size_t>(n));
        }
        heads_.push_back(head);
        (void)::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(socket);
    });
  }

  HttpConnections connections_{{.stall_timeout_s = 20}};
  int listener_ = -1;
  std::string url_;
  std::vector<std::string> heads_;
  std::thread server_;
};

TEST_F(HttpConnectionsTest, LibcurlSignsMethodPathQueryAndHeaders) {
  Answer({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  const AwsSigner signer{"AKIDEXAMPLE", kExampleSecret, "eu-central-1"};
  HttpExchange exchange;
  exchange.method = "PUT";
  exchange.url = url_ + "/lake/a%20b/c%3D1?partNumber=2&uploadId=x%2Fy%3D";
  exchange.body = "hello";
  exchange.headers = {{"If-None-Match", "*"},
                      {"x-amz-content-sha256", Sha256::Hex("hello")},
                      {"x-amz-security-token", "a/token=="}};
  exchange.signer = &signer;
  MP_ASSERT_OK(connections_.Send(exchange, {}));
  server_.join();

  SignedRequest seen;
  std::string authorization;
  const std::string& head = heads_.at(0);
  for (size_t begin = head.find("\r\n") + 2; begin < head.size();) {
    const size_t end = head.find("\r\n", begin);
    const size_t colon = head.find(':', begin);
    if (end == head.npos || colon > end) break;
    std::string name = head.substr(begin, colon - begin);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    const std::string value = head.substr(colon + 2, end - colon - 2);
    seen.headers[name] = value;
    if (name == "authorization") authorization = value;
    begin = end + 2;
  }
  seen.method = "PUT";
  seen.path = "/lake/a%20b/c%3D1";
  seen.query = "partNumber=2&uploadId=x%2Fy%3D";
  EXPECT_THAT(head, HasSubstr("PUT /lake/a%20b/c%3D1?partNumber=2&uploadId=x%2Fy%3D HTTP/1.1"));
  const size_t names = authorization.find("SignedHeaders=") + 14;
  seen.signed_headers = authorization.substr(names, authorization.find(',', names) - names);
  for (const char* name :
       {"host", "if-none-match", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}) {
    EXPECT_THAT(seen.signed_headers, HasSubstr(name));
  }
  EXPECT_THAT(authorization,
              HasSubstr("Signature=" + SignatureOf(seen, kExampleSecret, "eu-central-1")));
  EXPECT_THAT(seen.signed_headers, Not(HasSubstr("expect")));  // not sent, so it must not count
  EXPECT_THAT(head, Not(HasSubstr(kExampleSecret)));
}

TEST_F(HttpConnectionsTest, KeepsAConnectionAndReceivesIntoTheCallersMemory) {
  Answer({"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nabcd",
          "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"});
  char buffer[4] = {};
  HttpExchange exchange{.url = url_ + "/a", .into = buffer};
  MP_ASSERT_OK_AND_ASSIGN(HttpReply first, connections_.Send(exchange, {}));
  EXPECT_EQ(first.status, 206);
  EXPECT_EQ(exchange.received, 4);
  EXPECT_EQ(std::string_view(buffer, 4), "abcd");
  MP_ASSERT_OK_AND_ASSIGN(HttpReply second, connections_.Send(exchange, {}));
  EXPECT_EQ(second.status, 404);
  EXPECT_EQ(second.body, "gone");
  EXPECT_EQ(exchange.received, 0);
}

TEST_F(HttpConnectionsTest, TellsWhatMayHaveArrivedFromWhatHasNot) {
  Answer({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"});
  HttpExchange exchange{.method = "PUT", .url = url_ + "/a?token=hush", .body = "x"};
  EXPECT_THAT(
      connections_.Send(exchange, {}),
      FailsWith(ErrorKind::kOutcomeUnknown, AllOf(HasSubstr("/a"), Not(HasSubstr("hush")))));
  server_.join();
  Answer({"HTTP/1.1 200 OK\r\nETag: \"half"});
  EXPECT_THAT(connections_.Send(exchange, {}),
              FailsWith(ErrorKind::kOutcomeUnknown, HasSubstr("broke off in its head")));
  server_.join();
  ::shutdown(listener_, SHUT_RDWR);
  ::close(std::exchange(listener_, -1));
  EXPECT_THAT(connections_.Send(exchange, {}),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("no answer")));
}

TEST_F(HttpConnectionsTest, AServerThatFallsSilentIsGivenUp) {
  server_ = std::thread([this] {
    const int socket = ::accept(listener_, nullptr, nullptr);
    char buffer[4096];
    while (::recv(socket, buffer, sizeof buffer, 0) > 0) continue;  // until the client hangs up
    ::close(socket);
  });
  HttpConnections impatient({.stall_timeout_s = 1});
  HttpExchange exchange{.method = "PUT", .url = url_ + "/a", .body = "x"};
  EXPECT_THAT(impatient.Send(exchange, {}),
              FailsWith(ErrorKind::kOutcomeUnknown, HasSubstr("no answer")));
}

TEST_F(HttpConnectionsTest, AnAnswerLongerThanItsPlaceIsAnError) {
  Answer({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"});
  char buffer[4] = {};
  HttpExchange exchange{.url = url_ + "/a", .into = buffer};
  EXPECT_THAT(connections_.Send(exchange, {}),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("longer")));
}

}  // namespace
}  // namespace millpond
