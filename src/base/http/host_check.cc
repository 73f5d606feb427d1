#include <algorithm>

#include "base/http/host_check_internal.h"

namespace millpond {
namespace {

// "localhost:5000" → "localhost", "[::1]:5000" → "::1". "" for what is neither.
std::string_view HostOf(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == authority.npos) return {};
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const size_t colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && !port.starts_with(':')) return {};
  const bool is_number = std::all_of(port.begin() + (port.empty() ? 0 : 1), port.end(),
                                     [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? host : std::string_view();
}

// 127.0.0.0/8 in four decimal parts: nothing that could be the start of a name ("127.evil.com").
bool IsLoopbackV4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int parts = 1;
  int digits = 0;
  for (char c : host.substr(4)) {
    if (c == '.') {
      if (digits == 0) return false;
      ++parts;
      digits = 0;
    } else if (c >= '0' && c <= '9' && digits < 3) {
      ++digits;
    } else {
      return false;
    }
  }
  return parts == 3 && digits > 0;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  return host == "::1" || SameToken(host, "localhost") || IsLoopbackV4(host);
}

bool ComesFromLoopback(const HttpHeaders& headers, std::string_view authority) {
  const std::string_view host = authority.empty() ? headers.Get("Host") : authority;
  // HTTP/1.0 knows no Host; every browser sends one.
  if ((headers.Has("Host") || !authority.empty()) && !IsLoopbackHost(HostOf(host))) return false;
  // An image or a script of another site's page is asked for without Origin; the browser says so in
  // its own way. A link that the user follows is fine.
  if (headers.Get("Sec-Fetch-Site") == "cross-site" &&
      headers.Get("Sec-Fetch-Mode") != "navigate") {
    return false;
  }
  if (!headers.Has("Origin")) return true;
  std::string_view origin = headers.Get("Origin");  // "null", or scheme "://" authority
  for (std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return IsLoopbackHost(HostOf(origin.substr(scheme.size())));
  }
  return false;
}

}  // namespace millpond
