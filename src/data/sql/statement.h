// One statement of a text, cut at ';', with its tokens; and the handlers of statements that layers
// above own (CREATE FEATURE VIEW, pipeline statements). The session asks the registered handlers
// first, in order of registration, then its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/sql/query_result.h"
#include "data/sql/source_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {

class SqlSession;

struct Statement {
  SourceText source;
  std::string_view text;      // points into source.text(), without the ';'
  std::vector<Token> tokens;  // of text, offsets into source.text(); never empty

  // Whether the statement begins with these words (upper case), for example
  // StartsWith({"CREATE", "FEATURE", "VIEW"}).
  bool StartsWith(std::initializer_list<std::string_view> words) const;
};

// The statements of a text in order; empty ones are dropped.
Result<std::vector<Statement>> SplitStatements(const SourceText& source);

class StatementHandler {
 public:
  virtual ~StatementHandler() = default;
  // Decides by the head alone; thread-safe.
  virtual bool Accepts(const Statement& statement) const = 0;
  virtual Result<QueryResult> Execute(const Statement& statement, SqlSession& session) = 0;
};

}  // namespace millpond::data
