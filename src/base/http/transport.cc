#include "base/http/transport_asio_internal.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <vector>

namespace millpond {
namespace {

using boost::asio::ip::tcp;

constexpr size_t kForgottenBytes = 16 << 10;

using Buffers = std::array<boost::asio::const_buffer, 2>;

Buffers Gather(std::string_view first, std::string_view second) {
  return {boost::asio::const_buffer(first.data(), first.size()),
          boost::asio::const_buffer(second.data(), second.size())};
}

class SocketTransport : public Transport {
 public:
  explicit SocketTransport(tcp::socket socket) : socket_(std::move(socket)) {}

  void Handshake(std::shared_ptr<TransportOwner> owner) override { owner->OnHandshake(true); }

  void Read(std::shared_ptr<TransportOwner> owner, char* out, size_t size) override {
    socket_.async_read_some(
        boost::asio::buffer(out, size),
        [owner = std::move(owner)](const auto& error, size_t n) { owner->OnRead(error ? 0 : n); });
  }

  void Write(std::shared_ptr<TransportOwner> owner, std::string_view first,
             std::string_view second) override {
    socket_.async_write_some(Gather(first, second),
                             [owner = std::move(owner)](const auto& error, size_t n) {
                               owner->OnWritten(error ? 0 : n);
                             });
  }

  void Linger(std::shared_ptr<TransportOwner> owner) override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    forgotten_.resize(kForgottenBytes);
    ReadAndForget(std::move(owner));
  }

  void Close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  void ReadAndForget(std::shared_ptr<TransportOwner> owner) {
    socket_.async_read_some(boost::asio::buffer(forgotten_),
                            [this, owner = std::move(owner)](const auto& error, size_t) mutable {
                              if (error) {
                                owner->OnLingered();
                              } else {
                                ReadAndForget(std::move(owner));
                              }
                            });
  }

  tcp::socket socket_;
  std::vector<char> forgotten_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void Handshake(std::shared_ptr<TransportOwner> owner) override {
    stream_.async_handshake(
        boost::asio::ssl::stream_base::server,
        [owner = std::move(owner)](const auto& error) { owner->OnHandshake(!error); });
  }

  void Read(std::shared_ptr<TransportOwner> owner, char* out, size_t size) override {
    stream_.async_read_some(
        boost::asio::buffer(out, size),
        [owner = std::move(owner)](const auto& error, size_t n) { owner->OnRead(error ? 0 : n); });
  }

  void Write(std::shared_ptr<TransportOwner> owner, std::string_view first,
             std::string_view second) override {
    // Asio's TLS stream encrypts the first buffer only and would send an empty one.
    const std::string_view next = first.empty() ? second : first;
    stream_.async_write_some(boost::asio::buffer(next.data(), next.size()),
                             [owner = std::move(owner)](const auto& error, size_t n) {
                               owner->OnWritten(error ? 0 : n);
                             });
  }

  void Linger(std::shared_ptr<TransportOwner> owner) override {
    // Ends with an error when the other side still sends: then the rest is read below TLS.
    stream_.async_shutdown([this, owner = std::move(owner)](const auto&) mutable {
      boost::system::error_code ignored;
      stream_.lowest_layer().shutdown(tcp::socket::shutdown_send, ignored);
      forgotten_.resize(kForgottenBytes);
      ReadAndForget(std::move(owner));
    });
  }

  void Close() override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  void ReadAndForget(std::shared_ptr<TransportOwner> owner) {
    stream_.next_layer().async_read_some(
        boost::asio::buffer(forgotten_),
        [this, owner = std::move(owner)](const auto& error, size_t) mutable {
          if (error) {
            owner->OnLingered();
          } else {
            ReadAndForget(std::move(owner));
          }
        });
  }

  std::shared_ptr<boost::asio::ssl::context> context_;
  boost::asio::ssl::stream<tcp::socket> stream_;
  std::vector<char> forgotten_;
};

}  // namespace

std::unique_ptr<Transport> MakeTransport(tcp::socket socket,
                                         std::shared_ptr<boost::asio::ssl::context> tls) {
  if (tls == nullptr) return std::make_unique<SocketTransport>(std::move(socket));
  return std::make_unique<TlsTransport>(std::move(socket), std::move(tls));
}

}  // namespace millpond
