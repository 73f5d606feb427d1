// A Transport over a socket of Asio: for the listener, the one place that has sockets.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "base/http/transport_internal.h"

namespace boost::asio::ssl {
class context;
}

namespace millpond {

// `tls` null: plain.
std::unique_ptr<Transport> MakeTransport(boost::asio::ip::tcp::socket socket,
                                         std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace millpond
