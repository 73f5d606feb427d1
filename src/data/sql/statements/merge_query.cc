#include "data/delta/metadata/column_mapping.h"
#include "data/sql/statements/merge_plan_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr std::string_view kSourceMark = "__millpond_source";

class MergeComposer {
 public:
  explicit MergeComposer(const MergePlan& plan) : plan_(plan) {}

  Result<RewrittenSql> Compose(const std::string& target) const {
    ComposedQuery sql(plan_.source, plan_.target.offset);
    if (SeesTarget()) {
      sql.Text("SELECT " + PlaceColumns(plan_.target, TracksRowIds(plan_.target)));
    } else {
      sql.Text(TracksRowIds(plan_.target) ? "SELECT NULL, NULL, NULL, " : "SELECT NULL, NULL, ");
    }
    MP_RETURN_IF_ERROR(Choose(sql, [&](const MergeClause& clause) -> Status {
      sql.Text(fmt::format("{}", static_cast<int64_t>(clause.action)));
      return OkStatus();
    }));
    sql.Text(" AS __millpond_action");
    for (const StructField& field : plan_.schema.fields()) {
      sql.Text(", ");
      MP_RETURN_IF_ERROR(
          Choose(sql, [&](const MergeClause& clause) { return Stored(sql, clause, field); }));
    }
    if (TracksChanges(plan_.target))
      sql.Text(SeesTarget() ? OldColumns(plan_.target) : NoColumns());
    sql.Text(" FROM ");
    MP_RETURN_IF_ERROR(From(sql, target));
    sql.Text(" WHERE ");
    MP_RETURN_IF_ERROR(Choose(sql, [&](const MergeClause&) -> Status {
      sql.Text("true");
      return OkStatus();
    }));
    return sql.sql();
  }

  Result<RewrittenSql> ComposeMatches(const std::string& target) const {
    ComposedQuery sql(plan_.source, plan_.target.offset);
    sql.Text(fmt::format("SELECT 1 FROM {} AS {} JOIN ", target, QuoteName(plan_.target.alias)));
    MP_RETURN_IF_ERROR(Source(sql));
    sql.Text(" ON ");
    MP_RETURN_IF_ERROR(sql.Expression(plan_.merge.condition));
    sql.Text(" LIMIT 1");
    return sql.sql();
  }

 private:
  bool SeesTarget() const {
    return plan_.merge.Has(MergeMatch::kMatched) ||
           plan_.merge.Has(MergeMatch::kNotMatchedBySource);
  }

  // Where the column stands as it was; "" if the query does not see it.
  std::string PlaceOf(const StructField& field) const {
    const bool seen = SeesTarget() && plan_.target.snapshot->schema().Find(field.name) != nullptr;
    return seen ? QuoteName(plan_.target.alias) + "." + QuoteName(field.name) : "";
  }

  std::string NoColumns() const {
    std::string columns;
    for (size_t i = 0; i < plan_.target.snapshot->schema().size(); ++i) columns += ", NULL";
    return columns;
  }

  // The same as what is stored: one clause may keep a variant where another parses JSON.
  Status Stored(ComposedQuery& sql, const MergeClause& clause, const StructField& field) const {
    if (field.type.kind() != TypeKind::kVariant) return Value(sql, clause, field);
    sql.Text("CAST(");
    MP_RETURN_IF_ERROR(Value(sql, clause, field));
    sql.Text(fmt::format(" AS {})", kStoredVariant));
    return OkStatus();
  }

  // What a clause makes of a column.
  Status Value(ComposedQuery& sql, const MergeClause& clause, const StructField& field) const {
    if (clause.action == RowAction::kDelete) {
      sql.Text("NULL");
      return OkStatus();
    }
    const bool updates = clause.action == RowAction::kUpdate;
    const std::string place = PlaceOf(field);
    if (const auto set = OfColumn(clause.assignments, field.name); !set.empty()) {
      const std::string_view value = set.front()->value;
      if (!set.front()->fields.empty()) return ComposeFields(sql, place, field, set);
      if (IsDefaultWord(value)) return Default(sql, field);
      return ComposeExact(sql, field.type, field.name, [&] { return sql.Expression(value); });
    }
    MP_ASSIGN_OR_RETURN(const ColumnFill how, plan_.fill.Of(field.name));
    const bool keeps = updates && how == ColumnFill::kIdentity;
    if (clause.all && plan_.SourceHas(field.name) && !keeps) {
      return ComposeExact(sql, field.type, field.name, [&] {
        sql.Text(QuoteName(plan_.merge.source_alias) + "." + QuoteName(field.name));
        return OkStatus();
      });
    }
    return updates ? Kept(sql, field, place) : Default(sql, field);
  }

  // As it was, in the type that the column has from now on.
  Status Kept(ComposedQuery& sql, const StructField& field, const std::string& place) const {
    const auto old = [&] {
      sql.Text(place.empty() ? "NULL" : place);
      return OkStatus();
    };
    const StructField* before = plan_.target.snapshot->schema().Find(field.name);
    if (before == nullptr || before->type == field.type) return old();
    return ComposeExact(sql, field.type, field.name, old);
  }

  Status Default(ComposedQuery& sql, const StructField& field) const {
    MP_ASSIGN_OR_RETURN(const std::string text, plan_.fill.DefaultText(field.name));
    sql.Text(text);
    return OkStatus();
  }

  // CASE WHEN (clause applies) THEN (what `then` writes) … END.
  Status Choose(ComposedQuery& sql, const std::function<Status(const MergeClause&)>& then) const {
    sql.Text("CASE");
    for (const MergeClause& clause : plan_.merge.clauses) {
      sql.Text(" WHEN " + Applies(clause.match));
      if (!clause.condition.empty()) {
        sql.Text(" AND ");
        MP_RETURN_IF_ERROR(sql.Expression(clause.condition));
      }
      sql.Text(" THEN ");
      MP_RETURN_IF_ERROR(then(clause));
    }
    sql.Text(" END");
    return OkStatus();
  }

  std::string Applies(MergeMatch match) const {
    if (!SeesTarget()) return "true";
    const std::string in_target = fmt::format("{}.{}", QuoteName(plan_.target.alias), kRowPlace);
    const std::string in_source =
        fmt::format("{}.{}", QuoteName(plan_.merge.source_alias), kSourceMark);
    switch (match) {
      case MergeMatch::kMatched:
        return fmt::format("{} IS NOT NULL AND {} IS NOT NULL", in_target, in_source);
      case MergeMatch::kNotMatched:
        return in_target + " IS NULL";
      case MergeMatch::kNotMatchedBySource:
        return in_source + " IS NULL";
    }
    return "";
  }

  Status Source(ComposedQuery& sql) const {
    sql.Text(fmt::format("(SELECT *, true AS {} FROM", kSourceMark));
    MP_RETURN_IF_ERROR(sql.Relation(plan_.merge.source));
    sql.Text(") AS " + QuoteName(plan_.merge.source_alias));
    return OkStatus();
  }

  Status From(ComposedQuery& sql, const std::string& target) const {
    const bool inserts = plan_.merge.Has(MergeMatch::kNotMatched);
    const std::string table = target + " AS " + QuoteName(plan_.target.alias);
    if (!SeesTarget()) {
      MP_RETURN_IF_ERROR(Source(sql));
      sql.Text(" ANTI JOIN " + table);
    } else {
      const bool by_source = plan_.merge.Has(MergeMatch::kNotMatchedBySource);
      sql.Text(table);
      sql.Text(by_source ? (inserts ? " FULL JOIN " : " LEFT JOIN ")
                         : (inserts ? " RIGHT JOIN " : " JOIN "));
      MP_RETURN_IF_ERROR(Source(sql));
    }
    sql.Text(" ON ");
    return sql.Expression(plan_.merge.condition);
  }

  const MergePlan& plan_;
};

}  // namespace

Result<RewrittenSql> ComposeMerge(const MergePlan& plan, const std::string& target) {
  return MergeComposer(plan).Compose(target);
}

Result<RewrittenSql> ComposeMatches(const MergePlan& plan, const std::string& target) {
  return MergeComposer(plan).ComposeMatches(target);
}

}  // namespace millpond::data
