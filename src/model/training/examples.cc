#include "model/training/examples.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "model/training/row_key_internal.h"

namespace millpond::model {

namespace {

using kernel::Batch;
using kernel::Column;

Result<std::vector<const Column*>> ColumnsNamed(const Batch& rows,
                                                const std::vector<std::string>& names,
                                                const ModelDefinition& definition,
                                                std::string_view what) {
  std::vector<const Column*> columns;
  for (const auto& name : names) {
    const int found = rows.Find(name);
    if (found < 0) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "{}: {} names column '{}', which neither the label's SELECT nor the features give",
          definition.file, what, name);
    }
    columns.push_back(&rows.columns[found]);
  }
  return columns;
}

Batch FeaturesOf(const std::vector<std::string>& names, const std::vector<const Column*>& columns,
                 const std::vector<int64_t>& take) {
  Batch features{.names = names, .columns = {}, .rows = static_cast<int64_t>(take.size())};
  for (const Column* column : columns) features.columns.push_back(column->Take(take));
  return features;
}

// Ids 0, 1, … by the order in which clusters first appear.
class ClusterIds {
 public:
  uint64_t IdOf(const std::vector<const Column*>& columns, int64_t row) {
    return ids_.try_emplace(RowText(columns, row), ids_.size()).first->second;
  }

 private:
  std::unordered_map<std::string, uint64_t> ids_;
};

}  // namespace

std::string RowText(const std::vector<const Column*>& columns, int64_t row) {
  std::string text;
  for (const Column* column : columns) {
    text += column->ValueAt(row).ToString();
    text += '\x1f';
  }
  return text;
}

uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, then SplitMix64's finish
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return Mix(hash);
}

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Result<Examples> MakeExamples(const ModelDefinition& definition, const Batch& rows,
                              const std::vector<std::string>& feature_columns, TimeSplit split) {
  MP_ASSIGN_OR_RETURN(auto features, ColumnsNamed(rows, feature_columns, definition, "features"));
  MP_ASSIGN_OR_RETURN(auto cluster,
                      ColumnsNamed(rows, definition.cluster, definition, "metrics.cluster"));
  std::vector<std::string> key_names = definition.label.entity;
  key_names.push_back(definition.label.time);
  MP_ASSIGN_OR_RETURN(auto key, ColumnsNamed(rows, key_names, definition, "label"));
  MP_ASSIGN_OR_RETURN(auto label,
                      ColumnsNamed(rows, {definition.label.label}, definition, "label"));
  const auto train = FeaturesOf(feature_columns, features, split.rows[0]);
  MP_ASSIGN_OR_RETURN_CONTEXT(auto encoder, kernel::Encoder::Fit(train),
                              "{}: while fitting the encoder", definition.file);
  Examples examples{
      .encoder = std::move(encoder), .columns = feature_columns, .parts = {}, .split = {}};
  ClusterIds clusters;
  for (SplitName name : kSplitNames) {
    const auto& take = split.rows[static_cast<int>(name)];
    ExampleSet& set = examples.parts[static_cast<int>(name)];
    MP_ASSIGN_OR_RETURN(set.features.values,
                        examples.encoder.Encode(FeaturesOf(feature_columns, features, take)));
    set.features.rows = take.size();
    set.features.columns = feature_columns.size();
    for (int64_t row : take) {
      set.labels.push_back(label[0]->booleans()[row] ? 1.0F : 0.0F);
      set.clusters.push_back(clusters.IdOf(cluster, row));
      set.moments.push_back(key.back()->int64s()[row]);
      set.keys.push_back(HashText(RowText(key, row)));
    }
  }
  examples.split = std::move(split);
  return examples;
}

}  // namespace millpond::model
