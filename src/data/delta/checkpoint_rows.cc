#include <arrow/api.h>

#include "base/check.h"
#include "data/arrow/status.h"
#include "data/delta/checkpoint_rows_internal.h"

namespace millpond::data {
namespace {

using arrow::field;

enum Column {
  kTxnColumn,
  kAddColumn,
  kRemoveColumn,
  kMetadataColumn,
  kProtocolColumn,
  kDomainColumn,
  kColumns
};

std::shared_ptr<arrow::DataType> TextMapType() {
  return arrow::map(arrow::utf8(), arrow::utf8());
}

std::shared_ptr<arrow::DataType> VectorType() {
  return arrow::struct_({field("storageType", arrow::utf8()),
                         field("pathOrInlineDv", arrow::utf8()), field("offset", arrow::int32()),
                         field("sizeInBytes", arrow::int32()),
                         field("cardinality", arrow::int64())});
}

std::shared_ptr<arrow::DataType> AddType() {
  return arrow::struct_({field("path", arrow::utf8()), field("partitionValues", TextMapType()),
                         field("size", arrow::int64()), field("modificationTime", arrow::int64()),
                         field("dataChange", arrow::boolean()), field("tags", TextMapType()),
                         field("deletionVector", VectorType()), field("baseRowId", arrow::int64()),
                         field("defaultRowCommitVersion", arrow::int64()),
                         field("clusteringProvider", arrow::utf8()),
                         field("stats", arrow::utf8())});
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

Status Fill(Row row, const AddFile& add) {
  row.Put(add.path).Put(add.partition_values).Put(add.size_bytes).Put(add.modification_time_ms);
  row.Put(add.data_change);
  add.tags.empty() ? row.PutNull() : row.Put(add.tags);
  row.Put(add.deletion_vector).Put(add.base_row_id).Put(add.default_row_commit_version);
  row.Put(add.clustering_provider);
  add.stats.empty() ? row.PutNull() : row.Put(add.stats);
  return row.Check();
}

Status Fill(Row row, const RemoveFile& remove) {
  row.Put(remove.path).Put(remove.deletion_timestamp_ms).Put(remove.data_change);
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

Column ColumnOf(const Action& action) {
  if (std::holds_alternative<AddFile>(action)) return kAddColumn;
  if (std::holds_alternative<RemoveFile>(action)) return kRemoveColumn;
  if (std::holds_alternative<Metadata>(action)) return kMetadataColumn;
  if (std::holds_alternative<Protocol>(action)) return kProtocolColumn;
  if (std::holds_alternative<DomainMetadata>(action)) return kDomainColumn;
  CHECK(std::holds_alternative<Txn>(action));
  return kTxnColumn;
}

}  // namespace

std::shared_ptr<arrow::Schema> CheckpointRows::Schema() {
  auto txn = arrow::struct_({field("appId", arrow::utf8()), field("version", arrow::int64()),
                             field("lastUpdated", arrow::int64())});
  auto domain =
      arrow::struct_({field("domain", arrow::utf8()), field("configuration", arrow::utf8()),
                      field("removed", arrow::boolean())});
  return arrow::schema({field("txn", txn), field("add", AddType()), field("remove", RemoveType()),
                        field("metaData", MetadataType()), field("protocol", ProtocolType()),
                        field("domainMetadata", domain)});
}

CheckpointRows::CheckpointRows(std::unique_ptr<arrow::RecordBatchBuilder> builder)
    : builder_(std::move(builder)) {}
CheckpointRows::~CheckpointRows() = default;

Result<std::unique_ptr<CheckpointRows>> CheckpointRows::Make() {
  MP_ARROW_ASSIGN_OR_RETURN(
      auto builder, arrow::RecordBatchBuilder::Make(Schema(), arrow::default_memory_pool()));
  return std::unique_ptr<CheckpointRows>(new CheckpointRows(std::move(builder)));
}

Status CheckpointRows::Append(const Action& action) {
  Column column = ColumnOf(action);
  for (int other = 0; other < kColumns; ++other) {
    if (other != column) MP_ARROW_RETURN_IF_ERROR(builder_->GetField(other)->AppendNull());
  }
  auto* builder = static_cast<arrow::StructBuilder*>(builder_->GetField(column));
  return std::visit(
      [&](const auto& body) -> Status {
        if constexpr (requires { Fill(Row(builder), body); }) {
          return Fill(Row(builder), body);
        } else {
          CHECK(false);
        }
      },
      action);
}

Result<std::shared_ptr<arrow::RecordBatch>> CheckpointRows::Finish() {
  MP_ARROW_ASSIGN_OR_RETURN(auto batch, builder_->Flush());
  return batch;
}

}  // namespace millpond::data
