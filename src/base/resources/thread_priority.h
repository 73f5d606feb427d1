// Who comes first on a core. Threads that a thread starts after the call have its priority too.
#pragma once

namespace millpond {

// Puts the calling thread behind those that serve: it gets what they leave, and never nothing.
// There is no way back without privileges.
void YieldToServing();

}  // namespace millpond
