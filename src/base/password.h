// Passwords of people: stored as Argon2id (RFC 9106) by libsodium, checked in tens of milliseconds
// on purpose, so never on a request's path. Service tokens have full entropy and need only SHA-256.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond {

// "$argon2id$v=19$…", with a salt of its own. kResourceExhausted: no memory for it (64 MiB).
Result<std::string> HashPassword(std::string_view password);
bool VerifyPassword(std::string_view password, const std::string& hash);

}  // namespace millpond
