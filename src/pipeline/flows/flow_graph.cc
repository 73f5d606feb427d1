#include "pipeline/flows/flow_graph.h"

#include <algorithm>
#include <map>

namespace millpond::pipeline {
namespace {

// Depth first; the path from the root is kept for the message about a cycle.
class Sorter {
 public:
  explicit Sorter(const std::vector<FlowQuery>& queries) : queries_(queries) {
    for (size_t i = 0; i < queries.size(); ++i) {
      makers_.emplace(queries[i].statement.name, i);
      if (!queries[i].quarantines()) continue;
      data::TableName quarantine = queries[i].statement.name;
      quarantine.table += "_quarantine";
      makers_.emplace(quarantine, i);
    }
    marks_.resize(queries.size());
  }

  Status Visit(size_t i) {
    if (marks_[i] == Mark::kDone) return OkStatus();
    if (marks_[i] == Mark::kOpen) return Cycle(i);
    marks_[i] = Mark::kOpen;
    path_.push_back(i);
    for (const FlowInput& input : queries_[i].inputs) {
      auto maker = makers_.find(input.table);
      if (input.is_table() && maker != makers_.end()) MP_RETURN_IF_ERROR(Visit(maker->second));
    }
    path_.pop_back();
    marks_[i] = Mark::kDone;
    order_.push_back(i);
    return OkStatus();
  }

  const std::vector<size_t>& order() const { return order_; }

 private:
  enum class Mark { kNew, kOpen, kDone };

  Status Cycle(size_t i) const {
    std::string members;
    for (auto at = std::find(path_.begin(), path_.end(), i); at != path_.end(); ++at) {
      members += queries_[*at].name() + " → ";
    }
    return Fail(ErrorKind::kInvalidArgument,
                "{}: these tables read each other in a circle, so none can be made first: {}{}",
                queries_[i].statement.Place(), members, queries_[i].name());
  }

  const std::vector<FlowQuery>& queries_;
  std::map<data::TableName, size_t> makers_;
  std::vector<Mark> marks_;
  std::vector<size_t> path_, order_;
};

}  // namespace

Result<std::vector<FlowQuery>> SortFlows(std::vector<FlowQuery> queries) {
  std::map<data::TableName, const FlowQuery*> names;
  for (const FlowQuery& query : queries) {
    auto [other, is_new] = names.emplace(query.statement.name, &query);
    if (is_new) continue;
    return FailAt(query.statement.source, query.statement.name_offset, ErrorKind::kInvalidArgument,
                  "{} is made a second time; the first is at {}", query.name(),
                  other->second->statement.Place());
  }
  Sorter sorter(queries);
  for (size_t i = 0; i < queries.size(); ++i) MP_RETURN_IF_ERROR(sorter.Visit(i));
  std::vector<FlowQuery> sorted;
  for (size_t i : sorter.order()) sorted.push_back(std::move(queries[i]));
  return sorted;
}

bool Reads(const FlowQuery& query, const data::TableName& table, bool stream_only) {
  return std::any_of(query.inputs.begin(), query.inputs.end(), [&](const FlowInput& input) {
    return input.is_table() && input.table == table && (input.stream || !stream_only);
  });
}

}  // namespace millpond::pipeline
