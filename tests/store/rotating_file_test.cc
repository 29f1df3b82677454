// A text file that is bounded, survives crashes, and says when the disk is full.
#include "store/rotating_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "temporary_folder.h"

namespace bmsd {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kHead = "# head 1\n";

class ARotatingFile : public ::testing::Test {
 protected:
  std::string read(const std::string& path) const { return read_file(path); }
  void write(const std::string& text) const { write_file(path, text); }
  Result<RotatingFile> open(RotationLimits limits = {}) const { return RotatingFile::open(path, kHead, limits); }

  TemporaryFolder folder;
  const std::string path = folder.file("deep/x.log");
};

TEST_F(ARotatingFile, BeginsWithItsHeadAndGrowsByLines) {
  auto file = open();
  ASSERT_TRUE(file) << describe(file.error());
  ASSERT_TRUE(file->append("a\nb\n"));
  EXPECT_EQ(read(path), "# head 1\na\nb\n");
  EXPECT_EQ(file->size(), 13U);
}

TEST_F(ARotatingFile, GoesOnBehindWhatIsThere) {
  {
    auto first = open();
    ASSERT_TRUE(first);
    ASSERT_TRUE(first->append("a\n"));
  }
  auto second = open();
  ASSERT_TRUE(second);
  ASSERT_TRUE(second->append("b\n"));
  EXPECT_EQ(read(path), "# head 1\na\nb\n");
}

TEST_F(ARotatingFile, HalfALineOfACrashIsCutOff) {
  std::filesystem::create_directories(folder.file("deep"));
  for (const char* torn : {"# head 1\na\nhal", "# head 1\na\n", "# head 1\nhalf", "# hea", ""}) {
    write(torn);
    auto file = open();
    ASSERT_TRUE(file) << torn;
    ASSERT_TRUE(file->append("b\n"));
    const bool kept = std::string(torn).find("a\n") != std::string::npos;
    EXPECT_EQ(read(path), kept ? "# head 1\na\nb\n" : "# head 1\nb\n") << torn;
  }
  write("# head 1\na\n" + std::string(20000, 'x'));
  ASSERT_TRUE(open());
  EXPECT_EQ(read(path), "# head 1\na\n");
}

TEST_F(ARotatingFile, SomebodyElsesFileIsLeftAlone) {
  std::filesystem::create_directories(folder.file("deep"));
  write("my notes\n");
  const auto file = open();
  ASSERT_FALSE(file);
  EXPECT_THAT(describe(file.error()), HasSubstr("is no capture of this bmsd; name another file"));
  EXPECT_EQ(read(path), "my notes\n");
}

TEST_F(ARotatingFile, KeepsAsManyOlderOnesAsItIsTold) {
  auto file = open({.bytes = 100, .older_files = 2});
  ASSERT_TRUE(file);
  for (const char* line : {"1\n", "2\n", "3\n", "4\n"}) {
    ASSERT_TRUE(file->append(line));
    ASSERT_TRUE(file->rotate());
  }
  EXPECT_EQ(read(path), "# head 1\n");
  EXPECT_EQ(read(path + ".1"), "# head 1\n4\n");
  EXPECT_EQ(read(path + ".2"), "# head 1\n3\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".3"));
}

TEST_F(ARotatingFile, AFullDiskIsAnErrorAndLeavesNoHalfLine) {
  auto file = open();
  ASSERT_TRUE(file);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small { 20, before.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status full = file->append("a line that is too long\n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(full);
  EXPECT_THAT(describe(full.error()), HasSubstr("cannot write it"));
  EXPECT_EQ(read(path), kHead);
  ASSERT_TRUE(file->append("b\n")) << "there is room again";
  EXPECT_EQ(read(path), "# head 1\nb\n");
}

TEST_F(ARotatingFile, OnlyTheNewestOfAKindAreKept) {
  for (const char* name : {"box-a-1.x", "box-a-2.x", "box-a-3.x", "box-b-0.x", "other"})
    ASSERT_TRUE(write_whole_file(folder.file(name), "t"));
  keep_newest_files(folder.path(), "box-a-", ".x", 2);
  const auto there = [&](const char* name) { return std::filesystem::exists(folder.file(name)); };
  EXPECT_FALSE(there("box-a-1.x"));
  EXPECT_TRUE(there("box-a-2.x") && there("box-a-3.x") && there("box-b-0.x") && there("other"));
}

}  // namespace
}  // namespace bmsd
