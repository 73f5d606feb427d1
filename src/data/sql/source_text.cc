#include "data/sql/source_text.h"

#include <algorithm>

#include "base/check.h"

namespace millpond::data {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

SourceText::SourceText(std::string file, std::string text)
    : data_(std::make_shared<const Data>(Data{std::move(file), std::move(text)})) {}

std::string SourceText::Place(size_t offset) const {
  const std::string_view before = text().substr(0, std::min(offset, text().size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  // Bytes 10xxxxxx go on with a UTF-8 character that has begun before them.
  auto column = 1 + std::count_if(before.begin() + line_start, before.end(),
                                  [](char c) { return (c & 0xC0) != 0x80; });
  // Editors do not count the mark that some of them put before the first line.
  if (line == 1 && before.starts_with(kByteOrderMark)) --column;
  return fmt::format("{}:{}:{}", file(), line, column);
}

size_t SourceText::OffsetOf(std::string_view part) const {
  CHECK(part.data() >= text().data());
  CHECK(part.data() + part.size() <= text().data() + text().size());
  return static_cast<size_t>(part.data() - text().data());
}

std::unexpected<Error> ErrorAt(const SourceText& source, size_t offset, const Error& error) {
  const std::string text = error.ToString();
  if (text.starts_with(source.file() + ":")) return std::unexpected<Error>(error);
  return FailAt(source, offset, error.kind(), "{}", text);
}

}  // namespace millpond::data
