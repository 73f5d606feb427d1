// The seam through which Millpond touches files. The primitives are what a file system can do; the
// composites (PutIfAbsent, ReplaceFile, CreateWhole, CreateDirectories) are the durable protocols
// built from them, and an object store (base/s3) overrides them with its own conditional put.
// FaultyFileSystem stands behind the same seam and fails any primitive, so every protocol is tested
// at every step.
//
// Paths are absolute or relative to the process, '/'-separated; those of an object store begin with
// its scheme: s3://bucket/key (scheme_filesystem.h). All methods are thread-safe. Errors name the
// path and the operation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace millpond {

struct FileInfo {
  std::string path;  // as asked for, or directory + "/" + name
  int64_t size_bytes = 0;
  Micros modified = 0;
  bool is_directory = false;
};

class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual int64_t size_bytes() const = 0;
  // Reads exactly `length` bytes; a shorter file is kCorrupt. Thread-safe.
  virtual Status ReadAt(int64_t offset, int64_t length, void* out) const = 0;
  // Each read is a request over a network: who knows what it will read next reads it at once.
  virtual bool is_remote() const { return false; }
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes, without Sync
  virtual Status Append(std::string_view bytes) = 0;
  virtual Status SetModified(Micros at) = 0;  // the time that Stat tells; after the last Append
  virtual Status Sync() = 0;                  // the bytes, and that time, are on the disk
  virtual Status Close() = 0;                 // call once; errors of delayed writes show here
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // -- primitives
  virtual Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) = 0;
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;  // truncates
  virtual Result<FileInfo> Stat(const std::string& path) = 0;                         // kNotFound
  // By name; kNotFound. A link whose target is missing is listed as a file of no bytes, so that who
  // reads it hears of it.
  virtual Result<std::vector<FileInfo>> List(const std::string& dir) = 0;
  virtual Status CreateDirectory(const std::string& path) = 0;                // kAlreadyExists
  virtual Status Link(const std::string& from, const std::string& to) = 0;    // kAlreadyExists
  virtual Status Rename(const std::string& from, const std::string& to) = 0;  // replaces
  virtual Status Remove(const std::string& path) = 0;    // file or empty directory; kNotFound
  virtual Status SyncFile(const std::string& path) = 0;  // of a file that somebody else wrote
  virtual Status SyncDirectory(const std::string& path) = 0;

  // -- what an object store can answer with fewer requests
  // As Stat, for a path that nobody expects to be a folder.
  virtual Result<FileInfo> StatFile(const std::string& path) { return Stat(path); }
  // As List, without the names before `first_name` (by their bytes).
  virtual Result<std::vector<FileInfo>> ListFrom(const std::string& dir,
                                                 std::string_view first_name);
  virtual Result<std::string> ReadFile(const std::string& path);

  // -- composites
  Result<bool> Exists(const std::string& path);
  Result<bool> FileExists(const std::string& path);  // by StatFile

  // A file that others see whole or not at all: under its name, replacing what stood there, and
  // durable when Close has returned. Not closed, it was never there.
  virtual Result<std::unique_ptr<WritableFile>> CreateWhole(const std::string& path);

  // Writes a file that must not exist yet, all or nothing, durable on return: temporary file,
  // fsync, link, fsync of the folder. kAlreadyExists: somebody else's file (or our own earlier try)
  // stands there. kOutcomeUnknown: an error after the link; the caller reads the file back to know.
  // `still_wanted` is asked when the bytes are on the disk, right before they get their name: false
  // puts nothing, and the answer is kCancelled. `modified`: the file's time from when it can first
  // be seen.
  virtual Status PutIfAbsent(const std::string& path, std::string_view bytes,
                             const std::function<bool()>& still_wanted = nullptr,
                             std::optional<Micros> modified = std::nullopt);

  // Writes or replaces a file, all or nothing, durable on return.
  virtual Status ReplaceFile(const std::string& path, std::string_view bytes);

  // Makes a folder and its missing parents, durable on return; existing ones are fine.
  virtual Status CreateDirectories(const std::string& path);

  // Removes a folder with all that is in it; nothing there is fine. Links are removed, not
  // followed.
  virtual Status RemoveTree(const std::string& path);
};

// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
std::string ParentPath(const std::string& path);
// The last part of a path.
std::string_view FileName(std::string_view path);
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace millpond
