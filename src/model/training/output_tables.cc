#include "model/training/output_tables.h"

#include <map>

#include "data/catalog/warehouse.h"
#include "model/scoring/batch_score.h"
#include "model/scoring/owned_table.h"
#include "pipeline/flows/flow_properties.h"

namespace millpond::model {
namespace {

data::TableName NameOf(const std::string& text) {
  return data::ParseTableName(text).value_or(
      data::TableName());  // the parser of models/*.yml asked
}

// The score table is a flow's: its mark is the flow's name.
Status CheckScoreTable(data::Catalog& catalog, const ModelDefinition& definition) {
  const data::TableName name = NameOf(definition.score.table);
  MP_ASSIGN_OR_RETURN(bool exists, catalog.TableExists(name));
  if (!exists) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  const auto flow = snapshot->property(pipeline::kFlowProperty);
  if (flow == ScoreFlowOf(definition.name)) return OkStatus();
  return Fail(ErrorKind::kAlreadyExists,
              "table {} is there and was made by {}, so it cannot become the scores of model {}: "
              "its rows would be lost. Choose another name, or DROP TABLE {} if nobody needs it",
              name.ToString(), flow ? "flow " + *flow : "somebody else", definition.name,
              name.ToString());
}

Status CheckOwners(data::Catalog& catalog, const ModelDefinition& definition) {
  const std::string& model = definition.name;
  const ScoreDefinition& score = definition.score;
  MP_RETURN_IF_ERROR_CONTEXT(
      FindOwnedTable(catalog, TrainingSetTable(model, NameOf(definition.training_set))),
      "{}: training_set", definition.PlaceOf("training_set"));
  if (!score.candidates) return OkStatus();
  const std::string& place = definition.PlaceOf("score.table");
  MP_RETURN_IF_ERROR_CONTEXT(CheckScoreTable(catalog, definition), "{}: score.table", place);
  MP_RETURN_IF_ERROR_CONTEXT(
      FindOwnedTable(catalog, ScoredFeaturesTable(model, NameOf(FeatureTableOf(score.table)))),
      "{}: score.table with _features", place);
  if (score.work_list.empty()) return OkStatus();
  MP_RETURN_IF_ERROR_CONTEXT(FindOwnedTable(catalog, WorkListTable(model, NameOf(score.work_list))),
                             "{}: score.work_list", definition.PlaceOf("score.work_list"));
  return OkStatus();
}

}  // namespace

std::vector<OutputTable> OutputTablesOf(const ModelDefinition& definition) {
  const auto output = [&](const std::string& table, const std::string& key,
                          const std::string& what) -> OutputTable {
    return {NameOf(table), fmt::format("{} of model {}", what, definition.name),
            definition.PlaceOf(key)};
  };
  std::vector<OutputTable> outputs = {
      output(definition.training_set, "training_set", "training_set")};
  const ScoreDefinition& score = definition.score;
  if (!score.candidates) return outputs;
  outputs.push_back(output(score.table, "score.table", "score.table"));
  outputs.push_back(
      output(FeatureTableOf(score.table), "score.table", "score.table with _features"));
  if (!score.work_list.empty()) {
    outputs.push_back(output(score.work_list, "score.work_list", "score.work_list"));
  }
  return outputs;
}

Status CheckOutputTables(data::Catalog& catalog, const std::vector<ModelDefinition>& definitions,
                         const std::vector<OutputTable>& others) {
  std::map<data::TableName, OutputTable> taken;
  for (const OutputTable& other : others) taken.emplace(data::FoldCase(other.name), other);
  for (const ModelDefinition& definition : definitions) {
    for (const OutputTable& output : OutputTablesOf(definition)) {
      const auto [first, is_new] = taken.emplace(data::FoldCase(output.name), output);
      if (is_new) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: the {} is table {}, which is the {} as well ({}): each is written whole, so "
                  "give this one a name of its own",
                  output.place, output.what, output.name.ToString(), first->second.what,
                  first->second.place);
    }
  }
  for (const ModelDefinition& definition : definitions) {
    MP_RETURN_IF_ERROR(CheckOwners(catalog, definition));
  }
  return OkStatus();
}

}  // namespace millpond::model
