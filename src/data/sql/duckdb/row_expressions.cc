// Expressions over rows as one prepared statement over a stream that gives, each time it runs, the
// batch at hand: parsed, bound and planned once for all batches of a write.
#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <duckdb/common/arrow/arrow_appender.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/prepared_statement.hpp>
#include <duckdb/main/query_result.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/logical_operator_visitor.hpp>
#include <duckdb/planner/planner.hpp>

#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/results_internal.h"
#include "data/sql/duckdb/row_expressions_internal.h"
#include "data/sql/duckdb/spark_functions_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/spark_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr const char* kNoColumn = "__millpond_row";

// Runs `body`, which may throw DuckDB's exceptions or ours.
template <typename Body>
auto Guarded(Body&& body) -> Result<decltype(body())> {
  try {
    return body();
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception)));
  }
}

// The one relation that such a statement reads: the batch that was put here.
class CurrentBatch : public TableSource {
 public:
  explicit CurrentBatch(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  void Put(std::shared_ptr<arrow::RecordBatch> batch) { batch_ = std::move(batch); }

  Result<ResolvedTable> Resolve(const std::string&, const std::string&,
                                const TableMoment&) override {
    auto reader = std::make_shared<OnceReader>(Reader(), "", [this] { return Reader(); });
    (void)reader->Take();  // the rows of later calls are those of Put
    return ResolvedTable{"rows", nullptr, std::move(reader)};
  }
  // Nobody asks: the time stands in a table's expressions as a constant (spark_expression.cc).
  Micros Now() const override { return 0; }

 private:
  std::shared_ptr<arrow::RecordBatchReader> Reader() const {
    arrow::RecordBatchVector batches;
    if (batch_ != nullptr) batches.push_back(batch_);
    return arrow::RecordBatchReader::Make(std::move(batches), schema_).ValueOr(nullptr);
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

// Casts of numbers with fractions to whole ones round here and cut off in Spark.
class RoundingCasts : public duckdb::LogicalOperatorVisitor {
 public:
  void VisitExpression(duckdb::unique_ptr<duckdb::Expression>* expression) override {
    Visit(**expression);
  }

 private:
  void Visit(duckdb::Expression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST) {
      const auto& cast = expression.Cast<duckdb::BoundCastExpression>();
      const auto from = cast.child->return_type.id();
      const bool fractions = from == duckdb::LogicalTypeId::FLOAT ||
                             from == duckdb::LogicalTypeId::DOUBLE ||
                             from == duckdb::LogicalTypeId::DECIMAL;
      if (fractions && cast.return_type.IsIntegral() && !IsWhole(*cast.child)) {
        Throw(Error(ErrorKind::kUnsupported,
                    "a cast of a number with a fraction to a whole one cuts off in Spark and "
                    "rounds here: write floor(…), ceil(…) or round(…) inside the cast"));
      }
    }
    duckdb::ExpressionIterator::EnumerateChildren(expression,
                                                  [&](duckdb::Expression& child) { Visit(child); });
  }

  static bool IsWhole(const duckdb::Expression& expression) {
    if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) return true;
    if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_FUNCTION) return false;
    const std::string& name = expression.Cast<duckdb::BoundFunctionExpression>().function.name;
    return name == "floor" || name == "ceil" || name == "round" || name == "trunc";
  }
};

// An expression of a log as DuckDB's text.
struct Translated {
  std::string text;
  std::vector<int> columns;
};

Result<Translated> Translate(const RowExpression& expression, const Schema& schema,
                             std::optional<Micros> now) {
  MP_ASSIGN_OR_RETURN(const std::string text, FromSparkSql(expression.text));
  return Guarded([&] {
    auto parsed = duckdb::Parser::ParseExpressionList(text);
    if (parsed.size() != 1) {
      Throw(Error(ErrorKind::kInvalidArgument, "one expression is expected"));
    }
    SparkScope scope{schema, now};
    TranslateSpark(parsed[0], scope);
    const std::string type = ToLogicalType(expression.type).ToString();
    std::string sql = fmt::format("CAST(({}) AS {})", parsed[0]->ToString(), type);
    if (!expression.compared_with.empty()) {
      sql = fmt::format("({} IS NOT DISTINCT FROM {})", QuoteName(expression.compared_with), sql);
      scope.columns.insert(schema.IndexOf(expression.compared_with));
    }
    return Translated{std::move(sql), {scope.columns.begin(), scope.columns.end()}};
  });
}

// A statement over the columns that its expressions name.
class DuckExpressions : public BoundExpressions {
 public:
  static Result<std::unique_ptr<DuckExpressions>> Make(const RowExpressionParts& parts,
                                                       const Schema& schema,
                                                       const std::vector<RowExpression>& wanted,
                                                       std::optional<Micros> now) {
    std::set<int> used;
    std::string select;
    std::vector<std::vector<int>> columns_of;
    for (const RowExpression& one : wanted) {
      MP_ASSIGN_OR_RETURN(Translated translated, Translate(one, schema, now));
      used.insert(translated.columns.begin(), translated.columns.end());
      select += (select.empty() ? "SELECT " : ", ") + translated.text;
      columns_of.push_back(std::move(translated.columns));
    }
    std::unique_ptr<DuckExpressions> made(
        new DuckExpressions(parts, schema, {used.begin(), used.end()}, std::move(columns_of)));
    MP_RETURN_IF_ERROR(made->Prepare(select + " FROM lake.rows.rows"));
    return made;
  }

  ~DuckExpressions() override {
    if (watch_) watchdog_->Forget(*watch_);
  }

  const std::vector<int>& ColumnsOf(size_t expression) const override {
    return columns_of_[expression];
  }

  Result<arrow::ArrayVector> Evaluate(const arrow::RecordBatch& rows) override {
    arrow::ArrayVector columns;
    for (const int i : used_) columns.push_back(rows.column(i));
    if (columns.empty()) {
      MP_ARROW_ASSIGN_OR_RETURN(columns.emplace_back(),
                                arrow::MakeArrayOfNull(arrow::boolean(), rows.num_rows()));
    }
    batch_->Put(arrow::RecordBatch::Make(batch_->schema(), rows.num_rows(), std::move(columns)));
    auto array = Guarded([&] { return Run(rows.num_rows()); });
    batch_->Put(nullptr);
    MP_RETURN_IF_ERROR(array);
    MP_ARROW_ASSIGN_OR_RETURN(const auto result, arrow::ImportRecordBatch(&*array, result_schema_));
    if (result->num_rows() != rows.num_rows()) {
      return Fail(ErrorKind::kInternal, "{} values came of {} rows", result->num_rows(),
                  rows.num_rows());
    }
    return result->columns();
  }

 private:
  DuckExpressions(const RowExpressionParts& parts, const Schema& schema, std::vector<int> used,
                  std::vector<std::vector<int>> columns_of)
      : database_(parts.database),
        watchdog_(parts.watchdog),
        used_(std::move(used)),
        columns_of_(std::move(columns_of)),
        connection_(*database_) {
    std::vector<StructField> fields;
    for (const int i : used_) fields.push_back(schema.fields()[i]);
    if (fields.empty()) fields.push_back({kNoColumn, DataType(TypeKind::kBoolean)});
    batch_ = std::make_shared<CurrentBatch>(Schema(std::move(fields)).ToArrow());
    connection_.context->registered_state->Insert(
        StatementTables::kKey, duckdb::make_shared_ptr<StatementTables>(batch_, parts.scans));
    watch_ = watchdog_->Watch([this] { connection_.Interrupt(); });
  }

  Status Prepare(const std::string& text) {
    const auto prepared = Guarded([&] {
      CheckCasts(text);
      statement_ = connection_.Prepare(text);
      if (statement_->HasError()) statement_->GetErrorObject().Throw();
      return true;
    });
    MP_RETURN_IF_ERROR(prepared);
    const auto& names = statement_->GetNames();
    MP_ASSIGN_OR_RETURN(result_schema_,
                        ResultSchema({names.begin(), names.end()}, statement_->GetTypes(),
                                     connection_.context->GetClientProperties()));
    return OkStatus();
  }

  void CheckCasts(const std::string& text) {
    connection_.context->RunFunctionInTransaction([&] {
      duckdb::Parser parser(connection_.context->GetParserOptions());
      parser.ParseQuery(text);
      duckdb::Planner planner(*connection_.context);
      planner.CreatePlan(std::move(parser.statements[0]));
      RoundingCasts().VisitOperator(*planner.plan);
    });
  }

  ArrowArray Run(int64_t rows) {
    duckdb::vector<duckdb::Value> none;
    const auto result = statement_->Execute(none, false);
    if (result->HasError()) result->GetErrorObject().Throw();
    duckdb::ArrowAppender appender(statement_->GetTypes(), static_cast<duckdb::idx_t>(rows),
                                   result->client_properties, {});
    while (const auto chunk = result->Fetch()) {
      if (chunk->size() == 0) break;
      appender.Append(*chunk, 0, chunk->size(), chunk->size());
    }
    return appender.Finalize();
  }

  duckdb::shared_ptr<duckdb::DatabaseInstance> database_;
  std::shared_ptr<Watchdog> watchdog_;
  std::vector<int> used_;
  std::vector<std::vector<int>> columns_of_;
  std::shared_ptr<CurrentBatch> batch_;
  duckdb::Connection connection_;
  std::optional<uint64_t> watch_;
  duckdb::unique_ptr<duckdb::PreparedStatement> statement_;
  std::shared_ptr<arrow::Schema> result_schema_;
};

class DuckExpressionEngine : public RowExpressionEngine {
 public:
  DuckExpressionEngine(const Environment& env, RowExpressionParts parts)
      : env_(env), parts_(std::move(parts)) {}

  Result<std::unique_ptr<BoundExpressions>> Bind(
      const Schema& schema, const std::vector<RowExpression>& expressions) override {
    return DuckExpressions::Make(parts_, schema, expressions, std::nullopt);
  }

  Result<std::shared_ptr<arrow::Array>> Constant(const RowExpression& expression) override {
    MP_ASSIGN_OR_RETURN(const auto bound,
                        DuckExpressions::Make(parts_, Schema(), {expression}, env_.clock.Now()));
    const auto row = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector());
    MP_ASSIGN_OR_RETURN(const auto values, bound->Evaluate(*row));
    return values[0];
  }

 private:
  Environment env_;
  RowExpressionParts parts_;
};

}  // namespace

std::shared_ptr<RowExpressionEngine> MakeRowExpressions(const Environment& env,
                                                        RowExpressionParts parts) {
  return std::make_shared<DuckExpressionEngine>(env, std::move(parts));
}

}  // namespace millpond::data
