// Page tokens as MLflow makes them: base64 of {"offset": n}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/tracking/search_types.h"

namespace millpond::platform {

std::string TokenOfOffset(int64_t offset);
// 0 for ""; kInvalidArgument says what is wrong with another text.
Result<int64_t> OffsetOfToken(std::string_view token);

// `items` were read from `offset`, one more than asked for where there is more.
template <typename T>
Page<T> PageOf(std::vector<T> items, int64_t max_results, int64_t offset) {
  Page<T> page{.items = std::move(items)};
  if (max_results > 0 && static_cast<int64_t>(page.items.size()) > max_results) {
    page.items.resize(static_cast<size_t>(max_results));
    page.next_page_token = TokenOfOffset(offset + max_results);
  }
  return page;
}

}  // namespace millpond::platform
