// How long to wait before a request is tried again: exponential with full jitter (a time drawn from
// 0 to a bound that doubles), ended by a number of tries and by a time. Time, waiting and chance
// come from outside.
#pragma once

#include <functional>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace millpond {

struct RetryLimits {
  int max_tries = 10;
  int64_t max_ms = 60'000;  // no try begins later than that after the first
  int64_t first_wait_ms = 100;
  int64_t longest_wait_ms = 10'000;
};

// Waits; kCancelled if the token was cancelled meanwhile.
using WaitFor = std::function<Status(int64_t ms, const CancellationToken& cancellation)>;
Status WaitOnThisThread(int64_t ms, const CancellationToken& cancellation);

class Backoff {
 public:
  Backoff(const RetryLimits& limits, const Clock& clock, RandomSource& random, WaitFor wait)
      : limits_(limits),
        clock_(clock),
        random_(random),
        wait_(std::move(wait)),
        began_ms_(clock.NowMillis()) {}

  // After a try that failed: waits, or says (false) that enough was tried.
  Result<bool> Next(const CancellationToken& cancellation);
  int tries() const { return tries_; }  // that have failed
  int64_t elapsed_ms() const { return clock_.NowMillis() - began_ms_; }

 private:
  RetryLimits limits_;
  const Clock& clock_;
  RandomSource& random_;
  WaitFor wait_;
  int64_t began_ms_;
  int tries_ = 0;
};

}  // namespace millpond
