#include "model/serving/inference_rows.h"

#include <array>

#include "data/delta/metadata/schema.h"

namespace millpond::model {
namespace {

using kernel::Column;
using kernel::Type;
using kernel::TypeId;
using kernel::Value;

constexpr std::array<std::string_view, 12> kOwn = {
    "request_id", "row",           "as_of",  "feature_age_us", "margin",   "probability",
    "model",      "model_version", "run_id", "marked",         "degraded", "latency_us"};

// What a value takes in a column, its text beyond the inline form left out.
int64_t BytesOf(Type type) {
  switch (type.id) {
    case TypeId::kBoolean:
      return 2;
    case TypeId::kDecimal:
      return 17;
    case TypeId::kVarchar:
      return 1 + static_cast<int64_t>(sizeof(std::string));
    default:
      return 9;
  }
}

std::string SourceVersionOf(const ServedModel::View& view) {
  return view.name + "_source_version";
}
std::string ViewVersionOf(const ServedModel::View& view) {
  return view.name + "_view_version";
}

}  // namespace

Status CheckInferenceNames(const ServedModel& model) {
  std::vector<std::string> taken(kOwn.begin(), kOwn.end());
  for (const auto& view : model.views()) {
    taken.push_back(SourceVersionOf(view));
    taken.push_back(ViewVersionOf(view));
  }
  auto add = [&](const std::string& name) -> Status {
    for (const std::string& other : taken) {
      if (!data::EqualNames(name, other)) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "the inference table of model {} cannot have the column '{}' twice: rename the "
                  "feature, or set serve.log to off",
                  model.name(), name);
    }
    taken.push_back(name);
    return OkStatus();
  };
  for (const RequestColumn& column : model.schema().columns()) {
    MP_RETURN_IF_ERROR(add(column.name));
  }
  for (size_t i = 0; i < model.places().size(); ++i) {
    if (model.places()[i].view < 0) continue;
    MP_RETURN_IF_ERROR(add(model.scoring().encoder().columns()[i].name));
  }
  return OkStatus();
}

void InferenceRows::AddColumn(const std::string& name, Type type) {
  batch_.names.push_back(name);
  batch_.columns.emplace_back(type);
  row_bytes_ += BytesOf(type);
}

InferenceRows::InferenceRows(std::shared_ptr<const ServedModel> model) : model_(std::move(model)) {
  AddColumn("request_id", kernel::kVarchar);
  AddColumn("row", kernel::kBigint);
  AddColumn("as_of", kernel::kTimestamp);
  for (const RequestColumn& column : model_->schema().columns()) {
    AddColumn(column.name, column.type);
  }
  for (size_t i = 0; i < model_->places().size(); ++i) {
    if (model_->places()[i].view < 0) continue;
    const auto& column = model_->scoring().encoder().columns()[i];
    AddColumn(column.name, column.type);
    features_.push_back(i);
  }
  for (const auto& view : model_->views()) {
    AddColumn(SourceVersionOf(view), kernel::kBigint);
    AddColumn(ViewVersionOf(view), kernel::kBigint);
  }
  AddColumn("feature_age_us", kernel::kBigint);
  AddColumn("margin", kernel::kDouble);
  AddColumn("probability", kernel::kDouble);
  AddColumn("model", kernel::kVarchar);
  AddColumn("model_version", kernel::kBigint);
  AddColumn("run_id", kernel::kVarchar);
  AddColumn("marked", kernel::kBoolean);
  AddColumn("degraded", kernel::kVarchar);
  AddColumn("latency_us", kernel::kBigint);
}

void InferenceRows::PutText(std::string_view text) {
  bytes_ += static_cast<int64_t>(text.size());
  Put(Value::Varchar(std::string(text)));
}

// Features and versions of the sources; NULL where the model's own features were not read.
void InferenceRows::PutFeatures(const AnswerListener::Answered& answered, int64_t row) {
  const bool own = answered.values != nullptr && answered.answer.model == model_;
  for (size_t i : features_) {
    Column& into = batch_.columns[at_];
    if (!own) {
      Put(Value());
      continue;
    }
    const ServedModel::Place& place = model_->places()[i];
    const kernel::Batch& features =
        answered.values->views[static_cast<size_t>(place.view)].features;
    const Column& from = features.columns[place.column];
    if (from.type() == into.type() && from.type().id == TypeId::kVarchar && !from.IsNull(row)) {
      bytes_ += static_cast<int64_t>(from.text(row).size());
    }
    Put(from.type() == into.type() ? from.ValueAt(row) : Value());
  }
  for (size_t view = 0; view < model_->views().size(); ++view) {
    Put(own ? Value::Bigint(answered.values->views[view].source_version) : Value());
    Put(own ? Value::Bigint(answered.values->views[view].view_version) : Value());
  }
}

void InferenceRows::Append(const AnswerListener::Answered& answered,
                           const std::vector<bool>& keep) {
  const EndpointAnswer& answer = answered.answer;
  const kernel::Batch& request = answered.request.rows;
  for (int64_t row = 0; row < request.rows; ++row) {
    const auto place = static_cast<size_t>(row);
    if (!keep.empty() && !keep[place]) continue;
    at_ = 0;
    PutText(answer.request_id);
    Put(Value::Bigint(row));
    Put(Value::Timestamp(answer.as_of));
    for (const RequestColumn& column : model_->schema().columns()) {
      // A fallback's request has its columns in another order, and maybe not all.
      const int from = answer.model == model_ ? static_cast<int>(at_ - 3)
                                              : answer.model->schema().Find(column.name);
      const bool same = from >= 0 && request.columns[static_cast<size_t>(from)].type() ==
                                         batch_.columns[at_].type();
      Value value = same ? request.columns[static_cast<size_t>(from)].ValueAt(row) : Value();
      if (!value.is_null() && value.type().id == TypeId::kVarchar) {
        bytes_ += static_cast<int64_t>(value.text().size());
      }
      Put(value);
    }
    PutFeatures(answered, row);
    Put(answer.feature_age_us < 0 ? Value() : Value::Bigint(answer.feature_age_us));
    Put(Value::Double(answer.scored.margins[place]));
    Put(Value::Double(answer.scored.probabilities[place]));
    PutText(answer.model->name());
    Put(Value::Bigint(answer.model->version()));
    PutText(answer.model->run_id());
    Put(Value::Boolean(answer.degradation != Degradation::kNone));
    Put(Value::Varchar(std::string(ToString(answer.degradation))));
    Put(Value::Bigint(answered.latency_us));
    bytes_ += row_bytes_;
    ++batch_.rows;
  }
}

}  // namespace millpond::model
