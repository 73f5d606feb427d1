#include "model/scoring/work_list.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/sha256.h"

namespace millpond::model {
namespace {

// The first eight bytes, big-endian, of SHA-256 over label, campaign and entity, a zero byte after
// the first two.
uint64_t Draw(std::string_view label, std::string_view campaign, std::string_view entity_key) {
  Sha256 hash;
  constexpr std::string_view kZero("\0", 1);
  for (std::string_view part : {label, kZero, campaign, kZero, entity_key}) hash.Update(part);
  uint64_t value = 0;
  auto digest = hash.Digest();
  for (size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return value;
}

struct Candidate {
  size_t row;
  uint64_t draw;
  bool holdout;
};

Status Check(std::span<const double> margins, std::span<const std::string> entity_keys,
             const WorkListPolicy& policy) {
  if (margins.size() != entity_keys.size()) {
    return Fail(ErrorKind::kInvalidArgument, "{} margins come with {} entities", margins.size(),
                entity_keys.size());
  }
  if (policy.capacity < 0 || !(policy.holdout >= 0 && policy.holdout < 1)) {
    return Fail(
        ErrorKind::kInvalidArgument,
        "a campaign needs a capacity of 0 (all) or more and a holdout share from 0 to below "
        "1, not {} and {}",
        policy.capacity, policy.holdout);
  }
  auto nan = std::find_if(margins.begin(), margins.end(), [](double m) { return std::isnan(m); });
  if (nan != margins.end()) {
    return Fail(ErrorKind::kInvalidArgument, "the margin of candidate {} is NaN",
                nan - margins.begin());
  }
  return OkStatus();
}

std::vector<Candidate> InOrder(std::span<const double> margins,
                               std::span<const std::string> entity_keys,
                               const WorkListPolicy& policy) {
  std::vector<Candidate> candidates;
  candidates.reserve(margins.size());
  for (size_t i = 0; i < margins.size(); ++i) {
    candidates.push_back({i, Draw("millpond.order", policy.campaign, entity_keys[i]),
                          IsHeldOut(policy.campaign, entity_keys[i], policy.holdout)});
  }
  std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    if (margins[a.row] != margins[b.row]) return margins[a.row] > margins[b.row];
    if (a.draw != b.draw) return a.draw < b.draw;
    if (int c = entity_keys[a.row].compare(entity_keys[b.row]); c != 0) return c < 0;
    return a.row < b.row;
  });
  return candidates;
}

}  // namespace

std::string EntityKey(std::span<const std::string> values) {
  std::string key;
  for (const std::string& value : values) {
    key += std::to_string(value.size());
    key += ':';
    key += value;
  }
  return key;
}

bool IsHeldOut(std::string_view campaign, std::string_view entity_key, double share) {
  // The upper 53 bits, so that the fraction is a double exactly.
  double fraction =
      std::ldexp(static_cast<double>(Draw("millpond.holdout", campaign, entity_key) >> 11), -53);
  return fraction < share;
}

Result<std::vector<WorkListEntry>> MakeWorkList(std::span<const double> margins,
                                                std::span<const std::string> entity_keys,
                                                const WorkListPolicy& policy) {
  MP_RETURN_IF_ERROR(Check(margins, entity_keys, policy));
  std::vector<Candidate> candidates = InOrder(margins, entity_keys, policy);
  auto capacity = policy.capacity == 0 ? margins.size() : static_cast<size_t>(policy.capacity);
  std::vector<WorkListEntry> list;
  size_t chosen = 0;
  for (size_t begin = 0; begin < candidates.size() && chosen < capacity;) {
    // One group of equal margins; only the last one reached is cut through.
    size_t end = begin;
    size_t open = 0;
    for (;
         end < candidates.size() && margins[candidates[end].row] == margins[candidates[begin].row];
         ++end) {
      open += candidates[end].holdout ? 0 : 1;
    }
    size_t places = std::min(open, capacity - chosen);
    double propensity = open > 0 ? static_cast<double>(places) / static_cast<double>(open) : 0;
    size_t taken = 0;
    for (size_t i = begin; i < end && (taken < places || places == open); ++i) {
      bool holdout = candidates[i].holdout;
      list.push_back(
          {candidates[i].row, static_cast<int64_t>(i) + 1, holdout, holdout ? 0 : propensity});
      taken += holdout ? 0 : 1;
    }
    chosen += taken;
    begin = end;
  }
  return list;
}

}  // namespace millpond::model
