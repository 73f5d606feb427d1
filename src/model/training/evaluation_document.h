// evaluation.json: everything the report shows about one trained model, as one document.
//
//   {"format": "millpond.evaluation", "version": 1,
//    "model": "churn", "learner": "xgboost", "calibration": "isotonic",
//    "splits": {"train": {"rows", "positives", "prevalence", "waiting", "purged", "from", "to",
//               "labels_known"}, …},
//    "clusters": {"columns": […], "count": of the test part}, "bootstrap": {"replicates", "level"},
//    "predictions": ["model", "logistic", "recency", "frequency", "prevalence"],   // as there are
//    "metrics": [{"prediction", "metric", "value", "low", "high"}, …],              // test slice
//    "differences": [{"prediction": "model", "against": "logistic", "metric",
//                     "value", "low", "high"}, …],
//    "verdict": "…",                    // says so where boosting does not beat a baseline
//    "threshold": {"threshold": 0.5, "accuracy", "precision", "recall", "predicted_positive",
//                  "never": {"accuracy"}, "remark"},
//    "calibration_before_after": {"before": {"log_loss", "brier", "ece", "bins": […]},
//                                 "after": {…}, "held_out_log_loss": {"none", "isotonic", …},
//                                 "remark": "…"},
//    "precision_recall": {"model": [{"recall", "precision", "threshold"}, …], "logistic": […], …},
//    "lift": {"model": [{"share", "lift", "recall"}, …], …},
//    "action": null (no value, no cost) or {"capacity", "value", "cost", "period": "T" or "day",
//               "periods", "break_even_probability", "losing_contacts", "assumes": "…",
//               "rules": [{"rule": a prediction or "everybody", "contacts", "successes",
//                          "expected_successes", "net_value", "expected_net_value"}, …]},
//    "by_moment": [{"as_of", "rows", "positives", "average_precision"}, …],   // test slice; days
//                                                    // where every row has a T of its own
//    "features": [{"name", "importance", "kind", "single_average_precision",
//                  "splits": {"train": {"missing", "mean", "quantiles": [11]}, …},
//                  "histogram": {"edges": […], "train": [share…], "calibrate": […], "test": […]}}],
//    "training_rows_used": n, "leak_check": {…}, "warnings": […]}
//
// Numbers that are not defined (precision without a positive prediction) are null. The document has
// no time and no run id: equal runs give equal bytes. Histogram edges are lower edges of the bins
// (the first and last bin also take what lies outside), or category names.
#pragma once

#include "base/json.h"
#include "base/task_pool.h"
#include "model/training/examples.h"
#include "model/training/fit.h"
#include "model/training/leak_check.h"

namespace millpond::model {

Result<Json> EvaluateModel(const ModelDefinition& definition, const Examples& examples,
                           const FittedModel& fitted, const LeakFindings& findings, TaskPool& pool);

bool HasWorth(const ActionDefinition& action);  // it has a value or a cost
// The "action" of the document.
Json DescribeAction(const ModelDefinition& definition, const ExampleSet& test,
                    const FittedModel& fitted);

// The "features" of the document.
Json DescribeFeatures(const Examples& examples, const FittedModel& fitted,
                      const LeakFindings& findings);

}  // namespace millpond::model
