#include "base/http/tls_internal.h"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>

namespace millpond {

namespace ssl = boost::asio::ssl;

Result<std::shared_ptr<ssl::context>> LoadTls(const std::string& certificate_file,
                                              const std::string& key_file) {
  boost::system::error_code error;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  context->use_certificate_chain_file(certificate_file, error);
  if (error) {
    return Fail(ErrorKind::kInvalidArgument,
                "cannot read the TLS certificate {} (a PEM file, the server's own certificate "
                "first): {}",
                certificate_file, error.message());
  }
  context->use_private_key_file(key_file, ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(native) != 1) {
    return Fail(ErrorKind::kInvalidArgument,
                "cannot use the TLS key {} (a PEM file without a passphrase, of the certificate "
                "{}): {}",
                key_file, certificate_file,
                error ? error.message() : "it belongs to another certificate");
  }
  return context;
}

}  // namespace millpond
