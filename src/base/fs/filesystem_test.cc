#include "base/fs/filesystem.h"

#include "base/fs/faulty_filesystem.h"
#include "base/fs/local_filesystem.h"
#include "base/testing/power_cut_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

#include <filesystem>

namespace millpond {
namespace {

using ::testing::_;
using ::testing::Eq;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class FileSystemTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  std::unique_ptr<FileSystem> fs_ = MakeLocalFileSystem();
};

TEST_F(FileSystemTest, PutIfAbsentWritesOnce) {
  MP_ASSERT_OK(fs_->PutIfAbsent(dir_ / "a", "first"));
  EXPECT_THAT(fs_->PutIfAbsent(dir_ / "a", "second"), FailsWith(ErrorKind::kAlreadyExists, _));
  EXPECT_THAT(fs_->ReadFile(dir_ / "a"), IsOkAnd(Eq("first")));
  EXPECT_EQ(fs_->List(dir_.path())->size(), 1u);  // no temporary stays behind
}

TEST_F(FileSystemTest, ReplaceFileReplaces) {
  MP_ASSERT_OK(fs_->ReplaceFile(dir_ / "a", "first"));
  MP_ASSERT_OK(fs_->ReplaceFile(dir_ / "a", "second"));
  EXPECT_THAT(fs_->ReadFile(dir_ / "a"), IsOkAnd(Eq("second")));
}

TEST_F(FileSystemTest, AWholeFileIsThereWhenItIsClosed) {
  MP_ASSERT_OK(fs_->ReplaceFile(dir_ / "a", "old"));
  MP_ASSERT_OK_AND_ASSIGN(auto file, fs_->CreateWhole(dir_ / "a"));
  MP_ASSERT_OK(file->Append("ne"));
  MP_ASSERT_OK(file->Append("w"));
  EXPECT_THAT(fs_->ReadFile(dir_ / "a"), IsOkAnd(Eq("old")));
  MP_ASSERT_OK(file->Close());
  EXPECT_THAT(fs_->ReadFile(dir_ / "a"), IsOkAnd(Eq("new")));
  MP_ASSERT_OK_AND_ASSIGN(auto dropped, fs_->CreateWhole(dir_ / "a"));
  MP_ASSERT_OK(dropped->Append("never"));
  dropped.reset();
  EXPECT_THAT(fs_->ReadFile(dir_ / "a"), IsOkAnd(Eq("new")));
  EXPECT_EQ(fs_->List(dir_.path())->size(), 1u);  // no temporary stays behind
}

TEST_F(FileSystemTest, ListFromLeavesOutTheNamesBefore) {
  for (const char* name : {"a", "b", "c"}) MP_ASSERT_OK(fs_->ReplaceFile(dir_ / name, ""));
  MP_ASSERT_OK_AND_ASSIGN(const auto files, fs_->ListFrom(dir_.path(), "b"));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(FileName(files[0].path), "b");
}

// What stands under the name is the old file or the new one, and after an Ok the new one.
TEST_F(FileSystemTest, AWholeFileSurvivesAPowerCut) {
  for (int64_t n = 1;; ++n) {
    testing::PowerCutFileSystem disk;
    MP_ASSERT_OK(disk.CreateDirectories("/d"));
    MP_ASSERT_OK(disk.ReplaceFile("/d/a", "old"));
    disk.CutBefore(n);
    const auto write = [&]() -> Status {
      MP_ASSIGN_OR_RETURN(auto file, disk.CreateWhole("/d/a"));
      MP_RETURN_IF_ERROR(file->Append("new"));
      return file->Close();
    };
    const Status written = write();
    const bool was_cut = disk.off();
    disk.PowerOn();
    MP_ASSERT_OK_AND_ASSIGN(const std::string bytes, disk.ReadFile("/d/a"));
    EXPECT_TRUE(bytes == "new" || (bytes == "old" && !written.has_value())) << n << " " << bytes;
    if (!was_cut) break;
  }
}

TEST_F(FileSystemTest, ErrorsNameThePath) {
  EXPECT_THAT(fs_->ReadFile(dir_ / "none"), FailsWith(ErrorKind::kNotFound, HasSubstr("/none")));
  EXPECT_THAT(fs_->ReadFile(dir_.path()),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("directory")));
}

TEST_F(FileSystemTest, CreatesAndRemovesTrees) {
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / "x/y/z"));
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / "x/y/z"));
  MP_ASSERT_OK(fs_->PutIfAbsent(dir_ / "x/y/z/f", ""));
  EXPECT_THAT(fs_->CreateDirectories(dir_ / "x/y/z/f"), FailsWith(ErrorKind::kInvalidArgument, _));
  MP_ASSERT_OK(fs_->RemoveTree(dir_ / "x"));
  EXPECT_THAT(fs_->Exists(dir_ / "x"), IsOkAnd(false));
}

// Whatever step fails, the file is there whole or not at all, and an error that leaves it there is
// "outcome unknown" unless it is the file of an earlier try.
TEST_F(FileSystemTest, PutIfAbsentUnderEveryFault) {
  for (bool afterwards : {false, true}) {
    for (auto mode : {FaultyFileSystem::Mode::kOnce, FaultyFileSystem::Mode::kFromThenOn}) {
      for (int n = 1;; ++n) {
        FaultyFileSystem faulty(*fs_);
        faulty.FailAfterwards(afterwards);
        faulty.FailAt(n, mode);
        std::string path = dir_ / fmt::format("{}-{}-{}", afterwards, static_cast<int>(mode), n);
        Status put = faulty.PutIfAbsent(path, "content");
        bool there = *fs_->Exists(path);
        if (there) {
          EXPECT_THAT(fs_->ReadFile(path), IsOkAnd(Eq("content")));
        }
        EXPECT_TRUE(there || !put.has_value());
        if (!put.has_value() && there) {
          EXPECT_EQ(put.error().kind(), ErrorKind::kOutcomeUnknown);
        }
        if (!faulty.failed()) break;
      }
    }
  }
}

TEST_F(FileSystemTest, RemoveTreeTakesLinksAsLinks) {
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / "other"));
  MP_ASSERT_OK(fs_->PutIfAbsent(dir_ / "other/letter", "dear"));
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / "t/part"));
  std::filesystem::create_directory_symlink(dir_ / "other", dir_ / "t/part/link");
  std::filesystem::create_symlink(dir_ / "nowhere", dir_ / "t/dangling");
  MP_ASSERT_OK(fs_->RemoveTree(dir_ / "t"));
  EXPECT_THAT(fs_->Exists(dir_ / "t"), IsOkAnd(false));
  EXPECT_THAT(fs_->ReadFile(dir_ / "other/letter"), IsOkAnd(Eq("dear")));
}

TEST_F(FileSystemTest, AListingLeavesNothingOutInSilence) {
  std::filesystem::create_symlink(dir_ / "nowhere", dir_ / "2.csv");
  auto listed = fs_->List(dir_.path());
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_THAT(fs_->ReadFile((*listed)[0].path),
              FailsWith(ErrorKind::kNotFound, HasSubstr("2.csv")));
}

// What was acknowledged before the power was cut is there afterwards, and nothing is half there.
TEST(PowerCutTest, AcknowledgedFilesSurvive) {
  const std::string bytes(100, 'x');
  for (int64_t cut = 1;; ++cut) {
    SCOPED_TRACE(cut);
    testing::PowerCutFileSystem disk;
    disk.CutBefore(cut);
    const bool made = disk.CreateDirectories("/a/b").has_value();
    const bool put = made && disk.PutIfAbsent("/a/b/once", bytes).has_value();
    const bool replaced = put && disk.ReplaceFile("/a/b/again", "old").has_value();
    const bool twice = replaced && disk.ReplaceFile("/a/b/again", bytes).has_value();
    disk.PowerOn();
    if (made) {
      EXPECT_THAT(disk.Exists("/a/b"), IsOkAnd(true));
    }
    auto once = disk.ReadFile("/a/b/once");
    if (put) {
      EXPECT_THAT(once, IsOkAnd(Eq(bytes)));
    }
    if (once.has_value()) {
      EXPECT_EQ(*once, bytes);
    }
    auto again = disk.ReadFile("/a/b/again");
    if (twice) {
      EXPECT_THAT(again, IsOkAnd(Eq(bytes)));
    }
    if (replaced) {
      ASSERT_TRUE(again.has_value());
    }
    if (again.has_value()) {
      EXPECT_TRUE(*again == "old" || *again == bytes);
    }
    if (HasFailure() || twice) break;
  }
}

}  // namespace
}  // namespace millpond
