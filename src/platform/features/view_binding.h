// A view bound to one version of its source: what a training set reads. Bindings are facts of a
// run, never part of a definition's hash.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "data/catalog/catalog.h"
#include "data/delta/log/snapshot.h"
#include "kernel/feature_view.h"
#include "platform/features/feature_store.h"

namespace millpond::platform {

struct ViewBinding {
  FeatureView view;
  std::shared_ptr<const kernel::FeatureProgram> program;
  std::shared_ptr<const data::Snapshot> snapshot;
  std::optional<LiveVersion> live;
  // By index into snapshot->files(): when the file's rows were committed, if that was after the
  // live version; INT64_MIN otherwise. known_from is the later of the claim and this.
  std::vector<Micros> commit_floor;
};

// The program of a stored view over this schema. kInvalidArgument if the source's columns changed
// so that the view would mean something else than what its hashes say.
Result<std::shared_ptr<const kernel::FeatureProgram>> ProgramOf(const FeatureView& view,
                                                                const data::Schema& source);

// `live`: looked up by the table's id once the table is open.
using FindLive = std::function<Result<std::optional<LiveVersion>>(const std::string& table_id)>;

Result<ViewBinding> BindView(data::Catalog& catalog, const FeatureView& view,
                             const TrainingOptions& options, const FindLive& live);

}  // namespace millpond::platform
