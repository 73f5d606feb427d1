#include "pipeline/flows/epoch_plan.h"

#include "base/json.h"

namespace millpond::pipeline {
namespace {

constexpr int kFormat = 1;

Json ToJson(const std::vector<PlannedFile>& files) {
  Json json = Json::array();
  for (const PlannedFile& file : files) {
    json.push_back({{"name", file.name},
                    {"size", file.size_bytes},
                    {"modified", FormatTimestamp(file.modified)},
                    {"crc32", file.crc}});
  }
  return json;
}

std::vector<PlannedFile> FilesFrom(const Json& json) {
  std::vector<PlannedFile> files;
  for (const Json& one : json) {
    files.push_back({one.at("name"), one.at("size"),
                     ParseTimestamp(one.at("modified").get<std::string>()).value_or(0),
                     one.at("crc32")});
  }
  return files;
}

Json ToJson(const PlannedInput& input) {
  Json json = {{"input", input.key}, {"stream", input.stream}};
  if (!input.table_id.empty()) {
    json["tableId"] = input.table_id;
    json["fromVersion"] = input.from_version;
    json["toVersion"] = input.to_version;
  } else {
    json["files"] = ToJson(input.files);
    json["schema"] = input.schema;
    if (input.read_through.has_value()) json["readThrough"] = *input.read_through;
  }
  return json;
}

PlannedInput InputFrom(const Json& json) {
  PlannedInput input;
  input.key = json.at("input");
  input.stream = json.at("stream");
  if (json.contains("tableId")) {
    input.table_id = json.at("tableId");
    input.from_version = json.at("fromVersion");
    input.to_version = json.at("toVersion");
  } else {
    input.files = FilesFrom(json.at("files"));
    input.schema = json.at("schema");
    if (json.contains("readThrough")) {
      input.read_through = json.at("readThrough").get<std::vector<std::string>>();
    }
  }
  return input;
}

EpochPlan PlanFrom(const Json& json) {
  EpochPlan plan;
  plan.flow = json.at("flow");
  plan.generation = json.at("generation");
  plan.epoch = json.at("epoch");
  plan.previous = json.at("previous");
  plan.now = ParseTimestamp(json.at("now").get<std::string>()).value_or(0);
  plan.overwrite = json.at("overwrite");
  plan.table_id = json.at("tableId");
  plan.fingerprint = json.at("fingerprint");
  for (const Json& one : json.at("definition")) {
    plan.definition.push_back({one.at("file"), one.at("line"), one.at("text")});
  }
  for (const Json& one : json.at("inputs")) plan.inputs.push_back(InputFrom(one));
  if (json.contains("earlier")) {
    for (const Json& one : json.at("earlier")) plan.earlier.push_back(InputFrom(one));
  }
  if (json.contains("seen")) plan.seen = FilesFrom(json.at("seen"));
  return plan;
}

ViolationAction ActionFrom(const std::string& text) {
  for (ViolationAction action :
       {ViolationAction::kDropRow, ViolationAction::kFailUpdate, ViolationAction::kQuarantine}) {
    if (ToString(action) == text) return action;
  }
  return ViolationAction::kWarn;
}

EpochOutcome OutcomeFrom(const Json& json) {
  EpochOutcome outcome;
  outcome.rows_in = json.at("rowsIn");
  outcome.rows_out = json.at("rowsOut");
  outcome.rows_dropped = json.at("rowsDropped");
  outcome.rows_quarantined = json.at("rowsQuarantined");
  outcome.files_read = json.at("filesRead");
  for (const Json& one : json.at("expectations")) {
    outcome.expectations.push_back(
        {one.at("name"), ActionFrom(one.at("action")), one.at("violations")});
  }
  return outcome;
}

// Reads a document of ours with `read`; the JSON library throws where something is missing.
template <typename T, typename Read>
Result<T> ReadDocument(std::string_view text, std::string_view what, const Read& read) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(text, what));
  try {
    if (int format = json.at("format"); format > kFormat) {
      return Fail(ErrorKind::kUnsupported,
                  "{} has format {}, this Millpond knows {}; use the newer one", what, format,
                  kFormat);
    }
    return read(json);
  } catch (const Json::exception& e) {
    return Fail(ErrorKind::kCorrupt, "{} is damaged ({}); a full refresh of the flow makes it anew",
                what, e.what());
  }
}

}  // namespace

std::string AppId(const std::string& table_id, const std::string& flow, int64_t generation) {
  return fmt::format("{}/{}/{}", table_id, flow, generation);
}

std::string EpochPlan::AppId() const {
  return pipeline::AppId(table_id, flow, generation);
}

std::string PlanToJson(const EpochPlan& plan) {
  Json definition = Json::array(), inputs = Json::array();
  for (const PlannedStatement& one : plan.definition) {
    definition.push_back({{"file", one.file}, {"line", one.line}, {"text", one.text}});
  }
  for (const PlannedInput& one : plan.inputs) inputs.push_back(ToJson(one));
  Json json = {{"format", kFormat},
               {"flow", plan.flow},
               {"generation", plan.generation},
               {"epoch", plan.epoch},
               {"previous", plan.previous},
               {"now", FormatTimestamp(plan.now)},
               {"overwrite", plan.overwrite},
               {"tableId", plan.table_id},
               {"fingerprint", plan.fingerprint},
               {"definition", std::move(definition)},
               {"inputs", std::move(inputs)}};
  if (!plan.earlier.empty()) {
    json["earlier"] = Json::array();
    for (const PlannedInput& one : plan.earlier) json["earlier"].push_back(ToJson(one));
  }
  if (plan.seen.has_value()) json["seen"] = ToJson(*plan.seen);
  return DumpJson(json);
}

Result<EpochPlan> PlanFromJson(std::string_view text, std::string_view what) {
  return ReadDocument<EpochPlan>(text, what, PlanFrom);
}

std::string OutcomeToJson(const EpochOutcome& outcome) {
  Json expectations = Json::array();
  for (const ExpectationCount& one : outcome.expectations) {
    expectations.push_back({{"name", one.name},
                            {"action", std::string(ToString(one.action))},
                            {"violations", one.violations}});
  }
  Json json = {{"format", kFormat},
               {"rowsIn", outcome.rows_in},
               {"rowsOut", outcome.rows_out},
               {"rowsDropped", outcome.rows_dropped},
               {"rowsQuarantined", outcome.rows_quarantined},
               {"filesRead", outcome.files_read},
               {"expectations", std::move(expectations)}};
  return DumpJson(json);
}

Result<EpochOutcome> OutcomeFromJson(std::string_view text, std::string_view what) {
  return ReadDocument<EpochOutcome>(text, what, OutcomeFrom);
}

}  // namespace millpond::pipeline
