#include "data/delta/commit/row_rules.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include "data/arrow/status.h"
#include "data/delta/commit/identity_values.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/text_limits.h"
#include "data/delta/metadata/value_check.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/row_conditions.h"
#include "data/delta/rows/row_mapper.h"
#include "data/delta/rows/text_fit.h"

namespace millpond::data {
namespace {

// A column that the rows lack, or a rule that they must keep, on its way to being bound.
struct Plan {
  std::vector<bool> filled;
  std::vector<int> defaults, identities, generated;
  std::vector<RowExpression> default_values, generations;
  std::vector<RowCondition> conditions;

  bool needs_sql() const {
    return !default_values.empty() || !generations.empty() || !conditions.empty();
  }
};

bool Gives(const arrow::Schema& rows, const std::string& column) {
  for (const auto& field : rows.fields()) {
    if (EqualNames(field->name(), column)) return true;
  }
  return false;
}

class Planner {
 public:
  Planner(const RowTarget& target, const arrow::Schema& rows)
      : target_(target), rows_(rows), schema_(target.shape.schema) {
    plan_.filled.assign(schema_.size(), false);
  }

  Result<Plan> Make() {
    for (size_t i = 0; i < schema_.size(); ++i) {
      MP_RETURN_IF_ERROR(PlanColumn(static_cast<int>(i)));
    }
    if (Supports(feature::kInvariants)) {
      MP_ASSIGN_OR_RETURN(const auto invariants, InvariantsOf(schema_));
      for (const RowCheck& one : invariants) {
        AddCondition(fmt::format("the invariant of column {} ({})", one.name, one.expression),
                     {one.expression});
      }
    }
    if (Supports(feature::kCheckConstraints)) {
      for (const RowCheck& one : ConstraintsOf(target_.shape.metadata.configuration)) {
        AddCondition(fmt::format("CHECK constraint {} ({})", one.name, one.expression),
                     {one.expression});
      }
    }
    return std::move(plan_);
  }

 private:
  bool Supports(const char* name) const {
    return SupportsWriterFeature(target_.shape.protocol, name);
  }

  void AddCondition(const std::string& what, RowExpression expression) {
    plan_.conditions.push_back({what + " is not met", std::move(expression)});
  }

  void Fill(int column, std::vector<int>& how) {
    plan_.filled[column] = true;
    how.push_back(column);
  }

  Status PlanColumn(int column) {
    const StructField& field = schema_.fields()[column];
    const bool given = Gives(rows_, field.name);
    if (Supports(feature::kIdentityColumns)) {
      MP_ASSIGN_OR_RETURN(const auto rule, IdentityRuleOf(field));
      if (rule) return PlanIdentity(column, *rule, given);
    }
    if (Supports(feature::kGeneratedColumns)) {
      MP_ASSIGN_OR_RETURN(const auto text, GenerationExpressionOf(field));
      if (text) return PlanGenerated(column, *text, given);
    }
    if (given || !Supports(feature::kAllowColumnDefaults)) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto text, DefaultExpressionOf(field));
    if (!text) return OkStatus();
    Fill(column, plan_.defaults);
    plan_.default_values.push_back({*text, field.type});
    return OkStatus();
  }

  Status PlanIdentity(int column, const IdentityRule& rule, bool given) {
    const std::string& name = schema_.fields()[column].name;
    if (target_.identity == nullptr) return OkStatus();
    if (!given) {
      Fill(column, plan_.identities);
    } else if (!rule.allow_explicit_insert) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' of table {} is GENERATED ALWAYS AS IDENTITY: the table gives its "
                  "values, leave it out",
                  name, target_.table_path);
    }
    return OkStatus();
  }

  Status PlanGenerated(int column, const std::string& expression, bool given) {
    const StructField& field = schema_.fields()[column];
    if (given) {
      plan_.conditions.push_back(
          {fmt::format("column '{}', GENERATED ALWAYS AS ({}), is given another value", field.name,
                       expression),
           {expression, field.type, field.name}});
    } else {
      Fill(column, plan_.generated);
      plan_.generations.push_back({expression, field.type});
    }
    return OkStatus();
  }

  const RowTarget& target_;
  const arrow::Schema& rows_;
  const Schema& schema_;
  Plan plan_;
};

class BoundRules : public RowRules {
 public:
  BoundRules(const RowTarget& target, RowMapper mapper, Plan plan)
      : schema_(target.shape.schema),
        identity_(target.identity),
        mapper_(std::move(mapper)),
        plan_(std::move(plan)) {}

  Status Bind(RowExpressionEngine* engine) {
    for (const StructField& field : schema_.fields()) {
      MP_ASSIGN_OR_RETURN(limits_.emplace_back(), TextLimitsOf(field));
    }
    for (const RowExpression& value : plan_.default_values) {
      MP_ASSIGN_OR_RETURN(defaults_.emplace_back(), engine->Constant(value));
    }
    if (!plan_.generations.empty()) {
      MP_ASSIGN_OR_RETURN(generations_, engine->Bind(schema_, plan_.generations));
    }
    MP_ASSIGN_OR_RETURN(conditions_,
                        RowConditions::Bind(engine, schema_, std::move(plan_.conditions)));
    return OkStatus();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& rows) override {
    MP_ASSIGN_OR_RETURN(auto mapped, mapper_.Map(rows));
    MP_ASSIGN_OR_RETURN(mapped, Fill(std::move(mapped)));
    MP_RETURN_IF_ERROR(conditions_.Check(*mapped));
    return mapped;
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Fill(std::shared_ptr<arrow::RecordBatch> rows) {
    const int64_t count = rows->num_rows();
    arrow::ArrayVector columns = rows->columns();
    for (size_t i = 0; i < columns.size(); ++i) {
      const StructField& field = schema_.fields()[i];
      MP_ASSIGN_OR_RETURN(columns[i],
                          FitTexts(std::move(columns[i]), field.type, limits_[i], field.name));
    }
    for (size_t i = 0; i < plan_.defaults.size(); ++i) {
      MP_ARROW_ASSIGN_OR_RETURN(const auto value, defaults_[i]->GetScalar(0));
      MP_ARROW_ASSIGN_OR_RETURN(auto values, arrow::MakeArrayFromScalar(*value, count));
      MP_RETURN_IF_ERROR(Put(columns, plan_.defaults[i], std::move(values)));
    }
    for (const int column : plan_.identities) {
      MP_ASSIGN_OR_RETURN(auto values, identity_->Next(column, count));
      MP_RETURN_IF_ERROR(Put(columns, column, std::move(values)));
    }
    if (generations_ == nullptr) {
      return arrow::RecordBatch::Make(rows->schema(), count, std::move(columns));
    }
    const auto sources = arrow::RecordBatch::Make(rows->schema(), count, columns);
    MP_ASSIGN_OR_RETURN(auto generated, generations_->Evaluate(*sources));
    for (size_t i = 0; i < plan_.generated.size(); ++i) {
      MP_RETURN_IF_ERROR(Put(columns, plan_.generated[i], std::move(generated[i])));
    }
    return arrow::RecordBatch::Make(rows->schema(), count, std::move(columns));
  }

  Status Put(arrow::ArrayVector& columns, int column, std::shared_ptr<arrow::Array> values) const {
    const StructField& field = schema_.fields()[column];
    MP_ASSIGN_OR_RETURN(values,
                        CastColumn(std::move(values), field.type, CastRule::kWrite, field.name));
    MP_RETURN_IF_ERROR(CheckNullability(*values, field, field.name));
    MP_RETURN_IF_ERROR(CheckValues(*values, field.type, field.name));
    MP_ASSIGN_OR_RETURN(columns[column],
                        FitTexts(std::move(values), field.type, limits_[column], field.name));
    return OkStatus();
  }

  Schema schema_;
  IdentityValues* identity_;
  RowMapper mapper_;
  Plan plan_;
  std::vector<TextLimits> limits_;  // of each column
  arrow::ArrayVector defaults_;     // one row each
  std::unique_ptr<BoundExpressions> generations_;
  RowConditions conditions_;
};

Status CheckColumnRules(const StructField& field) {
  MP_ASSIGN_OR_RETURN(const auto identity, IdentityRuleOf(field));
  MP_ASSIGN_OR_RETURN(const auto generation, GenerationExpressionOf(field));
  MP_ASSIGN_OR_RETURN(const auto value, DefaultExpressionOf(field));
  if (static_cast<int>(identity.has_value()) + static_cast<int>(generation.has_value()) +
          static_cast<int>(value.has_value()) >
      1) {
    return Fail(ErrorKind::kInvalidArgument,
                "column '{}' has more than one of IDENTITY, GENERATED ALWAYS AS and DEFAULT",
                field.name);
  }
  if (generation && field.type.Holds(TypeKind::kVariant)) {
    return Fail(ErrorKind::kInvalidArgument,
                "generated column '{}' is {}: a variant is not generated (PROTOCOL.md)", field.name,
                field.type.ToString());
  }
  if (identity && field.type.kind() != TypeKind::kLong) {
    return Fail(ErrorKind::kInvalidArgument, "identity column '{}' is {}: it must be BIGINT",
                field.name, field.type.ToString());
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<RowRules>> RowRules::Make(const RowTarget& target,
                                                 const arrow::Schema& rows) {
  MP_ASSIGN_OR_RETURN(Plan plan, Planner(target, rows).Make());
  MP_ASSIGN_OR_RETURN(RowMapper mapper,
                      RowMapper::Make(target.shape.schema, rows, target.table_path, plan.filled));
  if (plan.needs_sql() && target.engine == nullptr) {
    const auto needed = FeaturesOfRules(target.shape.schema, target.shape.metadata.configuration);
    return Fail(ErrorKind::kUnsupported,
                "table {} has rules in SQL for its rows ({}), and was opened without SQL: write it "
                "by its name in the catalog",
                target.table_path,
                needed.empty() ? "invariants" : fmt::format("{}", fmt::join(needed, ", ")));
  }
  auto made = std::make_unique<BoundRules>(target, std::move(mapper), std::move(plan));
  MP_RETURN_IF_ERROR_CONTEXT(made->Bind(target.engine), "the rules of table {}", target.table_path);
  return made;
}

Status CheckDefault(const StructField& field, const std::string& text,
                    RowExpressionEngine& engine) {
  MP_ASSIGN_OR_RETURN(auto value, engine.Constant({text, field.type}));
  MP_ASSIGN_OR_RETURN(const auto limits, TextLimitsOf(field));
  if (limits.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(value, CastAndFit(std::move(value), field, limits));
  return OkStatus();
}

Status ValidateRules(const Schema& schema, const StringMap& properties,
                     RowExpressionEngine& engine) {
  std::vector<StructField> plain;  // generated columns do not build on one another
  std::vector<const StructField*> generated;
  for (const StructField& field : schema.fields()) {
    MP_RETURN_IF_ERROR(CheckColumnRules(field));
    MP_ASSIGN_OR_RETURN(const auto generation, GenerationExpressionOf(field));
    generation ? generated.push_back(&field) : plain.push_back(field);
    MP_ASSIGN_OR_RETURN(const auto value, DefaultExpressionOf(field));
    if (!value) continue;
    MP_RETURN_IF_ERROR_CONTEXT(CheckDefault(field, *value, engine),
                               "the default of column '{}' ({})", field.name, *value);
  }
  const Schema sources(plain);
  for (const StructField* field : generated) {
    MP_ASSIGN_OR_RETURN(const auto text, GenerationExpressionOf(*field));
    MP_RETURN_IF_ERROR_CONTEXT(engine.Bind(sources, {{*text, field->type}}),
                               "generated column '{}' ({})", field->name, *text);
  }
  for (const RowCheck& check : ConstraintsOf(properties)) {
    MP_RETURN_IF_ERROR_CONTEXT(engine.Bind(schema, {{check.expression}}), "constraint {} ({})",
                               check.name, check.expression);
  }
  return OkStatus();
}

}  // namespace millpond::data
