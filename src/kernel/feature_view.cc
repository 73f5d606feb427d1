// Compilation. Every expression is walked twice, by the binder (types, inputs) and by the printer
// (canonical text); equal texts are one aggregate or one row expression.
#include "kernel/feature_view.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/sha256.h"
#include "kernel/canonical_text_internal.h"
#include "kernel/functions_internal.h"

namespace millpond::kernel {
namespace {

struct Compiled {
  BoundExpression bound;
  std::string text;
};

class Compiler {
 public:
  Compiler(const FeatureViewDefinition& definition, const Locator& locate)
      : definition_(definition), locate_(locate), program_(std::make_shared<FeatureProgram>()) {
    for (const SourceColumn& column : definition.columns) source_.names.push_back(column.name);
  }

  Result<std::shared_ptr<const FeatureProgram>> Run() {
    program_->definition = definition_;
    MP_RETURN_IF_ERROR(CheckNames());
    MP_RETURN_IF_ERROR(CompileHead());
    for (const OutputDefinition& output : definition_.outputs) {
      MP_RETURN_IF_ERROR(CompileOutput(output));
    }
    MakeTie();
    for (size_t i = 0; i < program_->outputs.size(); ++i) PrintOutput(i);
    return program_;
  }

 private:
  std::string Place(int64_t offset) const {
    return locate_ && offset >= 0 ? locate_(offset) + ": " : "";
  }

  Status CheckNames() const {
    if (definition_.entity.empty()) {
      return Fail(ErrorKind::kInvalidArgument, "{}feature view {} has no ENTITY column",
                  Place(definition_.entity_offset), definition_.name);
    }
    if (definition_.outputs.empty()) {
      return Fail(ErrorKind::kInvalidArgument, "feature view {} has no outputs", definition_.name);
    }
    if (definition_.settle < 0) {
      return Fail(ErrorKind::kInvalidArgument, "SETTLE of feature view {} is negative",
                  definition_.name);
    }
    std::set<std::string> names;
    for (const WindowDefinition& window : definition_.windows) {
      if (!names.insert(LowerName(window.name)).second) {
        return Fail(ErrorKind::kInvalidArgument, "{}window {} is defined twice",
                    Place(window.offset), window.name);
      }
      if (window.range.has_value() && *window.range <= 0) {
        return Fail(ErrorKind::kInvalidArgument, "{}window {} has no length", Place(window.offset),
                    window.name);
      }
    }
    names.clear();
    for (const OutputDefinition& output : definition_.outputs) {
      if (output.name.empty() || !names.insert(LowerName(output.name)).second) {
        return Fail(ErrorKind::kInvalidArgument,
                    "{}output '{}' needs a name (AS ...) that no other output has",
                    Place(output.offset), output.name);
      }
    }
    return OkStatus();
  }

  // Index into used_columns.
  Result<BoundInput> UseColumn(const std::string& name) {
    int found = source_.Find(name);
    if (found < 0) {
      return Fail(ErrorKind::kNotFound, "source {} has no column {}", definition_.source, name);
    }
    const SourceColumn& column = definition_.columns[found];
    auto [at, inserted] = used_.try_emplace(found, static_cast<int>(used_.size()));
    if (inserted) program_->used_columns.push_back(column);
    return BoundInput{at->second, column.type};
  }

  Scope RowScope() {
    Scope scope;
    scope.column = [this](const std::string& name) { return UseColumn(name); };
    scope.locate = locate_;
    return scope;
  }

  // Prints row expressions and notes which columns the output at hand uses.
  Printer RowPrinter() {
    Printer printer;
    printer.column = [this](const std::string& name) -> Result<std::string> {
      const SourceColumn& column = definition_.columns[source_.Find(name)];
      columns_in_use_.insert(column.name);
      return "column(" + QuoteText(column.name) + ")";
    };
    return printer;
  }

  Result<Compiled> CompileRow(const Expr& expr, std::optional<Type> type) {
    Compiled compiled;
    if (type.has_value()) {
      MP_ASSIGN_OR_RETURN(compiled.bound, BindAs(expr, *type, RowScope()));
    } else {
      MP_ASSIGN_OR_RETURN(compiled.bound, Bind(expr, RowScope()));
    }
    MP_ASSIGN_OR_RETURN(compiled.text, PrintExpression(expr, RowPrinter()));
    return compiled;
  }

  // ENTITY, TIMESTAMP, KNOWN AT, SETTLE and WHERE, and their lines of every canonical text.
  Status CompileHead() {
    head_ = "millpond-feature 1\nsource " + QuoteText(definition_.source) + "\n";
    for (const std::string& name : definition_.entity) {
      auto input = UseColumn(name);
      if (!input.has_value()) {
        return Fail(ErrorKind::kNotFound, "{}ENTITY: {}", Place(definition_.entity_offset),
                    input.error().message());
      }
      program_->entity.push_back(input->index);
      const SourceColumn& column = program_->used_columns[input->index];
      head_ += "entity " + QuoteText(column.name) + " " + ToString(column.type) + "\n";
    }
    Expr timestamp = ColumnRef(definition_.timestamp, definition_.timestamp_offset);
    MP_ASSIGN_OR_RETURN_CONTEXT(Compiled event_time, CompileRow(timestamp, kTimestamp),
                                "while reading TIMESTAMP of feature view {}", definition_.name);
    program_->event_time = std::move(event_time.bound);
    const SourceColumn& column = definition_.columns[source_.Find(definition_.timestamp)];
    head_ += "timestamp " + QuoteText(column.name) + " " + ToString(column.type) + "\n";
    columns_in_use_.clear();
    MP_ASSIGN_OR_RETURN_CONTEXT(Compiled known_at,
                                CompileRow(definition_.known_at.value_or(timestamp), kTimestamp),
                                "while reading KNOWN AT of feature view {}", definition_.name);
    program_->known_at = std::move(known_at.bound);
    head_ += "known_at " + known_at.text + "\n";
    head_ += fmt::format("settle {}\n", definition_.settle);
    if (definition_.where.has_value()) {
      MP_ASSIGN_OR_RETURN_CONTEXT(Compiled where, CompileRow(*definition_.where, kBoolean),
                                  "while reading WHERE of feature view {}", definition_.name);
      program_->where = std::move(where.bound);
      head_ += "where " + where.text + "\n";
    }
    head_columns_ = columns_in_use_;
    return OkStatus();
  }

  Result<const WindowDefinition*> FindWindow(const std::string& name) const {
    std::string known;
    for (const WindowDefinition& window : definition_.windows) {
      if (LowerName(window.name) == LowerName(name)) return &window;
      known += known.empty() ? window.name : ", " + window.name;
    }
    if (name.empty()) {
      return Fail(ErrorKind::kInvalidArgument, "an aggregate needs OVER and a window's name");
    }
    return Fail(ErrorKind::kInvalidArgument, "there is no window {}; the view defines {}", name,
                known.empty() ? "none" : known);
  }

  int AddRowExpression(Compiled compiled) {
    auto [at, inserted] = row_expressions_.try_emplace(
        compiled.text, static_cast<int>(program_->row_expressions.size()));
    if (inserted) program_->row_expressions.push_back(std::move(compiled.bound));
    return at->second;
  }

  int AddWindow(const WindowDefinition& window) {
    auto& windows = program_->windows;
    auto found = std::find(windows.begin(), windows.end(), window.range);
    if (found == windows.end()) found = windows.insert(windows.end(), window.range);
    return static_cast<int>(found - windows.begin());
  }

  // An error without place if it is the aggregate's own, with it if an argument's.
  Result<ProgramAggregate> MakeAggregate(const Expr& expr, bool* placed) {
    ProgramAggregate aggregate;
    MP_ASSIGN_OR_RETURN(aggregate.function,
                        FindAggregate(expr.name, !expr.children.empty(), expr.distinct));
    if (expr.children.size() > 1) {
      return Fail(ErrorKind::kInvalidArgument, "{} takes one argument", expr.name);
    }
    MP_ASSIGN_OR_RETURN(const WindowDefinition* window, FindWindow(expr.window));
    aggregate.window = AddWindow(*window);
    *placed = true;
    Type argument_type = kNullType;
    if (!expr.children.empty()) {
      MP_ASSIGN_OR_RETURN(Compiled argument, CompileRow(expr.children[0], {}));
      argument_type = argument.bound.type();
      if (argument_type.id == TypeId::kNull) {
        return Fail(ErrorKind::kInvalidArgument, "{}{} does not take a bare NULL",
                    Place(expr.offset), expr.name);
      }
      aggregate.argument = AddRowExpression(std::move(argument));
    }
    if (!expr.filter.empty()) {
      MP_ASSIGN_OR_RETURN(Compiled filter, CompileRow(expr.filter[0], kBoolean));
      aggregate.filter = AddRowExpression(std::move(filter));
    }
    *placed = false;
    MP_ASSIGN_OR_RETURN(aggregate.result, AggregateResultType(aggregate.function, argument_type));
    return aggregate;
  }

  Result<BoundInput> UseAggregate(const Expr& expr) {
    bool placed = false;
    auto aggregate = MakeAggregate(expr, &placed);
    if (!aggregate.has_value()) {
      if (placed) return std::unexpected(std::move(aggregate).error());
      return Fail(aggregate.error().kind(), "{}{}", Place(expr.offset),
                  aggregate.error().message());
    }
    MP_ASSIGN_OR_RETURN(std::string text, PrintExpression(expr, OutputPrinter()));
    ordered_ = ordered_ || aggregate->function == AggregateFunction::kFirst ||
               aggregate->function == AggregateFunction::kLast;
    auto [at, inserted] =
        aggregates_.try_emplace(text, static_cast<int>(program_->aggregates.size()));
    if (inserted) program_->aggregates.push_back(*aggregate);
    return BoundInput{1 + static_cast<int>(definition_.outputs.size()) + at->second,
                      aggregate->result};
  }

  int FindOutput(const std::string& name) const {
    for (size_t i = 0; i < program_->outputs.size(); ++i) {
      if (LowerName(program_->outputs[i].name) == LowerName(name)) return static_cast<int>(i);
    }
    return -1;
  }

  Scope OutputScope() {
    Scope scope;
    scope.locate = locate_;
    scope.column = [this](const std::string& name) -> Result<BoundInput> {
      if (source_.Find(name) >= 0) {
        return Fail(ErrorKind::kInvalidArgument,
                    "source column {} has many values at T; put it into an aggregate (an output of "
                    "that name cannot be meant: the source column comes first)",
                    name);
      }
      int output = FindOutput(name);
      if (output < 0) {
        return Fail(ErrorKind::kNotFound,
                    "there is no output {} above, and source {} has no such column", name,
                    definition_.source);
      }
      return BoundInput{1 + output, program_->outputs[output].type};
    };
    scope.aggregate = [this](const Expr& expr) { return UseAggregate(expr); };
    scope.as_of = []() -> Result<BoundInput> { return BoundInput{0, kTimestamp}; };
    return scope;
  }

  // Outside aggregates a name is an output, inside it is a column: the binder has seen to it.
  Printer OutputPrinter() {
    Printer printer = RowPrinter();
    auto row_column = printer.column;
    printer.column = [this, row_column](const std::string& name) -> Result<std::string> {
      if (source_.Find(name) >= 0) return row_column(name);
      int output = FindOutput(name);
      columns_in_use_.insert(output_columns_[output].begin(), output_columns_[output].end());
      ordered_ = ordered_ || output_ordered_[output];
      return output_texts_[output];
    };
    printer.window = [this](const std::string& name) -> Result<std::string> {
      MP_ASSIGN_OR_RETURN(const WindowDefinition* window, FindWindow(name));
      return PrintWindow(*window);
    };
    return printer;
  }

  Status CompileOutput(const OutputDefinition& definition) {
    columns_in_use_.clear();
    ordered_ = false;
    MP_ASSIGN_OR_RETURN(BoundExpression bound, Bind(definition.expression, OutputScope()));
    MP_ASSIGN_OR_RETURN(std::string text, PrintExpression(definition.expression, OutputPrinter()));
    if (bound.type().id == TypeId::kNull) {
      return Fail(ErrorKind::kInvalidArgument, "{}output {} has no type; CAST the NULL",
                  Place(definition.offset), definition.name);
    }
    FeatureOutput output;
    output.name = definition.name;
    output.type = bound.type();
    program_->outputs.push_back(std::move(output));
    program_->output_expressions.push_back(std::move(bound));
    output_texts_.push_back(std::move(text));
    output_columns_.push_back(columns_in_use_);
    output_ordered_.push_back(ordered_);
    return OkStatus();
  }

  // The columns that KNOWN AT, WHERE and the outputs read.
  std::set<std::string> ReadColumns() const {
    std::set<std::string> columns = head_columns_;
    for (const auto& of_output : output_columns_)
      columns.insert(of_output.begin(), of_output.end());
    return columns;
  }

  // Rows that tie are told apart by the columns that the view reads, but for those that are equal
  // in every tie: the entity's and the TIMESTAMP.
  void MakeTie() {
    bool asked =
        std::find(output_ordered_.begin(), output_ordered_.end(), true) != output_ordered_.end();
    if (!asked) return;
    std::set<int> equal(program_->entity.begin(), program_->entity.end());
    equal.insert(UseColumn(definition_.timestamp)->index);
    std::vector<BoundInput> inputs;
    for (const std::string& name : ReadColumns()) {
      BoundInput input = *UseColumn(name);
      if (!equal.contains(input.index)) inputs.push_back(input);
    }
    if (inputs.empty()) return;
    program_->tie = static_cast<int>(program_->row_expressions.size());
    program_->row_expressions.push_back(CanonicalRowOf(inputs));
  }

  // A value that depends on the order of rows depends on all columns that order them.
  void PrintOutput(size_t i) {
    FeatureOutput& output = program_->outputs[i];
    std::set<std::string> columns = output_ordered_[i] ? ReadColumns() : output_columns_[i];
    columns.insert(head_columns_.begin(), head_columns_.end());
    output.canonical_text = head_;
    for (const std::string& name : columns) {
      const SourceColumn& column = definition_.columns[source_.Find(name)];
      output.canonical_text += "column " + QuoteText(name) + " " + ToString(column.type) + "\n";
    }
    output.canonical_text += "type " + ToString(output.type) + "\nvalue " + output_texts_[i] + "\n";
    output.hash = Sha256::Hex(output.canonical_text);
  }

  const FeatureViewDefinition& definition_;
  const Locator& locate_;
  std::shared_ptr<FeatureProgram> program_;
  Batch source_;                                // names only
  std::map<int, int> used_;                     // source column -> place in used_columns
  std::map<std::string, int> row_expressions_;  // by text
  std::map<std::string, int> aggregates_;       // by text
  std::string head_;
  std::set<std::string> head_columns_;
  std::set<std::string> columns_in_use_;
  std::vector<std::string> output_texts_;
  std::vector<std::set<std::string>> output_columns_;
  bool ordered_ = false;              // the output at hand asks for an order of rows
  std::vector<bool> output_ordered_;  // likewise, by output
};

}  // namespace

Result<std::shared_ptr<const FeatureProgram>> Compile(const FeatureViewDefinition& definition,
                                                      const Locator& locate) {
  return Compiler(definition, locate).Run();
}

}  // namespace millpond::kernel
