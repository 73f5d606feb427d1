// The bytes of one connection, plain or TLS. One read and one write may be under way at a time;
// each ends with a call to the owner on the connection's thread, and holds the owner until then.
// After Close the calls still come, and mean nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace millpond {

class TransportOwner {
 public:
  virtual ~TransportOwner() = default;
  virtual void OnHandshake(bool ok) = 0;
  virtual void OnRead(size_t bytes) = 0;     // 0: the other side has ended, or the connection broke
  virtual void OnWritten(size_t bytes) = 0;  // 0: the connection broke
  virtual void OnLingered() = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void Handshake(std::shared_ptr<TransportOwner> owner) = 0;
  virtual void Read(std::shared_ptr<TransportOwner> owner, char* out, size_t size) = 0;
  // Some of `first` and `second`, which must stay where they are until OnWritten.
  virtual void Write(std::shared_ptr<TransportOwner> owner, std::string_view first,
                     std::string_view second) = 0;
  // Says that nothing more will be sent, and reads what still comes, without looking at it, until
  // the other side ends too: closing a connection with unread bytes would destroy the answer that
  // is on its way. The owner closes when that takes too long.
  virtual void Linger(std::shared_ptr<TransportOwner> owner) = 0;
  virtual void Close() = 0;
};

}  // namespace millpond
