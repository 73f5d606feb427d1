// The files of a scan, and which of them a filter leaves.
#pragma once

#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <functional>
#include <vector>

#include "data/sql/duckdb/lake_scan.h"

namespace millpond::data {

class LakeFileList : public duckdb::MultiFileList {
 public:
  // `files`: indices into the snapshot's list, in order. `partitioned_out`: how many are not among
  // them because of their partition values.
  LakeFileList(std::shared_ptr<const LakeTable> table, std::vector<uint32_t> files,
               int64_t partitioned_out = 0)
      : table_(std::move(table)), files_(std::move(files)), partitioned_out_(partitioned_out) {}
  static std::vector<uint32_t> AllFiles(const LakeTable& table);

  const LakeTable& table() const { return *table_; }

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
      duckdb::MultiFilePushdownInfo& info,
      duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) const override;
  duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
      duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
      const duckdb::vector<duckdb::string>& names, const duckdb::vector<duckdb::LogicalType>& types,
      const duckdb::vector<duckdb::column_t>& column_ids,
      duckdb::TableFilterSet& filters) const override;

  duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override;
  duckdb::FileExpandResult GetExpandResult() const override;
  duckdb::idx_t GetTotalFileCount() const override { return files_.size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
      duckdb::ClientContext& context) const override;
  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override;

 protected:
  duckdb::OpenFileInfo GetFile(duckdb::idx_t i) const override;

 private:
  using FileTest = std::function<bool(uint32_t)>;
  // The list without the files that a test rules out; null if none is. `may_by_partition` may be
  // empty.
  duckdb::unique_ptr<duckdb::MultiFileList> Where(const FileTest& may_by_partition,
                                                  const FileTest& may_pass) const;

  std::shared_ptr<const LakeTable> table_;
  std::vector<uint32_t> files_;
  int64_t partitioned_out_;
};

// The table-wide index of a file that such a list handed out.
size_t FileIndex(const duckdb::OpenFileInfo& file);

}  // namespace millpond::data
