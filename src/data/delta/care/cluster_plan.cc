#include "data/delta/care/cluster_plan.h"

#include <algorithm>
#include <map>

#include "data/delta/care/bin_plan.h"

namespace millpond::data {
namespace {

constexpr int64_t kFullBytes = int64_t{64} << 30;
constexpr double kMaxDeletedShare = 0.05;

bool LostManyRows(const FileList& files, size_t file) {
  const DeletionVector* vector = files.deletion_vector(file);
  if (vector == nullptr) return false;
  const auto rows = files.num_records(file);
  return !rows ||
         static_cast<double>(vector->cardinality) > kMaxDeletedShare * static_cast<double>(*rows);
}

struct Partition {
  NewCube loose;
  std::map<std::string, NewCube> cubes;  // by id
};

NewCube Gather(Partition& partition, bool full) {
  NewCube gathered = std::move(partition.loose);
  if (gathered.files.empty() && (!full || partition.cubes.size() == 1)) return gathered;
  std::vector<NewCube*> cubes;
  for (auto& [id, cube] : partition.cubes) cubes.push_back(&cube);
  std::ranges::sort(cubes, {}, [](const NewCube* cube) { return cube->bytes; });
  for (NewCube* cube : cubes) {
    if (!full && (cube->bytes >= kFullBytes || cube->bytes > 2 * gathered.bytes)) break;
    gathered.files.insert(gathered.files.end(), cube->files.begin(), cube->files.end());
    gathered.bytes += cube->bytes;
  }
  std::ranges::sort(gathered.files);
  return gathered;
}

}  // namespace

std::vector<NewCube> PlanCubes(const Snapshot& snapshot, const CubeRules& rules) {
  const FileList& files = snapshot.files();
  std::map<std::string, Partition> partitions;
  for (size_t i = 0; i < files.size(); ++i) {
    if (rules.wanted && !rules.wanted(i)) continue;
    Partition& partition = partitions[PartitionText(snapshot, i)];
    const auto cube = CubeOf(files.add(i));
    const bool ordered = cube && cube->columns == rules.columns && cube->curve == rules.curve &&
                         !LostManyRows(files, i);
    NewCube& place = ordered ? partition.cubes[cube->id] : partition.loose;
    place.files.push_back(i);
    place.bytes += files.size_bytes(i);
  }
  std::vector<NewCube> planned;
  for (auto& [key, partition] : partitions) {
    NewCube gathered = Gather(partition, rules.full);
    if (!gathered.files.empty()) planned.push_back(std::move(gathered));
  }
  return planned;
}

}  // namespace millpond::data
