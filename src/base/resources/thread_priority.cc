#include "base/resources/thread_priority.h"

#include <sys/resource.h>

namespace millpond {

namespace {
constexpr int kNiceness = 10;
}

void YieldToServing() {
  // On Linux this is of the calling thread alone. It fails only where the thread is that low
  // already.
  (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
}

}  // namespace millpond
