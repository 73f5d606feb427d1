#include "pipeline/flows/pipeline.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "data/catalog/catalog.h"
#include "data/catalog/warehouse.h"
#include "pipeline/flows/flow_graph.h"
#include "pipeline/flows/flow_run.h"
#include "pipeline/flows/flow_tables.h"
#include "pipeline/flows/flow_turn.h"
#include "pipeline/ingest/ingest_spool.h"

namespace millpond::pipeline {

struct Pipeline::Impl {
  Impl(data::Catalog& c, data::SqlEngine& e, std::vector<FlowQuery> q)
      : catalog(c), engine(e), queries(std::move(q)), has_lineage(queries.size()) {}

  Result<FlowReport> RunFlow(size_t flow, const CancellationToken& cancellation,
                             const FlowRunOptions& options);

  data::Catalog& catalog;
  data::SqlEngine& engine;
  std::vector<FlowQuery> queries;  // in the order in which they run
  std::vector<bool> has_lineage;   // its edges are on record
  std::optional<EventLog> events;  // opened by the first run
};

namespace {

Result<std::vector<FlowStatement>> ReadStatements(const data::Workspace& workspace,
                                                  const std::string& dir) {
  std::vector<FlowStatement> flows;
  auto entries = workspace.env.fs.List(dir);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return flows;
    return std::unexpected(entries.error());
  }
  for (const FileInfo& entry : *entries) {
    if (entry.is_directory || !entry.path.ends_with(".sql")) continue;
    MP_ASSIGN_OR_RETURN(std::string text, workspace.env.fs.ReadFile(entry.path));
    std::string name = entry.path;
    if (name.starts_with(workspace.project_dir + "/")) {
      name = name.substr(workspace.project_dir.size() + 1);
    }
    data::SourceText source(std::move(name), std::move(text));
    MP_ASSIGN_OR_RETURN(auto statements, data::SplitStatements(source));
    for (const data::Statement& statement : statements) {
      MP_ASSIGN_OR_RETURN(FlowStatement flow, ParseFlowStatement(statement));
      flows.push_back(std::move(flow));
    }
  }
  return flows;
}

Result<ViewMap> TemporaryViews(const std::vector<FlowStatement>& flows) {
  ViewMap views;
  for (const FlowStatement& flow : flows) {
    if (flow.kind != FlowKind::kTemporaryView) continue;
    std::string name = flow.name.table;
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    auto [other, is_new] = views.emplace(std::move(name), flow);
    if (is_new) continue;
    return FailAt(flow.source, flow.name_offset, ErrorKind::kInvalidArgument,
                  "temporary view {} is defined a second time; the first is at {}", flow.name.table,
                  other->second.Place());
  }
  return views;
}

// A pushed row is removed once its reader has committed it, so there can be one reader.
Status CheckOneReader(const std::vector<FlowQuery>& queries) {
  std::map<data::TableName, std::pair<const FlowQuery*, const FlowInput*>> readers;
  for (const FlowQuery& query : queries) {
    for (const FlowInput& input : query.inputs) {
      if (input.kind != FlowInput::Kind::kPush) continue;
      auto [first, is_new] = readers.emplace(input.push.name, std::pair(&query, &input));
      if (is_new) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: what is pushed to {} is read by {} too ({}); it goes to one table. Let {} "
                  "read STREAM({})",
                  input.place, input.push.name.ToString(), first->second.first->name(),
                  first->second.second->place, query.name(), first->second.first->name());
    }
  }
  return OkStatus();
}

// The asked-for tables, and what streams from them.
Result<std::set<data::TableName>> ToRefresh(const std::vector<FlowQuery>& queries,
                                            const std::vector<std::string>& names) {
  std::set<data::TableName> refresh;
  for (const std::string& name : names) {
    size_t before = refresh.size();
    for (const FlowQuery& query : queries) {
      auto parsed = data::ParseTableName(name);
      bool meant =
          name == "*" || (parsed.has_value() && data::FoldCase(*parsed) == query.statement.name);
      if (name == "*" && query.reads_pushes()) continue;
      if (meant) refresh.insert(query.statement.name);
    }
    if (refresh.size() > before || name == "*") continue;
    std::vector<std::string> known;
    for (const FlowQuery& query : queries) known.push_back(query.name());
    return Fail(ErrorKind::kInvalidArgument,
                "there is no table {} in transformations/ to refresh; there is {}", name,
                fmt::join(known, ", "));
  }
  for (const FlowQuery& query : queries) {
    for (const data::TableName& source : std::set(refresh)) {
      if (Reads(query, source, /*stream_only=*/true)) refresh.insert(query.statement.name);
    }
    if (!refresh.contains(query.statement.name) || !query.reads_pushes()) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: table {} cannot be computed anew: the rows that were pushed to it are kept "
                "nowhere else. If they may go, DROP TABLE it",
                query.statement.Place(), query.name());
  }
  return refresh;
}

std::vector<data::LineageEdge> EdgesOf(const FlowQuery& query) {
  std::vector<data::LineageEdge> edges;
  std::string via = "flow " + query.name();
  for (const FlowInput& input : query.inputs) {
    static constexpr std::array<const char*, 3> kKinds = {"table", "file", "push"};
    edges.push_back(
        {kKinds[static_cast<size_t>(input.kind)], input.name(), "table", query.name(), via});
  }
  if (query.quarantines()) {
    edges.push_back(
        {"table", query.name(), "table", QuarantineName(query.statement.name).ToString(), via});
  }
  return edges;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

Result<Pipeline> Pipeline::Load(data::Catalog& catalog, data::SqlEngine& engine,
                                const std::string& dir) {
  MP_ASSIGN_OR_RETURN(auto flows, ReadStatements(catalog.workspace(), dir));
  MP_ASSIGN_OR_RETURN(ViewMap views, TemporaryViews(flows));
  std::vector<FlowQuery> queries;
  for (const FlowStatement& flow : flows) {
    if (flow.kind == FlowKind::kTemporaryView) continue;
    MP_ASSIGN_OR_RETURN(FlowQuery query, MakeFlowQuery(flow, views));
    queries.push_back(std::move(query));
  }
  MP_ASSIGN_OR_RETURN(queries, SortFlows(std::move(queries)));
  MP_RETURN_IF_ERROR(CheckOneReader(queries));
  return Pipeline(std::make_unique<Impl>(catalog, engine, std::move(queries)));
}

std::vector<FlowInfo> Pipeline::flows() const {
  std::vector<FlowInfo> flows;
  for (const FlowQuery& query : impl_->queries) {
    FlowInfo info{.name = query.name(),
                  .kind = std::string(ToString(query.statement.kind)),
                  .reads = {},
                  .place = query.statement.Place(),
                  .is_stream = query.statement.kind == FlowKind::kStreamingTable,
                  .quarantine = {}};
    if (query.quarantines()) info.quarantine = QuarantineName(query.statement.name).ToString();
    for (const FlowInput& input : query.inputs) {
      std::string name = input.name();
      if (std::find(info.reads.begin(), info.reads.end(), name) == info.reads.end()) {
        info.reads.push_back(std::move(name));
      }
    }
    flows.push_back(std::move(info));
  }
  return flows;
}

std::vector<PushSource> Pipeline::push_sources() const {
  std::vector<PushSource> sources;
  for (const FlowQuery& query : impl_->queries) {
    for (const FlowInput& input : query.inputs) {
      if (input.kind == FlowInput::Kind::kPush) sources.push_back(input.push);
    }
  }
  return sources;
}

Result<FlowReport> Pipeline::Impl::RunFlow(size_t flow, const CancellationToken& cancellation,
                                           const FlowRunOptions& options) {
  const FlowQuery& query = queries[flow];
  if (!events.has_value()) {
    MP_ASSIGN_OR_RETURN(events, EventLog::Open(catalog.workspace()));
  }
  // A server that was killed may have left rows that it had acknowledged.
  for (const FlowInput& input : query.inputs) {
    if (input.kind != FlowInput::Kind::kPush) continue;
    const data::Workspace& workspace = catalog.workspace();
    MP_RETURN_IF_ERROR(SealAbandonedSpool(workspace.env, SpoolDir(workspace, input.push.name)));
  }
  FlowContext context{catalog, engine, cancellation};
  MP_ASSIGN_OR_RETURN(FlowReport report, pipeline::RunFlow(context, query, *events, options));
  if (!has_lineage[flow]) MP_RETURN_IF_ERROR(catalog.RecordLineage(EdgesOf(query)));
  has_lineage[flow] = true;
  return report;
}

Result<FlowReport> Pipeline::RunOne(size_t flow, const CancellationToken& cancellation) {
  return impl_->RunFlow(flow, cancellation, {});
}

Result<PipelineReport> Pipeline::Run(const RunOptions& options) {
  const auto& queries = impl_->queries;
  MP_ASSIGN_OR_RETURN(auto refresh, ToRefresh(queries, options.full_refresh));
  MP_ASSIGN_OR_RETURN(
      auto turn, FlowTurn::Take(impl_->catalog.workspace(), options.cancellation, options.on_wait));
  PipelineReport report;
  for (size_t i = 0; i < queries.size(); ++i) {
    const FlowQuery& query = queries[i];
    auto tell = [&](const FlowReport& flow, bool done) {
      if (options.progress) options.progress({i, queries.size(), done, &flow});
    };
    FlowReport begins;
    begins.name = query.name();
    begins.kind = std::string(ToString(query.statement.kind));
    tell(begins, false);
    FlowRunOptions flow_options;
    flow_options.full_refresh = refresh.contains(query.statement.name);
    flow_options.after_step = [&](const FlowReport& flow) { tell(flow, false); };
    MP_ASSIGN_OR_RETURN(FlowReport flow, impl_->RunFlow(i, options.cancellation, flow_options));
    tell(flow, true);
    report.flows.push_back(std::move(flow));
  }
  return report;
}

}  // namespace millpond::pipeline
