#include "data/delta/rows/row_ids.h"

#include "data/delta/metadata/protocol.h"

namespace millpond::data {

std::optional<RowTracking> RowTrackingOf(const Snapshot& snapshot) {
  if (!SupportsWriterFeature(snapshot.protocol(), feature::kRowTracking) ||
      !snapshot.metadata().IsEnabled(property::kEnableRowTracking)) {
    return std::nullopt;
  }
  return RowTracking{snapshot.property(property::kRowIdColumn).value_or(""),
                     snapshot.property(property::kRowCommitVersionColumn).value_or("")};
}

Result<FileRowIds> RowIdsOf(const Snapshot& snapshot, size_t file) {
  const AddFile add = snapshot.files().add(file);
  if (!add.base_row_id || !add.default_row_commit_version) {
    return Fail(ErrorKind::kCorrupt,
                "table {} tracks rows, but the log of version {} gives no {} for data file {}",
                snapshot.path(), snapshot.version(),
                add.base_row_id ? "defaultRowCommitVersion" : "baseRowId", add.path);
  }
  return FileRowIds{*add.base_row_id, *add.default_row_commit_version};
}

}  // namespace millpond::data
