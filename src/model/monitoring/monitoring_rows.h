// The rows of the four tables that monitoring writes; docs/monitoring.md lists their columns. Each
// struct names its columns once, in Columns, for writing and for reading; a double that is NaN and
// a Moment that is none are NULL in the table.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "base/clock.h"

namespace millpond::model {

inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

struct Moment {
  Micros at = std::numeric_limits<Micros>::min();  // none
  bool is_none() const { return at == std::numeric_limits<Micros>::min(); }
  bool operator==(const Moment&) const = default;
};

// Key: monitor, population, period_start, kind, name.
struct DriftRow {
  std::string monitor;
  std::string model;
  int64_t model_version = 0;
  std::string population;  // "batch" or "endpoint"
  Moment period_start, period_end;
  std::string kind;  // "feature" or "prediction"
  std::string name;  // the column; "margin" of a prediction
  int64_t rows = 0;
  int64_t reference_rows = 0;
  double psi = kNoNumber;
  double psi_within = kNoNumber;          // NULL: no cohorts, or none of them in the reference
  double matched_share = kNoNumber;       // NULL: no cohorts
  double psi_step = kNoNumber;            // NULL: no period before
  double step_matched_share = kNoNumber;  // NULL: no cohorts, or no period before
  double null_share = 0;
  double reference_null_share = 0;
  std::string bins;  // JSON: [{"bin", "share", "reference"}, …]

  static constexpr auto Columns() {
    return std::tuple{std::pair{"monitor", &DriftRow::monitor},
                      std::pair{"model", &DriftRow::model},
                      std::pair{"model_version", &DriftRow::model_version},
                      std::pair{"population", &DriftRow::population},
                      std::pair{"period_start", &DriftRow::period_start},
                      std::pair{"period_end", &DriftRow::period_end},
                      std::pair{"kind", &DriftRow::kind},
                      std::pair{"name", &DriftRow::name},
                      std::pair{"rows", &DriftRow::rows},
                      std::pair{"reference_rows", &DriftRow::reference_rows},
                      std::pair{"psi", &DriftRow::psi},
                      std::pair{"psi_within", &DriftRow::psi_within},
                      std::pair{"matched_share", &DriftRow::matched_share},
                      std::pair{"psi_step", &DriftRow::psi_step},
                      std::pair{"step_matched_share", &DriftRow::step_matched_share},
                      std::pair{"null_share", &DriftRow::null_share},
                      std::pair{"reference_null_share", &DriftRow::reference_null_share},
                      std::pair{"bins", &DriftRow::bins}};
  }
};

// Key: monitor, population, period_start. There is one for each period that was looked at.
struct QualityRow {
  std::string monitor;
  std::string model;
  int64_t model_version = 0;
  std::string population;
  Moment period_start, period_end;
  bool replayed = false;  // scored after the fact, for the monitor's `replay_from`
  std::string status;     // "known", "label pending", "no labels"
  Moment label_known_at;  // when the period's last label is known
  int64_t rows = 0;
  int64_t labelled_rows = 0;
  double mean_probability = kNoNumber;  // of all rows
  double prevalence = kNoNumber;        // observed share of positives, like all that follows
  double average_precision = kNoNumber, average_precision_low = kNoNumber,
         average_precision_high = kNoNumber;  // of labelled rows only
  double evaluation_average_precision = kNoNumber, evaluation_low = kNoNumber,
         evaluation_high = kNoNumber;         // what the evaluation promised
  double average_precision_drop = kNoNumber;  // share of evaluation_low that is missing; < 0: above
  double calibration_gap = kNoNumber;         // observed minus predicted
  double calibration_gap_low = kNoNumber, calibration_gap_high = kNoNumber;
  double calibration_error = kNoNumber;  // ECE
  double log_loss = kNoNumber;
  // Digest of what the period was computed from; once judged "+" and that of the labels' tables.
  std::string inputs;

  static constexpr auto Columns() {
    return std::tuple{
        std::pair{"monitor", &QualityRow::monitor},
        std::pair{"model", &QualityRow::model},
        std::pair{"model_version", &QualityRow::model_version},
        std::pair{"population", &QualityRow::population},
        std::pair{"period_start", &QualityRow::period_start},
        std::pair{"period_end", &QualityRow::period_end},
        std::pair{"replayed", &QualityRow::replayed},
        std::pair{"status", &QualityRow::status},
        std::pair{"label_known_at", &QualityRow::label_known_at},
        std::pair{"rows", &QualityRow::rows},
        std::pair{"labelled_rows", &QualityRow::labelled_rows},
        std::pair{"mean_probability", &QualityRow::mean_probability},
        std::pair{"prevalence", &QualityRow::prevalence},
        std::pair{"average_precision", &QualityRow::average_precision},
        std::pair{"average_precision_low", &QualityRow::average_precision_low},
        std::pair{"average_precision_high", &QualityRow::average_precision_high},
        std::pair{"evaluation_average_precision", &QualityRow::evaluation_average_precision},
        std::pair{"evaluation_low", &QualityRow::evaluation_low},
        std::pair{"evaluation_high", &QualityRow::evaluation_high},
        std::pair{"average_precision_drop", &QualityRow::average_precision_drop},
        std::pair{"calibration_gap", &QualityRow::calibration_gap},
        std::pair{"calibration_gap_low", &QualityRow::calibration_gap_low},
        std::pair{"calibration_gap_high", &QualityRow::calibration_gap_high},
        std::pair{"calibration_error", &QualityRow::calibration_error},
        std::pair{"log_loss", &QualityRow::log_loss},
        std::pair{"inputs", &QualityRow::inputs}};
  }
};

// Key: flow, expectation, period_start.
struct ExpectationRow {
  std::string monitor;
  std::string flow;  // the table that states the expectation
  std::string expectation;
  std::string action;  // "warn", "drop", "fail", "quarantine"
  Moment period_start, period_end;
  int64_t epochs = 0;
  int64_t rows = 0;    // read by the period's epochs
  int64_t failed = 0;  // of them, violating the expectation
  double share = kNoNumber;
  double usual_share = kNoNumber;  // of all rows of the periods before; NULL: there are none
  double jump = kNoNumber;         // share above the usual one, where more than chance; else 0

  static constexpr auto Columns() {
    return std::tuple{std::pair{"monitor", &ExpectationRow::monitor},
                      std::pair{"flow", &ExpectationRow::flow},
                      std::pair{"expectation", &ExpectationRow::expectation},
                      std::pair{"action", &ExpectationRow::action},
                      std::pair{"period_start", &ExpectationRow::period_start},
                      std::pair{"period_end", &ExpectationRow::period_end},
                      std::pair{"epochs", &ExpectationRow::epochs},
                      std::pair{"rows", &ExpectationRow::rows},
                      std::pair{"failed", &ExpectationRow::failed},
                      std::pair{"share", &ExpectationRow::share},
                      std::pair{"usual_share", &ExpectationRow::usual_share},
                      std::pair{"jump", &ExpectationRow::jump}};
  }
};

// One transition of one alert; rows are only ever added. Key: alert_id, which is made of monitor,
// population, cause, object, period_start and transition. An alert fires now if the last of its
// rows by period_start says "fired".
struct AlertRow {
  std::string alert_id;
  Moment at;  // when it was found, on the project's clock
  std::string monitor;
  std::string model;       // "" for expectations
  std::string population;  // "" for expectations
  std::string cause;       // "population_aged", "feature_changed", "prediction_changed",
                           // "quality_dropped", "calibration_off", "expectation_failing"
  std::string object;      // the column, the model, or flow.expectation
  std::string transition;  // "fired" or "cleared"
  Moment period_start;     // the period that decided it
  double measured = kNoNumber;
  double threshold = kNoNumber;
  std::string message;  // one sentence for a person
  std::string command;  // the first command to run

  static constexpr auto Columns() {
    return std::tuple{std::pair{"alert_id", &AlertRow::alert_id},
                      std::pair{"at", &AlertRow::at},
                      std::pair{"monitor", &AlertRow::monitor},
                      std::pair{"model", &AlertRow::model},
                      std::pair{"population", &AlertRow::population},
                      std::pair{"cause", &AlertRow::cause},
                      std::pair{"object", &AlertRow::object},
                      std::pair{"transition", &AlertRow::transition},
                      std::pair{"period_start", &AlertRow::period_start},
                      std::pair{"measured", &AlertRow::measured},
                      std::pair{"threshold", &AlertRow::threshold},
                      std::pair{"message", &AlertRow::message},
                      std::pair{"command", &AlertRow::command}};
  }
};

// What was told to a webhook. An alert of a monitor with a webhook that has no row here waits.
struct DeliveryRow {
  std::string alert_id;
  Moment delivered_at;
  std::string to;  // the webhook's name in the monitor's file; never its address
  int64_t http_status = 0;

  static constexpr auto Columns() {
    return std::tuple{std::pair{"alert_id", &DeliveryRow::alert_id},
                      std::pair{"delivered_at", &DeliveryRow::delivered_at},
                      std::pair{"to", &DeliveryRow::to},
                      std::pair{"http_status", &DeliveryRow::http_status}};
  }
};

}  // namespace millpond::model
