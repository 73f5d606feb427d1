#include "model/evaluation/action_value.h"

#include <algorithm>
#include <map>
#include <vector>

namespace millpond::model {
namespace {

class Period {
 public:
  Period(std::span<const double> scores, std::span<const double> probabilities,
         std::span<const float> labels, const ActionTerms& terms)
      : scores_(scores), probabilities_(probabilities), labels_(labels), terms_(terms) {}

  // `rows`: of this period.
  void AddTo(ActionValue& sum, std::vector<size_t> rows) const {
    std::ranges::stable_sort(rows, std::ranges::greater(),
                             [&](size_t row) { return scores_[row]; });
    auto places = terms_.capacity == 0 ? rows.size() : static_cast<size_t>(terms_.capacity);
    for (size_t begin = 0; begin < rows.size() && places > 0;) {
      size_t end = begin;
      while (end < rows.size() && scores_[rows[end]] == scores_[rows[begin]]) ++end;
      const size_t taken = std::min(places, end - begin);
      const double share = static_cast<double>(taken) / static_cast<double>(end - begin);
      for (size_t i = begin; i < end; ++i) Contact(sum, rows[i], share);
      sum.contacts += static_cast<double>(taken);
      places -= taken;
      begin = end;
    }
  }

 private:
  void Contact(ActionValue& sum, size_t row, double share) const {
    sum.successes += share * static_cast<double>(labels_[row]);
    sum.expected_successes += share * probabilities_[row];
    if (probabilities_[row] * terms_.value < terms_.cost) sum.losing_contacts += share;
  }

  std::span<const double> scores_, probabilities_;
  std::span<const float> labels_;
  const ActionTerms& terms_;
};

}  // namespace

ActionValue ValueAtCapacity(std::span<const double> scores, std::span<const double> probabilities,
                            std::span<const float> labels, std::span<const int64_t> periods,
                            const ActionTerms& terms) {
  std::map<int64_t, std::vector<size_t>> rows;
  for (size_t row = 0; row < periods.size(); ++row) rows[periods[row]].push_back(row);
  ActionValue sum;
  const Period period(scores, probabilities, labels, terms);
  for (auto& [id, of_period] : rows) period.AddTo(sum, std::move(of_period));
  return sum;
}

}  // namespace millpond::model
