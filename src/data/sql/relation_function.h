// A function in FROM that a layer above implements, for example read_files('dir', format => 'csv').
// It gives a stream of Arrow batches; DuckDB sees a relation.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/sql/source_text.h"

namespace millpond::data {

class DeltaTable;
struct Workspace;
struct SqlExpr;

// Constants only: an argument that is not one is refused before the function is asked.
struct ArgumentValue {
  // monostate: NULL. A list holds strings ("['a', 'b']"). A DECIMAL constant arrives as a double.
  std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<std::string>> value;
  size_t offset = 0;  // in the source text

  const std::string* AsString() const { return std::get_if<std::string>(&value); }
};

struct FunctionArguments {
  std::string function;  // lower case
  std::vector<ArgumentValue> positional;
  std::map<std::string, ArgumentValue> named;  // names in lower case
  SourceText source;                           // for FailAt
  size_t offset = 0;                           // of the function's name
  // Asks the session's AccessPolicy for kReadFiles; nothing where no session asks (a flow's
  // source).
  std::function<Status(const std::string& path)> may_read = {};
  // Opens a table by the parts of its name ({"t"}, {"s", "t"}, {"delta", "/path"}) and asks for
  // kSelect. Empty where no session asks.
  std::function<Result<DeltaTable>(const std::vector<std::string>& name)> open_table = {};
};

// A file that a function would read.
struct ReadableFile {
  std::string name;  // its place for people, the same wherever the project lies
  std::string path;  // absolute
  int64_t size_bytes = 0;
  Micros modified = 0;
  bool operator==(const ReadableFile&) const = default;
};

// Reads the arguments of a kFunction expression; for callers that have a tree but no session.
Result<FunctionArguments> ArgumentsOf(const SqlExpr& function, const SourceText& source);

class RelationFunction {
 public:
  virtual ~RelationFunction() = default;
  virtual std::string name() const = 0;  // lower case
  // Called once per use in a statement, when it is bound. The function checks the paths it is given
  // against workspace.readable_roots (data/sql/readable_roots.h), and asks arguments.may_read for
  // each file. Errors should carry FailAt
  // places.
  virtual Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const FunctionArguments& arguments,
                                                                 const Workspace& workspace) = 0;
  // The files that Open would read, in its order. kUnsupported: it reads none.
  virtual Result<std::vector<ReadableFile>> Files(const FunctionArguments& arguments,
                                                  const Workspace& workspace);
};

}  // namespace millpond::data
