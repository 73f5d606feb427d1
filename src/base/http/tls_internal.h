// The server's side of TLS 1.2 and 1.3, from two PEM files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace millpond {

// kInvalidArgument: a file that is missing, is no PEM, or a key that is another certificate's.
Result<std::shared_ptr<boost::asio::ssl::context>> LoadTls(const std::string& certificate_file,
                                                           const std::string& key_file);

}  // namespace millpond
