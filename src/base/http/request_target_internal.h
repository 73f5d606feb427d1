// The request-target of RFC 9112, 3.2, as path and query. Takes the origin form ("/a?b=c"), the
// absolute form ("http://host/a?b=c") and "*".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millpond {

struct RequestTarget {
  std::string path;  // percent-decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string authority;  // of the absolute form: it stands in place of the Host header
};

// None: a bad escape, a NUL, or another form.
std::optional<RequestTarget> ParseRequestTarget(std::string_view target);

}  // namespace millpond
