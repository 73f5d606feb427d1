#include "platform/features/feature_store.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "base/fs/filesystem.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/write.h"
#include "data/sql/statement.h"
#include "platform/features/definition_store.h"
#include "platform/features/label_input.h"
#include "platform/features/labels.h"
#include "platform/features/restatement.h"
#include "platform/features/training_set.h"
#include "platform/features/view_binding.h"
#include "platform/features/view_compiler.h"

namespace millpond::platform {
namespace {

struct ViewFile {
  std::string path;  // from the project's folder, for messages
  data::SourceText source;
};

Result<std::vector<ViewFile>> ReadViewFiles(const data::Workspace& workspace,
                                            const std::string& dir) {
  std::vector<ViewFile> files;
  auto listing = workspace.env.fs.List(dir);
  if (!listing) {
    if (listing.error().kind() == ErrorKind::kNotFound) return files;
    return std::unexpected<Error>(std::move(listing).error());
  }
  for (const FileInfo& info : *listing) {
    if (!info.path.ends_with(".sql")) continue;
    MP_ASSIGN_OR_RETURN(std::string text, workspace.env.fs.ReadFile(info.path));
    std::string shown = info.path;
    if (shown.starts_with(workspace.project_dir + "/")) {
      shown = shown.substr(workspace.project_dir.size() + 1);
    }
    files.push_back({shown, data::SourceText(shown, std::move(text))});
  }
  return files;
}

// The statement's own text behind as many empty lines as stood before it, so that its places stay
// those of the file.
std::string StoredText(const ViewStatement& statement) {
  const std::string_view before = statement.source.text().substr(0, statement.offset);
  const auto lines = std::ranges::count(before, '\n');
  return std::string(static_cast<size_t>(lines), '\n') + std::string(statement.text);
}

Result<FeatureView> DefineView(data::Catalog& catalog, const ViewStatement& statement) {
  auto table = catalog.OpenTable(statement.table);
  if (!table) {
    return data::FailAt(statement.source, statement.select.from.offset, table.error().kind(), "{}",
                        table.error().ToString());
  }
  MP_ASSIGN_OR_RETURN(auto snapshot, table->Latest());
  MP_ASSIGN_OR_RETURN(auto program, CompileView(statement, snapshot->schema()));
  FeatureView view;
  view.name = statement.name.name;
  view.text = StoredText(statement);
  view.file = statement.source.file();
  view.canonical = CanonicalText(*program);
  view.source = statement.table.ToString();
  view.entity = program->definition.entity;
  view.timestamp = program->definition.timestamp;
  view.settle = statement.settle;
  for (const kernel::FeatureOutput& output : program->outputs) {
    view.columns.push_back({output.name, kernel::ToString(output.type), output.hash});
  }
  view.created_at = catalog.workspace().env.clock.Now();
  return view;
}

std::string KnownNames(const std::vector<FeatureView>& views) {
  std::string names;
  for (const FeatureView& view : views) names += (names.empty() ? "" : ", ") + view.name;
  if (names.empty()) return "there is none yet: define one in features/*.sql";
  return "there are " + names;
}

Status RecordSource(data::Catalog& catalog, const FeatureView& view) {
  return catalog.RecordLineage({{"table", view.source, "feature_view", view.name, view.file}});
}

}  // namespace

FeatureStore::FeatureStore(data::Catalog& catalog, std::unique_ptr<DefinitionStore> definitions)
    : catalog_(catalog), definitions_(std::move(definitions)) {}

FeatureStore::~FeatureStore() = default;

Result<std::unique_ptr<FeatureStore>> FeatureStore::Open(data::Catalog& catalog) {
  MP_ASSIGN_OR_RETURN(auto definitions,
                      DefinitionStore::Open(catalog.workspace().state_dir + "/meta.db"));
  return std::unique_ptr<FeatureStore>(new FeatureStore(catalog, std::move(definitions)));
}

Result<std::vector<std::string>> FeatureStore::CheckFiles(const std::string& dir) const {
  MP_ASSIGN_OR_RETURN(auto files, ReadViewFiles(catalog_.workspace(), dir));
  std::vector<std::string> names;
  for (const ViewFile& file : files) {
    MP_ASSIGN_OR_RETURN(auto statements, ParseViewFile(file.source));
    for (const ViewStatement& statement : statements) {
      MP_RETURN_IF_ERROR(CheckView(statement));
      for (const std::string& other : names) {
        if (!data::EqualNames(other, statement.name.name)) continue;
        return data::FailAt(statement.source, statement.name.offset, ErrorKind::kInvalidArgument,
                            "feature view {} is defined twice in {}: choose another name", other,
                            dir);
      }
      names.push_back(statement.name.name);
    }
  }
  return names;
}

Result<FeatureStore::Loaded> FeatureStore::Load(const std::string& dir,
                                                const std::vector<std::string>& only) {
  MP_RETURN_IF_ERROR(CheckFiles(dir));
  MP_ASSIGN_OR_RETURN(auto files, ReadViewFiles(catalog_.workspace(), dir));
  std::vector<FeatureView> views;
  for (const ViewFile& file : files) {
    MP_ASSIGN_OR_RETURN(auto statements, ParseViewFile(file.source));
    for (const ViewStatement& statement : statements) {
      const auto wanted = [&](const std::string& name) {
        return data::EqualNames(name, statement.name.name);
      };
      if (!only.empty() && std::ranges::none_of(only, wanted)) continue;
      MP_ASSIGN_OR_RETURN(FeatureView view, DefineView(catalog_, statement));
      views.push_back(std::move(view));
    }
  }
  Loaded loaded;
  for (FeatureView& view : views) {
    // The folder is the definition: a changed file is a new version without being asked.
    MP_ASSIGN_OR_RETURN(auto outcome, definitions_->Put(view, true));
    MP_RETURN_IF_ERROR(RecordSource(catalog_, view));
    auto& list = outcome == DefinitionStore::PutOutcome::kCreated    ? loaded.created
                 : outcome == DefinitionStore::PutOutcome::kReplaced ? loaded.replaced
                                                                     : loaded.unchanged;
    list.push_back(view.name);
  }
  return loaded;
}

Result<FeatureStore::Created> FeatureStore::Create(const data::Statement& statement) {
  MP_ASSIGN_OR_RETURN(ViewStatement parsed, ParseViewStatement(statement));
  Created created;
  MP_ASSIGN_OR_RETURN(created.view, DefineView(catalog_, parsed));
  auto outcome = definitions_->Put(created.view, parsed.or_replace);
  if (!outcome) {
    return data::FailAt(parsed.source, parsed.name.offset, outcome.error().kind(), "{}",
                        outcome.error().ToString());
  }
  created.unchanged = *outcome == DefinitionStore::PutOutcome::kUnchanged;
  MP_RETURN_IF_ERROR(RecordSource(catalog_, created.view));
  return created;
}

Result<FeatureView> FeatureStore::Find(const std::string& name) const {
  MP_ASSIGN_OR_RETURN(auto found, definitions_->Find(name));
  if (found) return std::move(*found);
  MP_ASSIGN_OR_RETURN(auto views, definitions_->List());
  return Fail(ErrorKind::kNotFound, "there is no feature view {}; {}", name, KnownNames(views));
}

Result<std::vector<FeatureView>> FeatureStore::List() const {
  return definitions_->List();
}

Result<FeatureStore::Deployed> FeatureStore::Deploy(const std::string& name) {
  MP_ASSIGN_OR_RETURN(FeatureView view, Find(name));
  MP_ASSIGN_OR_RETURN(data::TableName source, data::ParseTableName(view.source));
  MP_ASSIGN_OR_RETURN(data::DeltaTable table, catalog_.OpenTable(source));
  MP_ASSIGN_OR_RETURN(auto before, table.Latest());
  MP_RETURN_IF_ERROR(ProgramOf(view, before->schema()));
  Deployed deployed;
  MP_ASSIGN_OR_RETURN(auto live, definitions_->Live(view.name, before->metadata().id));
  if (live) {
    deployed.live = std::move(*live);
    deployed.already = true;
    return deployed;
  }
  MP_ASSIGN_OR_RETURN(data::UpgradeResult upgrade, data::UpgradeForFeatureView(table));
  deployed.upgraded = std::move(upgrade.features);
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  const LiveVersion wanted{.view = view.name,
                           .source = view.source,
                           .table_id = snapshot->metadata().id,
                           .version = snapshot->version(),
                           .commit_time = snapshot->commit_time(),
                           .deployed_at = catalog_.workspace().env.clock.Now()};
  MP_ASSIGN_OR_RETURN(auto recorded, definitions_->RecordLive(wanted));
  deployed.live = std::move(recorded.live);
  deployed.already = recorded.already;
  return deployed;
}

Result<std::optional<LiveVersion>> FeatureStore::Live(const std::string& name) const {
  MP_ASSIGN_OR_RETURN(FeatureView view, Find(name));
  MP_ASSIGN_OR_RETURN(data::TableName source, data::ParseTableName(view.source));
  MP_ASSIGN_OR_RETURN(data::DeltaTable table, catalog_.OpenTable(source));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  return definitions_->Live(view.name, snapshot->metadata().id);
}

Status FeatureStore::RecordLate(const LateCommit& late) {
  return definitions_->RecordLate(late);
}

Result<std::vector<LateCommit>> FeatureStore::LateCommits(const std::string& view, Micros from,
                                                          Micros to) const {
  return definitions_->LateCommits(view, from, to);
}

Result<std::vector<ViewBinding>> FeatureStore::Bind(const std::vector<std::string>& views,
                                                    const TrainingOptions& options) const {
  std::vector<ViewBinding> bindings;
  for (const std::string& name : views) {
    MP_ASSIGN_OR_RETURN(FeatureView view, Find(name));
    const auto live = [&](const std::string& table_id) {
      return definitions_->Live(view.name, table_id);
    };
    MP_ASSIGN_OR_RETURN(ViewBinding binding, BindView(catalog_, view, options, live));
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

Result<TrainingSet> FeatureStore::TrainingSetFor(arrow::RecordBatchReader& labels,
                                                 const std::vector<std::string>& views,
                                                 const TrainingOptions& options) {
  const Environment& env = catalog_.workspace().env;
  MP_ASSIGN_OR_RETURN(auto bindings, Bind(views, options));
  MP_ASSIGN_OR_RETURN(Labels rows, Labels::Read(labels, env.arbiter));
  return BuildTrainingSet(env, rows, bindings, options);
}

Result<LeakReport> FeatureStore::CheckForLeaks(arrow::RecordBatchReader& labels,
                                               const std::vector<std::string>& views,
                                               const TrainingOptions& options, int max_moments) {
  const Environment& env = catalog_.workspace().env;
  MP_ASSIGN_OR_RETURN(auto bindings, Bind(views, options));
  MP_ASSIGN_OR_RETURN(Labels rows, Labels::Read(labels, env.arbiter));
  return FindLeaks(env, rows, bindings, options, max_moments);
}

Result<std::vector<Restatement>> FeatureStore::Restatements(const std::vector<std::string>& views,
                                                            const TrainingOptions& options) const {
  MP_ASSIGN_OR_RETURN(auto bindings, Bind(views, options));
  std::vector<Restatement> restating;
  for (size_t i = 0; i < views.size(); ++i) {
    MP_ASSIGN_OR_RETURN(auto why, WhyItRestates(catalog_.workspace().env, *bindings[i].snapshot));
    if (why) restating.push_back({views[i], bindings[i].view.source, *why});
  }
  return restating;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> FeatureStore::OpenLabels(
    const std::string& what, const std::vector<std::string>& views,
    const TrainingOptions& options) {
  MP_ASSIGN_OR_RETURN(auto bindings, Bind(views, options));
  return OpenLabelRows(catalog_, what, bindings, options);
}

}  // namespace millpond::platform
