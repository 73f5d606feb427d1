// Rows as an aligned table for a person: numbers to the right, NULL shown, long texts cut.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <vector>

namespace millpond::data {

class TextTable {
 public:
  TextTable(const arrow::Schema& schema, int64_t max_rows);  // max_rows 0: all
  void Add(const arrow::RecordBatch& batch);
  std::string Render(int64_t total_rows) const;

 private:
  void AppendRow(std::string& out, const std::vector<std::string>& cells) const;

  int64_t max_rows_;
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace millpond::data
