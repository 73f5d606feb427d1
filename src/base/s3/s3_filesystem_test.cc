// The file seam over a real server: tests/stores starts one and runs this program with AWS_… and
// MILLPOND_TEST_BUCKET, an empty bucket, set.
#include "base/s3/s3_filesystem.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>

#include "base/fs/local_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/test_environment.h"

namespace millpond {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class S3FileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto config = LoadS3Config(
        [](const char* name) -> std::optional<std::string> {
          const char* value = std::getenv(name);
          return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        },
        machine_.env.fs);
    ASSERT_TRUE(config.has_value()) << config.error().ToString();
    options_.config = *config;
    options_.clock = &clock_;
    options_.random = &random_;
    options_.counts = &counts_;
    fs_ = MakeS3FileSystem(options_, machine_.arbiter);
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = fmt::format("s3://{}/{} ä+=/x", std::getenv("MILLPOND_TEST_BUCKET"), test->name());
  }
  void TearDown() override { MP_EXPECT_OK(fs_->RemoveTree(ParentPath(root_))); }

  std::string At(std::string_view name) const { return JoinPath(root_, name); }
  // Requests since the last call.
  RequestCounts::Totals Spent() {
    const auto now = counts_.totals();
    auto spent = now;
    for (int i = 0; i < kStoreRequestKinds; ++i) spent.requests[i] -= last_.requests[i];
    last_ = now;
    return spent;
  }
  static std::string Pattern(size_t size) {
    std::string text(size, '\0');
    SeededRandom random(7);
    for (size_t i = 0; i < size; i += 8) {
      const uint64_t word = random.Next();
      std::memcpy(text.data() + i, &word, std::min<size_t>(8, size - i));
    }
    return text;
  }
  std::vector<std::string> Names(const std::vector<FileInfo>& files) const {
    std::vector<std::string> names;
    for (const auto& file : files) {
      names.push_back(std::string(FileName(file.path)) + (file.is_directory ? "/" : ""));
    }
    return names;
  }

  testing::TestEnvironment machine_;
  SystemClock clock_;
  SystemRandom random_;
  RequestCounts counts_;
  RequestCounts::Totals last_;
  S3ClientOptions options_;
  std::unique_ptr<FileSystem> fs_;
  std::string root_;
};

TEST_F(S3FileSystemTest, WritesReadsStatsAndRemoves) {
  MP_ASSERT_OK(fs_->CreateDirectories(root_));
  MP_ASSERT_OK(fs_->ReplaceFile(At("a"), "one"));
  MP_ASSERT_OK(fs_->ReplaceFile(At("a"), "two!"));
  EXPECT_THAT(fs_->ReadFile(At("a")), IsOkAnd("two!"));
  MP_ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_->Stat(At("a")));
  EXPECT_EQ(info.size_bytes, 4);
  EXPECT_FALSE(info.is_directory);
  EXPECT_LT(std::abs(info.modified - clock_.Now()), 60 * kMicrosPerSecond);
  MP_ASSERT_OK_AND_ASSIGN(const FileInfo folder, fs_->Stat(root_));
  EXPECT_TRUE(folder.is_directory);
  MP_ASSERT_OK(fs_->ReplaceFile(At("empty"), ""));
  EXPECT_THAT(fs_->ReadFile(At("empty")), IsOkAnd(""));
  MP_ASSERT_OK(fs_->Remove(At("a")));
  EXPECT_THAT(fs_->Stat(At("a")), FailsWith(ErrorKind::kNotFound, HasSubstr("/a")));
  EXPECT_THAT(fs_->ReadFile(At("a")), FailsWith(ErrorKind::kNotFound, HasSubstr("/a")));
  MP_EXPECT_OK(fs_->Remove(At("a")));
  EXPECT_THAT(fs_->Link(At("empty"), At("b")),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("links")));
}

TEST_F(S3FileSystemTest, StatAndListTellTheSameOfAFile) {
  MP_ASSERT_OK(fs_->ReplaceFile(At("a"), "one"));
  MP_ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_->Stat(At("a")));
  MP_ASSERT_OK_AND_ASSIGN(const auto listed, fs_->List(root_));
  ASSERT_EQ(listed.size(), 1);
  EXPECT_EQ(listed[0].path, At("a"));
  EXPECT_EQ(listed[0].modified, info.modified);
  EXPECT_EQ(listed[0].size_bytes, info.size_bytes);
  // Another of the same size within the second is told from it.
  MP_ASSERT_OK(fs_->ReplaceFile(At("a"), "two"));
  MP_ASSERT_OK_AND_ASSIGN(const FileInfo other, fs_->Stat(At("a")));
  EXPECT_NE(other.modified, info.modified);
}

TEST_F(S3FileSystemTest, PutIfAbsentPutsOnce) {
  MP_ASSERT_OK(fs_->PutIfAbsent(At("v0"), "mine"));
  EXPECT_THAT(fs_->PutIfAbsent(At("v0"), "theirs"),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("v0")));
  EXPECT_THAT(fs_->ReadFile(At("v0")), IsOkAnd("mine"));
  EXPECT_THAT(fs_->PutIfAbsent(At("v1"), "x", [] { return false; }),
              FailsWith(ErrorKind::kCancelled, HasSubstr("v1")));
  EXPECT_THAT(fs_->Exists(At("v1")), IsOkAnd(false));
}

TEST_F(S3FileSystemTest, OfManyWhoPutOneWins) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> won{0}, lost{0};
    {
      std::vector<std::jthread> writers;
      for (int writer = 0; writer < 8; ++writer) {
        writers.emplace_back([&, writer] {
          const Status put =
              fs_->PutIfAbsent(At(fmt::format("race{}", round)), std::to_string(writer));
          if (put.has_value()) ++won;
          if (!put.has_value() && put.error().kind() == ErrorKind::kAlreadyExists) ++lost;
        });
      }
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 7);
  }
}

TEST_F(S3FileSystemTest, ListsFilesAndFoldersInOrderAndPages) {
  EXPECT_THAT(fs_->List(root_), FailsWith(ErrorKind::kNotFound, HasSubstr(root_)));
  for (const char* name : {"b", "a b", "c+d=e%", "sub/x", "sub/y", "sub2/z"}) {
    MP_ASSERT_OK(fs_->ReplaceFile(At(name), name));
  }
  MP_ASSERT_OK_AND_ASSIGN(const auto files, fs_->List(root_));
  EXPECT_THAT(Names(files), ElementsAre("a b", "b", "c+d=e%", "sub/", "sub2/"));
  MP_ASSERT_OK_AND_ASSIGN(const auto later, fs_->ListFrom(root_, "c+d=e%"));
  EXPECT_THAT(Names(later), ElementsAre("c+d=e%", "sub/", "sub2/"));
  EXPECT_THAT(fs_->ListFrom(root_, "zz"), IsOkAnd(ElementsAre()));

  for (int i = 0; i < 1'105; ++i) {
    MP_ASSERT_OK(fs_->ReplaceFile(At(fmt::format("log/{:020}.json", i)), "x"));
  }
  Spent();
  MP_ASSERT_OK_AND_ASSIGN(const auto all, fs_->List(At("log")));
  EXPECT_EQ(all.size(), 1'105);
  EXPECT_EQ(Spent().requests[static_cast<int>(StoreRequest::kList)], 2);
  MP_ASSERT_OK_AND_ASSIGN(const auto tail,
                          fs_->ListFrom(At("log"), fmt::format("{:020}.json", 1'100)));
  EXPECT_EQ(tail.size(), 5);
  EXPECT_EQ(Spent().requests[static_cast<int>(StoreRequest::kList)], 1);
}

TEST_F(S3FileSystemTest, AFileIsSeenWholeAndOnlyWhenClosed) {
  const std::string bytes = Pattern((size_t{12} << 20) + 12'345);
  MP_ASSERT_OK_AND_ASSIGN(auto file, fs_->Create(At("large")));
  for (size_t at = 0; at < bytes.size(); at += 1'000'000) {
    MP_ASSERT_OK(file->Append(std::string_view(bytes).substr(at, 1'000'000)));
  }
  EXPECT_THAT(fs_->Exists(At("large")), IsOkAnd(false));
  EXPECT_LE(machine_.arbiter.reserved_bytes(), int64_t{6} << 20);
  MP_ASSERT_OK(file->Sync());
  MP_ASSERT_OK(file->Close());
  EXPECT_EQ(machine_.arbiter.reserved_bytes(), 0);
  EXPECT_THAT(fs_->ReadFile(At("large")), IsOkAnd(bytes));

  MP_ASSERT_OK_AND_ASSIGN(auto dropped, fs_->CreateWhole(At("dropped")));
  MP_ASSERT_OK(dropped->Append(bytes));
  dropped.reset();
  EXPECT_THAT(fs_->Exists(At("dropped")), IsOkAnd(false));
}

TEST_F(S3FileSystemTest, AWriterWithoutMemoryFailsAndLeavesNothing) {
  Arbiter small({.memory_bytes = int64_t{4} << 20, .threads = 1});
  auto fs = MakeS3FileSystem(options_, small);
  MP_ASSERT_OK_AND_ASSIGN(auto file, fs->Create(At("a")));
  EXPECT_THAT(file->Append(std::string(8 << 20, 'x')),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("upload")));
  file.reset();
  EXPECT_THAT(fs_->Exists(At("a")), IsOkAnd(false));
  EXPECT_EQ(small.reserved_bytes(), 0);
}

TEST_F(S3FileSystemTest, ReadsRangesWithFewRequests) {
  const std::string bytes = Pattern(3 << 20);
  MP_ASSERT_OK(fs_->ReplaceFile(At("data"), bytes));
  Spent();
  MP_ASSERT_OK_AND_ASSIGN(auto file, fs_->OpenForRead(At("data")));
  EXPECT_TRUE(file->is_remote());
  EXPECT_EQ(file->size_bytes(), 3 << 20);
  const auto read = [&](int64_t offset, int64_t length) {
    std::string got(static_cast<size_t>(length), '\0');
    MP_EXPECT_OK(file->ReadAt(offset, length, got.data()));
    EXPECT_EQ(got, bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)));
  };
  read((3 << 20) - 8, 8);  // a footer: came with the opening
  read((3 << 20) - 5'000, 4'992);
  EXPECT_EQ(Spent().all(), 1);
  for (int64_t offset = 0; offset < 200'000; offset += 1'000) read(offset, 1'000);
  EXPECT_EQ(Spent().all(), 1);
  read(100'000, 2 << 20);
  EXPECT_EQ(Spent().all(), 1);
  read(0, 3 << 20);
  EXPECT_EQ(Spent().all(), 1);
  char one;
  EXPECT_THAT(file->ReadAt(3 << 20, 1, &one), FailsWith(ErrorKind::kCorrupt, HasSubstr("early")));
}

TEST_F(S3FileSystemTest, AnObjectReplacedWhileItIsReadIsNoticed) {
  MP_ASSERT_OK(fs_->ReplaceFile(At("data"), Pattern(1 << 20)));
  MP_ASSERT_OK_AND_ASSIGN(auto file, fs_->OpenForRead(At("data")));
  MP_ASSERT_OK(fs_->ReplaceFile(At("data"), std::string(1 << 20, 'y')));
  char byte;
  EXPECT_THAT(file->ReadAt(0, 1, &byte), FailsWith(ErrorKind::kConflict, HasSubstr("replaced")));
}

TEST_F(S3FileSystemTest, RenamesAndRemovesTrees) {
  MP_ASSERT_OK(fs_->ReplaceFile(At("from +"), "bytes"));
  MP_ASSERT_OK(fs_->Rename(At("from +"), At("dir/to")));
  EXPECT_THAT(fs_->ReadFile(At("dir/to")), IsOkAnd("bytes"));
  EXPECT_THAT(fs_->Exists(At("from +")), IsOkAnd(false));
  EXPECT_THAT(fs_->Rename(At("nothing"), At("x")), FailsWith(ErrorKind::kNotFound, HasSubstr("x")));
  MP_ASSERT_OK(fs_->ReplaceFile(At("dirt"), "stays"));
  MP_ASSERT_OK(fs_->RemoveTree(At("dir")));
  EXPECT_THAT(fs_->Exists(At("dir")), IsOkAnd(false));
  EXPECT_THAT(fs_->ReadFile(At("dirt")), IsOkAnd("stays"));
}

TEST_F(S3FileSystemTest, ABucketThatIsNotThereAndBadKeysAreSaidClearly) {
  EXPECT_THAT(fs_->List("s3://no-such-bucket-here/t"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no bucket no-such-bucket-here")));
  S3ClientOptions wrong = options_;
  wrong.config.credentials.secret_access_key = "WRONGSECRETWRONGSECRET";
  auto fs = MakeS3FileSystem(wrong, machine_.arbiter);
  auto denied = fs->List(root_);
  EXPECT_THAT(denied, FailsWith(ErrorKind::kPermissionDenied, HasSubstr("check them")));
  EXPECT_EQ(denied.error().ToString().find("WRONGSECRET"), std::string::npos);
  EXPECT_EQ(counts_.totals().retries, 0);
}

TEST_F(S3FileSystemTest, AServerThatIsNotThereIsTriedAFewTimes) {
  S3ClientOptions gone = options_;
  gone.config.endpoint = "http://127.0.0.1:1";
  gone.retry = {.max_tries = 3, .max_ms = 1'000, .first_wait_ms = 1, .longest_wait_ms = 2};
  auto fs = MakeS3FileSystem(gone, machine_.arbiter);
  EXPECT_THAT(fs->PutIfAbsent(At("a"), "x"),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("given up after 3 tries")));
  EXPECT_EQ(counts_.totals().retries, 2);
}

}  // namespace
}  // namespace millpond
