#include "platform/features/training_set.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/json.h"
#include "data/arrow/status.h"
#include "kernel/evaluate.h"
#include "platform/features/kernel_batch.h"
#include "platform/features/source_scan.h"

namespace millpond::platform {
namespace {

using kernel::Column;

// The features of one view for all labels.
class ViewFeatures {
 public:
  ViewFeatures(const Environment& env, const ViewBinding& binding, const TrainingOptions& options)
      : env_(env), binding_(binding), options_(options), program_(*binding.program) {}

  Result<kernel::Batch> Compute(const Labels& labels, TrainingSetRecord::View& record) {
    MP_ASSIGN_OR_RETURN(keys_, labels.KeysFor(program_, options_));
    MP_RETURN_IF_ERROR(PlaceLabels(labels.rows()));
    MP_RETURN_IF_ERROR(ReserveOutputs(labels.rows()));
    MP_RETURN_IF_ERROR(RunPasses(record));
    return std::move(outputs_);
  }

 private:
  Status PlaceLabels(int64_t rows) {
    entities_.emplace(rows);
    const auto entity = keys_.EntityPointers();
    MP_ASSIGN_OR_RETURN(auto buckets, entities_->Buckets(entity, rows));
    entities_->Add(buckets);
    labels_of_.resize(kPartitions);
    for (int64_t row = 0; row < rows; ++row) {
      labels_of_[buckets[static_cast<size_t>(row)] % kPartitions].push_back(row);
    }
    return OkStatus();
  }

  Status ReserveOutputs(int64_t rows) {
    outputs_.rows = rows;
    int64_t bytes = 0;
    for (const kernel::FeatureOutput& output : program_.outputs) {
      outputs_.names.push_back(output.name);
      outputs_.columns.emplace_back(output.type, rows);
      bytes += 2 * MemoryBytes(outputs_.columns.back());  // here, and in Arrow
    }
    MP_ASSIGN_OR_RETURN(memory_, env_.arbiter.Reserve(ResourceClass::kBatch, bytes,
                                                      "features of " + binding_.view.name));
    return OkStatus();
  }

  // Reads the source in one pass if it fits, else in twice as many until it does.
  Status RunPasses(TrainingSetRecord::View& record) {
    for (uint32_t passes = 1;; passes *= 2) {
      record.used_rows = 0;
      const Status status = TryPasses(passes, record);
      if (status) {
        record.passes = static_cast<int>(passes);
        return OkStatus();
      }
      if (status.error().kind() != ErrorKind::kResourceExhausted) return status;
      if (passes == kPartitions) {
        MP_RETURN_IF_ERROR_CONTEXT(
            status,
            "feature view {}: the rows of {} that belong to one of {} shares of the entities do "
            "not "
            "fit into memory; raise the memory limit, or ask for fewer entities",
            binding_.view.name, binding_.view.source, kPartitions);
      }
    }
  }

  Status TryPasses(uint32_t passes, TrainingSetRecord::View& record) {
    for (uint32_t pass = 0; pass < passes; ++pass) {
      std::optional<Micros> known_until = options_.truncate_source_at;
      MP_ASSIGN_OR_RETURN(SourceScan scan, ScanSource({.env = env_,
                                                       .binding = binding_,
                                                       .entities = *entities_,
                                                       .threads = options_.threads,
                                                       .passes = passes,
                                                       .pass = pass,
                                                       .known_until = known_until,
                                                       .max_rows = options_.max_source_rows}));
      record.source_rows = scan.rows_read;
      record.used_rows += scan.rows_kept;
      MP_RETURN_IF_ERROR(
          ParallelOver(env_.pool, options_.threads, kPartitions, [&](size_t partition) -> Status {
            if (partition % passes != pass || labels_of_[partition].empty()) return OkStatus();
            MP_RETURN_IF_ERROR(env_.cancellation.Check());
            return EvaluatePartition(labels_of_[partition], std::move(scan.partitions[partition]));
          }));
    }
    return OkStatus();
  }

  Status EvaluatePartition(const std::vector<int64_t>& label_rows, SourcePartition partition) {
    std::vector<const Column*> columns;
    for (const Column& column : partition.columns) columns.push_back(&column);
    const kernel::RowVersions versions{.known_from_floor = partition.commit_floor, .known_to = {}};
    MP_ASSIGN_OR_RETURN(kernel::SourceRows source,
                        kernel::PrepareSource(program_, columns, partition.rows, versions));
    const LabelKeys keys = keys_.Take(label_rows);
    const auto entity = keys.EntityPointers();
    MP_ASSIGN_OR_RETURN(kernel::Batch features,
                        kernel::EvaluateFeatures(program_, source, entity, keys.as_of));
    for (size_t i = 0; i < features.columns.size(); ++i) {
      Scatter(features.columns[i], label_rows, outputs_.columns[i]);
    }
    return OkStatus();
  }

  const Environment& env_;
  const ViewBinding& binding_;
  const TrainingOptions& options_;
  const kernel::FeatureProgram& program_;
  LabelKeys keys_;
  std::optional<EntityFilter> entities_;
  std::vector<std::vector<int64_t>> labels_of_;  // label rows by partition
  MemoryReservation memory_;
  kernel::Batch outputs_;
};

Status RefuseCollisions(const Labels& labels, const std::vector<ViewBinding>& views) {
  std::vector<std::pair<std::string, std::string>> taken;
  for (const auto& field : labels.table()->schema()->fields()) {
    taken.emplace_back(field->name(), "a column of the labels");
  }
  for (const ViewBinding& binding : views) {
    for (const FeatureColumn& column : binding.view.columns) {
      for (const auto& [name, owner] : taken) {
        if (!data::EqualNames(name, column.name)) continue;
        return Fail(ErrorKind::kInvalidArgument,
                    "feature {} of view {} has the name of {}: rename one of them", column.name,
                    binding.view.name, owner);
      }
      taken.emplace_back(column.name, "a feature of view " + binding.view.name);
    }
  }
  return OkStatus();
}

TrainingSetRecord::View RecordOf(const ViewBinding& binding) {
  TrainingSetRecord::View record;
  record.name = binding.view.name;
  record.version = binding.view.version;
  record.columns = binding.view.columns;
  record.source = binding.view.source;
  record.table_id = binding.snapshot->metadata().id;
  record.table_version = binding.snapshot->version();
  record.settle = binding.view.settle;
  record.live = binding.live;
  return record;
}

}  // namespace

Result<TrainingSet> BuildTrainingSet(const Environment& env, const Labels& labels,
                                     const std::vector<ViewBinding>& views,
                                     const TrainingOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  MP_RETURN_IF_ERROR(RefuseCollisions(labels, views));
  TrainingSet set;
  set.rows = labels.table();
  set.record.label_rows = labels.rows();
  for (const ViewBinding& binding : views) {
    TrainingSetRecord::View record = RecordOf(binding);
    MP_ASSIGN_OR_RETURN(kernel::Batch features,
                        ViewFeatures(env, binding, options).Compute(labels, record));
    MP_ASSIGN_OR_RETURN(auto batch, ToArrowBatch(std::move(features)));
    for (int i = 0; i < batch->num_columns(); ++i) {
      set.feature_columns.push_back(batch->column_name(i));
      MP_ARROW_ASSIGN_OR_RETURN(
          set.rows, set.rows->AddColumn(set.rows->num_columns(), batch->schema()->field(i),
                                        std::make_shared<arrow::ChunkedArray>(batch->column(i))));
    }
    set.record.window_values +=
        labels.rows() * static_cast<int64_t>(binding.program->aggregates.size());
    set.record.views.push_back(std::move(record));
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  set.record.seconds = taken.count();
  return set;
}

Json TrainingSetRecord::ToJson() const {
  Json list = Json::array();
  for (const View& view : views) {
    Json columns = Json::array();
    for (const FeatureColumn& column : view.columns) {
      columns.push_back({{"name", column.name}, {"type", column.type}, {"hash", column.hash}});
    }
    Json entry = {{"view", view.name},        {"version", view.version},
                  {"source", view.source},    {"table_id", view.table_id},
                  {"settle_us", view.settle}, {"table_version", view.table_version},
                  {"features", columns},      {"source_rows", view.source_rows},
                  {"live_version", nullptr}};
    if (view.live) {
      entry["live_version"] = {{"version", view.live->version},
                               {"commit_time", FormatTimestamp(view.live->commit_time)}};
    }
    list.push_back(std::move(entry));
  }
  return {{"label_rows", label_rows}, {"views", std::move(list)}};
}

}  // namespace millpond::platform
