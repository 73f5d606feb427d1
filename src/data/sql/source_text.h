// A text that a user wrote, with its file's name, so that every error can say "file:line:column".
// Offsets are bytes from the start of the text; lines and columns count from 1, columns in
// characters (a UTF-8 sequence is one). Cheap to copy: copies share the text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

class SourceText {
 public:
  SourceText(std::string file, std::string text);

  const std::string& file() const { return data_->file; }
  std::string_view text() const { return data_->text; }

  // "file:line:column"; an offset past the end means the end.
  std::string Place(size_t offset) const;

  // The offset of a part of text(). The part must point into text().
  size_t OffsetOf(std::string_view part) const;

 private:
  struct Data {
    std::string file, text;
  };
  std::shared_ptr<const Data> data_;
};

// FailAt(source, offset, kind, "...", ...): an error whose message begins with "file:line:column:
// ".
template <typename... Args>
[[nodiscard]] std::unexpected<Error> FailAt(const SourceText& source, size_t offset, ErrorKind kind,
                                            fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected<Error>(
      Error(kind, fmt::format("{}: {}", source.Place(offset),
                              fmt::format(format, std::forward<Args>(args)...))));
}

// An error of a part below, told at a place of the text unless it has one already.
[[nodiscard]] std::unexpected<Error> ErrorAt(const SourceText& source, size_t offset,
                                             const Error& error);

}  // namespace millpond::data
