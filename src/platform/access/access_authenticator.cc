#include "platform/access/access_authenticator.h"

#include <chrono>

#include "base/log.h"
#include "base/sha256.h"

namespace millpond::platform {
namespace {

constexpr int64_t kLookEveryNs = 500'000'000;
constexpr std::string_view kCookie = "millpond_session=";

int64_t SteadyNs() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

bool StartsWithWord(std::string_view text, std::string_view word) {
  if (text.size() <= word.size() || text[word.size()] != ' ') return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((text[i] | 0x20) != (word[i] | 0x20)) return false;
  }
  return true;
}

// RFC 4648, padding optional; "" for anything else.
std::string DecodeBase64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return "";
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

bool ComesFromItsOwnPage(const HttpRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") return true;
  const std::string_view origin = request.headers.Get("Origin");
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos &&
         origin.substr(scheme + 3) == request.headers.Get("Host");
}

}  // namespace

PresentedSecret FindSecret(const HttpRequest& request) {
  const std::string_view header = request.headers.Get("Authorization");
  if (StartsWithWord(header, "bearer")) return {std::string(header.substr(7))};
  if (StartsWithWord(header, "basic")) {
    const std::string pair = DecodeBase64(header.substr(6));
    const size_t colon = pair.find(':');
    return {colon == std::string::npos ? "" : pair.substr(colon + 1)};
  }
  std::string_view cookies = request.headers.Get("Cookie");
  while (!cookies.empty()) {
    const size_t end = cookies.find(';');
    std::string_view cookie = cookies.substr(0, end);
    while (cookie.starts_with(' ')) cookie.remove_prefix(1);
    if (cookie.starts_with(kCookie)) {
      return {std::string(cookie.substr(kCookie.size())), true};
    }
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
  }
  return {};
}

Result<std::unique_ptr<AccessAuthenticator>> AccessAuthenticator::Make(AccessStore& store) {
  std::unique_ptr<AccessAuthenticator> authenticator(new AccessAuthenticator(store));
  MP_ASSIGN_OR_RETURN(int64_t change_number, store.ChangeNumber());
  MP_RETURN_IF_ERROR(authenticator->Load(change_number));
  return authenticator;
}

Status AccessAuthenticator::Load(int64_t change_number) {
  auto known = std::make_shared<Known>();
  MP_ASSIGN_OR_RETURN(known->required, store_.HasCredentials());
  if (const auto before = known_.load(); before && before->required) known->required = true;
  MP_ASSIGN_OR_RETURN(auto credentials, store_.Credentials());
  for (auto& credential : credentials) {
    std::string digest = credential.digest;
    known->by_digest.emplace(std::move(digest), std::move(credential));
  }
  known_.store(std::move(known));
  change_number_ = change_number;
  return OkStatus();
}

void AccessAuthenticator::Refresh() {
  if (SteadyNs() < next_look_ns_.load(std::memory_order_relaxed)) return;
  std::unique_lock lock(refresh_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  next_look_ns_.store(SteadyNs() + kLookEveryNs, std::memory_order_relaxed);
  const auto change_number = store_.ChangeNumber();
  Status loaded = OkStatus();
  if (!change_number) {
    loaded = std::unexpected<Error>(change_number.error());
  } else if (*change_number != change_number_) {
    loaded = Load(*change_number);
  }
  // What was known stays in force: a database that cannot be read opens no door.
  if (!loaded) LogWarn("access", "tokens could not be read again: {}", loaded.error().ToString());
}

bool AccessAuthenticator::required() const {
  return known_.load()->required;
}

Result<std::string> AccessAuthenticator::Authenticate(const HttpRequest& request) {
  Refresh();
  const auto known = known_.load();
  if (!known->required) return std::string("local");
  const PresentedSecret presented = FindSecret(request);
  if (presented.secret.empty()) {
    return Fail(ErrorKind::kPermissionDenied,
                "this server asks for a token: send 'Authorization: Bearer TOKEN' (millpond access "
                "token NAME makes one)");
  }
  const auto found = known->by_digest.find(Sha256::Hex(presented.secret));
  const bool valid = found != known->by_digest.end() &&
                     (found->second.expires_at == 0 || store_.now() < found->second.expires_at);
  if (!valid) return Fail(ErrorKind::kPermissionDenied, "the token is unknown, expired or revoked");
  if (presented.by_cookie && !ComesFromItsOwnPage(request)) {
    return Fail(ErrorKind::kPermissionDenied,
                "a session's cookie allows changes only from the server's own pages");
  }
  return found->second.principal;
}

}  // namespace millpond::platform
