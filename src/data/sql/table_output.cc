#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "data/sql/table_output_internal.h"
#include "data/sql/value_text.h"

namespace millpond::data {
namespace {

constexpr size_t kWidestCell = 80;

// Characters on the screen, counting a UTF-8 sequence as one.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string OneLine(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

std::string Cut(std::string text) {
  text = OneLine(std::move(text));
  if (Width(text) <= kWidestCell) return text;
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++seen == kWidestCell) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

TextTable::TextTable(const arrow::Schema& schema, int64_t max_rows) : max_rows_(max_rows) {
  for (const auto& field : schema.fields()) {
    header_.push_back(Cut(field->name()));
    widths_.push_back(Width(header_.back()));
    auto id = field->type()->id();
    right_.push_back(arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id));
  }
}

void TextTable::Add(const arrow::RecordBatch& batch) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    if (max_rows_ > 0 && static_cast<int64_t>(rows_.size()) >= max_rows_) return;
    auto& cells = rows_.emplace_back();
    for (int i = 0; i < batch.num_columns(); ++i) {
      const auto& column = *batch.column(i);
      std::string text = column.IsNull(row) ? "NULL" : CellText(column, row);
      // A column alone pushes no other off the screen: EXPLAIN's lines are shown whole.
      cells.push_back(batch.num_columns() == 1 ? OneLine(std::move(text)) : Cut(std::move(text)));
      widths_[i] = std::max(widths_[i], Width(cells.back()));
    }
  }
}

void TextTable::AppendRow(std::string& out, const std::vector<std::string>& cells) const {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::string padding(widths_[i] - Width(cells[i]), ' ');
    line += (i > 0 ? "  " : "") + (right_[i] ? padding + cells[i] : cells[i] + padding);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

std::string TextTable::Render(int64_t total_rows) const {
  std::string out;
  AppendRow(out, header_);
  std::vector<std::string> rule;
  for (size_t width : widths_) rule.emplace_back(std::min(width, kWidestCell), '-');
  AppendRow(out, rule);
  for (const auto& row : rows_) AppendRow(out, row);
  int64_t hidden = total_rows - static_cast<int64_t>(rows_.size());
  if (hidden > 0) {
    out += fmt::format("({} more rows; --format csv, json or parquet gives all)\n", hidden);
  }
  return out;
}

}  // namespace millpond::data
