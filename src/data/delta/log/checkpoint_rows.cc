#include <arrow/api.h>

#include "base/check.h"
#include "data/arrow/status.h"
#include "data/delta/log/checkpoint_rows_internal.h"
#include "data/delta/log/stats_struct_writer_internal.h"

namespace millpond::data {
namespace {

using arrow::field;

std::shared_ptr<arrow::DataType> TextMapType() {
  return arrow::map(arrow::utf8(), arrow::utf8());
}

std::shared_ptr<arrow::DataType> VectorType() {
  return arrow::struct_({field("storageType", arrow::utf8()),
                         field("pathOrInlineDv", arrow::utf8()), field("offset", arrow::int32()),
                         field("sizeInBytes", arrow::int32()),
                         field("cardinality", arrow::int64())});
}

std::shared_ptr<arrow::DataType> AddType(const CheckpointLayout& layout,
                                         const std::shared_ptr<arrow::DataType>& stats) {
  arrow::FieldVector fields = {field("path", arrow::utf8()),
                               field("partitionValues", TextMapType()),
                               field("size", arrow::int64()),
                               field("modificationTime", arrow::int64()),
                               field("dataChange", arrow::boolean()),
                               field("tags", TextMapType()),
                               field("deletionVector", VectorType()),
                               field("baseRowId", arrow::int64()),
                               field("defaultRowCommitVersion", arrow::int64()),
                               field("clusteringProvider", arrow::utf8())};
  if (layout.stats_as_json) fields.push_back(field("stats", arrow::utf8()));
  if (layout.stats_as_struct) {
    if (layout.partition_columns.size() > 0) {
      fields.push_back(field("partitionValues_parsed",
                             arrow::struct_(layout.partition_columns.ToArrow()->fields())));
    }
    fields.push_back(field("stats_parsed", stats));
  }
  return arrow::struct_(fields);
}

std::shared_ptr<arrow::DataType> RemoveType() {
  return arrow::struct_({field("path", arrow::utf8()), field("deletionTimestamp", arrow::int64()),
                         field("dataChange", arrow::boolean()),
                         field("extendedFileMetadata", arrow::boolean()),
                         field("partitionValues", TextMapType()), field("size", arrow::int64()),
                         field("deletionVector", VectorType()), field("baseRowId", arrow::int64()),
                         field("defaultRowCommitVersion", arrow::int64())});
}

std::shared_ptr<arrow::DataType> MetadataType() {
  return arrow::struct_(
      {field("id", arrow::utf8()), field("name", arrow::utf8()),
       field("description", arrow::utf8()),
       field("format",
             arrow::struct_({field("provider", arrow::utf8()), field("options", TextMapType())})),
       field("schemaString", arrow::utf8()),
       field("partitionColumns", arrow::list(field("element", arrow::utf8()))),
       field("configuration", TextMapType()), field("createdTime", arrow::int64())});
}

std::shared_ptr<arrow::DataType> ProtocolType() {
  auto names = arrow::list(field("element", arrow::utf8()));
  return arrow::struct_({field("minReaderVersion", arrow::int32()),
                         field("minWriterVersion", arrow::int32()), field("readerFeatures", names),
                         field("writerFeatures", names)});
}

// Fills the fields of one struct builder from left to right. The first error sticks.
class Row {
 public:
  explicit Row(arrow::StructBuilder* builder) : builder_(builder) { Keep(builder->Append()); }

  Row& Put(const std::string& text) { return Keep(Next<arrow::StringBuilder>()->Append(text)); }
  Row& Put(bool flag) { return Keep(Next<arrow::BooleanBuilder>()->Append(flag)); }
  Row& Put(int64_t number) { return Keep(Next<arrow::Int64Builder>()->Append(number)); }
  Row& Put32(int64_t number) {
    return Keep(Next<arrow::Int32Builder>()->Append(static_cast<int32_t>(number)));
  }
  Row& PutNull() { return Keep(builder_->field_builder(next_++)->AppendNull()); }
  template <typename T>
  Row& Put(const std::optional<T>& value) {
    return value ? Put(*value) : PutNull();
  }
  Row& Put(const StringMap& map) {
    auto* builder = Next<arrow::MapBuilder>();
    Keep(builder->Append());
    for (const auto& [key, value] : map) {
      Keep(static_cast<arrow::StringBuilder*>(builder->key_builder())->Append(key));
      Keep(static_cast<arrow::StringBuilder*>(builder->item_builder())->Append(value));
    }
    return *this;
  }
  Row& Put(const PartitionValues& map) {
    auto* builder = Next<arrow::MapBuilder>();
    Keep(builder->Append());
    for (const auto& [key, value] : map) {
      Keep(static_cast<arrow::StringBuilder*>(builder->key_builder())->Append(key));
      auto* items = static_cast<arrow::StringBuilder*>(builder->item_builder());
      Keep(value ? items->Append(*value) : items->AppendNull());
    }
    return *this;
  }
  template <typename List>
  Row& PutList(const List& list) {
    auto* builder = Next<arrow::ListBuilder>();
    Keep(builder->Append());
    for (const auto& text : list) {
      Keep(static_cast<arrow::StringBuilder*>(builder->value_builder())->Append(text));
    }
    return *this;
  }
  Row& Put(const std::optional<DeletionVector>& vector) {
    if (!vector) return PutNull();
    Row row(Next<arrow::StructBuilder>());
    row.Put(vector->storage_type).Put(vector->path_or_inline);
    vector->offset ? row.Put32(*vector->offset) : row.PutNull();
    row.Put32(vector->size_bytes).Put(vector->cardinality);
    return Keep(row.status_);
  }
  arrow::StructBuilder* NextStruct() { return Next<arrow::StructBuilder>(); }
  Row Nested() { return Row(Next<arrow::StructBuilder>()); }

  Status Check() const {
    MP_ARROW_RETURN_IF_ERROR(status_);
    return OkStatus();
  }

 private:
  template <typename Builder>
  Builder* Next() {
    return static_cast<Builder*>(builder_->field_builder(next_++));
  }
  Row& Keep(const arrow::Status& status) {
    if (status_.ok()) status_ = status;
    return *this;
  }

  arrow::StructBuilder* builder_;
  int next_ = 0;
  arrow::Status status_;
};

void Fill(Row& row, const AddFile& add) {
  row.Put(add.path).Put(add.partition_values).Put(add.size_bytes).Put(add.modification_time_ms);
  row.Put(false);  // dataChange
  add.tags.empty() ? row.PutNull() : row.Put(add.tags);
  row.Put(add.deletion_vector).Put(add.base_row_id).Put(add.default_row_commit_version);
  row.Put(add.clustering_provider);
}

Status Fill(Row row, const RemoveFile& remove) {
  row.Put(remove.path).Put(remove.deletion_timestamp_ms).Put(false);
  row.Put(remove.extended_file_metadata).Put(remove.partition_values).Put(remove.size_bytes);
  row.Put(remove.deletion_vector).Put(remove.base_row_id).Put(remove.default_row_commit_version);
  return row.Check();
}

Status Fill(Row row, const Metadata& metadata) {
  row.Put(metadata.id).Put(metadata.name).Put(metadata.description);
  Row format = row.Nested();
  format.Put(metadata.format_provider).Put(metadata.format_options);
  MP_RETURN_IF_ERROR(format.Check());
  row.Put(metadata.schema_json).PutList(metadata.partition_columns).Put(metadata.configuration);
  row.Put(metadata.created_time_ms);
  return row.Check();
}

Status Fill(Row row, const Protocol& protocol) {
  row.Put32(protocol.min_reader_version).Put32(protocol.min_writer_version);
  protocol.min_reader_version >= 3 ? row.PutList(protocol.reader_features) : row.PutNull();
  protocol.min_writer_version >= 7 ? row.PutList(protocol.writer_features) : row.PutNull();
  return row.Check();
}

Status Fill(Row row, const Txn& txn) {
  return row.Put(txn.app_id).Put(txn.version).Put(txn.last_updated_ms).Check();
}

Status Fill(Row row, const DomainMetadata& domain) {
  return row.Put(domain.domain).Put(domain.configuration).Put(domain.removed).Check();
}

const char* ColumnOf(const Action& action) {
  if (std::holds_alternative<AddFile>(action)) return "add";
  if (std::holds_alternative<RemoveFile>(action)) return "remove";
  if (std::holds_alternative<Metadata>(action)) return "metaData";
  if (std::holds_alternative<Protocol>(action)) return "protocol";
  if (std::holds_alternative<DomainMetadata>(action)) return "domainMetadata";
  CHECK(std::holds_alternative<Txn>(action));
  return "txn";
}

arrow::FieldVector SmallActionFields() {
  return {
      field("txn", arrow::struct_({field("appId", arrow::utf8()), field("version", arrow::int64()),
                                   field("lastUpdated", arrow::int64())})),
      field("metaData", MetadataType()), field("protocol", ProtocolType()),
      field("domainMetadata",
            arrow::struct_({field("domain", arrow::utf8()), field("configuration", arrow::utf8()),
                            field("removed", arrow::boolean())}))};
}

arrow::FieldVector V2Fields() {
  return {field("checkpointMetadata",
                arrow::struct_({field("version", arrow::int64()), field("tags", TextMapType())})),
          field("sidecar",
                arrow::struct_({field("path", arrow::utf8()), field("sizeInBytes", arrow::int64()),
                                field("modificationTime", arrow::int64()),
                                field("tags", TextMapType())}))};
}

bool IsOn(const Snapshot& snapshot, const char* key, bool otherwise) {
  const auto value = snapshot.property(key);
  return value ? EqualNames(*value, "true") : otherwise;
}

}  // namespace

CheckpointLayout CheckpointLayout::Of(const Snapshot& snapshot, Content content) {
  CheckpointLayout layout;
  layout.content = content;
  layout.stats_as_json = IsOn(snapshot, "delta.checkpoint.writeStatsAsJson", true);
  layout.stats_as_struct = IsOn(snapshot, "delta.checkpoint.writeStatsAsStruct", true);
  if (layout.stats_as_struct) {
    layout.stats_columns = StatsColumns(snapshot.schema(), snapshot.metadata());
    layout.partition_columns = PartitionColumns(snapshot.schema(), snapshot.metadata());
  }
  return layout;
}

CheckpointRows::~CheckpointRows() = default;

Result<std::unique_ptr<CheckpointRows>> CheckpointRows::Make(const CheckpointLayout& layout) {
  using Content = CheckpointLayout::Content;
  std::unique_ptr<CheckpointRows> rows(new CheckpointRows());
  rows->layout_ = layout;
  arrow::FieldVector fields;
  auto append = [&](const arrow::FieldVector& more) {
    fields.insert(fields.end(), more.begin(), more.end());
  };
  if (layout.content != Content::kFiles) append(SmallActionFields());
  if (layout.stats_as_struct) {
    rows->stats_ = std::make_unique<StatsStructWriter>(layout.stats_columns);
  }
  const auto stats = rows->stats_ == nullptr ? nullptr : rows->stats_->type();
  // Of a V2 checkpoint's top they are empty: delta-spark looks there for statistics as structs, and
  // reads no checkpoint without them.
  append({field("add", AddType(layout, stats)), field("remove", RemoveType())});
  if (layout.content == Content::kTopOnly) append(V2Fields());
  rows->schema_ = arrow::schema(fields);
  MP_ARROW_ASSIGN_OR_RETURN(
      rows->builder_, arrow::RecordBatchBuilder::Make(rows->schema_, arrow::default_memory_pool()));
  return rows;
}

// The column's builder, with a null in all others.
Result<arrow::StructBuilder*> CheckpointRows::Begin(const char* column) {
  const int own = schema_->GetFieldIndex(column);
  CHECK_GE(own, 0);
  for (int other = 0; other < schema_->num_fields(); ++other) {
    if (other != own) MP_ARROW_RETURN_IF_ERROR(builder_->GetField(other)->AppendNull());
  }
  return static_cast<arrow::StructBuilder*>(builder_->GetField(own));
}

Status CheckpointRows::AppendAdd(const AddFile& add, arrow::StructBuilder* builder) {
  Row row(builder);
  Fill(row, add);
  if (layout_.stats_as_json) add.stats.empty() ? row.PutNull() : row.Put(add.stats);
  MP_RETURN_IF_ERROR(row.Check());
  if (!layout_.stats_as_struct) return OkStatus();
  const auto& columns = layout_.partition_columns.fields();
  if (!columns.empty()) {
    auto* parsed = row.NextStruct();
    MP_ARROW_RETURN_IF_ERROR(parsed->Append());
    for (size_t i = 0; i < columns.size(); ++i) {
      ColumnValue value;
      const auto text = add.partition_values.find(columns[i].name);
      if (text != add.partition_values.end() && text->second) {
        value = ParsePartitionValue(*text->second, columns[i].type).value_or(ColumnValue());
      }
      MP_RETURN_IF_ERROR(AppendValue(value, parsed->field_builder(static_cast<int>(i))));
    }
  }
  return stats_->Append(add.stats, row.NextStruct());
}

Status CheckpointRows::Append(const Action& action) {
  MP_ASSIGN_OR_RETURN(auto* builder, Begin(ColumnOf(action)));
  return std::visit(
      [&](const auto& body) -> Status {
        if constexpr (std::is_same_v<std::decay_t<decltype(body)>, AddFile>) {
          return AppendAdd(body, builder);
        } else if constexpr (requires { Fill(Row(builder), body); }) {
          return Fill(Row(builder), body);
        } else {
          CHECK(false);
        }
      },
      action);
}

Status CheckpointRows::AppendSidecar(const Sidecar& sidecar) {
  MP_ASSIGN_OR_RETURN(auto* builder, Begin("sidecar"));
  Row row(builder);
  row.Put(sidecar.name).Put(sidecar.size_bytes).Put(sidecar.modification_time_ms).PutNull();
  return row.Check();
}

Status CheckpointRows::AppendMetadata(int64_t version, int64_t num_adds) {
  MP_ASSIGN_OR_RETURN(auto* builder, Begin("checkpointMetadata"));
  Row row(builder);
  row.Put(version).Put(StringMap{{kNumAddsTag, fmt::format("{}", num_adds)}});
  return row.Check();
}

Result<std::shared_ptr<arrow::RecordBatch>> CheckpointRows::Finish() {
  MP_ARROW_ASSIGN_OR_RETURN(auto batch, builder_->Flush());
  return batch;
}

}  // namespace millpond::data
