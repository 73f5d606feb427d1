#include "pipeline/flows/flow_statement.h"

#include <algorithm>

#include "data/catalog/warehouse.h"
#include "data/delta/metadata/schema.h"

namespace millpond::pipeline {
namespace {

using data::Token;
using data::TokenKind;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// The words before the name: gives the kind and the token after them, or nothing.
struct Head {
  FlowKind kind;
  bool refresh;
  size_t next;
};

std::optional<Head> ReadHead(const std::vector<Token>& tokens) {
  size_t i = 0;
  auto accept = [&](std::string_view word) {
    bool is = i < tokens.size() && tokens[i].Is(word);
    i += is ? 1 : 0;
    return is;
  };
  if (!accept("CREATE")) return std::nullopt;
  bool refresh = false;
  if (accept("OR")) {
    if (!accept("REFRESH") && !accept("REPLACE")) return std::nullopt;
    refresh = true;
  }
  if (accept("STREAMING")) {
    if (!accept("TABLE")) return std::nullopt;
    return Head{FlowKind::kStreamingTable, refresh, i};
  }
  if (accept("MATERIALIZED")) {
    if (!accept("VIEW")) return std::nullopt;
    return Head{FlowKind::kMaterializedView, refresh, i};
  }
  if (accept("TEMPORARY") || accept("TEMP")) {
    if (!accept("VIEW")) return std::nullopt;
    return Head{FlowKind::kTemporaryView, refresh, i};
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(const data::Statement& statement, const Head& head)
      : tokens_(statement.tokens), at_(head.next) {
    flow_.kind = head.kind;
    flow_.source = statement.source;
    flow_.text = statement.text;
    flow_.refresh = head.refresh;
  }

  Result<FlowStatement> Run() {
    if (Accept("IF")) {
      MP_RETURN_IF_ERROR(Expect("NOT"));
      MP_RETURN_IF_ERROR(Expect("EXISTS"));
    }
    MP_RETURN_IF_ERROR(Name());
    if (AcceptPunctuation("(")) MP_RETURN_IF_ERROR(List());
    while (!AtEnd() && !Peek().Is("AS")) MP_RETURN_IF_ERROR(Clause());
    if (AtEnd()) return Wrong("AS SELECT … with what the table is made of");
    ++at_;
    if (AtEnd()) return Wrong("a query after AS");
    size_t begin = Peek().offset;
    flow_.body = flow_.source.text().substr(begin, tokens_.back().end() - begin);
    if (flow_.kind == FlowKind::kTemporaryView &&
        (!flow_.columns.empty() || !flow_.expectations.empty())) {
      return FailAt(flow_.source, flow_.name_offset, ErrorKind::kUnsupported,
                    "a temporary view has no columns or constraints of its own; put them into the "
                    "table that reads it");
    }
    return std::move(flow_);
  }

 private:
  bool AtEnd() const { return at_ >= tokens_.size(); }
  const Token& Peek() const { return tokens_[at_]; }
  size_t Offset() const { return AtEnd() ? tokens_.back().end() : Peek().offset; }

  bool Accept(std::string_view word) {
    bool is = !AtEnd() && Peek().Is(word);
    at_ += is ? 1 : 0;
    return is;
  }
  bool AcceptPunctuation(std::string_view what) {
    bool is = !AtEnd() && Peek().IsPunctuation(what);
    at_ += is ? 1 : 0;
    return is;
  }
  std::unexpected<Error> Wrong(std::string_view expected) const {
    return FailAt(
        flow_.source, Offset(), kBad, "expected {}{}", expected,
        AtEnd() ? ", but the statement ends here" : fmt::format(", not '{}'", Peek().text));
  }
  Status Expect(std::string_view word) {
    if (!Accept(word)) return Wrong(word);
    return OkStatus();
  }
  Status ExpectPunctuation(std::string_view what) {
    if (!AcceptPunctuation(what)) return Wrong(what);
    return OkStatus();
  }
  Result<std::string> ExpectName(std::string_view what) {
    if (AtEnd() || !Peek().IsName()) return Wrong(what);
    return tokens_[at_++].Value();
  }
  Result<std::string> ExpectString(std::string_view what) {
    if (AtEnd() || Peek().kind != TokenKind::kString) return Wrong(what);
    return tokens_[at_++].Value();
  }

  Status Name() {
    flow_.name_offset = Offset();
    MP_ASSIGN_OR_RETURN(std::string name, ExpectName("a name"));
    while (AcceptPunctuation(".")) {
      MP_ASSIGN_OR_RETURN(std::string part, ExpectName("a name after '.'"));
      name += "." + part;
    }
    auto parsed = data::ParseTableName(name);
    if (!parsed.has_value()) {
      return FailAt(flow_.source, flow_.name_offset, kBad, "{}", parsed.error().ToString());
    }
    flow_.name = data::FoldCase(*parsed);
    return OkStatus();
  }

  // ( column [type] [COMMENT '…'], CONSTRAINT name EXPECT (…) …, … )
  Status List() {
    do {
      if (Accept("CONSTRAINT")) {
        MP_RETURN_IF_ERROR(Constraint());
      } else {
        MP_RETURN_IF_ERROR(Column());
      }
    } while (AcceptPunctuation(","));
    return ExpectPunctuation(")");
  }

  Status Column() {
    ColumnDeclaration column;
    column.offset = Offset();
    MP_ASSIGN_OR_RETURN(column.name, ExpectName("a column or CONSTRAINT"));
    for (const ColumnDeclaration& other : flow_.columns) {
      if (!data::EqualNames(other.name, column.name)) continue;
      return FailAt(flow_.source, column.offset, kBad, "column {} is declared twice", column.name);
    }
    size_t first = at_;
    for (int depth = 0; !AtEnd(); ++at_) {
      if (depth == 0 && (Peek().Is("COMMENT") || Peek().Is("NOT") || Peek().IsPunctuation(",") ||
                         Peek().IsPunctuation(")"))) {
        break;
      }
      depth += Peek().IsPunctuation("(") ? 1 : Peek().IsPunctuation(")") ? -1 : 0;
      column.type += Peek().text;
    }
    if (!AtEnd() && Peek().Is("NOT")) {
      return FailAt(flow_.source, Offset(), ErrorKind::kUnsupported,
                    "NOT NULL is not supported here; write CONSTRAINT {0}_given EXPECT ({0} IS NOT "
                    "NULL) ON VIOLATION FAIL UPDATE",
                    column.name);
    }
    if (!column.type.empty()) {
      auto type = data::ParseSqlType(column.type);
      if (!type.has_value()) {
        return FailAt(flow_.source, tokens_[first].offset, kBad, "{}", type.error().ToString());
      }
    }
    if (Accept("COMMENT")) {
      MP_ASSIGN_OR_RETURN(column.comment, ExpectString("a comment in quotes"));
    }
    flow_.columns.push_back(std::move(column));
    return OkStatus();
  }

  Status Constraint() {
    Expectation expectation;
    size_t offset = Offset();
    MP_ASSIGN_OR_RETURN(expectation.name, ExpectName("the constraint's name"));
    for (const Expectation& other : flow_.expectations) {
      if (!data::EqualNames(other.name, expectation.name)) continue;
      return FailAt(flow_.source, offset, kBad, "constraint {} is declared twice",
                    expectation.name);
    }
    MP_RETURN_IF_ERROR(Expect("EXPECT"));
    MP_RETURN_IF_ERROR(ExpectPunctuation("("));
    expectation.begin = Offset();
    for (int depth = 1; !AtEnd(); ++at_) {
      depth += Peek().IsPunctuation("(") ? 1 : Peek().IsPunctuation(")") ? -1 : 0;
      if (depth == 0) break;
      expectation.end = Peek().end();
    }
    if (expectation.end <= expectation.begin) return Wrong("a condition in parentheses");
    MP_RETURN_IF_ERROR(ExpectPunctuation(")"));
    if (Accept("ON")) {
      MP_RETURN_IF_ERROR(Expect("VIOLATION"));
      if (Accept("DROP")) {
        MP_RETURN_IF_ERROR(Expect("ROW"));
        expectation.action = ViolationAction::kDropRow;
      } else if (Accept("FAIL")) {
        MP_RETURN_IF_ERROR(Expect("UPDATE"));
        expectation.action = ViolationAction::kFailUpdate;
      } else if (Accept("QUARANTINE")) {
        Accept("ROW");
        expectation.action = ViolationAction::kQuarantine;
      } else {
        return Wrong("DROP ROW, FAIL UPDATE or QUARANTINE");
      }
    }
    flow_.expectations.push_back(std::move(expectation));
    return OkStatus();
  }

  Status Clause() {
    if (Accept("COMMENT")) {
      MP_ASSIGN_OR_RETURN(flow_.comment, ExpectString("a comment in quotes"));
      return OkStatus();
    }
    if (Accept("TBLPROPERTIES")) return Properties();
    if (Accept("PARTITIONED")) {
      MP_RETURN_IF_ERROR(Expect("BY"));
      MP_RETURN_IF_ERROR(ExpectPunctuation("("));
      do {
        MP_ASSIGN_OR_RETURN(std::string column, ExpectName("a column"));
        flow_.partition_columns.push_back(std::move(column));
      } while (AcceptPunctuation(","));
      return ExpectPunctuation(")");
    }
    for (std::string_view word : {"CLUSTER", "SCHEDULE", "USING", "WATERMARK", "FLOW", "TRIGGER"}) {
      if (!Peek().Is(word)) continue;
      return FailAt(flow_.source, Offset(), ErrorKind::kUnsupported,
                    "{} is not supported in a pipeline statement yet; leave it out", word);
    }
    return Wrong("COMMENT, TBLPROPERTIES, PARTITIONED BY or AS SELECT …");
  }

  Status Properties() {
    MP_RETURN_IF_ERROR(ExpectPunctuation("("));
    do {
      std::string key;
      if (!AtEnd() && Peek().kind == TokenKind::kString) {
        key = tokens_[at_++].Value();
      } else {
        MP_ASSIGN_OR_RETURN(key, ExpectName("a property's name"));
        while (AcceptPunctuation(".")) {
          MP_ASSIGN_OR_RETURN(std::string part, ExpectName("a property's name"));
          key += "." + part;
        }
      }
      AcceptPunctuation("=");
      if (AtEnd()) return Wrong("the property's value");
      bool negative = AcceptPunctuation("-");
      if (AtEnd()) return Wrong("a number after '-'");
      flow_.properties[key] = (negative ? "-" : "") + tokens_[at_++].Value();
    } while (AcceptPunctuation(","));
    return ExpectPunctuation(")");
  }

  const std::vector<Token>& tokens_;
  size_t at_;
  FlowStatement flow_;
};

}  // namespace

std::string_view ToString(FlowKind kind) {
  switch (kind) {
    case FlowKind::kStreamingTable:
      return "streaming table";
    case FlowKind::kMaterializedView:
      return "materialized view";
    case FlowKind::kTemporaryView:
      return "temporary view";
  }
  return "flow";
}

bool IsFlowStatement(const data::Statement& statement) {
  return ReadHead(statement.tokens).has_value();
}

Result<FlowStatement> ParseFlowStatement(const data::Statement& statement) {
  auto head = ReadHead(statement.tokens);
  if (!head.has_value()) {
    return FailAt(statement.source, statement.tokens[0].offset, kBad,
                  "expected CREATE [OR REFRESH] STREAMING TABLE, CREATE [OR REFRESH] MATERIALIZED "
                  "VIEW or CREATE TEMPORARY VIEW: files in transformations/ hold nothing else");
  }
  return Parser(statement, *head).Run();
}

Result<std::string> NormalizedText(std::string_view part, const data::SourceText& source) {
  MP_ASSIGN_OR_RETURN(auto tokens, data::Tokenize(part, source));
  std::string text;
  for (const Token& token : tokens) {
    if (!text.empty()) text += ' ';
    size_t begin = text.size();
    text += token.text;
    if (token.kind != TokenKind::kWord) continue;
    std::transform(text.begin() + begin, text.end(), text.begin() + begin, ::tolower);
  }
  return text;
}

}  // namespace millpond::pipeline
