// What is to be predicted: a condition on a column, a column of two values, or activity.
#include <algorithm>
#include <cctype>

#include "app/init/guess.h"
#include "app/terminal.h"
#include "data/sql/tokenizer.h"

namespace millpond::app {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "COLUMN OP VALUE"; nothing else of SQL.
struct Condition {
  std::string column, op, value;
};
std::optional<Condition> ParseCondition(const std::string& text) {
  constexpr std::string_view kOperators[] = {">=", "<=", "<>", "!=", "==", ">", "<", "="};
  const size_t at = text.find_first_of("<>=!");
  if (at == std::string::npos) return std::nullopt;
  for (const auto op : kOperators) {
    if (!std::string_view(text).substr(at).starts_with(op)) continue;
    std::string_view value = Trim(std::string_view(text).substr(at + op.size()));
    if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') {
      value = value.substr(1, value.size() - 2);
    }
    const std::string sql_op = op == "==" ? "=" : op == "!=" ? "<>" : std::string(op);
    return Condition{std::string(Trim(std::string_view(text).substr(0, at))), sql_op,
                     std::string(value)};
  }
  return std::nullopt;
}

bool IsNumber(const std::string& text) {
  if (text.empty()) return false;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return *end == '\0' && !std::isalpha(static_cast<unsigned char>(text[0]));
}

// NULL where the field says nothing.
std::string TextCondition(const ColumnProfile& column, std::string_view op,
                          const std::string& value) {
  const std::string condition =
      fmt::format("trim({}) {} {}", column.name, op, data::QuoteString(value));
  if (column.missing_words == 0) return condition;
  return fmt::format("CASE WHEN {} THEN {} END", FilledSql(column.name), condition);
}

Result<LabelChoice> ConditionLabel(const std::vector<FileColumn>& columns,
                                   const Condition& condition) {
  MP_ASSIGN_OR_RETURN(int found, FindColumn(columns, condition.column, "--label"));
  const FileColumn& column = columns[found];
  LabelChoice label;
  label.choice = {.column = found, .reason = "as told"};
  label.words = fmt::format("{} {} {}", column.profile.name, condition.op, condition.value);
  if (column.type.is_number()) {
    if (!IsNumber(condition.value)) {
      return Fail(ErrorKind::kInvalidArgument, "--label: {} holds {}, and '{}' is no number",
                  column.profile.header, ToString(column.type.kind), condition.value);
    }
    label.sql = fmt::format("{} {} {}", column.type.sql, condition.op, condition.value);
    return label;
  }
  label.sql = TextCondition(column.profile, condition.op, condition.value);
  return label;
}

bool IsOneOf(const std::string& text, std::initializer_list<std::string_view> values) {
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(values, std::string_view(lower)) != values.end();
}

bool IsYes(const std::string& text) {
  return IsOneOf(text,
                 {"1", "1.0", "true", "yes", "t", "y", "positive", "failed", "fail", "churned"});
}
bool IsNo(const std::string& text) {
  return IsOneOf(text, {"0", "0.0", "false", "no", "f", "n", "negative", "ok", "passed", "none"});
}

// A column of two values; the positive one is yes by its name, else the rarer.
Result<LabelChoice> TwoValueLabel(const std::vector<FileColumn>& columns, int index) {
  const ColumnProfile& profile = columns[index].profile;
  if (profile.distinct != 2 || profile.top.size() < 2) {
    return Fail(ErrorKind::kInvalidArgument,
                "--label {}: a label has two values, this column has {}; say which of them, as in "
                "--label \"{} > 30\" or --label \"{} = '{}'\"",
                profile.header, WithThousands(profile.distinct), profile.header, profile.header,
                profile.example);
  }
  std::string positive = profile.top[1].first;  // the rarer
  bool by_name = false;
  for (const auto& [value, rows] : profile.top) {
    if (!IsYes(value)) continue;
    positive = value;
    by_name = true;
  }
  if (!by_name && IsNo(positive)) positive = profile.top[0].first;
  LabelChoice label;
  int64_t count = 0;
  for (const auto& [value, rows] : profile.top) count = value == positive ? rows : count;
  label.choice = {
      .column = index,
      .reason = fmt::format("two values; '{}' is what is predicted ({} of {} rows)", positive,
                            WithThousands(count), WithThousands(profile.filled))};
  label.words = fmt::format("{} = '{}'", profile.name, positive);
  label.sql = TextCondition(profile, "=", positive);
  return label;
}

bool NamesALabel(std::string_view name) {
  for (const std::string_view word :
       {"label", "target", "churn", "fraud", "fail", "default", "convert", "outcome", "late",
        "response", "accepted", "cancel", "return", "survived", "is_positive", "anomal", "defect",
        "broke", "alarm"}) {
    if (name.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Result<LabelChoice> GuessLabel(const std::vector<FileColumn>& columns, int time, int entity,
                               const WantedColumns& wanted) {
  if (wanted.label == "activity") return LabelChoice{.choice = {.reason = "as told"}};
  if (!wanted.label.empty()) {
    if (auto whole = FindColumn(columns, wanted.label, "--label"); whole.has_value()) {
      if (*whole == time || *whole == entity) {
        return Fail(ErrorKind::kInvalidArgument, "--label {}: this column is the {}", wanted.label,
                    *whole == time ? "time" : "entity");
      }
      return TwoValueLabel(columns, *whole);
    } else if (auto condition = ParseCondition(wanted.label)) {
      return ConditionLabel(columns, *condition);
    } else {
      return std::unexpected(std::move(whole).error());
    }
  }
  std::vector<int> named, plain;
  std::vector<std::string> two_texts;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnProfile& profile = columns[i].profile;
    const int index = static_cast<int>(i);
    if (index == time || index == entity || profile.distinct != 2 || profile.top.size() < 2)
      continue;
    const bool words = (IsYes(profile.top[0].first) && IsNo(profile.top[1].first)) ||
                       (IsNo(profile.top[0].first) && IsYes(profile.top[1].first));
    if (NamesALabel(profile.name))
      named.push_back(index);
    else if (words)
      plain.push_back(index);
    else
      two_texts.push_back(profile.name);
  }
  const std::vector<int>& found = named.empty() ? plain : named;
  LabelChoice label;
  if (!named.empty() || plain.size() == 1) {
    MP_ASSIGN_OR_RETURN(label, TwoValueLabel(columns, found[0]));
    for (size_t i = 1; i < found.size(); ++i)
      label.choice.others.push_back(columns[found[i]].profile.name);
    return label;
  }
  label.choice.reason = plain.empty() ? "no column is called a label or holds yes and no"
                                      : "several columns hold yes and no, none is called a label";
  for (const int index : plain) label.choice.others.push_back(columns[index].profile.name);
  std::ranges::copy(two_texts, std::back_inserter(label.choice.others));
  return label;
}

}  // namespace millpond::app
