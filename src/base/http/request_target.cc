#include "base/http/request_target_internal.h"

#include <algorithm>

#include "base/http/message.h"

namespace millpond {
namespace {

bool ParseQuery(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    if (field.empty()) continue;
    const size_t equals = field.find('=');
    auto name = PercentDecode(field.substr(0, equals), /*plus_is_blank=*/true);
    auto value = equals == field.npos
                     ? std::optional(std::string())
                     : PercentDecode(field.substr(equals + 1), /*plus_is_blank=*/true);
    if (!name.has_value() || !value.has_value()) return false;
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<RequestTarget> ParseRequestTarget(std::string_view target) {
  RequestTarget result;
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = target.find_first_of("/?");
    result.authority = target.substr(0, end);
    if (result.authority.empty()) return std::nullopt;
    target.remove_prefix(std::min(target.size(), result.authority.size()));
    if (target.empty()) target = "/";
    break;
  }
  const size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (path.empty() && !result.authority.empty()) path = "/";
  if (!path.starts_with('/') && path != "*") return std::nullopt;
  auto decoded = PercentDecode(path);
  if (!decoded.has_value()) return std::nullopt;
  result.path = std::move(*decoded);
  if (question != target.npos && !ParseQuery(target.substr(question + 1), result.query)) {
    return std::nullopt;
  }
  return result;
}

}  // namespace millpond
