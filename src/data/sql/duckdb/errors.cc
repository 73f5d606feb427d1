#include <charconv>
#include <duckdb/common/exception.hpp>
#include <duckdb/common/string_util.hpp>
#include <optional>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

using duckdb::ExceptionType;

constexpr char kKindKey[] = "millpond_kind";

ErrorKind KindOf(const duckdb::ErrorData& error) {
  const auto own = error.ExtraInfo().find(kKindKey);
  if (own != error.ExtraInfo().end()) return static_cast<ErrorKind>(std::stoi(own->second));
  switch (error.Type()) {
    case ExceptionType::INTERRUPT:
      return ErrorKind::kCancelled;
    case ExceptionType::OUT_OF_MEMORY:
      return ErrorKind::kResourceExhausted;
    case ExceptionType::IO:
    case ExceptionType::HTTP:
      return ErrorKind::kUnavailable;
    case ExceptionType::PERMISSION:
      return ErrorKind::kPermissionDenied;
    case ExceptionType::NOT_IMPLEMENTED:
      return ErrorKind::kUnsupported;
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
      return ErrorKind::kInternal;
    default:
      return ErrorKind::kInvalidArgument;
  }
}

std::optional<size_t> PositionOf(const duckdb::ErrorData& error) {
  const auto entry = error.ExtraInfo().find("position");
  if (entry == error.ExtraInfo().end()) return std::nullopt;
  const std::string& text = entry->second;
  size_t position = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (bad != std::errc()) return std::nullopt;
  return position;
}

// Some errors of the transformer name a thing in quotes and give no position: the first word of the
// user's text that is this thing.
std::optional<size_t> OffsetOfNamed(const std::string& message, const SourceText& source) {
  const size_t open = message.find('"');
  const size_t close = message.find('"', open + 1);
  if (open == message.npos || close == message.npos) return std::nullopt;
  const std::string name = message.substr(open + 1, close - open - 1);
  const auto tokens = Tokenize(source);
  if (!tokens) return std::nullopt;
  for (const Token& token : *tokens) {
    if (token.IsName() && duckdb::StringUtil::CIEquals(token.Value(), name)) return token.offset;
  }
  return std::nullopt;
}

// What DuckDB says, without its own picture of the line, and in our terms where its are of no use.
std::string Message(const duckdb::ErrorData& error) {
  std::string message = error.RawMessage();
  if (const size_t picture = message.find("\n\nLINE "); picture != message.npos) {
    message.resize(picture);
  }
  if (message.find("cannot copy window") != message.npos) {
    message += "; write OVER w instead of OVER (w)";
  }
  if (error.Type() == ExceptionType::INTERRUPT) message = "cancelled";
  return message;
}

}  // namespace

Error ToError(const duckdb::ErrorData& error) {
  return Error(KindOf(error), Message(error));
}

Error ToError(const duckdb::ErrorData& error, const TextOfDuckDB& text) {
  const std::string message = Message(error);
  const auto position = PositionOf(error);
  std::optional<size_t> offset;
  if (position && *position >= text.prefix) {
    offset = text.rewritten.SourceOffset(*position - text.prefix);
  } else {
    offset = OffsetOfNamed(message, text.source);
  }
  // An error of ours may have a place already.
  if (message.starts_with(text.source.file() + ":")) return Error(KindOf(error), message);
  const size_t at = offset.value_or(text.rewritten.SourceOffset(0));
  return Error(KindOf(error), fmt::format("{}: {}", text.source.Place(at), message));
}

void Throw(const Error& error) {
  std::unordered_map<std::string, std::string> extra{
      {kKindKey, std::to_string(static_cast<int>(error.kind()))}};
  throw duckdb::InvalidInputException(extra, error.ToString());
}

}  // namespace millpond::data
