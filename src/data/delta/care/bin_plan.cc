#include "data/delta/care/bin_plan.h"

#include <algorithm>
#include <unordered_map>

#include "data/delta/metadata/properties.h"

namespace millpond::data {
namespace {

constexpr int64_t kDefaultTargetBytes = int64_t{128} << 20;
constexpr double kMaxDeletedShare = 0.05;

struct OpenBin {
  Bin bin;
  int64_t live_bytes = 0;
  bool purges = false;
};

// The bins of one partition.
struct PartitionBins {
  OpenBin open;
  Bin done;  // closed bins, put together

  // What was open ends here; `bins` takes what is not to grow any more.
  void Close(int64_t max_bytes, std::vector<Bin>* bins) {
    if (open.bin.files.size() <= 1 && !open.purges) {  // it stays, and parts its neighbours
      Flush(bins);
    } else {
      if (done.bytes + open.bin.bytes > max_bytes) Flush(bins);
      done.files.insert(done.files.end(), open.bin.files.begin(), open.bin.files.end());
      done.bytes += open.bin.bytes;
    }
    open = {};
  }
  void Flush(std::vector<Bin>* bins) {
    if (!done.files.empty()) bins->push_back(std::move(done));
    done = {};
  }
};

// What share of the file's rows is gone; nullopt: nobody knows.
std::optional<double> DeletedShare(const FileList& files, size_t file) {
  const DeletionVector* vector = files.deletion_vector(file);
  if (vector == nullptr) return 0;
  const auto rows = files.num_records(file);
  if (!rows || *rows == 0) return std::nullopt;
  return static_cast<double>(vector->cardinality) / static_cast<double>(*rows);
}

}  // namespace

Result<int64_t> TargetFileBytes(const Snapshot& snapshot) {
  const auto text = snapshot.property(kTargetFileSizeProperty);
  if (!text) return kDefaultTargetBytes;
  if (const auto bytes = ParseSize(*text)) return *bytes;
  return Fail(ErrorKind::kInvalidArgument,
              "property {} of table {} is a size such as '128mb' or '65536', found '{}'",
              kTargetFileSizeProperty, snapshot.path(), *text);
}

std::string PartitionText(const Snapshot& snapshot, size_t file) {
  std::string key;
  for (const std::string& column : snapshot.metadata().partition_columns) {
    const auto value = snapshot.files().partition_value(file, column);
    key += value ? fmt::format("{}:{},", value->size(), *value) : "-,";
  }
  return key;
}

std::vector<Bin> PlanBins(const Snapshot& snapshot, const BinRules& rules) {
  const FileList& files = snapshot.files();
  std::vector<Bin> bins;
  std::unordered_map<std::string, PartitionBins> partitions;
  for (size_t i = 0; i < files.size(); ++i) {
    if (rules.wanted && !rules.wanted(i)) continue;
    const auto share = DeletedShare(files, i);
    const bool purges =
        files.deletion_vector(i) != nullptr && (rules.purge || !share || *share > kMaxDeletedShare);
    const bool small = !rules.purge && files.size_bytes(i) < rules.target_bytes;
    if (!purges && !small) continue;
    const auto live =
        static_cast<int64_t>(static_cast<double>(files.size_bytes(i)) * (1 - share.value_or(0)));
    PartitionBins& partition = partitions[PartitionText(snapshot, i)];
    OpenBin& one = partition.open;
    if (!one.bin.files.empty() && one.live_bytes + live > rules.target_bytes) {
      partition.Close(rules.max_bin_bytes, &bins);
    }
    one.bin.files.push_back(i);
    one.bin.bytes += files.size_bytes(i);
    one.live_bytes += live;
    one.purges = one.purges || purges;
  }
  std::vector<std::string> rest;  // in an order that does not depend on hashes
  for (const auto& [key, partition] : partitions) rest.push_back(key);
  std::ranges::sort(rest);
  for (const std::string& key : rest) {
    partitions[key].Close(rules.max_bin_bytes, &bins);
    partitions[key].Flush(&bins);
  }
  return bins;
}

}  // namespace millpond::data
