// What a flow's table says of its maker, in its table properties, from its first version on.
#pragma once

namespace millpond::pipeline {

inline constexpr const char* kFlowProperty = "millpond.flow";  // the flow's name
// "streaming table", "materialized view" (also a batch flow's table): whether old rows stay.
inline constexpr const char* kFlowKindProperty = "millpond.flow_kind";

}  // namespace millpond::pipeline
