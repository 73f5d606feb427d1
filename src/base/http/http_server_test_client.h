// What tests of the server share: a server on a port of its own, and a client that sends exactly
// the bytes it is given, since the clients that exist refuse to be rude.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/http/http_server.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"

namespace millpond::testing {

inline constexpr auto kTestPatience = std::chrono::seconds(20);

// True as soon as `condition` holds; false if it does not within the tests' patience.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kTestPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

struct RawAnswer {
  int status = 0;  // 0: the connection ended before an answer was complete
  HttpHeaders headers = {};
  std::string body = {};
};

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }

  // False: the server has closed the connection before all was taken.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (!Wait(POLLOUT)) return false;
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  void EndSending() { ::shutdown(socket_, SHUT_WR); }

  // One answer; `to_head`: to a HEAD, so without a body.
  RawAnswer Receive(bool to_head = false) {
    RawAnswer answer;
    size_t end;
    while ((end = received_.find("\r\n\r\n")) == received_.npos) {
      if (!Fill()) return {};
    }
    ParseHead(std::string_view(received_).substr(0, end + 2), answer);
    const std::string length(answer.headers.Get("Content-Length"));
    const size_t body = to_head || length.empty() ? 0 : std::stoul(length);
    while (received_.size() < end + 4 + body) {
      if (!Fill()) return {};
    }
    answer.body = received_.substr(end + 4, body);
    received_.erase(0, end + 4 + body);
    return answer;
  }

  RawAnswer Ask(std::string_view bytes) {
    Send(bytes);
    return Receive();
  }

  // All that comes until the server ends the connection; the patience of tests bounds the wait.
  std::string ReceiveAll() {
    while (Fill()) {
    }
    return std::exchange(received_, {});
  }
  // The server has ended the connection, and nothing came before.
  bool IsEnded() { return ReceiveAll().empty() && is_ended_; }

 private:
  bool Wait(short what) {
    pollfd waited = {.fd = socket_, .events = what, .revents = 0};
    constexpr int kMillis = static_cast<int>(std::chrono::milliseconds(kTestPatience).count());
    return ::poll(&waited, 1, kMillis) == 1;
  }

  bool Fill() {
    char buffer[16 << 10];
    if (!Wait(POLLIN)) return false;
    const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
    is_ended_ = n <= 0;
    if (n <= 0) return false;
    received_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  static void ParseHead(std::string_view head, RawAnswer& answer) {
    answer.status = std::stoi(std::string(head.substr(9, 3)));
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t end = head.find("\r\n", at);
      const std::string_view line = head.substr(at, end - at);
      const size_t colon = line.find(": ");
      answer.headers.Add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
      at = end + 2;
    }
  }

  int socket_;
  bool is_connected_ = false;
  bool is_ended_ = false;
  std::string received_;
};

inline std::string Get(std::string_view path, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}

inline std::string Post(std::string_view path, std::string_view body,
                        std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path,
                     body.size(), headers, body);
}

// Routes that most tests need: /inline, /blocking and /echo, which answers with the body.
class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    options_.spool_dir = dir_ / "spool";
    options_.io_threads = 2;
    Handle("GET", "/inline", [](const HttpRequest&) { return TextResponse("inline"); });
    Handle(
        "GET", "/blocking", [](const HttpRequest&) { return TextResponse("blocking"); },
        RouteThread::kBlocking);
    Handle("POST", "/echo", [](const HttpRequest& request) { return TextResponse(request.body); });
  }

  void Handle(std::string method, std::string pattern,
              std::function<Result<HttpResponse>(const HttpRequest&)> handler,
              RouteThread thread = RouteThread::kInline) {
    router_.Add({.method = std::move(method),
                 .pattern = std::move(pattern),
                 .handler = std::move(handler),
                 .thread = thread,
                 .max_body_bytes = 100'000});
  }

  void Start() {
    auto server = HttpServer::Start(options_, test_.env, router_, authenticator_, metrics_);
    ASSERT_TRUE(server.has_value()) << server.error().ToString();
    server_ = std::move(*server);
  }

  double Connections() { return metrics_.FindGauge("millpond_http_connections", "").value(); }

  TempDir dir_;
  TestEnvironment test_;
  Router router_;
  MetricsRegistry metrics_;
  Authenticator* authenticator_ = nullptr;
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace millpond::testing
