#include "model/scoring/scorer.h"

#include "model/scoring/logistic_model.h"
#include "model/scoring/tree_model.h"

namespace millpond::model {

Result<std::unique_ptr<Scorer>> LoadScorer(std::string_view kind, std::string_view bytes,
                                           std::string_view what) {
  if (kind == "xgboost") {
    MP_ASSIGN_OR_RETURN(auto model, TreeModel::Load(bytes, what));
    return model;
  }
  if (kind == "logistic") {
    MP_ASSIGN_OR_RETURN(auto model, LogisticModel::FromJson(bytes, what));
    return std::make_unique<LogisticModel>(std::move(model));
  }
  return Fail(ErrorKind::kUnsupported, "{} is a model of kind '{}'; xgboost and logistic are read",
              what, kind);
}

}  // namespace millpond::model
