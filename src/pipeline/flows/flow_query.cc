#include "pipeline/flows/flow_query.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/sha256.h"
#include "data/catalog/warehouse.h"
#include "data/delta/metadata/schema.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"
#include "pipeline/flows/plan_time.h"
#include "pipeline/flows/query_rules.h"

namespace millpond::pipeline {
namespace {

using data::QuoteName;
using data::Replacement;
using data::SourceText;
using data::Token;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// Whether the word after a relation is its alias.
bool HasAlias(const SourceText& source, std::string_view body, size_t end) {
  size_t body_end = source.OffsetOf(body) + body.size();
  auto tokens = data::Tokenize(source.text().substr(end, body_end - end), source);
  if (!tokens.has_value() || tokens->empty() || !tokens->front().IsName()) return false;
  static constexpr std::array<std::string_view, 25> kNoAlias = {
      "WHERE",   "GROUP",      "ORDER",     "HAVING",     "LIMIT", "OFFSET", "JOIN",
      "INNER",   "LEFT",       "RIGHT",     "FULL",       "CROSS", "ON",     "USING",
      "UNION",   "EXCEPT",     "SEMI",      "ANTI",       "ASOF",  "WINDOW", "QUALIFY",
      "NATURAL", "POSITIONAL", "INTERSECT", "TABLESAMPLE"};
  return std::none_of(kNoAlias.begin(), kNoAlias.end(),
                      [&](std::string_view word) { return tokens->front().Is(word); });
}

class Builder {
 public:
  Builder(const FlowStatement& statement, const ViewMap& views) : views_(views) {
    query_.statement = statement;
  }

  Result<FlowQuery> Run() {
    MP_RETURN_IF_ERROR(Statement(query_.statement));
    MP_RETURN_IF_ERROR(CheckKind());
    MP_RETURN_IF_ERROR(CheckConditions());
    std::string text;
    for (const FlowStatement& view : query_.views) {
      MP_ASSIGN_OR_RETURN(std::string one, NormalizedText(view.text, view.source));
      text += one + ";\n";
    }
    MP_ASSIGN_OR_RETURN(std::string own,
                        NormalizedText(query_.statement.text, query_.statement.source));
    query_.fingerprint = Sha256::Hex(text + own);
    return std::move(query_);
  }

 private:
  // Reads the relations of a statement; its views first, so that they stand before it.
  Status Statement(const FlowStatement& statement) {
    MP_ASSIGN_OR_RETURN(auto tree, data::ParseSelect(statement.body, statement.source));
    MP_RETURN_IF_ERROR(CheckRepeatable(tree, statement.body, statement.source));
    std::vector<Replacement> replacements;
    bool stream = false;
    for (const auto& relation : data::Relations(tree)) {
      MP_ASSIGN_OR_RETURN(bool one, Relation(relation, statement, replacements));
      stream |= one;
    }
    if (stream) {
      MP_RETURN_IF_ERROR(CheckStateless(tree, statement.source, stream_views_));
      if (statement.kind == FlowKind::kTemporaryView) {
        stream_views_.insert(data::LowerName(statement.name.table));
      }
    }
    query_.replacements.push_back(std::move(replacements));
    return OkStatus();
  }

  // Whether the relation is a stream.
  Result<bool> Relation(const data::ReferencedRelation& relation, const FlowStatement& statement,
                        std::vector<Replacement>& replacements) {
    const SourceText& source = statement.source;
    FlowInput input;
    input.stream = relation.stream;
    input.place = source.Place(relation.offset);
    std::string alias;
    if (relation.is_function) {
      alias = relation.function->name;
      if (alias != "read_files" && alias != "read_push") return Function(relation, source);
      MP_RETURN_IF_ERROR(Source(relation, source, input));
    } else {
      if (relation.names.size() == 1 && views_.contains(data::LowerName(relation.names[0]))) {
        return View(relation, source, replacements);
      }
      if (data::LowerName(relation.names[0]) == "delta") {
        return FailAt(source, relation.offset, ErrorKind::kUnsupported,
                      "a flow reads tables by name, so that their versions can be followed; "
                      "delta.`path` is for `millpond sql`");
      }
      auto name = data::ParseTableName(fmt::format("{}", fmt::join(relation.names, ".")));
      if (!name.has_value()) {
        return FailAt(source, relation.offset, kBad, "{}", name.error().ToString());
      }
      input.table = data::FoldCase(*name);
      input.fixed_version = relation.at != nullptr;
      alias = input.table.table;
      if (input.stream && input.fixed_version) {
        return FailAt(source, relation.offset, kBad,
                      "a STREAM follows the table: it has no version of its own");
      }
    }
    if (!input.is_table() || input.stream) {
      input.relation = fmt::format("__millpond_input_{}", query_.inputs.size() + 1);
      std::string text = QuoteName(input.relation);
      if (!HasAlias(source, statement.body, relation.end)) text += " AS " + QuoteName(alias);
      replacements.push_back({relation.offset, relation.end, text});
    } else if (Known(input)) {
      return false;
    }
    bool stream = input.stream;
    query_.inputs.push_back(std::move(input));
    return stream;
  }

  bool Known(const FlowInput& input) const {
    return std::any_of(query_.inputs.begin(), query_.inputs.end(), [&](const FlowInput& other) {
      return other.is_table() && !other.stream && other.table == input.table &&
             other.fixed_version == input.fixed_version;
    });
  }

  Status Source(const data::ReferencedRelation& relation, const SourceText& source,
                FlowInput& input) const {
    MP_ASSIGN_OR_RETURN(auto arguments, data::ArgumentsOf(*relation.function, source));
    if (relation.function->name == "read_files") {
      input.kind = FlowInput::Kind::kFiles;
      MP_ASSIGN_OR_RETURN(input.call, ParseReadFiles(arguments));
      return OkStatus();
    }
    input.kind = FlowInput::Kind::kPush;
    MP_ASSIGN_OR_RETURN(input.push, ParseReadPush(arguments));
    if (!relation.stream) {
      return FailAt(source, relation.offset, kBad,
                    "read_push gives each row once, so it needs STREAM before it, in a streaming "
                    "table; read that table for the rows that were pushed so far");
    }
    for (const FlowInput& other : query_.inputs) {
      if (other.kind != FlowInput::Kind::kPush || other.push.name != input.push.name) continue;
      return FailAt(source, relation.offset, kBad,
                    "what is pushed to {} is read here a second time; the first is at {}. Read it "
                    "into one streaming table, and that one as often as you like",
                    input.push.name.ToString(), other.place);
    }
    return OkStatus();
  }

  Result<bool> Function(const data::ReferencedRelation& relation, const SourceText& source) {
    const std::string& name = relation.function->name;
    if (relation.stream || name == "delta_scan" || name == "table_changes") {
      return FailAt(source, relation.offset, ErrorKind::kUnsupported,
                    "a flow cannot read {}({}); it reads tables by name, read_files(…) and "
                    "STREAM read_push(…)",
                    relation.stream ? "STREAM " : "", name);
    }
    return false;
  }

  // A view's query becomes a CTE of its name; STREAM(v) is the view, which says itself what is new.
  Result<bool> View(const data::ReferencedRelation& relation, const SourceText& source,
                    std::vector<Replacement>& replacements) {
    std::string name = data::LowerName(relation.names[0]);
    const FlowStatement& view = views_.at(name);
    if (std::find(open_views_.begin(), open_views_.end(), name) != open_views_.end()) {
      return FailAt(source, relation.offset, kBad, "temporary view {} reads itself ({})", name,
                    fmt::join(open_views_, " → "));
    }
    if (done_views_.insert(name).second) {
      open_views_.push_back(name);
      MP_RETURN_IF_ERROR(Statement(view));
      open_views_.pop_back();
      query_.views.push_back(view);
    }
    bool stream = stream_views_.contains(name);
    if (relation.stream && !stream) {
      return FailAt(source, relation.offset, kBad,
                    "view {} holds no STREAM, so there is nothing new to read of it; put STREAM "
                    "into the view, at the table or read_files(…) that it follows",
                    name);
    }
    if (relation.stream) {
      replacements.push_back({relation.offset, relation.end, QuoteName(view.name.table)});
    }
    return stream;
  }

  Status CheckKind() const {
    const FlowStatement& statement = query_.statement;
    auto stream = std::find_if(query_.inputs.begin(), query_.inputs.end(),
                               [](const FlowInput& input) { return input.stream; });
    bool found = stream != query_.inputs.end();
    if (statement.kind == FlowKind::kStreamingTable && !found) {
      return FailAt(statement.source, statement.name_offset, kBad,
                    "streaming table {} reads no STREAM; write STREAM before the read_files(…) or "
                    "the table it follows, or make it a MATERIALIZED VIEW",
                    statement.name.ToString());
    }
    if (statement.kind == FlowKind::kMaterializedView && found) {
      return Fail(kBad,
                  "{}: a materialized view is computed from all rows; leave out STREAM, or make {} "
                  "a STREAMING TABLE",
                  stream->place, statement.name.ToString());
    }
    return OkStatus();
  }

  Status CheckConditions() const {
    const FlowStatement& statement = query_.statement;
    for (const Expectation& e : statement.expectations) {
      std::string_view part = statement.source.text().substr(e.begin, e.end - e.begin);
      MP_ASSIGN_OR_RETURN(auto condition, data::ParseExpression(part, statement.source));
      MP_RETURN_IF_ERROR(CheckCondition(condition, part, statement.source));
    }
    return OkStatus();
  }

  const ViewMap& views_;
  FlowQuery query_;
  std::set<std::string> done_views_, stream_views_;
  std::vector<std::string> open_views_;
};

Result<std::string> RewrittenPart(std::string_view part, const SourceText& source, Micros now,
                                  std::vector<Replacement> replacements) {
  MP_RETURN_IF_ERROR(ReplaceNow(part, source, now, replacements));
  MP_ASSIGN_OR_RETURN(auto rewritten, data::Rewrite(part, source, std::move(replacements)));
  return rewritten.text();
}

// What stands before and after the body: views as CTEs, then casts, then conditions.
Result<std::pair<std::string, std::string>> Frame(const FlowQuery& query, Micros now,
                                                  bool with_conditions) {
  const FlowStatement& statement = query.statement;
  std::string before, after, columns;
  for (size_t i = 0; i < query.views.size(); ++i) {
    const FlowStatement& view = query.views[i];
    MP_ASSIGN_OR_RETURN(std::string body,
                        RewrittenPart(view.body, view.source, now, query.replacements[i]));
    before += fmt::format("{}{} AS ({}\n)", before.empty() ? "WITH " : ", ",
                          QuoteName(view.name.table), body);
  }
  if (with_conditions && !statement.expectations.empty()) {
    before += "SELECT *";
    for (size_t i = 0; i < statement.expectations.size(); ++i) {
      const Expectation& e = statement.expectations[i];
      std::string_view part = statement.source.text().substr(e.begin, e.end - e.begin);
      MP_ASSIGN_OR_RETURN(std::string condition, RewrittenPart(part, statement.source, now, {}));
      before += fmt::format(", coalesce(CAST(({}\n) AS BOOLEAN), false) AS {}", condition,
                            QuoteName(ConditionColumn(i)));
    }
    before += " FROM (";
    after += ") AS __millpond_checked";
  }
  for (const ColumnDeclaration& column : statement.columns) {
    std::string name = QuoteName(column.name);
    columns += columns.empty() ? "" : ", ";
    columns +=
        column.type.empty() ? name : fmt::format("CAST({0} AS {1}) AS {0}", name, column.type);
  }
  before += fmt::format("SELECT {} FROM (", columns.empty() ? "*" : columns);
  return std::pair(std::move(before), ") AS __millpond_rows" + after);
}

}  // namespace

std::string FlowInput::name() const {
  switch (kind) {
    case Kind::kTable:
      return table.ToString();
    case Kind::kFiles:
      return call.pattern;
    case Kind::kPush:
      return push.name.ToString();
  }
  return "";
}

std::string FlowInput::Key() const {
  static constexpr std::array<const char*, 3> kWords = {"table ", "files ", "push "};
  return kWords[static_cast<size_t>(kind)] + name();
}

bool FlowQuery::quarantines() const {
  return std::any_of(statement.expectations.begin(), statement.expectations.end(),
                     [](const Expectation& e) { return e.action == ViolationAction::kQuarantine; });
}

bool FlowQuery::reads_pushes() const {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const FlowInput& input) { return input.kind == FlowInput::Kind::kPush; });
}

bool FlowQuery::streams_files() const {
  return std::any_of(inputs.begin(), inputs.end(), [](const FlowInput& input) {
    return input.kind == FlowInput::Kind::kFiles && input.stream;
  });
}

Result<FlowQuery> MakeFlowQuery(const FlowStatement& statement, const ViewMap& views) {
  MP_ASSIGN_OR_RETURN(FlowQuery query, Builder(statement, views).Run());
  std::vector<Replacement> found;
  MP_RETURN_IF_ERROR(ReplaceNow(statement.text, statement.source, 0, found));
  for (const FlowStatement& view : query.views) {
    MP_RETURN_IF_ERROR(ReplaceNow(view.body, view.source, 0, found));
  }
  query.uses_now = !found.empty();
  return query;
}

std::string ConditionColumn(size_t i) {
  return fmt::format("__millpond_expectation_{}", i);
}

Result<ComposedQuery> Compose(const FlowQuery& query, Micros now, bool with_conditions) {
  const FlowStatement& statement = query.statement;
  MP_ASSIGN_OR_RETURN(auto frame, Frame(query, now, with_conditions));
  ComposedQuery composed{statement.body, statement.source, query.replacements.back()};
  MP_RETURN_IF_ERROR(ReplaceNow(statement.body, statement.source, now, composed.replacements));
  size_t begin = statement.source.OffsetOf(statement.body);
  auto& replacements = composed.replacements;
  replacements.insert(replacements.begin(), {begin, begin, std::move(frame.first)});
  size_t end = begin + statement.body.size();
  replacements.push_back({end, end, std::move(frame.second)});
  return composed;
}

}  // namespace millpond::pipeline
