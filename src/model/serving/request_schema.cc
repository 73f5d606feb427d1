#include "model/serving/request_schema.h"

#include "base/nearest_name.h"

namespace millpond::model {

Status RequestSchema::Add(const RequestColumn& column) {
  using kernel::TypeId;
  if (column.type.id == TypeId::kNull || column.type.id == TypeId::kInterval) {
    return Fail(ErrorKind::kUnsupported, "column '{}' is {}, which a request cannot send",
                column.name, kernel::ToString(column.type));
  }
  const int found = Find(column.name);
  if (found < 0) {
    columns_.push_back(column);
    return OkStatus();
  }
  RequestColumn& known = columns_[static_cast<size_t>(found)];
  if (known.type != column.type) {
    return Fail(ErrorKind::kUnsupported,
                "column '{}' of a request would be {} and {}: cast it to one type in the sources "
                "of the feature views and in label.sql, and train again",
                column.name, kernel::ToString(known.type), kernel::ToString(column.type));
  }
  known.is_entity = known.is_entity || column.is_entity;
  known.is_request = known.is_request || column.is_request;
  return OkStatus();
}

int RequestSchema::Find(std::string_view name, size_t hint) const {
  if (hint < columns_.size() && columns_[hint].name == name) return static_cast<int>(hint);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::string RequestSchema::ComplaintAbout(std::string_view name) const {
  constexpr size_t kShown = 128;
  const std::string_view shown = name.substr(0, kShown);
  if (const auto found = computed_.find(name); found != computed_.end()) {
    return fmt::format(
        "'{}' is a feature of view {}, which is computed here: leave it out and send {}", shown,
        found->second, Names());
  }
  std::vector<std::string> names;
  for (const RequestColumn& column : columns_) names.push_back(column.name);
  const std::string nearest = NearestName(name, names);
  return fmt::format("there is no column '{}'{}; the model takes {}", shown,
                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest), Names());
}

std::string RequestSchema::Names() const {
  std::string names;
  for (const RequestColumn& column : columns_) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", column.name,
                         kernel::ToString(column.type));
  }
  return names;
}

kernel::Batch RequestSchema::MakeBatch(int64_t rows) const {
  kernel::Batch batch;
  batch.rows = rows;
  batch.names.reserve(columns_.size());
  batch.columns.reserve(columns_.size());
  for (const RequestColumn& column : columns_) {
    batch.names.push_back(column.name);
    batch.columns.emplace_back(column.type, rows);
  }
  return batch;
}

}  // namespace millpond::model
