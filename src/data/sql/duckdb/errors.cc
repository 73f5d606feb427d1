#include <algorithm>
#include <charconv>
#include <duckdb/common/exception.hpp>
#include <duckdb/common/string_util.hpp>
#include <optional>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_file_system.h"
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

bool IsOwn(const duckdb::ErrorData& error) {
  return error.ExtraInfo().contains(kKindKey);
}

// With errors_as_json (engine.cc) a message is JSON and its place stands in it; otherwise DuckDB
// draws the place into the text and forgets it.
duckdb::ErrorData Unwrapped(const duckdb::ErrorData& error) {
  const std::string& raw = error.RawMessage();
  return raw.starts_with("{\"exception_type\"") ? duckdb::ErrorData(raw) : error;
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

// Some errors of the transformer name a thing in quotes and give no position: the word of the
// user's text that is this thing, if there is only one.
std::optional<size_t> OffsetOfNamed(const std::string& message, const SourceText& source) {
  const size_t open = message.find('"');
  const size_t close = message.find('"', open + 1);
  if (open == message.npos || close == message.npos) return std::nullopt;
  const std::string name = message.substr(open + 1, close - open - 1);
  const auto tokens = Tokenize(source);
  if (!tokens) return std::nullopt;
  std::optional<size_t> found;
  for (const Token& token : *tokens) {
    if (!token.IsName() || !duckdb::StringUtil::CIEquals(token.Value(), name)) continue;
    if (found) return std::nullopt;
    found = token.offset;
  }
  return found;
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
  if (error.Type() == ExceptionType::OUT_OF_MEMORY) {
    // DuckDB goes on with settings of its own, which nobody can set here.
    const bool disk = message.find("max_temp_directory_size") != message.npos;
    message.resize(std::min(message.find('\n'), message.size()));
    message += disk ? ": what does not fit into memory goes to disk, and there is no more space "
                      "under the project's storage folder"
                    : ": raise memory_limit in millpond.yml, or ask for less at once";
  }
  return WithoutLakePrefix(std::move(message));
}

// "column d: " where the value for column d of an INSERT stands.
std::string ColumnAt(const RunOptions* target, size_t offset) {
  if (target == nullptr) return "";
  for (const auto& row : target->places) {
    const auto found = std::ranges::find(row, offset);
    if (found == row.end()) continue;
    return fmt::format("column {}: ", target->columns[found - row.begin()].name);
  }
  return "";
}

}  // namespace

Error ToError(const duckdb::ErrorData& thrown) {
  const duckdb::ErrorData error = Unwrapped(thrown);
  return Error(KindOf(error), Message(error));
}

Error ToError(const duckdb::ErrorData& thrown, const TextOfDuckDB& text) {
  const duckdb::ErrorData error = Unwrapped(thrown);
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
  return Error(KindOf(error),
               fmt::format("{}: {}{}", text.source.Place(at), ColumnAt(text.target, at), message));
}

bool MayBeOfAFile(const duckdb::ErrorData& error) {
  const bool other = error.Type() == ExceptionType::INTERRUPT ||
                     error.Type() == ExceptionType::OUT_OF_MEMORY ||
                     error.Type() == ExceptionType::PERMISSION;
  return !other && !IsOwn(error) && !PositionOf(error);
}

void Throw(const Error& error) {
  std::unordered_map<std::string, std::string> extra{
      {kKindKey, std::to_string(static_cast<int>(error.kind()))}};
  throw duckdb::InvalidInputException(extra, error.ToString());
}

}  // namespace millpond::data
