// What a ranking would have been worth, had the best rows of each period been acted upon: in each
// period the `capacity` best are contacted (0: all), each contact costs `cost`, each contacted
// positive brings `value`. Rows of equal score are taken as by a fair draw: the expected value, as
// at-k metrics do.
//
// That every contacted positive is a success is an assumption; who reports the value says so.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace millpond::model {

struct ActionTerms {
  int64_t capacity = 0;
  double value = 0;
  double cost = 0;
};

struct ActionValue {
  double contacts = 0;
  double successes = 0;           // positives among them
  double expected_successes = 0;  // sum of their probabilities
  double losing_contacts = 0;     // contacts whose probability times value is below the cost

  double Net(const ActionTerms& terms) const {
    return terms.value * successes - terms.cost * contacts;
  }
  double ExpectedNet(const ActionTerms& terms) const {
    return terms.value * expected_successes - terms.cost * contacts;
  }
};

// One row each: score, probability, 0/1 label, and the period it belongs to (any number). The spans
// are of one length and what CheckEvaluation accepts.
ActionValue ValueAtCapacity(std::span<const double> scores, std::span<const double> probabilities,
                            std::span<const float> labels, std::span<const int64_t> periods,
                            const ActionTerms& terms);

}  // namespace millpond::model
