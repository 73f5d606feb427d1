#include "data/sql/statements/table_version_internal.h"

#include <charconv>

namespace millpond::data {

Result<std::optional<NamedVersion>> TakeVersion(TokenCursor& at, DeltaTable& table,
                                                const SourceText& source) {
  NamedVersion moment;
  const size_t offset = at.offset();
  Result<std::shared_ptr<const Snapshot>> found = nullptr;
  if (at.Accept("VERSION", "AS", "OF")) {
    const Token* number = at.Peek();
    int64_t version = 0;
    if (number == nullptr || number->kind != TokenKind::kNumber) return at.Unexpected("a version");
    const auto [end, error] =
        std::from_chars(number->text.data(), number->text.data() + number->text.size(), version);
    if (error != std::errc() || end != number->text.data() + number->text.size()) {
      return at.Unexpected("a version, a whole number");
    }
    at.Skip();
    moment.parameters["version"] = fmt::format("{}", version);
    found = table.AtVersion(version);
  } else if (at.Accept("TIMESTAMP", "AS", "OF")) {
    MP_ASSIGN_OR_RETURN(const std::string text, at.TakeString("a time, as text"));
    const auto time = ParseTimestamp(text);
    if (!time) return ErrorAt(source, offset, time.error());
    moment.parameters["timestamp"] = FormatTimestamp(*time);
    found = table.AtTime(*time);
  } else {
    return std::optional<NamedVersion>();
  }
  if (!found) return ErrorAt(source, offset, found.error());
  moment.snapshot = *std::move(found);
  return moment;
}

}  // namespace millpond::data
