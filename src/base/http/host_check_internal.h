// Keeps web pages away from a server that asks nobody for a token. A page that the user has open
// elsewhere can make the browser send requests to 127.0.0.1: directly (then Origin names the page's
// host, or Sec-Fetch-Site says cross-site) or after its own name was made to resolve to 127.0.0.1
// (then Host names it). None of them can be forged by a page. Programs on this machine are not kept
// away: they need no browser.
#pragma once

#include <string_view>

#include "base/http/message.h"

namespace millpond {

// "127.0.0.1", "127.8.8.8", "::1", "localhost": what Start may listen on without an authenticator.
bool IsLoopbackHost(std::string_view host);

// `authority` is that of an absolute request-target, "" otherwise.
bool ComesFromLoopback(const HttpHeaders& headers, std::string_view authority);

}  // namespace millpond
