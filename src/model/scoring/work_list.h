// Who is contacted: the candidates of one scoring, best margin first, cut by capacity, with a
// holdout that is never contacted, so that the effect of the action can be measured and training
// does not learn from its own interventions.
//
// Rule (docs/formats/work_list.md, complete):
//   holdout     a candidate is held out iff the first 53 bits of SHA-256 over the label
//               "millpond.holdout", the campaign and the entity, as a fraction of 2^53, are below
//               the holdout share. It depends on nothing else: not on the score, the model or the
//               day, so an entity held out of a campaign stays so.
//   order       falling margin; equal margins by such a hash under "millpond.order" (a draw that is
//               the same in every run), then by the entity's bytes.
//   cut         walking down the order, held out candidates are passed over, until `capacity` are
//               chosen. Listed are the chosen, and the held out ones that were passed: who would
//               have been contacted.
//   propensity  the probability of being contacted, the draw among equal margins being the only
//               chance: 0 if held out; 1 above the margin of the cut; at that margin the places
//               left for it / the candidates there that are not held out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::model {

struct WorkListPolicy {
  std::string campaign;
  int64_t capacity = 0;  // 0: nobody is cut
  double holdout = 0.05;
};

struct WorkListEntry {
  size_t row = 0;    // of the candidates
  int64_t rank = 0;  // 1 is the best of all candidates, held out ones included
  bool holdout = false;
  double propensity = 0;
};

// The bytes that stand for an entity: each value's text, preceded by its length ("5:AB123"); so
// that no two entities share one.
std::string EntityKey(std::span<const std::string> values);

bool IsHeldOut(std::string_view campaign, std::string_view entity_key, double share);

// Listed candidates in order. kInvalidArgument: a NaN margin, lengths that differ, a share that is
// not within [0, 1), a negative capacity.
Result<std::vector<WorkListEntry>> MakeWorkList(std::span<const double> margins,
                                                std::span<const std::string> entity_keys,
                                                const WorkListPolicy& policy);

}  // namespace millpond::model
