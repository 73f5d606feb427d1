#include "base/password.h"

#include <sodium.h>

namespace millpond {

Result<std::string> HashPassword(std::string_view password) {
  if (sodium_init() < 0) return Fail(ErrorKind::kInternal, "libsodium could not be initialised");
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(hash, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return Fail(ErrorKind::kResourceExhausted, "no memory to hash a password ({} MiB are needed)",
                crypto_pwhash_MEMLIMIT_INTERACTIVE >> 20);
  }
  return std::string(hash);
}

bool VerifyPassword(std::string_view password, const std::string& hash) {
  if (sodium_init() < 0) return false;
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace millpond
