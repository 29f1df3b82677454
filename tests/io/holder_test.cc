#include "io/holder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

#include "io/tty.h"
#include "loop.h"

namespace bmsd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kLocks =
    "1: FLOCK  ADVISORY  WRITE 708 00:1d:6 0 EOF\n"
    "1: -> FLOCK  ADVISORY  WRITE 709 00:1d:6 0 EOF\n"
    "2: POSIX  ADVISORY  WRITE 710 00:1d:6 0 EOF\n"
    "3: FLOCK  ADVISORY  READ  711 fd:01:6 128 128\n"
    "4: FLOCK  ADVISORY  READ  712 00:1d:16 0 EOF\n"
    "5: FLOCK  ADVISORY  WRITE 0 00:1d:7 0 EOF\n"
    "6: OFDLCK ADVISORY  WRITE -1 00:1d:6 0 EOF\n"
    "7: FLOCK  ADVISORY  WRITE 713 103:05:4294967300 0 EOF\n";

TEST(LockOwners, AreThoseOfTheSameDeviceAndInode) {
  EXPECT_THAT(lock_owners(kLocks, makedev(0x00, 0x1d), 6), ElementsAre(708));
  EXPECT_THAT(lock_owners(kLocks, makedev(0xfd, 0x01), 6), ElementsAre(711));
  EXPECT_THAT(lock_owners(kLocks, makedev(0x00, 0x1d), 16), ElementsAre(712)) << "the inode is decimal";
  EXPECT_THAT(lock_owners(kLocks, makedev(0x103, 5), 4294967300), ElementsAre(713));
  EXPECT_THAT(lock_owners(kLocks, makedev(0x00, 0x1d), 1), IsEmpty());
}

TEST(LockOwners, OfAnotherPidNamespaceHaveNoNumber) {
  EXPECT_THAT(lock_owners(kLocks, makedev(0x00, 0x1d), 7), IsEmpty());
}

TEST(LockOwners, AreNotFoundInWhatIsNoLine) {
  for (const char* text :
       {"", "\n\n", "1:", "1: FLOCK", "1: FLOCK ADVISORY WRITE 708", "1: FLOCK A W 708 00:1d 0 EOF",
        "1: FLOCK A W 708 00:1d:6:6 0 EOF", "1: FLOCK A W 70x 00:1d:6 0 EOF", "1: FLOCK A W 708 zz:1d:6 0 EOF"}) {
    EXPECT_THAT(lock_owners(text, makedev(0, 0x1d), 6), IsEmpty()) << text;
  }
}

TEST(FindHolder, NamesTheProcessThatHasTheLock) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lock");
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  EXPECT_FALSE(find_holder(path)) << "our own descriptor without a lock holds nothing";
  ASSERT_EQ(::flock(file.get(), LOCK_EX | LOCK_NB), 0);
  const auto holder = find_holder(path);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(holder->name, "io_test");
  EXPECT_NE(holder->command.find("io_test"), std::string::npos);
}

TEST(FindHolder, FindsNobodyForAFileThatIsNotThere) { EXPECT_FALSE(find_holder("/nowhere/at/all")); }

TEST(Holder, IsDescribedByItsCommandLine) {
  EXPECT_EQ(describe(Holder{708, "picocom", "picocom -b 9600 /dev/ttyUSB0"}),
            "process 708 (picocom -b 9600 /dev/ttyUSB0)");
  EXPECT_EQ(describe(Holder{708, "picocom", ""}), "process 708 (picocom)");
  EXPECT_EQ(describe(Holder{708, "", ""}), "process 708");
}

}  // namespace
}  // namespace bmsd
