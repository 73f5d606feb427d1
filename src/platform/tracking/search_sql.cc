#include "platform/tracking/search_sql.h"

#include <charconv>
#include <set>

#include "base/json.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kNumberComparisons = "'=', '!=', '>', '>=', '<', '<='";
constexpr std::string_view kTextComparisons = "'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'";
constexpr std::string_view kKeyComparisons = "'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'";

bool IsNumberComparison(Comparison comparison) {
  return comparison <= Comparison::kLessEqual;
}

bool IsListComparison(Comparison comparison) {
  return comparison == Comparison::kIn || comparison == Comparison::kNotIn;
}

bool IsNullComparison(Comparison comparison) {
  return comparison == Comparison::kIsNull || comparison == Comparison::kIsNotNull;
}

// = != LIKE ILIKE
bool IsPatternComparison(Comparison comparison) {
  return comparison == Comparison::kEqual || comparison == Comparison::kNotEqual ||
         comparison == Comparison::kLike || comparison == Comparison::kIlike;
}

std::string Shown(const SearchClause& clause) {
  if (auto* text = std::get_if<std::string>(&clause.value)) return fmt::format("'{}'", *text);
  if (auto* whole = std::get_if<int64_t>(&clause.value)) return fmt::format("{}", *whole);
  if (auto* number = std::get_if<double>(&clause.value)) return fmt::format("{}", *number);
  return std::holds_alternative<std::vector<std::string>>(clause.value) ? "a list" : "nothing";
}

template <typename... Args>
std::unexpected<Error> FailClause(const SearchClause& clause, fmt::format_string<Args...> text,
                                  Args&&... args) {
  return Fail(ErrorKind::kInvalidArgument, "{} (in the clause at character {})",
              fmt::format(text, std::forward<Args>(args)...), clause.position);
}

Status CheckComparison(const SearchClause& clause, bool fine, std::string_view known) {
  if (fine) return OkStatus();
  return FailClause(clause, "Invalid comparator '{}' not one of '{{{}}}'",
                    ToString(clause.comparison), known);
}

// The number of a clause; a text that is one counts if `from_text`.
Result<SqliteValue> NumberOf(const SearchClause& clause, bool from_text, std::string_view what) {
  if (auto* whole = std::get_if<int64_t>(&clause.value)) return SqliteValue(*whole);
  if (auto* number = std::get_if<double>(&clause.value); number != nullptr && !from_text) {
    return SqliteValue(*number);
  }
  if (auto* text = std::get_if<std::string>(&clause.value); text != nullptr && from_text) {
    int64_t whole = 0;
    const char* end = text->data() + text->size();
    auto [stopped, error] = std::from_chars(text->data(), end, whole);
    if (error == std::errc() && stopped == end) return SqliteValue(whole);
  }
  return FailClause(clause, "Expected numeric value type for {}. Found {}", what, Shown(clause));
}

const SearchAttribute* FindAttribute(const SearchSpace& space, std::string_view name) {
  for (const auto& attribute : space.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

std::string NamesOf(const SearchSpace& space, bool SearchAttribute::* usable) {
  std::set<std::string_view> names;
  for (const auto& attribute : space.attributes) {
    if (attribute.*usable) names.insert(attribute.name);
  }
  return fmt::format("{{'{}'}}", fmt::join(names, "', '"));
}

// `column IN (…)` over whole numbers that were written as texts.
Result<std::string> WholeList(const SearchAttribute& attribute, const SearchClause& clause,
                              SearchSql& sql) {
  Json numbers = Json::array();
  for (const auto& text : std::get<std::vector<std::string>>(clause.value)) {
    SearchClause one{.value = text, .position = clause.position};
    MP_ASSIGN_OR_RETURN(auto number, NumberOf(one, true, attribute.name));
    numbers.push_back(std::get<int64_t>(number));
  }
  return fmt::format("{} {} (SELECT value FROM json_each({}))", attribute.column,
                     ToString(clause.comparison), sql.Bind(DumpJson(numbers)));
}

Result<std::string> AttributeCondition(const SearchSpace& space, const SearchClause& clause,
                                       SearchSql& sql) {
  const SearchAttribute* attribute = FindAttribute(space, clause.key);
  if (attribute == nullptr || !attribute->searchable) {
    return FailClause(clause, "Invalid attribute key '{}' specified. Valid keys are '{}'",
                      clause.key, NamesOf(space, &SearchAttribute::searchable));
  }
  if (IsNullComparison(clause.comparison)) {
    return FailClause(clause,
                      "IS NULL / IS NOT NULL is only supported for tags and params, not for "
                      "'attribute' '{}'",
                      clause.key);
  }
  if (IsListComparison(clause.comparison) && !attribute->listable) {
    return FailClause(clause,
                      "Only attributes such as ids support comparison with a list of quoted string "
                      "values, not '{}'",
                      clause.key);
  }
  const bool whole = attribute->kind == SearchAttribute::Kind::kWholeText;
  if (whole && IsListComparison(clause.comparison)) return WholeList(*attribute, clause, sql);
  if (whole || attribute->kind == SearchAttribute::Kind::kNumber) {
    MP_RETURN_IF_ERROR(
        CheckComparison(clause, IsNumberComparison(clause.comparison), kNumberComparisons));
    MP_ASSIGN_OR_RETURN(auto number, NumberOf(clause, whole, "numeric attribute: " + clause.key));
    return NumberCondition(attribute->column, clause.comparison, std::move(number), sql);
  }
  MP_RETURN_IF_ERROR(CheckComparison(
      clause, IsPatternComparison(clause.comparison) || IsListComparison(clause.comparison),
      kTextComparisons));
  if (!IsListComparison(clause.comparison) && !std::holds_alternative<std::string>(clause.value)) {
    return FailClause(clause, "Expected a quoted string value for attributes. Got value {}",
                      Shown(clause));
  }
  return TextCondition(attribute->column, clause, sql);
}

Result<std::string> DatasetCondition(const SearchSpace& space, const SearchClause& clause,
                                     SearchSql& sql) {
  if (clause.key != "name" && clause.key != "digest" && clause.key != "context") {
    return FailClause(clause,
                      "Invalid dataset key '{}' specified. Valid keys are '{{'name', 'digest', "
                      "'context'}}'",
                      clause.key);
  }
  MP_RETURN_IF_ERROR(CheckComparison(
      clause, IsPatternComparison(clause.comparison) || IsListComparison(clause.comparison),
      kTextComparisons));
  if (!IsListComparison(clause.comparison) && !std::holds_alternative<std::string>(clause.value)) {
    return FailClause(clause, "Expected a quoted string value for dataset attributes. Got value {}",
                      Shown(clause));
  }
  return fmt::format("{} IN (SELECT {} FROM {} WHERE {})", space.dataset_outer, space.dataset_id,
                     space.dataset_table, TextCondition(clause.key, clause, sql));
}

Result<std::string> MetricCondition(const SearchLink& link, const SearchClause& clause,
                                    SearchSql& sql) {
  if (IsNullComparison(clause.comparison)) {
    return FailClause(clause,
                      "IS NULL / IS NOT NULL is only supported for tags and params, not for "
                      "'metric' '{}'",
                      clause.key);
  }
  MP_RETURN_IF_ERROR(
      CheckComparison(clause, IsNumberComparison(clause.comparison), kNumberComparisons));
  MP_ASSIGN_OR_RETURN(auto number, NumberOf(clause, false, "metric"));
  const std::string key = sql.Bind(clause.key);
  // NaN compares like nothing; it is only unequal to every number.
  const bool unequal = clause.comparison == Comparison::kNotEqual;
  return fmt::format("{} IN (SELECT {} FROM {} WHERE key = {} AND ({} {}))", link.outer, link.id,
                     link.table, key,
                     NumberCondition("value", clause.comparison, std::move(number), sql),
                     unequal ? "OR is_nan = 1" : "AND is_nan = 0");
}

Result<std::string> KeyCondition(const SearchLink& link, const SearchClause& clause,
                                 SearchSql& sql) {
  if (IsNullComparison(clause.comparison) && link.nullable) {
    return fmt::format("{} {} (SELECT {} FROM {} WHERE key = {})", link.outer,
                       clause.comparison == Comparison::kIsNull ? "NOT IN" : "IN", link.id,
                       link.table, sql.Bind(clause.key));
  }
  MP_RETURN_IF_ERROR(
      CheckComparison(clause, IsPatternComparison(clause.comparison), kKeyComparisons));
  if (!std::holds_alternative<std::string>(clause.value)) {
    return FailClause(clause,
                      "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                      ToString(clause.entity), Shown(clause));
  }
  const std::string key = sql.Bind(clause.key);
  return fmt::format("{} IN (SELECT {} FROM {} WHERE key = {} AND {})", link.outer, link.id,
                     link.table, key, TextCondition("value", clause, sql));
}

const SearchLink* FindLink(const SearchSpace& space, SearchEntity entity) {
  for (const auto& link : space.links) {
    if (link.entity == entity) return &link;
  }
  return nullptr;
}

Result<std::string> ConditionOf(const SearchSpace& space, const SearchClause& clause,
                                SearchSql& sql) {
  if (clause.entity == SearchEntity::kAttribute) return AttributeCondition(space, clause, sql);
  if (clause.entity == SearchEntity::kDataset && !space.dataset_table.empty()) {
    return DatasetCondition(space, clause, sql);
  }
  const SearchLink* link = FindLink(space, clause.entity);
  if (link == nullptr) {
    return FailClause(clause, "Invalid entity type '{}' for this search", ToString(clause.entity));
  }
  return clause.entity == SearchEntity::kMetric ? MetricCondition(*link, clause, sql)
                                                : KeyCondition(*link, clause, sql);
}

// A case-sensitive LIKE pattern as SQLite's GLOB.
std::string GlobOfLike(std::string_view pattern) {
  std::string glob;
  for (char c : pattern) {
    if (c == '%') {
      glob += '*';
    } else if (c == '_') {
      glob += '?';
    } else if (c == '*' || c == '?' || c == '[') {
      glob += {'[', c, ']'};
    } else {
      glob += c;
    }
  }
  return glob;
}

Status AddOrder(const SearchSpace& space, const SearchOrder& order, SearchSql& sql) {
  const std::string_view direction = order.ascending ? "ASC" : "DESC";
  if (order.entity == SearchEntity::kAttribute) {
    const SearchAttribute* attribute = FindAttribute(space, order.key);
    if (attribute == nullptr || !attribute->orderable) {
      return Fail(ErrorKind::kInvalidArgument,
                  "Invalid order_by: Invalid attribute key '{}' specified. Valid keys are '{}'",
                  order.key, NamesOf(space, &SearchAttribute::orderable));
    }
    sql.orders.push_back(fmt::format("{} IS NULL", attribute->column));
    sql.orders.push_back(fmt::format("{} {}", attribute->column, direction));
    return OkStatus();
  }
  const SearchLink* link = FindLink(space, order.entity);
  if (link == nullptr || !link->orderable) {
    return Fail(ErrorKind::kInvalidArgument, "Invalid order_by entity: {}", ToString(order.entity));
  }
  const std::string alias = fmt::format("o{}", sql.parameters.size());
  sql.joins += fmt::format(" LEFT JOIN {0} {1} ON {1}.key = {2} AND {1}.{3} = {4}", link->table,
                           alias, sql.Bind(order.key), link->id, link->outer);
  if (order.entity == SearchEntity::kMetric) {
    sql.orders.push_back(fmt::format(
        "CASE WHEN {0}.is_nan = 1 THEN 1 WHEN {0}.value IS NULL THEN 2 ELSE 0 END", alias));
  } else {
    sql.orders.push_back(fmt::format("{}.value IS NULL", alias));
  }
  sql.orders.push_back(fmt::format("{}.value {}", alias, direction));
  return OkStatus();
}

}  // namespace

std::string SearchSql::Bind(SqliteValue value) {
  parameters.push_back(std::move(value));
  return fmt::format("?{}", parameters.size());
}

std::string NumberCondition(std::string_view column, Comparison comparison, SqliteValue value,
                            SearchSql& sql) {
  return fmt::format("{} {} {}", column, ToString(comparison), sql.Bind(std::move(value)));
}

std::string TextCondition(std::string_view column, const SearchClause& clause, SearchSql& sql) {
  if (auto* listed = std::get_if<std::vector<std::string>>(&clause.value)) {
    return fmt::format("{} {} (SELECT value FROM json_each({}))", column,
                       ToString(clause.comparison), sql.Bind(DumpJson(Json(*listed))));
  }
  const std::string& text = std::get<std::string>(clause.value);
  if (clause.comparison == Comparison::kLike) {
    return fmt::format("{} GLOB {}", column, sql.Bind(GlobOfLike(text)));
  }
  const std::string_view sign =
      clause.comparison == Comparison::kIlike ? "LIKE" : ToString(clause.comparison);
  return fmt::format("{} {} {}", column, sign, sql.Bind(text));
}

Status AddClauses(const SearchSpace& space, const std::vector<SearchClause>& clauses,
                  SearchSql& sql) {
  for (const auto& clause : clauses) {
    MP_ASSIGN_OR_RETURN(const std::string condition, ConditionOf(space, clause, sql));
    sql.conditions += " AND " + condition;
  }
  return OkStatus();
}

Status AddOrders(const SearchSpace& space, const std::vector<std::string>& order_by,
                 SearchSql& sql) {
  std::set<std::pair<SearchEntity, std::string>> seen;
  if (order_by.size() > 20) {
    return Fail(ErrorKind::kInvalidArgument, "`order_by` may hold at most 20 fields, not {}",
                order_by.size());
  }
  for (const auto& text : order_by) {
    MP_ASSIGN_OR_RETURN(auto order, ParseSearchOrder(text));
    if (!seen.emplace(order.entity, order.key).second) {
      return Fail(ErrorKind::kInvalidArgument, "`order_by` contains duplicate fields: ['{}']",
                  fmt::join(order_by, "', '"));
    }
    MP_RETURN_IF_ERROR(AddOrder(space, order, sql));
  }
  return OkStatus();
}

}  // namespace millpond::platform
