#include "platform/features/online_view_state.h"

#include <chrono>
#include <utility>

#include "base/json.h"
#include "kernel/canonical.h"

namespace millpond::platform {
namespace {

std::string NumberedKey(char kind, uint32_t number) {
  std::string key(1, kind);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

// The columns of the view's entity in a request, in the view's order.
Result<std::vector<const kernel::Column*>> EntityColumns(const kernel::FeatureProgram& program,
                                                         const kernel::Batch& entity) {
  std::vector<const kernel::Column*> columns;
  for (int index : program.entity) {
    const kernel::SourceColumn& wanted = program.used_columns[static_cast<size_t>(index)];
    const int found = entity.Find(wanted.name);
    if (found < 0) {
      return Fail(ErrorKind::kInvalidArgument, "feature view {} needs the entity column {}",
                  program.definition.name, wanted.name);
    }
    const kernel::Column& column = entity.columns[static_cast<size_t>(found)];
    if (column.type() != wanted.type || column.size() != entity.rows) {
      return Fail(ErrorKind::kInvalidArgument,
                  "entity column {} of feature view {} is {}, but {} was given", wanted.name,
                  program.definition.name, kernel::ToString(wanted.type),
                  kernel::ToString(column.type()));
    }
    columns.push_back(&column);
  }
  return columns;
}

// The key of an entity; "" if a column is NULL: such an entity has no rows.
void EntityKey(const std::vector<const kernel::Column*>& columns, int64_t row, std::string& key) {
  key.clear();
  for (const kernel::Column* column : columns) {
    if (column->IsNull(row)) return key.clear();
    kernel::AppendCanonical(*column, row, &key);
  }
}

Micros SubtractOrFirst(Micros a, Micros b) {
  Micros result = 0;
  return __builtin_sub_overflow(a, b, &result) ? INT64_MIN : result;
}

}  // namespace

std::string RecordKey(uint32_t number) {
  return NumberedKey(kRecordPrefix.front(), number);
}

std::string RowPrefix(uint32_t number) {
  return NumberedKey('\x02', number);
}

std::string EncodeRecord(const OnlineViewRecord& record) {
  return DumpJson(Json{{"number", record.number},
                       {"view", record.view},
                       {"definition", record.definition},
                       {"table_id", record.table_id},
                       {"live_version", record.live_version},
                       {"complete", record.complete},
                       {"version", record.version},
                       {"applied_through", record.applied_through},
                       {"rows", record.rows}});
}

Result<OnlineViewRecord> DecodeRecord(std::string_view bytes) {
  MP_ASSIGN_OR_RETURN(Json json, ParseJson(bytes, "a view's record in the online store"));
  const auto number = [&](const char* name) -> const Json* {
    const auto found = json.find(name);
    return found != json.end() && found->is_number_integer() ? &*found : nullptr;
  };
  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  OnlineViewRecord record;
  for (const char* name : {"number", "live_version", "version", "applied_through", "rows"}) {
    if (json.is_object() && number(name) != nullptr) continue;
    return Fail(ErrorKind::kCorrupt, "a view's record in the online store lacks {}", name);
  }
  record.number = number("number")->get<uint32_t>();
  record.view = text("view");
  record.definition = text("definition");
  record.table_id = text("table_id");
  record.live_version = number("live_version")->get<int64_t>();
  record.complete = json.value("complete", Json(false)) == Json(true);
  record.version = number("version")->get<int64_t>();
  record.applied_through = number("applied_through")->get<Micros>();
  record.rows = number("rows")->get<int64_t>();
  return record;
}

OnlineViewMetrics::OnlineViewMetrics(MetricsRegistry& metrics, const std::string& view)
    : rows(metrics.FindCounter("millpond_online_rows_total",
                               "Source rows applied to the online state of a feature view.",
                               {{"view", view}})),
      late_commits(metrics.FindCounter("millpond_online_late_commits_total",
                                       "Commits first seen later than SETTLE after their stamp.",
                                       {{"view", view}})),
      lag_seconds(metrics.FindGauge("millpond_online_lag_seconds",
                                    "How far applied_through lies behind the project's clock.",
                                    {{"view", view}})),
      get_seconds(metrics.FindHistogram(
          "millpond_online_get_seconds", "Time of one request for features, all its entities.",
          {{"view", view}}, {5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 2e-2, 0.1, 1})),
      commit_delay_seconds(metrics.FindHistogram(
          "millpond_feature_commit_delay_seconds",
          "Commit time minus claim (KNOWN AT) of source rows; more than the claim allows makes "
          "them known later.",
          {{"view", view}}, {-3600, -60, 0, 0.1, 0.5, 1, 5, 30, 60, 600, 3600, 86400, 604800})) {}

OnlineView::OnlineView(KeyValueStore& store, ViewBinding binding, OnlineViewRecord record,
                       CacheBudget& budget, MetricsRegistry& metrics)
    : store_(store),
      view_(std::move(binding.view)),
      program_(binding.program),
      live_(std::move(*binding.live)),
      record_(std::move(record)),
      entities_(store, program_, RowPrefix(record_.number)),
      cache_(budget),
      metrics_(metrics, view_.name),
      head_(std::make_shared<const OnlineHead>()) {}

std::shared_ptr<const OnlineHead> OnlineView::head() const {
  std::lock_guard lock(mutex_);
  return head_;
}

void OnlineView::Publish(OnlineHead head) {
  auto next = std::make_shared<const OnlineHead>(std::move(head));
  std::lock_guard lock(mutex_);
  head_.swap(next);
}

Result<std::shared_ptr<const OnlineEntity>> OnlineView::Load(std::string_view key,
                                                             const OnlineHead& head) {
  if (auto cached = cache_.Find(key, head.epoch)) return cached;
  MP_ASSIGN_OR_RETURN(auto entity, entities_.Load(key, *head.snapshot));
  cache_.Keep(key, head.epoch, entity);
  return entity;
}

Result<kernel::Batch> OnlineView::Evaluate(std::string_view key, const OnlineHead& head,
                                           Micros as_of) {
  if (key.empty()) return kernel::EvaluateEntity(*program_, *entities_.none(), as_of);
  MP_ASSIGN_OR_RETURN(auto entity, Load(key, head));
  if (entity->rows) return kernel::EvaluateEntity(*program_, *entity->rows, as_of);
  const kernel::BlockRows rows_of =
      [&](size_t block) -> Result<std::shared_ptr<const kernel::SourceRows>> {
    const std::string& row_key = entity->row_keys[block];
    auto rows = cache_.Find(row_key, head.epoch);
    if (!rows) {
      MP_ASSIGN_OR_RETURN(rows, entities_.LoadRows(row_key, *head.snapshot));
      cache_.Keep(row_key, head.epoch, rows);
    }
    return rows->rows;
  };
  return kernel::EvaluateTiles(*program_, entity->tiles, rows_of, as_of);
}

// Damaged state is made again from the source by the feeder; until then there is no answer.
std::unexpected<Error> OnlineView::Unreadable(const Error& error) {
  if (error.kind() == ErrorKind::kCorrupt) wants_rebuild_ = true;
  return Fail(ErrorKind::kUnavailable, "the online state of feature view {} cannot be read: {}",
              view_.name, error.ToString());
}

Result<OnlineFeatures> OnlineView::Get(const kernel::Batch& entity, Micros as_of) {
  const auto started = std::chrono::steady_clock::now();
  MP_ASSIGN_OR_RETURN(auto columns, EntityColumns(*program_, entity));
  const auto head = this->head();
  OnlineFeatures answer;
  answer.applied_through = head->applied_through;
  answer.stale = head->applied_through < SubtractOrFirst(as_of, view_.settle);
  answer.source_version = head->version;
  answer.view_version = view_.version;
  kernel::Batch& features = answer.features;
  std::string key;
  for (int64_t row = 0; row < entity.rows; ++row) {
    EntityKey(columns, row, key);
    auto values = Evaluate(key, *head, as_of);
    if (!values) return Unreadable(values.error());
    if (row == 0) {
      features = std::move(*values);
      continue;
    }
    for (size_t i = 0; i < values->columns.size(); ++i) {
      features.columns[i].Append(values->columns[i].ValueAt(0));
    }
  }
  if (entity.rows == 0) {
    for (const kernel::FeatureOutput& output : program_->outputs) {
      features.names.push_back(output.name);
      features.columns.emplace_back(output.type);
    }
  }
  features.rows = entity.rows;
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  metrics_.get_seconds.Observe(taken.count());
  return answer;
}

OnlineViewStatus OnlineView::Describe() const {
  const auto head = this->head();
  return {.view = view_.name,
          .view_version = view_.version,
          .source = view_.source,
          .source_version = head->version,
          .applied_through = head->applied_through,
          .rows = head->rows,
          .late_commits = static_cast<int64_t>(metrics_.late_commits.value()),
          .problem = head->problem};
}

}  // namespace millpond::platform
