#include "data/delta/log/checkpoint_stats_internal.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "base/log.h"
#include "data/delta/log/stats_struct.h"
#include "data/delta/metadata/arrow_fields.h"

namespace millpond::data {
namespace {

constexpr const char* kText = "add.stats";
constexpr const char* kTyped = "add.stats_parsed";

std::string Dotted(const char* section, const std::vector<std::string>& path) {
  std::string name = fmt::format("{}.{}", kTyped, section);
  for (const auto& part : path) name += "." + part;
  return name;
}

const arrow::Array* Leaf(const arrow::Array& add, const char* section,
                         const std::vector<std::string>& path) {
  const arrow::Array* at = Child(Child(&add, "stats_parsed"), section);
  for (const auto& name : path) at = Child(at, name.c_str());
  return at;
}

void Warn(const Status& read) {
  if (read.has_value()) return;
  LogWarn("data", "statistics of a checkpoint cannot be read, nothing is skipped by them: {}",
          read.error().ToString());
}

}  // namespace

CheckpointStats::CheckpointStats(TaskPool& pool, std::vector<Piece> pieces)
    : pool_(pool), pieces_(std::move(pieces)) {}

size_t CheckpointStats::rows() const {
  return pieces_.empty() ? 0 : pieces_.back().first_row + pieces_.back().rows;
}

Status CheckpointStats::ForEachAdd(const Piece& piece, const std::vector<int>& leaves,
                                   const Visit& visit) const {
  if (leaves.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto file, piece.file->Again());
  MP_ASSIGN_OR_RETURN(auto reader, file->Read(leaves, {piece.row_group}));
  size_t seen = 0;
  while (true) {
    MP_ASSIGN_OR_RETURN(auto batch, file->Next(*reader));
    if (batch == nullptr) break;
    const auto add = batch->GetColumnByName("add");
    if (add == nullptr) break;
    const VisitRow visit_row = visit(*add);
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      if (add->IsNull(row)) continue;
      if (seen == piece.rows) return Fail(ErrorKind::kCorrupt, "{} has changed", file->path());
      visit_row(row, piece.first_row + seen++);
    }
  }
  return OkStatus();
}

Status CheckpointStats::ReadTypedBounds(const Piece& piece, const std::vector<std::string>& path,
                                        BoundsColumn* column) const {
  const auto leaves = piece.file->LeavesUnder(
      {Dotted("minValues", path), Dotted("maxValues", path), Dotted("nullCount", path)});
  return ForEachAdd(piece, leaves, [&](const arrow::Array& add) -> VisitRow {
    return [column, min = Leaf(add, "minValues", path), max = Leaf(add, "maxValues", path),
            nulls = Leaf(add, "nullCount", path)](int64_t at, size_t row) {
      column->SetMin(row, TypedBound(min, at, column->type()));
      column->SetMax(row, TypedBound(max, at, column->type()));
      column->SetNullCount(row, Number(nulls, at).value_or(-1));
    };
  });
}

Status CheckpointStats::ReadTextBounds(const Piece& piece, const std::vector<std::string>& path,
                                       BoundsColumn* column) const {
  StatsTextReader reader;
  std::string padded;
  const auto leaves = piece.file->LeavesUnder({kText});
  return ForEachAdd(piece, leaves, [&](const arrow::Array& add) -> VisitRow {
    return [&, texts = Child(&add, "stats")](int64_t at, size_t row) {
      const auto text = TextView(texts, at);
      if (!text) return;
      padded.assign(*text);
      padded.reserve(padded.size() + kStatsPadding);
      reader.ReadBounds(padded, path, row, column);
    };
  });
}

std::shared_ptr<const BoundsColumn> CheckpointStats::Bounds(const std::vector<std::string>& path,
                                                            const DataType& type) const {
  auto column = std::make_shared<BoundsColumn>(rows(), type);
  Warn(pool_.ParallelFor(pieces_.size(), [&](size_t p) {
    const Piece& piece = pieces_[p];
    const bool typed = !piece.file->LeavesUnder({kTyped}).empty();
    return typed ? ReadTypedBounds(piece, path, column.get())
                 : ReadTextBounds(piece, path, column.get());
  }));
  return column;
}

std::vector<int64_t> CheckpointStats::NumRecords() const {
  std::vector<int64_t> records(rows(), -1);
  Warn(pool_.ParallelFor(pieces_.size(), [&](size_t p) {
    StatsTextReader reader;
    std::string padded;
    const auto leaves = pieces_[p].file->LeavesUnder({kText, "add.stats_parsed.numRecords"});
    return ForEachAdd(pieces_[p], leaves, [&](const arrow::Array& add) -> VisitRow {
      return [&, counts = Child(Child(&add, "stats_parsed"), "numRecords"),
              texts = Child(&add, "stats")](int64_t at, size_t row) {
        if (auto count = Number(counts, at)) {
          records[row] = *count;
        } else if (auto text = TextView(texts, at)) {
          padded.assign(*text);
          padded.reserve(padded.size() + kStatsPadding);
          records[row] = reader.ReadNumRecords(padded);
        }
      };
    });
  }));
  return records;
}

Result<std::shared_ptr<const PackedStats>> CheckpointStats::Unpack(const Piece& piece) const {
  auto texts = std::make_shared<PackedStats>(piece.rows);
  auto leaves = piece.file->LeavesUnder({kText});
  if (leaves.empty()) leaves = piece.file->LeavesUnder({kTyped});
  size_t count = 0;
  MP_RETURN_IF_ERROR(ForEachAdd(piece, leaves, [&](const arrow::Array& add) -> VisitRow {
    return
        [&, typed = Child(&add, "stats_parsed"), text = Child(&add, "stats")](int64_t at, size_t) {
          if (text != nullptr) {
            texts->Append(TextView(text, at).value_or(""));
          } else {
            texts->Append(typed == nullptr ? "" : StatsJsonOf(*typed, at));
          }
          ++count;
        };
  }));
  for (; count < piece.rows; ++count) texts->Append("");
  texts->Finish();
  return texts;
}

Result<std::string> CheckpointStats::Get(size_t row) const {
  auto after = std::ranges::upper_bound(pieces_, row, {}, &Piece::first_row);
  const Piece& piece = *--after;
  std::shared_ptr<const PackedStats> texts;
  {
    std::lock_guard lock(mutex_);
    if (unpacked_piece_ != &piece) {
      MP_ASSIGN_OR_RETURN(unpacked_, Unpack(piece));
      unpacked_piece_ = &piece;
    }
    texts = unpacked_;
  }
  return texts->Get(row - piece.first_row);
}

int64_t CheckpointStats::memory_bytes() const {
  std::lock_guard lock(mutex_);
  return unpacked_ == nullptr ? 0 : unpacked_->memory_bytes();
}

}  // namespace millpond::data
