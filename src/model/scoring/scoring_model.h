// A model folder (platform/tracking/model_folder.h) opened for scoring: what it needs to be given,
// and what it answers. Immutable; safe from many threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fs/filesystem.h"
#include "base/result.h"
#include "kernel/column.h"
#include "kernel/encoder.h"
#include "model/scoring/calibration_map.h"
#include "model/scoring/scorer.h"

namespace millpond::platform {
class FeatureStore;
}  // namespace millpond::platform

namespace millpond::model {

// What features.json says the model was trained on.
struct ModelFeatures {
  struct View {
    std::string name;
    std::vector<std::pair<std::string, std::string>> columns;  // name, hash
  };
  std::vector<std::string> entity;
  std::string time;
  std::vector<View> views;
  std::vector<std::string> request;
  std::vector<std::string> columns;  // the encoder's, in order
};

struct ScoredRows {
  std::vector<double> margins;
  std::vector<double> probabilities;
  std::vector<std::string> reasons;  // JSON texts; empty if none were asked for
};

class ScoringModel {
 public:
  // kCorrupt if parts of the folder do not fit each other (columns of model and encoder).
  static Result<std::shared_ptr<const ScoringModel>> Open(FileSystem& fs, const std::string& path);

  const ModelFeatures& features() const { return features_; }
  const std::string& learner() const { return learner_; }
  // SHA-256 over model, encoder and calibration: changes whenever an answer could.
  const std::string& digest() const { return digest_; }

  // Promise 3: every view of the model is there with the very columns it was trained on, by hash.
  // kConflict names the first view and column that are not.
  Status CheckViews(const platform::FeatureStore& store) const;

  // rows: at least the encoder's columns, found by name. `reasons`: the largest contributions kept
  // for a row, by absolute value, at most so many (0: none), as
  //   [{"feature":"recency_days","value":31,"contribution":0.42}, …]
  // in units of the margin, rounded to six places; columns that add nothing are left out.
  Result<ScoredRows> Score(const kernel::Batch& rows, int reasons) const;
  // The same for columns in the encoder's order, for those who found them before.
  Result<ScoredRows> ScoreColumns(std::span<const kernel::Column* const> columns, int64_t rows,
                                  int reasons) const;

  const kernel::Encoder& encoder() const { return encoder_; }
  int64_t file_bytes() const { return file_bytes_; }

 private:
  explicit ScoringModel(kernel::Encoder encoder) : encoder_(std::move(encoder)) {}
  Status AddReasons(std::span<const kernel::Column* const> columns, MatrixView encoded, size_t keep,
                    ScoredRows& scored) const;

  kernel::Encoder encoder_;
  std::unique_ptr<Scorer> scorer_;
  CalibrationMap calibration_;
  ModelFeatures features_;
  std::string learner_;
  std::string digest_;
  int64_t file_bytes_ = 0;
};

}  // namespace millpond::model
