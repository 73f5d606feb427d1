// The columns of an inference table (docs/formats/inference-table.md), and the rows of one model
// version that wait to be written to it. Not thread-safe.
//
//   request_id, row, as_of, <entities and request features>, <each feature as served>,
//   <view>_source_version, <view>_view_version, feature_age_us, margin, probability, model,
//   model_version, run_id, marked, degraded, latency_us
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/serving/endpoint.h"

namespace millpond::model {

// kInvalidArgument: a feature or a request column has the name of one of the table's own.
Status CheckInferenceNames(const ServedModel& model);

class InferenceRows {
 public:
  // `model`: whose features the rows have; an answer of a fallback has none of them.
  explicit InferenceRows(std::shared_ptr<const ServedModel> model);

  const std::shared_ptr<const ServedModel>& model() const { return model_; }
  int64_t rows() const { return batch_.rows; }
  int64_t bytes() const { return bytes_; }
  int64_t row_bytes() const {
    return row_bytes_;
  }  // without what texts have beyond their inline form
  const kernel::Batch& batch() const { return batch_; }

  // The rows of the request for which `keep` says so; all where it is empty.
  void Append(const AnswerListener::Answered& answered, const std::vector<bool>& keep);

 private:
  void AddColumn(const std::string& name, kernel::Type type);
  void Put(const kernel::Value& value) { batch_.columns[at_++].Append(value); }
  void PutText(std::string_view text);
  void PutFeatures(const AnswerListener::Answered& answered, int64_t row);

  std::shared_ptr<const ServedModel> model_;
  kernel::Batch batch_;
  std::vector<size_t> features_;  // the encoder's columns that come from views
  int64_t row_bytes_ = 0;
  int64_t bytes_ = 0;
  size_t at_ = 0;  // the column that is filled next
};

}  // namespace millpond::model
