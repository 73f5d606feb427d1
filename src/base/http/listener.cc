#include "base/http/listener_internal.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "base/http/transport_asio_internal.h"
#include "base/log.h"

namespace millpond {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// After an accept that failed: mostly for want of file descriptors, which others have to give back.
constexpr auto kPause = std::chrono::milliseconds(50);

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 88\r\n"
    "Retry-After: 1\r\nConnection: close\r\n\r\n"
    R"({"error_code":"TEMPORARILY_UNAVAILABLE","message":"too many connections; try again 1 s"})";

std::string RemoteOf(const tcp::socket& socket) {
  boost::system::error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return {};
  const std::string address = remote.address().to_string();
  return remote.address().is_v6() ? fmt::format("[{}]:{}", address, remote.port())
                                  : fmt::format("{}:{}", address, remote.port());
}

class AsioListener : public Listener {
 public:
  AsioListener(std::vector<EventLoop*> loops, std::shared_ptr<asio::ssl::context> tls)
      : loops_(std::move(loops)),
        tls_(std::move(tls)),
        acceptor_(loops_[0]->context()),
        pause_(loops_[0]->context()) {}

  Status Listen(const std::string& address, int port) {
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
    if (error) {
      return Fail(ErrorKind::kInvalidArgument,
                  "cannot listen on '{}': it is neither an IP address nor localhost", address);
    }
    const tcp::endpoint endpoint(ip, static_cast<uint16_t>(port));
    acceptor_.open(endpoint.protocol(), error);
    // A port whose last connections are still being buried may be taken again at once.
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return OkStatus();
    if (error == asio::error::access_denied) {
      return Fail(ErrorKind::kPermissionDenied,
                  "may not listen on {}:{}; choose a port of 1024 or above", address, port);
    }
    return Fail(ErrorKind::kUnavailable,
                "cannot listen on {}:{} ({}); choose another port, or end what listens there",
                address, port, error.message());
  }

  int port() const override {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void Start(Admit admit, OnConnection on_connection) override {
    admit_ = std::move(admit);
    on_connection_ = std::move(on_connection);
    loops_[0]->Post([this] { Accept(); });
  }

  void Close() override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel(ignored);
  }

 private:
  void Accept() {
    EventLoop& loop = *loops_[next_++ % loops_.size()];
    acceptor_.async_accept(
        loop.context(), [this, &loop](const boost::system::error_code& error, tcp::socket socket) {
          if (!acceptor_.is_open()) return;
          if (!error) {
            Accept();  // first: what goes wrong with one connection must not be the last
            Take(loop, std::move(socket));
            return;
          }
          pause_.expires_after(kPause);
          pause_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled && acceptor_.is_open()) Accept();
          });
        });
  }

  void Take(EventLoop& loop, tcp::socket socket) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    if (!admit_()) {
      if (tls_ == nullptr) {
        socket.write_some(asio::buffer(kTooMany.data(), kTooMany.size()), ignored);
      }
      return;
    }
    socket.set_option(tcp::no_delay(true), ignored);
    std::string remote = RemoteOf(socket);
    auto transport = MakeTransport(std::move(socket), tls_);
    loop.Post(
        [this, &loop, transport = std::move(transport), remote = std::move(remote)]() mutable {
          on_connection_(loop, std::move(transport), std::move(remote));
        });
  }

  std::vector<EventLoop*> loops_;
  std::shared_ptr<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Admit admit_;
  OnConnection on_connection_;
  size_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(const std::string& address, int port,
                                                 std::vector<EventLoop*> loops,
                                                 std::shared_ptr<asio::ssl::context> tls) {
  if (port < 0 || port > 65535) {
    return Fail(ErrorKind::kInvalidArgument, "no port {}: ports go from 1 to 65535", port);
  }
  auto listener = std::make_unique<AsioListener>(std::move(loops), std::move(tls));
  MP_RETURN_IF_ERROR(listener->Listen(address, port));
  return listener;
}

}  // namespace millpond
