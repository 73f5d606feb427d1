// A file system in memory that forgets, when its power is cut, everything that was not synced: the
// bytes of a file since its last Sync, the names in a folder since its last SyncDirectory. The
// worst that POSIX allows, so a protocol that leaves out one fsync loses what it acknowledged here.
//
//   PowerCutFileSystem disk;
//   disk.CutBefore(7);      // the 7th changing operation and all later ones fail
//   ... run ...
//   disk.PowerOn();         // what had been synced, and nothing else
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/fs/filesystem.h"

namespace millpond::testing {

class PowerCutFileSystem : public FileSystem {
 public:
  // n = 0: never. Counts Create, Append, Sync, CreateDirectory, Link, Rename, Remove and
  // SyncDirectory, from 1.
  void CutBefore(int64_t n) {
    cut_before_ = n;
    steps_ = 0;
  }
  bool off() const { return off_; }

  void PowerOn() {
    std::lock_guard lock(mutex_);
    off_ = false;
    cut_before_ = 0;
    Restore(root_);
  }

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_ASSIGN_OR_RETURN(auto node, Find(path));
    if (node->directory) return Fail(ErrorKind::kInvalidArgument, "is a directory: {}", path);
    return std::make_unique<OpenReader>(node->now.bytes);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto parent, FindFolder(ParentPath(path)));
    auto& node = parent->now.entries[Name(path)];
    if (!node) node = std::make_shared<Node>();
    node->now.bytes.clear();
    return std::make_unique<OpenWriter>(*this, node);
  }
  Result<FileInfo> Stat(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_ASSIGN_OR_RETURN(auto node, Find(path));
    return Info(path, *node);
  }
  Result<std::vector<FileInfo>> List(const std::string& dir) override {
    std::lock_guard lock(mutex_);
    MP_ASSIGN_OR_RETURN(auto node, FindFolder(dir));
    std::vector<FileInfo> found;
    for (const auto& [name, child] : node->now.entries) {
      found.push_back(Info(JoinPath(dir, name), *child));
    }
    return found;
  }
  Status CreateDirectory(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto parent, FindFolder(ParentPath(path)));
    auto& node = parent->now.entries[Name(path)];
    if (node) return Fail(ErrorKind::kAlreadyExists, "exists: {}", path);
    node = std::make_shared<Node>();
    node->directory = true;
    return OkStatus();
  }
  Status Link(const std::string& from, const std::string& to) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto node, Find(from));
    MP_ASSIGN_OR_RETURN(auto parent, FindFolder(ParentPath(to)));
    if (!parent->now.entries.emplace(Name(to), node).second) {
      return Fail(ErrorKind::kAlreadyExists, "exists: {}", to);
    }
    return OkStatus();
  }
  Status Rename(const std::string& from, const std::string& to) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto node, Find(from));
    MP_ASSIGN_OR_RETURN(auto source, FindFolder(ParentPath(from)));
    MP_ASSIGN_OR_RETURN(auto target, FindFolder(ParentPath(to)));
    target->now.entries[Name(to)] = node;
    source->now.entries.erase(Name(from));
    return OkStatus();
  }
  Status Remove(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto node, Find(path));
    if (!node->now.entries.empty()) return Fail(ErrorKind::kInvalidArgument, "not empty: {}", path);
    MP_ASSIGN_OR_RETURN(auto parent, FindFolder(ParentPath(path)));
    parent->now.entries.erase(Name(path));
    return OkStatus();
  }
  Status SyncFile(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto node, Find(path));
    node->synced.bytes = node->now.bytes;
    return OkStatus();
  }
  Status SyncDirectory(const std::string& path) override {
    std::lock_guard lock(mutex_);
    MP_RETURN_IF_ERROR(Step());
    MP_ASSIGN_OR_RETURN(auto node, FindFolder(path));
    node->synced.entries = node->now.entries;
    return OkStatus();
  }

 private:
  struct Node;
  struct Content {
    std::string bytes;
    std::map<std::string, std::shared_ptr<Node>> entries;
  };
  struct Node {
    bool directory = false;
    Content now, synced;
  };

  class OpenReader : public RandomAccessFile {
   public:
    explicit OpenReader(std::string bytes) : bytes_(std::move(bytes)) {}
    int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }
    Status ReadAt(int64_t offset, int64_t length, void* out) const override {
      if (offset + length > size_bytes()) return Fail(ErrorKind::kCorrupt, "file ends early");
      std::memcpy(out, bytes_.data() + offset, static_cast<size_t>(length));
      return OkStatus();
    }

   private:
    std::string bytes_;
  };

  class OpenWriter : public WritableFile {
   public:
    OpenWriter(PowerCutFileSystem& disk, std::shared_ptr<Node> node)
        : disk_(disk), node_(std::move(node)) {}
    // Half of what is being written when the power goes may be there: a torn write.
    Status Append(std::string_view bytes) override {
      std::lock_guard lock(disk_.mutex_);
      Status step = disk_.Step();
      node_->now.bytes += step.has_value() ? bytes : bytes.substr(0, bytes.size() / 2);
      return step;
    }
    Status SetModified(Micros) override {
      std::lock_guard lock(disk_.mutex_);
      return disk_.Step();
    }
    Status Sync() override {
      std::lock_guard lock(disk_.mutex_);
      MP_RETURN_IF_ERROR(disk_.Step());
      node_->synced.bytes = node_->now.bytes;
      return OkStatus();
    }
    Status Close() override { return OkStatus(); }

   private:
    PowerCutFileSystem& disk_;
    std::shared_ptr<Node> node_;
  };

  Status Step() {
    if (cut_before_ > 0 && ++steps_ >= cut_before_) off_ = true;
    if (off_) return Fail(ErrorKind::kUnavailable, "the power is off");
    return OkStatus();
  }

  static void Restore(const std::shared_ptr<Node>& node) {
    node->now = node->synced;
    for (const auto& [name, child] : node->now.entries) Restore(child);
  }

  static std::string Name(const std::string& path) { return std::string(FileName(path)); }
  static FileInfo Info(std::string path, const Node& node) {
    return {std::move(path), static_cast<int64_t>(node.now.bytes.size()), 0, node.directory};
  }

  Result<std::shared_ptr<Node>> Find(const std::string& path) {
    std::shared_ptr<Node> node = root_;
    for (size_t begin = 0; begin < path.size();) {
      const size_t end = std::min(path.find('/', begin), path.size());
      if (end > begin) {
        const auto child = node->now.entries.find(path.substr(begin, end - begin));
        if (child == node->now.entries.end()) {
          return Fail(ErrorKind::kNotFound, "no such file: {}", path);
        }
        node = child->second;
      }
      begin = end + 1;
    }
    return node;
  }
  Result<std::shared_ptr<Node>> FindFolder(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto node, Find(path));
    if (!node->directory) return Fail(ErrorKind::kNotFound, "no folder: {}", path);
    return node;
  }
  static std::shared_ptr<Node> MakeRoot() {
    auto root = std::make_shared<Node>();
    root->directory = true;
    return root;
  }

  std::mutex mutex_;
  std::shared_ptr<Node> root_ = MakeRoot();
  int64_t cut_before_ = 0;
  int64_t steps_ = 0;
  bool off_ = false;
};

}  // namespace millpond::testing
