// What alerts.cc, drift_alerts.cc and retired_alerts.cc share: one line of values that an alert
// follows.
#pragma once

#include <string>
#include <vector>

#include "model/monitoring/alerts.h"

namespace millpond::model {

// Oldest first, with what an alert of it says.
struct AlertSeries {
  std::string population;
  std::string model;
  std::string cause;
  std::string object;
  Thresholds thresholds;
  std::string command;
  std::vector<Micros> periods = {};
  std::vector<double> values = {};
  std::vector<std::string> messages = {};  // of each period, were it to fire there
};

// "millpond sql "…"".
std::string SqlCommand(const std::string& text);

// Adds what `series` brings beyond what is recorded.
void AddTransitions(const AlertInputs& inputs, const AlertSeries& series,
                    std::vector<AlertRow>& fresh);

// By the columns that alert_id is made of.
std::string IdOf(const AlertRow& alert);

// Clears what fires, recorded or fresh, and has no row in the latest period judged: the model lost
// the feature, the monitor no longer watches it, its expectation was taken out.
void AddRetired(const AlertInputs& inputs, std::vector<AlertRow>& fresh);

// The alerts of drift: population_aged, feature_changed, prediction_changed.
void AddDriftAlerts(const AlertInputs& inputs, std::vector<AlertRow>& fresh);

}  // namespace millpond::model
