// What a search is given and gives. Filters, orders and page tokens are MLflow's texts
// (search_filter.h has the grammar).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millpond::platform {

// Which life stages a search sees: MLflow's ACTIVE_ONLY, DELETED_ONLY, ALL.
enum class ViewType { kActiveOnly = 1, kDeletedOnly = 2, kAll = 3 };

struct SearchRequest {
  std::string filter = {};
  std::vector<std::string> order_by = {};
  int64_t max_results = 1000;  // at least 1; who knows the limit has checked it
  std::string page_token = {};
  ViewType view = ViewType::kActiveOnly;
};

template <typename T>
struct Page {
  std::vector<T> items = {};
  std::string next_page_token = {};  // "": this was the last one
};

}  // namespace millpond::platform
