#include "data/delta/commit/new_table.h"

#include <algorithm>

#include "base/json.h"
#include "base/random.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/log/table_shared.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/clustering.h"

namespace millpond::data {
namespace {

Status CheckCreateOptions(const CreateOptions& options) {
  if (options.schema.size() == 0) {
    return Fail(ErrorKind::kInvalidArgument, "a table needs at least one column");
  }

  for (const auto& column : options.partition_columns) {
    const StructField* field = options.schema.Find(column);
    if (field == nullptr) {
      return Fail(ErrorKind::kInvalidArgument, "partition column '{}' is not in the schema",
                  column);
    }
    if (field->type.kind() == TypeKind::kBinary) {
      return Fail(ErrorKind::kUnsupported,
                  "column '{}' is BINARY: tables are not partitioned by bytes, which the log would "
                  "have to hold as text; partition by hex({}) as a STRING column",
                  column, column);
    }
    if (!field->type.is_primitive()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "partition column '{}' is {}: only a primitive type can partition a table",
                  column, field->type.ToString());
    }
  }
  if (!options.clustering_columns.empty() && !options.partition_columns.empty()) {
    return Fail(ErrorKind::kInvalidArgument,
                "a table is partitioned or clustered, not both: leave out one of them");
  }
  return OkStatus();
}

// What the options say of a table, put into `shape`.
Status Describe(const CreateOptions& options, TableShape& shape) {
  shape.schema = options.schema;
  Metadata& metadata = shape.metadata;
  metadata.description = options.description;
  metadata.partition_columns.clear();
  for (const auto& column : options.partition_columns) {
    metadata.partition_columns.push_back(options.schema.Find(column)->name);
  }
  if (!options.clustering_columns.empty()) {
    shape.protocol = WithFeatures(std::move(shape.protocol), {feature::kClustering});
  }
  return SetProperties(options.properties, shape);
}

Result<TableShape> NewShape(const Environment& env, const std::string& path,
                            const CreateOptions& options) {
  MP_RETURN_IF_ERROR(CheckCreateOptions(options));
  TableShape shape;
  shape.metadata.name = options.name;
  MP_RETURN_IF_ERROR(Describe(options, shape));
  MP_RETURN_IF_ERROR(SettleShape({nullptr, /*files_stay=*/false, path}, env.random, shape));
  return shape;
}

}  // namespace

Result<TableShape> ReplacedShape(const Environment& env, const Snapshot& snapshot,
                                 const CreateOptions& options) {
  MP_RETURN_IF_ERROR(CheckCreateOptions(options));
  const TableShape before = ShapeOf(snapshot);
  TableShape shape = before;
  // Constraints speak of the columns that the table had.
  std::erase_if(shape.metadata.configuration, [](const auto& entry) {
    return entry.first.starts_with(property::kConstraintPrefix);
  });
  MP_RETURN_IF_ERROR(Describe(options, shape));
  shape.schema = WithKnownMapping(shape.schema, before.schema);
  MP_RETURN_IF_ERROR(
      SettleShape({&before, /*files_stay=*/false, snapshot.path()}, env.random, shape));
  return shape;
}

Result<std::vector<DomainMetadata>> NewDomains(const Snapshot* before, const TableShape& shape,
                                               const CreateOptions& options) {
  const bool was_clustered = before != nullptr && before->domains().contains(kClusteringDomain);
  if (options.clustering_columns.empty() && !was_clustered) return std::vector<DomainMetadata>();
  MP_ASSIGN_OR_RETURN(auto domain, ClusteringDomain(shape.schema, options.clustering_columns));
  return std::vector<DomainMetadata>{std::move(domain)};
}

Result<NewTable> NewTable::Prepare(const Environment& env, std::string path,
                                   const CreateOptions& options, DataRoots roots) {
  MP_ASSIGN_OR_RETURN(TableShape shape, NewShape(env, path, options));
  MP_ASSIGN_OR_RETURN(auto domains, NewDomains(nullptr, shape, options));
  CommitInfo info;
  info.operation = options.operation;
  info.operation_parameters = {{"partitionBy", DumpJson(Json(shape.metadata.partition_columns))},
                               {"properties", DumpJson(Json(options.properties))}};
  MP_ASSIGN_OR_RETURN(auto made, PrepareAs(env, std::move(path), std::move(shape), std::move(info),
                                           std::move(roots)));
  made.domains_ = std::move(domains);
  return made;
}

Result<NewTable> NewTable::PrepareAs(const Environment& env, std::string path, TableShape shape,
                                     CommitInfo info, DataRoots roots) {
  DeltaTable table(std::make_shared<DeltaTable::Shared>(env, WithoutTrailingSlash(std::move(path)),
                                                        std::move(roots)));
  shape.metadata.id = NewUuid4(env.random);
  shape.metadata.created_time_ms = env.clock.NowMillis();

  const LogStore& log = table.shared_->log;
  MP_RETURN_IF_ERROR(env.fs.CreateDirectories(ParentPath(log.CommitPath(0))));
  // A folder of an object store is there only with something in it.
  auto listing = log.List();
  if (!listing.has_value() && listing.error().kind() != ErrorKind::kNotFound) {
    return std::unexpected<Error>(std::move(listing).error());
  }
  if (listing.has_value() && !listing->empty()) {
    return Fail(ErrorKind::kAlreadyExists, "there is already a Delta table at {}", table.path());
  }
  MP_RETURN_IF_ERROR(log.ProbePutIfAbsent());
  return NewTable(std::move(table), std::move(shape), std::move(info));
}

Result<CommitResult> NewTable::Commit(std::vector<AddFile> adds, StringMap metrics,
                                      std::vector<DomainMetadata> domains) {
  Transaction transaction(table_, nullptr);
  transaction.SetOperation(std::move(info_.operation), std::move(info_.operation_parameters));
  transaction.SetMetrics(std::move(metrics));
  for (auto& add : adds) transaction.Add(std::move(add));
  for (auto& domain : domains_) transaction.SetDomain(std::move(domain));
  for (auto& domain : domains) transaction.SetDomain(std::move(domain));
  transaction.SetProtocol(std::move(shape_.protocol));
  transaction.SetMetadata(std::move(shape_.metadata));
  return transaction.Commit();
}

Result<DeltaTable> DeltaTable::Create(const Environment& env, std::string path,
                                      const CreateOptions& options, DataRoots roots) {
  MP_ASSIGN_OR_RETURN(auto made,
                      NewTable::Prepare(env, std::move(path), options, std::move(roots)));
  MP_RETURN_IF_ERROR(made.Commit({}, {}));
  return made.table();
}

}  // namespace millpond::data
