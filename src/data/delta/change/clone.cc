#include "data/delta/change/clone.h"

#include "base/json.h"
#include "data/delta/change/restore.h"
#include "data/delta/commit/commit_builder.h"
#include "data/delta/commit/new_table.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/missing_files.h"

namespace millpond::data {
namespace {

// As Hadoop prints it: when it writes deletion vectors, delta-spark compares the text with its own.
std::string AbsoluteLogPath(const std::string& path) {
  return (path.starts_with('/') ? "file:" : "") + EncodeLogPath(path);
}

// The file as any table's log may name it.
Result<AddFile> Detached(const Environment& env, const Snapshot& source, size_t file,
                         bool needs_row_count) {
  MP_ASSIGN_OR_RETURN(AddFile add, source.files().ReadAdd(file));
  if (needs_row_count) MP_RETURN_IF_ERROR(CompleteRowCount(env, source, file, &add));
  add.path = AbsoluteLogPath(source.files().path(file));
  add.data_change = true;
  if (!add.deletion_vector) return add;
  MP_ASSIGN_OR_RETURN(const std::string path,
                      DeletionVectorPath(source.path(), *add.deletion_vector));
  if (path.empty()) return add;
  add.deletion_vector->storage_type = "p";
  add.deletion_vector->path_or_inline = AbsoluteLogPath(path);
  return add;
}

// Files of an older version may have been removed.
Status CheckFilesThere(const Environment& env, const Snapshot& source) {
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, source.path(), source.origin().data_roots));
  MP_ASSIGN_OR_RETURN(const auto now, table.Latest());
  std::vector<size_t> doubtful;
  for (size_t i = 0; i < source.files().size(); ++i) {
    const auto& files = source.files();
    if (!now->files().Find(files.log_path(i), files.deletion_vector(i))) doubtful.push_back(i);
  }
  return CheckFilesThere(env, source, doubtful, "cloned");
}

Result<std::vector<AddFile>> DetachedFiles(const Environment& env, const Snapshot& source,
                                           const Protocol& protocol) {
  MP_RETURN_IF_ERROR(CheckDataPaths(source));
  MP_RETURN_IF_ERROR(CheckFilesThere(env, source));
  const bool row_ids = SupportsWriterFeature(protocol, feature::kRowTracking);
  std::vector<AddFile> adds;
  adds.reserve(source.files().size());
  for (size_t i = 0; i < source.files().size(); ++i) {
    MP_ASSIGN_OR_RETURN(auto add, Detached(env, source, i, row_ids));
    adds.push_back(std::move(add));
  }
  return adds;
}

// The source's shape with the clone's own properties.
Result<TableShape> CloneShape(const Environment& env, const Snapshot& source,
                              const CloneOptions& options) {
  const TableShape before = ShapeOf(source);
  TableShape shape = before;
  if (options.description) shape.metadata.description = options.description;
  MP_RETURN_IF_ERROR(SetProperties(options.properties, shape));
  MP_RETURN_IF_ERROR(SettleShape({&before, /*files_stay=*/true, source.path()}, env.random, shape));
  // Since when the source keeps times says nothing of the clone.
  shape.metadata.configuration.erase(property::kInCommitTimestampVersion);
  shape.metadata.configuration.erase(property::kInCommitTimestampTime);
  return shape;
}

// The source's domains; of row ids, the mark that is further.
Result<std::vector<DomainMetadata>> DomainsOf(const Snapshot& source, const Snapshot* replaced) {
  std::vector<DomainMetadata> domains;
  for (const auto& [name, domain] : source.domains()) {
    if (name == kRowTrackingDomain) {
      MP_ASSIGN_OR_RETURN(const int64_t ours, RowIdHighWaterMark(replaced));
      MP_ASSIGN_OR_RETURN(const int64_t theirs, RowIdHighWaterMark(&source));
      if (ours >= theirs) continue;
    }
    domains.push_back(domain);
  }
  return domains;
}

CommitInfo InfoOf(const Snapshot& source, const CloneOptions& options) {
  CommitInfo info;
  info.operation = "CLONE";
  info.operation_parameters = {{"source", options.source_name},
                               {"sourceVersion", fmt::format("{}", source.version())},
                               {"isShallow", "true"},
                               {"properties", DumpJson(Json(options.properties))}};
  info.operation_metrics = {{"sourceTableSize", fmt::format("{}", source.files().total_bytes())},
                            {"sourceNumOfFiles", fmt::format("{}", source.files().size())}};
  return info;
}

}  // namespace

Result<CreatedTable> CreateShallowClone(const Environment& env, std::string path,
                                        const Snapshot& source, const CloneOptions& options,
                                        DataRoots roots) {
  MP_ASSIGN_OR_RETURN(auto shape, CloneShape(env, source, options));
  MP_ASSIGN_OR_RETURN(auto adds, DetachedFiles(env, source, shape.protocol));
  MP_ASSIGN_OR_RETURN(auto domains, DomainsOf(source, nullptr));
  MP_ASSIGN_OR_RETURN(auto made, NewTable::PrepareAs(env, std::move(path), std::move(shape),
                                                     InfoOf(source, options), std::move(roots)));
  StringMap metrics = InfoOf(source, options).operation_metrics;
  MP_ASSIGN_OR_RETURN(auto commit,
                      made.Commit(std::move(adds), std::move(metrics), std::move(domains)));
  return CreatedTable{made.table(), std::move(commit)};
}

Result<CommitResult> ReplaceByShallowClone(DeltaTable table, const Snapshot& source,
                                           const CloneOptions& options) {
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::Begin(table));
  const Snapshot& now = transaction.snapshot();
  MP_ASSIGN_OR_RETURN(auto shape, CloneShape(table.environment(), source, options));
  shape.protocol = MergedProtocol(now.protocol(), shape.protocol);
  shape.metadata.id = now.metadata().id;
  shape.metadata.name = now.metadata().name;
  shape.metadata.created_time_ms = now.metadata().created_time_ms;
  for (const char* key : {property::kInCommitTimestampVersion, property::kInCommitTimestampTime}) {
    if (const auto text = now.property(key)) shape.metadata.configuration[key] = *text;
  }
  MP_RETURN_IF_ERROR(CheckWritable(shape.protocol, shape.metadata, shape.schema, table.path()));
  MP_ASSIGN_OR_RETURN(auto adds, DetachedFiles(table.environment(), source, shape.protocol));
  MP_ASSIGN_OR_RETURN(auto domains, DomainsOf(source, &now));
  for (size_t i = 0; i < now.files().size(); ++i) transaction.Remove(now.files().add(i));
  for (AddFile& add : adds) transaction.Add(std::move(add));
  for (DomainMetadata& domain : domains) transaction.SetDomain(std::move(domain));
  if (shape.protocol != now.protocol()) transaction.SetProtocol(shape.protocol);
  if (shape.metadata != now.metadata()) transaction.SetMetadata(shape.metadata);
  CommitInfo info = InfoOf(source, options);
  transaction.SetOperation(std::move(info.operation), std::move(info.operation_parameters));
  transaction.SetMetrics(std::move(info.operation_metrics));
  transaction.DependOnWholeTable();
  return transaction.Commit();
}

}  // namespace millpond::data
