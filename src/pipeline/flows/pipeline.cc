#include "pipeline/flows/pipeline.h"

#include <algorithm>
#include <set>

#include "data/catalog/catalog.h"
#include "data/catalog/warehouse.h"
#include "pipeline/flows/flow_graph.h"
#include "pipeline/flows/flow_run.h"
#include "pipeline/flows/flow_tables.h"

namespace millpond::pipeline {

struct Pipeline::Impl {
  FlowContext context;
  std::vector<FlowQuery> queries;  // in the order in which they run
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
  }
  return refresh;
}

std::vector<data::LineageEdge> EdgesOf(const FlowQuery& query) {
  std::vector<data::LineageEdge> edges;
  std::string via = "flow " + query.name();
  for (const FlowInput& input : query.inputs) {
    edges.push_back({input.is_files ? "file" : "table",
                     input.is_files ? input.call.pattern : input.table.ToString(), "table",
                     query.name(), via});
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
  return Pipeline(std::make_unique<Impl>(Impl{{catalog, engine}, std::move(queries)}));
}

std::vector<FlowInfo> Pipeline::flows() const {
  std::vector<FlowInfo> flows;
  for (const FlowQuery& query : impl_->queries) {
    FlowInfo info{.name = query.name(),
                  .kind = std::string(ToString(query.statement.kind)),
                  .reads = {},
                  .place = query.statement.Place(),
                  .quarantine = {}};
    if (query.quarantines()) info.quarantine = QuarantineName(query.statement.name).ToString();
    for (const FlowInput& input : query.inputs) {
      std::string name = input.is_files ? input.call.pattern : input.table.ToString();
      if (std::find(info.reads.begin(), info.reads.end(), name) == info.reads.end()) {
        info.reads.push_back(std::move(name));
      }
    }
    flows.push_back(std::move(info));
  }
  return flows;
}

Result<PipelineReport> Pipeline::Run(const RunOptions& options) {
  const auto& queries = impl_->queries;
  MP_ASSIGN_OR_RETURN(auto refresh, ToRefresh(queries, options.full_refresh));
  MP_ASSIGN_OR_RETURN(EventLog events, EventLog::Open(impl_->context.catalog.workspace()));
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
    MP_ASSIGN_OR_RETURN(FlowReport flow, RunFlow(impl_->context, query, events, flow_options));
    MP_RETURN_IF_ERROR(impl_->context.catalog.RecordLineage(EdgesOf(query)));
    tell(flow, true);
    report.flows.push_back(std::move(flow));
  }
  return report;
}

}  // namespace millpond::pipeline
