// The tables of the schema "system": facts of meta.db that no single table holds.
#include <arrow/record_batch.h>

#include "data/sql/rows.h"
#include "data/sql/session_tables_internal.h"

namespace millpond::data {
namespace {

struct Facts {
  std::vector<RowsColumn> columns;
  std::vector<std::vector<Cell>> rows;
};

Result<Facts> Commits(Catalog& catalog) {
  Facts facts;
  facts.columns = {{"position", CellType::kInteger},
                   {"table_id"},
                   {"table_name"},
                   {"version", CellType::kInteger},
                   {"commit_time", CellType::kTimestamp},
                   {"operation"}};
  MP_ASSIGN_OR_RETURN(const auto records, catalog.commits().EventsSince(0));
  for (const CommitRecord& r : records) {
    facts.rows.push_back(
        {r.position, r.table_id, r.table.ToString(), r.version, r.commit_time, r.operation});
  }
  return facts;
}

Result<Facts> Lineage(Catalog& catalog) {
  Facts facts;
  facts.columns = {{"from_kind"}, {"from_name"}, {"to_kind"}, {"to_name"}, {"via"}};
  MP_ASSIGN_OR_RETURN(const auto edges, catalog.Lineage());
  for (const LineageEdge& e : edges) {
    facts.rows.push_back({e.from_kind, e.from_name, e.to_kind, e.to_name, e.via});
  }
  return facts;
}

Result<Facts> Pins(Catalog& catalog) {
  Facts facts;
  facts.columns = {{"table_id"}, {"table_name"}, {"version", CellType::kInteger},
                   {"holder"},   {"reason"},     {"since", CellType::kTimestamp}};
  MP_ASSIGN_OR_RETURN(const auto pins, catalog.Pins());
  for (const Pin& p : pins) {
    facts.rows.push_back({p.table_id, p.table.ToString(), p.version, p.holder, p.reason, p.since});
  }
  return facts;
}

Result<Facts> FactsOf(Catalog& catalog, const std::string& table) {
  if (table == "commits") return Commits(catalog);
  if (table == "lineage") return Lineage(catalog);
  if (table == "pins") return Pins(catalog);
  return Fail(ErrorKind::kNotFound,
              "there is no table system.{}; there are system.commits, system.lineage and "
              "system.pins",
              table);
}

}  // namespace

Result<ResolvedTable> SessionTables::SystemTable(const std::string& table) {
  MP_RETURN_IF_ERROR(access_.Check(principal_, Privilege::kSelect, "system." + table));
  MP_ASSIGN_OR_RETURN(const auto facts, FactsOf(catalog_, table));
  MP_ASSIGN_OR_RETURN(auto rows, MakeRows(facts.columns, facts.rows));
  auto again = [facts]() -> std::shared_ptr<arrow::RecordBatchReader> {
    return MakeRows(facts.columns, facts.rows).value_or(nullptr);
  };
  return ResolvedTable{"system." + table, nullptr,
                       std::make_shared<OnceReader>(std::move(rows), "", std::move(again))};
}

}  // namespace millpond::data
