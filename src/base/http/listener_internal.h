// The listening socket. Accepted connections go round the loops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/http/event_loop_internal.h"
#include "base/http/transport_internal.h"
#include "base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace millpond {

class Listener {
 public:
  // On the loop of the new connection.
  using OnConnection =
      std::function<void(EventLoop&, std::unique_ptr<Transport>, std::string remote)>;
  // Whether one more connection may be had. Where not, it is told to come back later and closed.
  using Admit = std::function<bool()>;

  // `address`: an IP address, or localhost. Port 0: any free one. `tls` null: plain.
  static Result<std::unique_ptr<Listener>> Open(const std::string& address, int port,
                                                std::vector<EventLoop*> loops,
                                                std::shared_ptr<boost::asio::ssl::context> tls);
  virtual ~Listener() = default;
  virtual int port() const = 0;
  virtual void Start(Admit admit, OnConnection on_connection) = 0;
  // On the first loop's thread. No OnConnection is put into a loop afterwards.
  virtual void Close() = 0;
};

}  // namespace millpond
