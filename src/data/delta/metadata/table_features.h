// The features of tables (PROTOCOL.md, "Table Features"): what each needs, and which of them a
// table's schema and properties make use of. One table here says it all; that Millpond reads and
// writes a feature is protocol.h's. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

struct TableFeature {
  const char* name;
  bool for_readers;  // in both lists of a protocol; else in the writers' only
  // Versions from which the feature is part of the protocol without being listed; 0: always listed.
  int legacy_reader;
  int legacy_writer;
  const char* needs = "";  // another feature that must be there
};

// Null: no feature that Millpond has heard of.
const TableFeature* FindTableFeature(std::string_view name);

// What the schema and the properties make use of, without what these need in turn.
std::set<std::string> FeaturesInUse(const Metadata& metadata, const Schema& schema);

// What writers must know: as listed, or as the version stands for.
std::set<std::string> WriterFeatures(const Protocol& protocol);

// Does the protocol have the feature, listed or by its version?
bool HasFeature(const Protocol& protocol, std::string_view name);

// `protocol` with the features and what they need. Versions below 7 are raised as long as versions
// can say it, for the sake of old readers; otherwise, or if `listed`, they become the equal lists.
// A protocol that has the features already comes back unchanged.
Protocol WithFeatures(Protocol protocol, const std::set<std::string>& names, bool listed = false);

// `protocol` with at least these versions: 7 and 3 mean lists, lower ones what they stand for.
Protocol WithVersions(Protocol protocol, int reader, int writer);

// `protocol` without a feature that is no longer in use: out of the lists, which become versions
// again if those say the same.
Protocol WithoutFeature(Protocol protocol, const std::string& name);

}  // namespace millpond::data
