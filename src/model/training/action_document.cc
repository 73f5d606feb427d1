// What the action would have been worth on the test part, by the value and cost that the definition
// gives it.
#include <set>

#include "model/evaluation/action_value.h"
#include "model/training/evaluation_document.h"

namespace millpond::model {

namespace {

// T is a column of the label rows: then capacity is taken as a day's, for want of another period.
bool ByDay(const ModelDefinition& definition) {
  return definition.split.part(SplitName::kTest).from.has_value();
}

std::vector<int64_t> PeriodsOf(const ModelDefinition& definition, const ExampleSet& test) {
  std::vector<int64_t> periods(test.moments.begin(), test.moments.end());
  if (ByDay(definition)) {
    for (int64_t& period : periods) period = period / kMicrosPerDay * kMicrosPerDay;
  }
  return periods;
}

std::string Assumes(const ModelDefinition& definition) {
  const ActionDefinition& action = definition.action;
  const std::string who =
      action.capacity == 0
          ? "everybody is contacted"
          : fmt::format("the best {} of each {} are contacted, equal scores by a fair draw",
                        action.capacity, ByDay(definition) ? "day" : "T");
  return fmt::format(
      "Net value = {} × successes − {} × contacts, over the test part, where {} and nobody is held "
      "out. It is ASSUMED that every contacted row with a positive label is a success and no other "
      "row is: what the contact itself changes, these data cannot say; only the holdout of a "
      "campaign can. \"Observed\" counts the labels, \"expected\" adds up the calibrated "
      "probabilities.",
      action.value, action.cost, who);
}

Json Rule(const std::string& name, const ActionValue& value, const ActionTerms& terms) {
  return {{"rule", name},
          {"contacts", value.contacts},
          {"successes", value.successes},
          {"expected_successes", value.expected_successes},
          {"net_value", value.Net(terms)},
          {"expected_net_value", value.ExpectedNet(terms)}};
}

}  // namespace

bool HasWorth(const ActionDefinition& action) {
  return action.value != 0 || action.cost != 0;
}

Json DescribeAction(const ModelDefinition& definition, const ExampleSet& test,
                    const FittedModel& fitted) {
  if (!HasWorth(definition.action)) return Json();
  const ActionTerms terms{.capacity = definition.action.capacity,
                          .value = definition.action.value,
                          .cost = definition.action.cost};
  const auto periods = PeriodsOf(definition, test);
  const auto value = [&](const Contender& by, const ActionTerms& at) {
    return ValueAtCapacity(by.test_margins, by.test_probabilities, test.labels, periods, at);
  };
  Json rules = Json::array();
  for (const Contender& contender : fitted.contenders) {
    rules.push_back(Rule(contender.name, value(contender, terms), terms));
  }
  ActionTerms all = terms;
  all.capacity = 0;
  rules.push_back(Rule("everybody", value(fitted.model(), all), terms));
  return {{"capacity", terms.capacity},
          {"value", terms.value},
          {"cost", terms.cost},
          {"period", ByDay(definition) ? "day" : "T"},
          {"periods", std::set<int64_t>(periods.begin(), periods.end()).size()},
          {"break_even_probability", terms.value > 0 ? Json(terms.cost / terms.value) : Json()},
          {"losing_contacts", value(fitted.model(), terms).losing_contacts},
          {"rules", rules},
          {"assumes", Assumes(definition)}};
}

}  // namespace millpond::model
