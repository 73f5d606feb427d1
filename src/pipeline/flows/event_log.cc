#include "pipeline/flows/event_log.h"

#include "base/json.h"
#include "data/catalog/workspace.h"

namespace millpond::pipeline {
namespace {

const std::vector<std::string>& Migrations() {
  static const std::vector<std::string> scripts = {R"sql(
    CREATE TABLE pipeline_epochs (
      flow TEXT NOT NULL,
      generation INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      at INTEGER NOT NULL,
      rows_in INTEGER NOT NULL,
      rows_out INTEGER NOT NULL,
      rows_dropped INTEGER NOT NULL,
      rows_quarantined INTEGER NOT NULL,
      files_read INTEGER NOT NULL,
      version INTEGER NOT NULL,
      quarantine_version INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      seconds REAL NOT NULL,
      inputs TEXT NOT NULL,
      outcome TEXT NOT NULL,
      PRIMARY KEY (flow, generation, epoch)
    ) STRICT;
  )sql"};
  return scripts;
}

// The plan without its definition and without each file's details.
std::string InputsJson(const EpochPlan& plan) {
  Json inputs = Json::array();
  for (const PlannedInput& input : plan.inputs) {
    Json one = {{"input", input.key}};
    if (input.table_id.empty()) {
      one["files"] = Json::array();
      for (const PlannedFile& file : input.files) one["files"].push_back(file.name);
    } else {
      one["fromVersion"] = input.from_version;
      one["toVersion"] = input.to_version;
    }
    inputs.push_back(std::move(one));
  }
  return DumpJson(inputs);
}

}  // namespace

Result<EventLog> EventLog::Open(const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(auto db, SqliteDatabase::Open(JoinPath(workspace.state_dir, "meta.db")));
  MP_RETURN_IF_ERROR(db.Migrate("pipeline", Migrations()));
  return EventLog(std::move(db));
}

Status EventLog::Record(const EpochPlan& plan, const EpochOutcome& outcome) {
  return db_.Execute(
      "INSERT OR IGNORE INTO pipeline_epochs VALUES "
      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
      {plan.flow, plan.generation, plan.epoch, plan.now, outcome.rows_in, outcome.rows_out,
       outcome.rows_dropped, outcome.rows_quarantined, outcome.files_read, outcome.version,
       outcome.quarantine_version, outcome.bytes, outcome.seconds, InputsJson(plan),
       OutcomeToJson(outcome)});
}

Result<bool> EventLog::Has(const EpochPlan& plan) {
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db_.Query("SELECT 1 FROM pipeline_epochs WHERE flow = ?1 AND generation = ?2 AND epoch = ?3",
                {plan.flow, plan.generation, plan.epoch}));
  return !rows.empty();
}

Result<std::vector<FlowEvent>> EventLog::Events(const std::string& flow) {
  std::vector<FlowEvent> events;
  MP_RETURN_IF_ERROR(db_.Execute(
      "SELECT flow, generation, epoch, at, version, quarantine_version, bytes, seconds, inputs, "
      "outcome FROM pipeline_epochs WHERE ?1 = '' OR flow = ?1 ORDER BY rowid",
      {flow}, [&](const SqliteRow& row) -> Status {
        FlowEvent event;
        event.flow = row.Text(0);
        event.generation = row.Int(1);
        event.epoch = row.Int(2);
        event.at = row.Int(3);
        MP_ASSIGN_OR_RETURN(event.outcome, OutcomeFromJson(row.Text(9), "meta.db"));
        event.outcome.version = row.Int(4);
        event.outcome.quarantine_version = row.Int(5);
        event.outcome.bytes = row.Int(6);
        event.outcome.seconds = row.Double(7);
        event.inputs = row.Text(8);
        events.push_back(std::move(event));
        return OkStatus();
      }));
  return events;
}

}  // namespace millpond::pipeline
