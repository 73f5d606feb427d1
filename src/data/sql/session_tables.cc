#include <algorithm>

#include "data/delta/log/data_paths.h"
#include "data/delta/metadata/schema.h"
#include "data/sql/readable_roots.h"
#include "data/sql/session_tables_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr char kPathSchema[] = "delta";     // tables by path
constexpr char kStreamSchema[] = "stream";  // streams of table functions
constexpr char kTargetSchema[] = "target";  // tables that a statement changes

Result<TableName> TableOf(const QueryName& name) {
  return ParseTableName(name.schema + "." + name.table);
}

}  // namespace

Result<QueryName> SessionTables::NameOf(const std::vector<std::string>& parts) {
  if (parts.size() == 2 && EqualNames(parts[0], kPathSchema))
    return QueryName{kPathSchema, parts[1]};
  if (parts.size() == 1 && parts[0].find_first_of("/.*") != std::string::npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "\"{}\" is no table name; files are read by read_files('path', format => …), Delta "
                "tables by delta.`path`",
                parts[0]);
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ".") + part;
  MP_ASSIGN_OR_RETURN(const TableName name, ParseTableName(text));
  return QueryName{LowerName(name.catalog + "." + name.schema), name.table};
}

const int64_t* SessionTables::PinOf(const QueryName& name) const {
  const auto table = TableOf(name);
  if (!table) return nullptr;
  for (const auto& [pinned, version] : names_.pins) {
    if (EqualNames(pinned.ToString(), table->ToString())) return &version;
  }
  return nullptr;
}

void SessionTables::HoldStill(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  held_ = std::move(snapshot);
  held_was_read_ = false;
  std::erase_if(resolved_, [](const auto& read) { return read.first.second == TableMoment(); });
}

bool SessionTables::HasSpentStreams() const {
  return std::ranges::any_of(names_.readers,
                             [](const auto& reader) { return reader.second->is_spent(); });
}

QueryName SessionTables::Add(std::shared_ptr<arrow::RecordBatchReader> reader) {
  const std::lock_guard lock(mutex_);
  streams_.push_back(std::make_shared<OnceReader>(std::move(reader)));
  return {kStreamSchema, std::to_string(streams_.size() - 1)};
}

std::string SessionTables::AddTarget(std::shared_ptr<const Snapshot> snapshot,
                                     std::optional<std::vector<uint32_t>> files) {
  const std::lock_guard lock(mutex_);
  std::string name = snapshot->path();
  targets_.push_back({std::move(name), std::move(snapshot), nullptr, true, std::move(files)});
  return fmt::format("lake.{}.{}", kTargetSchema, QuoteName(std::to_string(targets_.size() - 1)));
}

bool SessionTables::IsOwn(const std::vector<std::string>& parts) const {
  if (parts.size() != 3 || parts[0] != "lake") return false;
  const bool stream = parts[1] == kStreamSchema;
  if (!stream && parts[1] != kTargetSchema) return false;
  const std::lock_guard lock(mutex_);
  const size_t count = stream ? streams_.size() : targets_.size();
  for (size_t i = 0; i < count; ++i) {
    if (parts[2] == std::to_string(i)) return true;
  }
  return false;
}

Result<ResolvedTable> SessionTables::Resolve(const std::string& schema, const std::string& table,
                                             const TableMoment& moment) {
  const std::lock_guard lock(mutex_);
  if (schema == kStreamSchema) {
    const size_t index = std::stoul(table);
    if (index < streams_.size()) return ResolvedTable{"stream", nullptr, streams_[index]};
    return Fail(ErrorKind::kInternal, "no stream {}", index);
  }
  if (schema == kTargetSchema) {
    const size_t index = std::stoul(table);
    if (index < targets_.size()) return targets_[index];
    return Fail(ErrorKind::kInternal, "no target {}", index);
  }
  const Key key{LowerName(schema + "." + table), moment};
  if (const auto found = resolved_.find(key); found != resolved_.end()) return found->second;
  MP_ASSIGN_OR_RETURN(ResolvedTable resolved, Load({schema, table}, moment));
  resolved_.emplace(key, resolved);
  return resolved;
}

Result<ResolvedTable> SessionTables::Load(const QueryName& name, const TableMoment& moment) {
  if (name.schema == "main.default") {
    const auto reader = names_.readers.find(LowerName(name.table));
    if (reader != names_.readers.end()) return ResolvedTable{name.table, nullptr, reader->second};
  }
  if (name.schema == "main.system") return SystemTable(LowerName(name.table));
  MP_ASSIGN_OR_RETURN(DeltaTable table, Open(name));
  const std::string text = name.schema == kPathSchema ? "delta." + QuoteName(table.path())
                                                      : name.schema + "." + name.table;
  Result<std::shared_ptr<const Snapshot>> snapshot = nullptr;
  const int64_t* pin = name.schema == kPathSchema ? nullptr : PinOf(name);
  if (moment.version) {
    snapshot = table.AtVersion(*moment.version);
  } else if (moment.at) {
    snapshot = table.AtTime(*moment.at);
  } else if (pin != nullptr) {
    snapshot = table.AtVersion(*pin);
  } else if (held_ != nullptr && IsSamePlace(held_->path(), table.path())) {
    snapshot = held_;
    held_was_read_ = true;
  } else {
    snapshot = table.Latest();
  }
  MP_RETURN_IF_ERROR(snapshot);
  MP_RETURN_IF_ERROR(CheckDataPaths(**snapshot));
  const bool may_be_old = moment.version || moment.at || pin != nullptr;
  if (may_be_old && name.schema != kPathSchema) HoldFiles(**snapshot);
  return ResolvedTable{text, std::move(*snapshot), nullptr};
}

// A reader that may not write into the table's folder goes without.
void SessionTables::HoldFiles(const Snapshot& snapshot) {
  static constexpr int64_t kLifeMillis = int64_t{24} * 3600 * 1000;
  auto lease = SnapshotLease::Take(catalog_.workspace().env, snapshot.path(), snapshot.version(),
                                   "a query of " + principal_.name, kLifeMillis);
  if (lease.has_value()) leases_.push_back(*std::move(lease));
}

Result<DeltaTable> SessionTables::Open(const QueryName& name) {
  if (name.schema == kPathSchema) {
    MP_ASSIGN_OR_RETURN(const std::string path,
                        ResolveReadablePath(catalog_.workspace(), name.table));
    MP_RETURN_IF_ERROR(access_.Check(principal_, Privilege::kReadFiles, path));
    const auto& roots = catalog_.workspace().readable_roots;
    MP_ASSIGN_OR_RETURN(DeltaTable table,
                        DeltaTable::Open(catalog_.workspace().env, path,
                                         std::make_shared<const std::vector<std::string>>(roots)));
    table.SetExpressions(catalog_.expressions());
    return table;
  }
  MP_ASSIGN_OR_RETURN(const TableName table, TableOf(name));
  MP_RETURN_IF_ERROR(access_.Check(principal_, Privilege::kSelect, table.ToString()));
  return catalog_.OpenTable(table);
}

}  // namespace millpond::data
