// VACUUM t [LITE | FULL] [RETAIN n HOURS] [DRY RUN], the words in any order.
#include <charconv>

#include "data/catalog/table_care.h"
#include "data/delta/care/vacuum.h"
#include "data/sql/rows.h"
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {
namespace {

Result<int64_t> TakeHours(TokenCursor& at) {
  const Token* next = at.Peek();
  double hours = 0;
  if (next != nullptr) {
    const auto text = next->text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hours);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && hours >= 0 && hours < 1e9) {
      at.Skip();
      MP_RETURN_IF_ERROR(at.Expect("HOURS"));
      return static_cast<int64_t>(hours * 3600 * 1000);
    }
  }
  return at.Unexpected("a number of hours");
}

Result<VacuumOptions> TakeOptions(TokenCursor& at) {
  VacuumOptions options;
  while (!at.AtEnd()) {
    if (at.Accept("LITE")) {
      options.lite = true;
    } else if (at.Accept("FULL")) {
      options.lite = false;
    } else if (at.Accept("RETAIN")) {
      MP_ASSIGN_OR_RETURN(options.retain_ms, TakeHours(at));
    } else if (at.Accept("DRY", "RUN")) {
      options.dry_run = true;
    } else {
      return at.Unexpected("LITE, FULL, RETAIN n HOURS or DRY RUN");
    }
  }
  return options;
}

// "version 2", "versions 1 to 2, 5 and 7 to 9".
std::string Describe(const std::vector<VersionRange>& ranges) {
  static constexpr size_t kMaxTold = 10;
  const bool is_one = ranges.size() == 1 && ranges.front().first == ranges.front().last;
  std::string text = is_one ? "version " : "versions ";
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto& [first, last] = ranges[i];
    if (i == kMaxTold) {
      return text + fmt::format(" and others up to {}", ranges.back().last);
    }
    if (i > 0) text += i + 1 == ranges.size() ? " and " : ", ";
    text += first == last ? fmt::format("{}", first) : fmt::format("{} to {}", first, last);
  }
  return text;
}

std::string Describe(const std::string& name, const VacuumResult& result, bool dry_run) {
  std::string text = fmt::format("{} file{} of {} bytes and {} folder{} {} {}", result.files,
                                 result.files == 1 ? "" : "s", result.bytes, result.directories,
                                 result.directories == 1 ? "" : "s",
                                 dry_run ? "would be removed from" : "removed from", name);
  if (!result.lost.empty()) {
    text +=
        fmt::format("; {} can no longer be read{}", Describe(result.lost), dry_run ? " then" : "");
  }
  for (const HeldVersion& held : result.held) {
    text += held.readable ? fmt::format("; {} of version {} kept for {} ({})", held.files,
                                        held.hold.version, held.hold.holder, held.hold.reason)
                          : fmt::format("; version {}, which {} holds, is not there any more",
                                        held.hold.version, held.hold.holder);
  }
  return text + fmt::format(", version {}", result.version);
}

}  // namespace

Result<QueryResult> ExecuteVacuum(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("VACUUM"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  MP_ASSIGN_OR_RETURN(VacuumOptions options, TakeOptions(at));
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(source, offset, opened.error());
  MP_ASSIGN_OR_RETURN(const auto snapshot, opened->table.Latest());
  MP_ASSIGN_OR_RETURN(options.pins, PinsOf(context.catalog(), *snapshot));
  options.progress = context.progress();
  auto result = VacuumTable(opened->table, options);
  if (!result) return ErrorAt(source, offset, result.error());
  QueryResult told{nullptr, Describe(opened->name, *result, options.dry_run)};
  if (!options.dry_run) return told;
  std::vector<std::vector<Cell>> rows;
  for (const Garbage& one : result->found) {
    rows.push_back({one.path, one.is_directory ? Cell() : Cell(one.size_bytes)});
  }
  MP_ASSIGN_OR_RETURN(told.rows, MakeRows({{"path"}, {"size_in_bytes", CellType::kInteger}}, rows));
  return told;
}

}  // namespace millpond::data
