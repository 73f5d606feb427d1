// The file seam over S3's REST API: Amazon's store and those that speak like it (MinIO, Ceph,
// versitygw, R2). Paths are s3://bucket/key; a bucket must exist. What the seam's promises become:
//
// - **Visible whole.** An object is there when Close (or PutIfAbsent, ReplaceFile) has returned,
// and
//   not before: Create and CreateWhole are one. Up to a part's size one PUT, above it a multipart
//   upload in parts of 5 MiB that double every 1,000 parts, so that a writer holds one part in
//   memory and an object may have 5 TiB. A writer that is not closed, or fails, aborts its upload;
//   one that is killed leaves parts that are charged for but never seen: a bucket's lifecycle rule
//   (AbortIncompleteMultipartUpload) removes them.
// - **Durable.** What the store has acknowledged it keeps: SyncFile and SyncDirectory do nothing.
// - **PutIfAbsent** is a conditional PUT (If-None-Match: *). 412 is kAlreadyExists, and it may be
// an
//   earlier try of the same call that had arrived; a request without an answer is sent again, and
//   if none of its tries is answered the outcome is kOutcomeUnknown: the caller reads back. 409
//   (another write at the same moment) is tried again. `still_wanted` is asked before each try.
// - **Times.** The store sets an object's time, to the second; SetModified and `modified` have no
//   effect. A plain Delta table's commit time is thereby the store's clock, not the project's:
//   in-commit timestamps are what to use here. `FileInfo::modified` is the same whether from Stat
//   or List, and its part below a millisecond is made of the ETag, so that an object replaced
//   within the second by one of the same size is still told from it.
// - **Folders** are what keys have in common up to a '/'. They need not be made; one is there as
// long
//   as a key is below it. Removing what is not there is no error, since the store does not say.
// - **Rename** is a copy inside the store and a removal, up to 5 GiB, of one object: not atomic,
// but
//   the new name is seen whole. Link is kUnsupported.
//
// Reads: opening takes one request that brings size, ETag and the last 64 KiB (a Parquet footer).
// Later ones carry the ETag (If-Match): an object replaced since is kConflict. Short reads fetch
// ahead, a few windows a file.
#pragma once

#include <memory>

#include "base/fs/filesystem.h"
#include "base/resources/arbiter.h"
#include "base/s3/s3_client.h"

namespace millpond {

// `arbiter`: what writers reserve their parts from. All that `options` points to must outlive the
// file system.
std::unique_ptr<FileSystem> MakeS3FileSystem(S3ClientOptions options, Arbiter& arbiter);

}  // namespace millpond
